//! A node's virtual media: creating, publishing and recording its floppy and its boot ISO.
//!
//! This module combines the [options](crate::options), the [images](crate::image), the
//! [host] and the [node](crate::node) for deploy code.
//!
//! ```no_run
//! use driver::image::Floppy;
//! use driver::node::Node;
//! use driver::options::Options;
//! use driver::virtual_media::{BootIsoRequest, Uefi, VirtualMedia};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::load(["/etc/ironic/ironic.conf"])?;
//! let media = VirtualMedia::from_options(&options)?;
//!
//! let mut node = Node::from_json(&std::fs::read("node.json")?)?;
//! let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
//! let floppy = media.publish_floppy(&node, floppy).await?;
//! let request = BootIsoRequest::new("http://images.example/vmlinuz", "/srv/images/initrd")
//!     .uefi(Uefi::DeployIso("/srv/images/deploy.iso".into()))
//!     .root_uuid("6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11");
//! let boot_iso = media.publish_boot_iso(&mut node, request).await?;
//! println!("{} {}", floppy.url, boot_iso.url);
//!
//! media.clean_up(&mut node).await?;
//! # Ok(()) }
//! ```

mod boot_iso;
mod error;
mod loaders;
mod progress;

use std::fmt;
use std::sync::Arc;

use url::Url;

pub(crate) use self::boot_iso::is_root_uuid;
pub use self::boot_iso::{BootIsoRequest, ImageRef, Uefi};
pub use self::error::VirtualMediaError;
use self::loaders::BootLoaders;
pub use self::progress::ImageProgress;
use self::progress::Progress;
use crate::host::{
    self, Host, HostError, HostSettingsError, NewObject, ObjectName, Published, Which,
};
use crate::http::work::{self, Turns};
use crate::image::{Floppy, HttpClient, PlannedBootIso, SourceAccess};
pub use crate::node::{BootMode, NotABootMode};
use crate::node::{InvalidNode, Node, Section, boot_mode_of};
use crate::options::Options;

/// The field of `instance_info` with the URL of the boot ISO, whether the user's or one created
/// here.
pub(crate) const ILO_BOOT_ISO: &str = "ilo_boot_iso";
/// The prefix of the name of a boot ISO in Swift, as in Ironic.
const SWIFT_REFERENCE: &str = "swift:";
/// The field of `driver_internal_info` that tells a conductor that takes the node over that the
/// boot ISO is on the web server, and must be created again there.
const CREATED_IN_WEB_SERVER: &str = "boot_iso_created_in_web_server";
/// The field of `driver_internal_info` with the root UUID, needed to create the boot ISO again.
pub(crate) const ROOT_UUID: &str = "root_uuid_or_disk_id";

/// The number of images that are created concurrently for a host without a limit of its own.
const AT_ONCE: usize = 8;

/// Creates and hosts the virtual media of many nodes.
///
/// Cloning is cheap; clones share the limit on concurrent work. The methods must be called on a
/// Tokio runtime; blocking work runs on its blocking threads, for a few nodes at a time.
///
/// Several tasks may publish for one node, since each image has a name of its own. But what one
/// publishes, the [`clean_up`](Self::clean_up) of another removes: from reading the node until its
/// images are inserted and it is stored, the caller holds a lock of the node, such as that of
/// [`IloDeploy::hold`](crate::deploy::IloDeploy::hold).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use driver::host::DirectoryHost;
/// use driver::image::Floppy;
/// use driver::node::Node;
/// use driver::options::Options;
/// use driver::virtual_media::VirtualMedia;
///
/// // In a test: a directory instead of the host that ironic.conf describes.
/// let directory = tempfile::tempdir()?;
/// let host = DirectoryHost::new(directory.path())?;
/// let media = VirtualMedia::on_host(Arc::new(host), &Options::read(&[], [])?)
///     .on_progress(|image| println!("{}: {} of {}", image.kind, image.done, image.total));
/// let mut node = Node::from_json(br#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#)?;
/// let floppy = media.publish_floppy(&node, Floppy::new().parameter("a", "b")).await?;
/// assert_eq!(media.clean_up(&mut node).await?, [floppy.name]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct VirtualMedia {
    host: Arc<dyn Host>,
    /// The limit on concurrent work, the host's if it has one.
    turns: Turns,
    loaders: Arc<BootLoaders>,
    http: HttpClient,
    access: SourceAccess,
    default_boot_mode: Option<BootMode>,
    api_url: Option<String>,
    check_served: bool,
    progress: Option<Progress>,
}

