//! The files and DHCP options by which nodes boot with iPXE.
//!
//! On the web server, in `[deploy] http_server_root`:
//!
//! | file | |
//! |---|---|
//! | `boot.ipxe` | what every node's iPXE runs first: it finds the configuration by the MAC addresses |
//! | `pxelinux.cfg/52-54-00-12-34-56` | a link to `../<uuid>/config` for each network card |
//! | `<uuid>/config` | the node's configuration |
//! | `<uuid>/deploy_kernel`, `deploy_ramdisk` | what the deploy ramdisk boots from |
//! | `<uuid>/kernel`, `ramdisk` | what the instance boots from |
//!
//! The names are Ironic's, so that the two can follow each other on one web server.
//!
//! ```no_run
//! use driver::ipxe::{Ipxe, NodeBoot};
//! use driver::node::Node;
//! use driver::options::Options;
//! use oslo_config::SourceFile;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let file = SourceFile::read("/etc/ironic/ironic.conf".as_ref())?;
//! let options = Options::read(&[file.parse()?], std::env::vars())?;
//! let ipxe = Ipxe::from_options(&options)?;
//!
//! let node = Node::from_json(&std::fs::read("node.json")?)?;
//! let boot = NodeBoot::deploy("/srv/images/agent.kernel", "http://images.example/agent.initramfs")
//!     .parameter("ipa-api-url", "http://192.0.2.1:6385")
//!     .mac("52:54:00:12:34:56".parse()?);
//! ipxe.publish(&node, boot).await?;
//! for option in ipxe.dhcp_options(&node, None) {
//!     println!("{} {}", option.name, option.value);
//! }
//!
//! ipxe.clean_up(node.uuid()).await?;
//! # Ok(()) }
//! ```
//!
//! # What holds
//!
//! - A file is visible under its name only once it is whole and safe on disk, and replaced as a
//!   whole: a node that is reading the older one goes on with that.
//! - Whatever the umask, the web server can read it.
//! - A configuration is replaced after its kernel and ramdisk, and linked to after that.
//!
//! # Limits
//!
//! Boot from a volume, rescue, and Anaconda's kickstart are not offered. A template with Python in
//! it beyond Jinja's own language, as `'0x%x' % n`, fails where it is evaluated.

mod config;
mod dhcp;
mod error;
mod files;
mod request;
mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;
use url::Url;

pub use self::dhcp::DhcpOption;
pub use self::error::{IpxeError, NotAMac};
use self::files::Files;
pub use self::request::{BootFile, MacAddress, NodeBoot};
use self::request::{BootTarget, FileRole};
use crate::host::web::{CancelOnDrop, Root};
use crate::host::{BaseUrl, InvalidRoot};
use crate::image::HttpClient;
use crate::node::{BootMode, boot_mode_of};
use crate::node::{Node, NodeUuid};
use crate::options::{IpxeOptions, Options};

/// How many nodes' files are written at once: as many as a host writes images.
const AT_ONCE: usize = 8;

/// The boot script's name unless an operator's file has another.
const BOOT_SCRIPT: &str = "boot.ipxe";

/// Writes and removes the files by which nodes boot with iPXE.
///
/// Cloning is cheap: the clones share what bounds their work. The methods have to be called on a
/// Tokio runtime; what blocks is done on its blocking threads.
#[derive(Debug, Clone)]
pub struct Ipxe(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    url: BaseUrl,
    options: IpxeOptions,
    kernel_params: String,
    boot_script: String,
    http: HttpClient,
    permits: Arc<Semaphore>,
}

/// Where a node's iPXE finds what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedBoot {
    /// The script that DHCP leads to.
    pub boot_script: Url,
    /// The node's configuration.
    pub config: Url,
}

impl Ipxe {
    /// iPXE as `options` say.
    ///
    /// # Errors
    ///
    /// [`IpxeError::NoUrl`], [`IpxeError::Url`], [`IpxeError::Root`], and [`IpxeError::Name`] when
    /// `[pxe] pxe_config_subdir` or the file name of `[pxe] ipxe_boot_script` is none.
    pub fn from_options(options: &Options) -> Result<Self, IpxeError> {
        let url = options.http_server_url.as_deref().ok_or(IpxeError::NoUrl)?;
        let root = options.http_server_root.clone();
        if !root.is_absolute() {
            return Err(InvalidRoot(root).into());
        }
        let ipxe = options.ipxe.clone();
        let script = ipxe.boot_script.as_deref();
        let script = script.map(|path| path.file_name().unwrap_or_default().to_string_lossy());
        let boot_script = script.map_or(BOOT_SCRIPT.to_owned(), |name| name.into_owned());
        check_name("[pxe] ipxe_boot_script", &boot_script)?;
        check_name("[pxe] pxe_config_subdir", &ipxe.config_subdir)?;
        Ok(Self(Arc::new(Inner {
            root,
            url: BaseUrl::parse(url)?,
            options: ipxe,
            kernel_params: options.pxe_kernel_append_params.clone(),
            boot_script,
            http: HttpClient::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        })))
    }

    /// The URL of the script that every node's iPXE runs first.
    #[must_use]
    pub fn boot_script_url(&self) -> Url {
        self.0.url.join_path(&[&self.0.boot_script])
    }

