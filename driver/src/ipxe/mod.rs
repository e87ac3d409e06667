//! The files and DHCP options with which nodes boot through iPXE.
//!
//! The files on the web server, in `[deploy] http_server_root`:
//!
//! | file | |
//! |---|---|
//! | `boot.ipxe` | what every node's iPXE runs first: it finds the configuration by MAC address |
//! | `pxelinux.cfg/52-54-00-12-34-56` | a link to `../<uuid>/config` for each network card |
//! | `<uuid>/config` | the node's configuration |
//! | `<uuid>/deploy_kernel`, `deploy_ramdisk` | the deploy kernel and ramdisk |
//! | `<uuid>/kernel`, `ramdisk` | the instance's kernel and ramdisk |
//!
//! The names are Ironic's, so that either can take over from the other on the same web server.
//!
//! ```no_run
//! use driver::ipxe::{Ipxe, NodeBoot};
//! use driver::node::Node;
//! use driver::options::Options;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::load(["/etc/ironic/ironic.conf"])?;
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
//! # Guarantees
//!
//! - A file becomes visible under its name only once it is complete and safe on disk, and is
//!   replaced atomically: a node that is reading the older file keeps reading that one.
//! - The web server can read it, whatever the umask.
//! - All files of a node are written before the first one is replaced: the kernel and the ramdisk,
//!   then the configuration, and the links to it last. If one cannot be replaced, those before it
//!   are put back.
//!
//! # Limits
//!
//! Boot from volume, rescue and Anaconda's kickstart are not supported. A template that uses Python
//! beyond Jinja's own language, such as `'0x%x' % n`, fails when it is rendered.

mod config;
mod dhcp;
mod error;
mod files;
mod progress;
mod request;
mod template;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

pub use self::dhcp::DhcpOption;
pub use self::error::{IpxeError, NotAMac};
use self::files::Files;
pub use self::progress::BootFileProgress;
use self::progress::Progress;
pub use self::request::{BootFile, MacAddress, NodeBoot};
use self::request::{BootTarget, FileRole};
use crate::host::web::{Replacement, Root};
use crate::host::{BaseUrl, InvalidRoot};
use crate::http::url::redacted;
use crate::http::work::{self, Cancellation, Turns};
use crate::image::HttpClient;
use crate::node::locks::Locks;
use crate::node::{BootMode, boot_mode_of};
use crate::node::{Node, NodeUuid};
use crate::options::{IpxeOptions, Options};
use crate::virtual_media::is_root_uuid;

/// The number of nodes whose files are written concurrently: as many as a host writes images.
const AT_ONCE: usize = 8;

/// The default name of the boot script; an operator's own script keeps its file name.
const BOOT_SCRIPT: &str = "boot.ipxe";

/// Writes and removes the files with which nodes boot through iPXE.
///
/// Cloning is cheap; clones share the limit on concurrent work, and work on a node one after the
/// other. Other processes must not write the files of the same node at the same time:
/// [`IloDeploy::hold`](crate::deploy::IloDeploy::hold) takes a lock for that.
///
/// The methods must be called on a Tokio runtime; blocking work runs on its blocking threads.
#[derive(Debug, Clone)]
pub struct Ipxe(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    root: PathBuf,
    url: BaseUrl,
    options: IpxeOptions,
    kernel_params: String,
    boot_script: String,
    http: HttpClient,
    turns: Turns,
    locks: Arc<Locks<()>>,
    progress: Option<Progress>,
}

/// Does not show the kernel parameters, which may be secret.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("root", &self.root)
            .field("url", &self.url)
            .field("options", &self.options)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

/// The URLs of the scripts that a node's iPXE runs.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedBoot {
    /// The boot script, to which DHCP refers.
    pub boot_script: Url,
    /// The node's configuration.
    pub config: Url,
}

/// Shows the URLs without their secrets.
impl fmt::Debug for PublishedBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedBoot")
            .field("boot_script", &redacted(&self.boot_script))
            .field("config", &redacted(&self.config))
            .finish()
    }
}