/// Does not show the URL of Ironic's API, which may have a secret.
impl fmt::Debug for VirtualMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualMedia")
            .field("host", &self.host)
            .field("access", &self.access)
            .field("default_boot_mode", &self.default_boot_mode)
            .finish_non_exhaustive()
    }
}

impl VirtualMedia {
    /// Creates virtual media from `options`, on the host that they describe.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError`] if the options of the host are invalid.
    pub fn from_options(options: &Options) -> Result<Self, HostSettingsError> {
        Ok(Self::on_host(host::from_options(options)?, options))
    }

    /// Creates virtual media on `host`, and according to `options` in everything else.
    #[must_use]
    pub fn on_host(host: Arc<dyn Host>, options: &Options) -> Self {
        let turns = host.turns().cloned();
        Self {
            turns: turns.unwrap_or_else(|| Turns::new(AT_ONCE)),
            host,
            loaders: Arc::new(BootLoaders::from_options(options)),
            http: HttpClient::new(),
            access: SourceAccess {
                paths: options.file_url_allowed_paths.clone(),
                networks: options.image_networks.clone(),
            },
            default_boot_mode: options.default_boot_mode,
            api_url: options.api_url.clone(),
            check_served: false,
            progress: None,
        }
    }

    /// Calls `progress` every few MiB while an image is written to its host, on the thread that
    /// writes it.
    #[must_use]
    pub fn on_progress<F>(mut self, progress: F) -> Self
    where
        F: Fn(&ImageProgress) + Send + Sync + 'static,
    {
        self.progress = Some(Progress::new(progress));
        self
    }

    /// Fetches kernels, ramdisks and boot loader images with this client.
    #[must_use]
    pub fn http_client(mut self, http: HttpClient) -> Self {
        self.http = http;
        self
    }

    /// Opens images that a node or its image names only if this allows it, instead of what the
    /// options allow. It has no effect on the images of a [`BootIsoRequest`], which the caller
    /// chooses.
    #[must_use]
    pub fn source_access(mut self, access: SourceAccess) -> Self {
        self.access = access;
        self
    }

    /// Checks that the server serves each published image, and withdraws it otherwise.
    #[must_use]
    pub fn check_served(mut self) -> Self {
        self.check_served = true;
        self
    }

    /// Returns the client that fetches kernels, ramdisks and boot loader images.
    pub(crate) fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Returns which images a node or its image may name.
    pub(crate) fn access(&self) -> &SourceAccess {
        &self.access
    }

    /// Returns the URL of Ironic's API in the options, for deploy ramdisks.
    pub(crate) fn api_url(&self) -> Option<&str> {
        self.api_url.as_deref()
    }

    /// Returns the host, for listing, sweeping and withdrawing images.
    #[must_use]
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// Builds `floppy` and publishes it for `node`. Nothing is recorded in the node, whose floppies
    /// are found by its UUID.
    ///
    /// # Errors
    ///
    /// [`VirtualMediaError::Floppy`] and [`VirtualMediaError::Host`]; then nothing is published.
    pub async fn publish_floppy(
        &self,
        node: &Node,
        floppy: Floppy,
    ) -> Result<Published, VirtualMediaError> {
        let uuid = node.uuid();
        self.publish(node, move || {
            NewObject::floppy(&floppy)
                .map_err(|cause| VirtualMediaError::Floppy { node: uuid, cause })
        })
        .await
    }