    /// Writes what `node` needs to boot as asked: kernel and ramdisk, its configuration, a link for
    /// each of its network cards, and the boot script if that is not there yet. What was there of
    /// the node before is replaced; links of other network cards stay.
    ///
    /// # Errors
    ///
    /// [`IpxeError`]. What was written before the failure stays, and is found by
    /// [`clean_up`](Self::clean_up); the configuration is then the one from before.
    pub async fn publish(&self, node: &Node, boot: NodeBoot) -> Result<PublishedBoot, IpxeError> {
        let uuid = node.uuid();
        let mode = boot_mode_of(node);
        let published = PublishedBoot {
            boot_script: self.boot_script_url(),
            config: self.file_url(uuid, files::CONFIG),
        };
        check_request(uuid, &boot)?;
        self.on_files(uuid, move |ipxe, cancelled| {
            let root = Root::create(&ipxe.0.root).map_err(|e| ipxe.unusable(uuid, e))?;
            let files = ipxe.files(uuid, root, cancelled);
            let script = ipxe.script()?;
            let urls = ipxe.copy(&files, &boot.files)?;
            let config = ipxe.config(uuid, &boot, mode.unwrap_or(BootMode::Bios), &urls)?;
            files.write_script(&ipxe.0.boot_script, &script)?;
            files.write_config(&config)?;
            files.link(&boot.macs)
        })
        .await?;
        Ok(published)
    }

    /// Removes everything that was written for `node`, by this library or by Ironic, and gives the
    /// paths, in the web server's directory, of what this call removed. The boot script stays: it
    /// is every node's.
    ///
    /// # Errors
    ///
    /// [`IpxeError::Write`] for what cannot be removed, such as a directory that somebody put among
    /// the node's files. It can be tried again.
    pub async fn clean_up(&self, node: NodeUuid) -> Result<Vec<PathBuf>, IpxeError> {
        self.on_files(node, move |ipxe, cancelled| {
            let root = Root::open(&ipxe.0.root).map_err(|e| ipxe.unusable(node, e))?;
            match root {
                Some(root) => ipxe.files(node, root, cancelled).remove(),
                None => Ok(Vec::new()),
            }
        })
        .await
    }

    fn files<'a>(&'a self, node: NodeUuid, root: Root, cancelled: &'a AtomicBool) -> Files<'a> {
        Files {
            node,
            root,
            config_subdir: &self.0.options.config_subdir,
            cancelled,
        }
    }

    /// Publishes the files that are copied, and gives the URL of each.
    fn copy(
        &self,
        files: &Files<'_>,
        wanted: &BTreeMap<FileRole, BootFile>,
    ) -> Result<BTreeMap<FileRole, String>, IpxeError> {
        let mut urls = BTreeMap::new();
        for (label, file) in wanted {
            let url = match file {
                BootFile::Url(url) => url.to_string(),
                BootFile::Copy(image) => {
                    let source = image.clone().source(&self.0.http);
                    let source = source.map_err(|source| IpxeError::Source {
                        node: files.node,
                        file: label.as_str(),
                        source,
                    })?;
                    files.copy(label.as_str(), &source)?;
                    self.file_url(files.node, label.as_str()).into()
                }
            };
            urls.insert(*label, url);
        }
        Ok(urls)
    }

    fn file_url(&self, node: NodeUuid, name: &str) -> Url {
        self.0.url.join_path(&[&node.to_string(), name])
    }

    fn unusable(&self, node: NodeUuid, source: std::io::Error) -> IpxeError {
        IpxeError::Write {
            node,
            step: "open the web server's directory",
            path: self.0.root.clone(),
            source,
        }
    }

    /// Runs `work` where it may block, when it is its turn. It stops at its next write when nobody
    /// waits for it any more.
    async fn on_files<T: Send + 'static>(
        &self,
        node: NodeUuid,
        work: impl FnOnce(&Self, &AtomicBool) -> Result<T, IpxeError> + Send + 'static,
    ) -> Result<T, IpxeError> {
        let interrupted = |reason: &dyn std::error::Error| IpxeError::Interrupted {
            node,
            reason: reason.to_string(),
        };
        let permit = Arc::clone(&self.0.permits).acquire_owned().await;
        let permit = permit.map_err(|e| interrupted(&e))?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let _watch = CancelOnDrop(Arc::clone(&cancelled));
        let ipxe = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&ipxe, &cancelled)
        });
        done.await.map_err(|e| interrupted(&e))?
    }
}

fn check_name(option: &'static str, name: &str) -> Result<(), IpxeError> {
    // As a path it has one part, which is itself: neither `.` nor `..`, and no slash.
    let is_name = Path::new(name).file_name().is_some_and(|part| part == name);
    let is_plain = name.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if is_name && is_plain && !name.starts_with(".publishing-") {
        return Ok(());
    }
    Err(IpxeError::Name {
        option,
        name: name.to_owned(),
    })
}

/// Refuses what would end a line of the configuration, and begin another command.
fn check_request(node: NodeUuid, boot: &NodeBoot) -> Result<(), IpxeError> {
    let refused = |what: String| IpxeError::Request { node, what };
    if boot.macs.is_empty() {
        return Err(refused("expected at least one MAC address".into()));
    }
    let mut texts: Vec<(&str, &str)> = Vec::new();
    texts.extend(
        boot.kernel_params
            .iter()
            .map(|params| ("the kernel's parameters", params.as_str())),
    );
    for (name, value) in &boot.parameters {
        texts.extend([("a parameter's name", name.as_str()), (name, value)]);
    }
    if let BootTarget::Partition { root_uuid } = &boot.target {
        let is_uuid = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if root_uuid.is_empty() || !root_uuid.chars().all(is_uuid) {
            return Err(refused(format!(
                "expected a root UUID of letters, digits and hyphens, got {root_uuid:?}"
            )));
        }
    }
    match texts
        .iter()
        .find(|(_, text)| text.chars().any(char::is_control))
    {
        None => Ok(()),
        Some((what, _)) => Err(refused(format!("expected one line for {what}"))),
    }
}