impl Ipxe {
    /// Creates an `Ipxe` from `options`.
    ///
    /// # Errors
    ///
    /// [`IpxeError::NoUrl`], [`IpxeError::Url`], [`IpxeError::Root`], or [`IpxeError::Name`] if
    /// `[pxe] pxe_config_subdir` or the file name of `[pxe] ipxe_boot_script` is invalid.
    pub fn from_options(options: &Options) -> Result<Self, IpxeError> {
        let url = options.http_server_url.as_deref().ok_or(IpxeError::NoUrl)?;
        let root = options.http_server_root.clone();
        if !root.is_absolute() {
            return Err(IpxeError::Root(InvalidRoot(root)));
        }
        let ipxe = options.ipxe.clone();
        let script = ipxe.boot_script.as_deref();
        let script = script.map(|path| path.file_name().unwrap_or_default().to_string_lossy());
        let boot_script = script.map_or(BOOT_SCRIPT.to_owned(), |name| name.into_owned());
        check_name("[pxe] ipxe_boot_script", &boot_script)?;
        check_name("[pxe] pxe_config_subdir", &ipxe.config_subdir)?;
        Ok(Self(Arc::new(Inner {
            root,
            url: BaseUrl::parse(url).map_err(IpxeError::Url)?,
            options: ipxe,
            kernel_params: options.pxe_kernel_append_params.clone(),
            boot_script,
            http: HttpClient::new(),
            turns: Turns::new(AT_ONCE),
            locks: Arc::default(),
            progress: None,
        })))
    }

    /// Calls `progress` every few MiB while a kernel or ramdisk is copied to the web server, on the
    /// thread that copies it.
    #[must_use]
    pub fn on_progress<F>(mut self, progress: F) -> Self
    where
        F: Fn(&BootFileProgress) + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.0).progress = Some(Progress::new(progress));
        self
    }

    /// Returns the URL of the script that every node's iPXE runs first.
    #[must_use]
    pub fn boot_script_url(&self) -> Url {
        self.0.url.join_path(&[&self.0.boot_script])
    }

    /// Writes the files with which `node` boots as requested: kernel and ramdisk, its
    /// configuration, a link for each of its network cards, and the boot script if it is missing or
    /// different. The node's previous files are replaced; links of other network cards are kept.
    ///
    /// # Errors
    ///
    /// [`IpxeError`]. The node's previous files are then in place, unless it is
    /// [`IpxeError::HalfReplaced`].
    pub async fn publish(&self, node: &Node, boot: NodeBoot) -> Result<PublishedBoot, IpxeError> {
        let uuid = node.uuid();
        let mode = boot_mode_of(node)?;
        let published = PublishedBoot {
            boot_script: self.boot_script_url(),
            config: self.file_url(uuid, files::CONFIG),
        };
        check_request(uuid, &boot)?;
        self.on_files(uuid, move |ipxe, cancelled| {
            let root = Root::create(&ipxe.0.root).map_err(|e| ipxe.unusable(uuid, e))?;
            let files = ipxe.files(uuid, root, cancelled);
            let script = ipxe.script()?;
            let (dir, links) = (files.node_directory()?, files.link_directory()?);
            let (mut new, urls) = ipxe.copy(&files, &dir, &boot.files)?;
            let config = ipxe.config(uuid, &boot, mode.unwrap_or(BootMode::Bios), &urls)?;
            new.push(files.config(&dir, &config)?);
            new.extend(files.links(&links, &boot.macs)?);
            files.write_script(&ipxe.0.boot_script, &script)?;
            files.replace(new, [&dir, &links])
        })
        .await?;
        Ok(published)
    }

    /// Removes everything that this library or Ironic wrote for `node`, and returns the paths of
    /// the removed files, relative to the web server's directory. The boot script, which all nodes
    /// share, is kept.
    ///
    /// # Errors
    ///
    /// [`IpxeError::Write`] if a file cannot be removed, such as a directory that somebody created
    /// among the node's files. The call can be repeated.
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

    fn files<'a>(
        &'a self,
        node: NodeUuid,
        root: Root,
        cancellation: &'a Cancellation,
    ) -> Files<'a> {
        Files {
            node,
            root,
            config_subdir: &self.0.options.config_subdir,
            cancellation,
            progress: self.0.progress.as_ref(),
        }
    }

    /// Copies the files that are to be copied into the node's directory, and returns them with the
    /// URL of each file.
    fn copy<'r>(
        &self,
        files: &Files<'_>,
        dir: &'r Root,
        wanted: &BTreeMap<FileRole, BootFile>,
    ) -> Result<(Vec<Replacement<'r>>, BTreeMap<FileRole, String>), IpxeError> {
        let (mut new, mut urls) = (Vec::new(), BTreeMap::new());
        for (label, file) in wanted {
            let url = match file {
                BootFile::Url(url) => url.to_string(),
                BootFile::Copy(image) => {
                    let source = image.clone().source(&self.0.http);
                    let source = source.map_err(|cause| IpxeError::Source {
                        node: files.node,
                        file: label.as_str(),
                        cause,
                    })?;
                    new.push(files.copy(dir, label.as_str(), &source)?);
                    self.file_url(files.node, label.as_str()).into()
                }
            };
            urls.insert(*label, url);
        }
        Ok((new, urls))
    }

    fn file_url(&self, node: NodeUuid, name: &str) -> Url {
        self.0.url.join_path(&[&node.to_string(), name])
    }

    fn unusable(&self, node: NodeUuid, cause: std::io::Error) -> IpxeError {
        IpxeError::Write {
            node,
            step: "open the web server's directory",
            path: self.0.root.clone(),
            cause,
        }
    }

    /// Runs `work` on a blocking thread, once the limit on concurrent work permits. If the future
    /// is dropped, the work stops at its next write.
    async fn on_files<T: Send + 'static>(
        &self,
        node: NodeUuid,
        work: impl FnOnce(&Self, &Cancellation) -> Result<T, IpxeError> + Send + 'static,
    ) -> Result<T, IpxeError> {
        let interrupted = |reason: &dyn std::error::Error| IpxeError::Interrupted {
            node,
            reason: reason.to_string(),
        };
        let held = self.0.locks.lock(node, ()).await;
        let turn = self.0.turns.turn().await;
        let ipxe = self.clone();
        let done = work::start(Some(&turn), move |cancellation| {
            // Until the work has stopped, even if the future is dropped.
            let _held = held;
            work(&ipxe, cancellation)
        });
        done.wait().await.map_err(|e| interrupted(&e))?
    }
}