    /// Creates the requested boot ISO, publishes it for `node`, and records it in the node. On a
    /// web server, `instance_info.ilo_boot_iso` is its URL and
    /// `driver_internal_info.boot_iso_created_in_web_server` is true; in Swift, `ilo_boot_iso` is
    /// `swift:` and its name, and the other field is removed.
    /// `driver_internal_info.root_uuid_or_disk_id` is the root UUID, if there is one.
    ///
    /// An earlier boot ISO of the node is kept, since it may be in use. [`Host::unpublish`] with
    /// [`Which::OthersThan`] removes it later.
    ///
    /// # Errors
    ///
    /// [`VirtualMediaError`]; then nothing is published and the node is unchanged.
    /// [`VirtualMediaError::UsersBootIso`] if the node boots from its user's own ISO.
    pub async fn publish_boot_iso(
        &self,
        node: &mut Node,
        request: BootIsoRequest,
    ) -> Result<Published, VirtualMediaError> {
        let uuid = node.uuid();
        if node.text(Section::InstanceInfo, ILO_BOOT_ISO).is_some() && !has_own_boot_iso(node) {
            return Err(VirtualMediaError::UsersBootIso { node: uuid });
        }
        let root_uuid = request.root_uuid.clone();
        let plan = self.planner(node, request)?;
        let published = self
            .publish(node, move || Ok(NewObject::boot_iso(plan()?)))
            .await?;
        // What outlives this conductor gets a new URL each time.
        let reference = if self.host.outlives_conductors() {
            node.remove(Section::DriverInternalInfo, CREATED_IN_WEB_SERVER);
            format!("{SWIFT_REFERENCE}{}", published.name)
        } else {
            node.set(Section::DriverInternalInfo, CREATED_IN_WEB_SERVER, true);
            published.url.to_string()
        };
        match root_uuid {
            Some(root_uuid) => node.set(Section::DriverInternalInfo, ROOT_UUID, root_uuid),
            None => node.remove(Section::DriverInternalInfo, ROOT_UUID),
        };
        node.set(Section::InstanceInfo, ILO_BOOT_ISO, reference);
        Ok(published)
    }

    /// Checks that the boot ISO can be created: that its sources can be opened, and contain a boot
    /// loader.
    pub(crate) async fn check_boot_iso(
        &self,
        node: &Node,
        request: BootIsoRequest,
    ) -> Result<(), VirtualMediaError> {
        let planned = work::run(self.planner(node, request)?).await;
        let what = || format!("node {}", node.uuid());
        planned.map_err(|error| HostError::interrupted(what(), &error))??;
        Ok(())
    }

    /// Returns what opens the sources of a boot ISO and plans it. It blocks.
    fn planner(
        &self,
        node: &Node,
        request: BootIsoRequest,
    ) -> Result<
        impl FnOnce() -> Result<PlannedBootIso, VirtualMediaError> + Send + 'static + use<>,
        VirtualMediaError,
    > {
        let (uuid, mode) = (node.uuid(), self.boot_mode(node)?);
        let (loaders, http) = (Arc::clone(&self.loaders), self.http.clone());
        let params = node.kernel_append_params(&loaders.kernel_append_params);
        Ok(move || request.plan(uuid, mode, &params, (&loaders, &http)))
    }

    /// Returns the boot mode that `node` is to have: its own, or else that of the options.
    pub(crate) fn boot_mode(&self, node: &Node) -> Result<Option<BootMode>, InvalidNode> {
        Ok(boot_mode_of(node)?.or(self.default_boot_mode))
    }

