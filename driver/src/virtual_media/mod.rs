//! A node's virtual media: creating, publishing and recording its floppy and its boot ISO.
//!
//! This module combines the [options](crate::options), the [images](crate::image), the
//! [host](crate::host) and the [node](crate::node) for deploy code.
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

use std::sync::Arc;

use url::Url;

pub(crate) use self::boot_iso::is_root_uuid;
pub use self::boot_iso::{BootIsoRequest, ImageRef, Uefi};
pub use self::error::VirtualMediaError;
use self::loaders::BootLoaders;
use crate::host::{Host, HostError, HostSettingsError, NewObject, ObjectName, Published, Which};
use crate::http::work;
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

/// Creates and hosts the virtual media of many nodes.
///
/// Cloning is cheap; clones share the limit on concurrent work. The methods must be called on a
/// Tokio runtime; blocking work runs on its blocking threads, for a few nodes at a time.
#[derive(Debug, Clone)]
pub struct VirtualMedia {
    host: Host,
    loaders: Arc<BootLoaders>,
    http: HttpClient,
    access: SourceAccess,
    default_boot_mode: Option<BootMode>,
    check_served: bool,
}

impl VirtualMedia {
    /// Creates virtual media from `options`.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError`] if the options of the host are invalid.
    pub fn from_options(options: &Options) -> Result<Self, HostSettingsError> {
        Ok(Self {
            host: Host::from_options(options)?,
            loaders: Arc::new(BootLoaders::from_options(options)),
            http: HttpClient::new(),
            access: SourceAccess {
                paths: options.file_url_allowed_paths.clone(),
                networks: options.image_networks.clone(),
            },
            default_boot_mode: options.default_boot_mode,
            check_served: false,
        })
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

    /// Returns the host, for listing, sweeping and withdrawing images.
    #[must_use]
    pub fn host(&self) -> &Host {
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
                .map_err(|source| VirtualMediaError::Floppy { node: uuid, source })
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
        // An image in Swift is not tied to a conductor, and gets a new temporary URL each time.
        let reference = match &self.host {
            Host::Web(_) => {
                node.set(Section::DriverInternalInfo, CREATED_IN_WEB_SERVER, true);
                published.url.to_string()
            }
            #[cfg(feature = "swift")]
            Host::Swift(_) => {
                node.remove(Section::DriverInternalInfo, CREATED_IN_WEB_SERVER);
                format!("{SWIFT_REFERENCE}{}", published.name)
            }
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
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
            return url
                .map(Some)
                .ok_or_else(|| unusable("expected an http:// or https:// URL"));
        };
        if matches!(self.host, Host::Web(_)) {
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
        let turn = self.host.turn().await;
        let prepared = work::start(Some(&turn), |_| prepare()).wait().await;
        let what = || format!("node {}", node.uuid());
        let mut object = prepared.map_err(|error| HostError::interrupted(what(), &error))??;
        if self.check_served {
            object = object.check_served();
        }
        Ok(self.host.publish_in(turn, node, object).await?)
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