fn check_name(option: &'static str, name: &str) -> Result<(), IpxeError> {
    // A path of a single part: neither `.` nor `..`, and without a slash.
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

/// Checks the request for text that would become another command or a further parameter.
fn check_request(node: NodeUuid, boot: &NodeBoot) -> Result<(), IpxeError> {
    let refused = |what: String| IpxeError::Request { node, what };
    if boot.macs.is_empty() {
        return Err(refused("expected at least one MAC address".into()));
    }
    if let BootTarget::Partition { root_uuid } = &boot.target
        && !is_root_uuid(root_uuid)
    {
        return Err(refused(format!(
            "expected a root UUID of letters, digits and hyphens, got {root_uuid:?}"
        )));
    }
    if let Some(params) = &boot.kernel_params {
        let is_word = |word: &str| word.is_empty() || is_plain_word(word);
        if !params.split(' ').all(is_word) {
            return Err(refused(format!(
                "expected the kernel parameters as {PLAIN_WORD}"
            )));
        }
    }
    for (name, value) in &boot.parameters {
        if !is_plain_word(name) || name.contains('=') {
            let name: String = name.chars().take(80).collect();
            return Err(refused(format!(
                "expected a parameter's name without \"=\" as {PLAIN_WORD}, got {name:?}"
            )));
        }
        if !is_plain_word(&format!("{name}={value}")) {
            return Err(refused(format!(
                "expected the value of {name} as {PLAIN_WORD}"
            )));
        }
    }
    Ok(())
}

/// What [`is_plain_word`] accepts, for messages.
const PLAIN_WORD: &str = "printable ASCII without white space, ${, || and &&";

/// Whether `word` is one word for iPXE and for the kernel, which neither obeys. iPXE expands `${`,
/// and ends a command at the words `||`, `&&` and `;` or at one that begins with `#`. The kernel
/// also takes a byte of UTF-8 for a space, that of a no-break space in Latin-1.
fn is_plain_word(word: &str) -> bool {
    let obeyed = ["${", "||", "&&"];
    word.bytes().all(|byte| byte.is_ascii_graphic())
        && !obeyed.iter().any(|obeyed| word.contains(obeyed))
        && !matches!(word, "" | ";")
        && !word.starts_with('#')
}