    /// Returns the URL of the node's boot ISO, whether the user's or one published here; `None` if
    /// its `instance_info` has none. For one in Swift this is a new temporary URL each time.
    ///
    /// # Errors
    ///
    /// [`VirtualMediaError::BootIsoReference`] if the field contains neither a URL nor the name of
    /// an image of this node in Swift, or if it names one in Swift but the host is a web server;
    /// [`VirtualMediaError::Host`] if no temporary URL can be created.
    pub async fn boot_iso_url(&self, node: &Node) -> Result<Option<Url>, VirtualMediaError> {
        let Some(text) = node.text(Section::InstanceInfo, ILO_BOOT_ISO) else {
            return Ok(None);
        };
        let unusable = |reason| VirtualMediaError::BootIsoReference {
            node: node.uuid(),
            reason,
        };
        let Some(name) = text.strip_prefix(SWIFT_REFERENCE) else {
            let url = Url::parse(text).ok();
            // A host may have URLs of another scheme.
            let is_own = has_own_boot_iso(node);
            let url = url.filter(|url| is_own || matches!(url.scheme(), "http" | "https"));
            return url
                .map(Some)
                .ok_or_else(|| unusable("expected an http:// or https:// URL"));
        };
        if !self.host.outlives_conductors() {
            return Err(unusable(
                "it is in Swift, and images are hosted on a web server",
            ));
        }
        let name: Option<ObjectName> = name.parse().ok();
        let name = name.filter(|name| name.node() == node.uuid());
        let name = name.ok_or_else(|| unusable("expected the name of an image of this node"))?;
        Ok(Some(self.host.url(node, &name).await?))
    }

    /// Removes every image that this library or Ironic published for `node`, and its record in the
    /// node. The user's own boot ISO and its record are kept.
    ///
    /// # Errors
    ///
    /// [`VirtualMediaError::Host`]; the node is then unchanged, so that the call can be repeated.
    pub async fn clean_up(&self, node: &mut Node) -> Result<Vec<ObjectName>, VirtualMediaError> {
        let removed = self.host.unpublish(node.uuid(), Which::All).await?;
        if has_own_boot_iso(node) {
            node.remove(Section::InstanceInfo, ILO_BOOT_ISO);
        }
        node.remove(Section::DriverInternalInfo, CREATED_IN_WEB_SERVER);
        node.remove(Section::DriverInternalInfo, ROOT_UUID);
        Ok(removed)
    }

    /// Prepares an image on a blocking thread and publishes it, both in one turn of the host.
    async fn publish(
        &self,
        node: &Node,
        prepare: impl FnOnce() -> Result<NewObject, VirtualMediaError> + Send + 'static,
    ) -> Result<Published, VirtualMediaError> {
        let turn = self.turns.turn().await;
        let prepared = work::start(Some(&turn), |_| prepare()).wait().await;
        let what = || format!("node {}", node.uuid());
        let mut object = prepared.map_err(|error| HostError::interrupted(what(), &error))??;
        if self.check_served {
            object = object.check_served();
        }
        if let Some(progress) = &self.progress {
            object = progress.observe(node.uuid(), object);
        }
        Ok(self.host.publish(node, object.in_turn(turn)).await?)
    }
}

/// Whether the boot ISO in `instance_info` was created for this node.
pub(crate) fn has_own_boot_iso(node: &Node) -> bool {
    own_boot_iso(node).is_some()
}

/// Whether the boot ISO in `instance_info` was created for this node, or is said to be in Swift.
pub(crate) fn is_recorded_boot_iso(node: &Node) -> bool {
    let text = node.text(Section::InstanceInfo, ILO_BOOT_ISO);
    has_own_boot_iso(node) || text.is_some_and(|text| text.starts_with(SWIFT_REFERENCE))
}

/// Returns the boot ISO in `instance_info` if its name shows that this library or Ironic created it
/// for this node. One in Swift is recorded as `swift:<name>`.
pub(crate) fn own_boot_iso(node: &Node) -> Option<ObjectName> {
    let text = node.text(Section::InstanceInfo, ILO_BOOT_ISO)?;
    let name = match (text.strip_prefix(SWIFT_REFERENCE), Url::parse(text)) {
        (Some(name), _) => Some(name.to_owned()),
        (None, Ok(url)) => url
            .path_segments()
            .and_then(|mut segments| segments.next_back().map(str::to_owned)),
        (None, Err(_)) => None,
    };
    let name: ObjectName = name?.parse().ok()?;
    (name.node() == node.uuid()).then_some(name)
}
