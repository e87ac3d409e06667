//! Deploying nodes through virtual media, as Ironic's drivers `agent_ilo` and `iscsi_ilo` do.
//!
//! [`IloDeploy`] combines the [virtual media](crate::virtual_media) of a node with its
//! [BMC](crate::bmc). The steps of a deployment are:
//!
//! 1. [`validate`](IloDeploy::validate) reports everything that is wrong with the node.
//! 2. [`deploy`](IloDeploy::deploy) boots the deploy ISO, whose ramdisk reads its parameters from
//!    the floppy. Ironic's node is then in `wait call-back`.
//! 3. [`continue_deploy`](IloDeploy::continue_deploy), once the instance's image is on the disk,
//!    removes the floppy and boots the instance, with `iscsi_ilo` from its boot ISO. The node
//!    becomes `active`.
//! 4. [`boot_instance`](IloDeploy::boot_instance), before each later start of an instance that
//!    boots from an ISO, selects the ISO for one boot.
//! 5. [`tear_down`](IloDeploy::tear_down) and [`clean_up`](IloDeploy::clean_up) remove everything.
//!
//! When a conductor dies, another one calls [`take_over`](IloDeploy::take_over) for each of its
//! nodes, or [`take_over_all`](IloDeploy::take_over_all) for all of them.
//!
//! Each method takes a node and returns the changed node, which the caller passes back to Ironic,
//! together with the actions that were performed. The BMC is asked first, so that no image is made
//! for one that does not answer. A step that fails withdraws what it published; the node is
//! unchanged, and the call can be repeated: it creates images under new names, and removes older
//! ones once they are no longer in a drive.
//!
//! # What users may name
//!
//! Users of the cloud can set `instance_info` and the properties of their images. Their paths and
//! `file://` URLs are read only below `[conductor] file_url_allowed_paths`. Their `http://` and
//! `https://` URLs are followed to public addresses, and to those of `[ilo] image_networks`, never
//! to link-local ones: see [`SourceAccess`](crate::image::SourceAccess). The deploy ISO, which the
//! operator names in `driver_info`, and the URLs that an [`ImageService`] gives may lead to any
//! address but link-local ones.
//!
//! ```no_run
//! # #[cfg(feature = "redfish")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use driver::deploy::IloDeploy;
//! use driver::node::Node;
//! use driver::options::Options;
//!
//! let options = Options::load(["/etc/ironic/ironic.conf"])?;
//! let ilo = IloDeploy::from_options(&options)?;
//!
//! let node = Node::from_json(&std::fs::read("node.json")?)?;
//! ilo.validate(&node).await?;
//! let deployed = ilo.deploy(&node).await?;
//! // … the ramdisk calls back, and the image is written …
//! let root_uuid = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";
//! let booted = ilo.continue_deploy(&deployed.node, Some(root_uuid)).await?;
//! for action in booted.done {
//!     println!("{action}");
//! }
//! # Ok(()) }
//! ```

mod boot_iso;
mod downloads;
mod error;
mod flow;
mod image_service;
mod node_work;
mod parameters;
mod take_over;
mod validate;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::downloads::Downloads;
pub use self::error::DeployError;
pub use self::flow::Flow;
pub use self::image_service::{ImageFuture, ImageService, ServiceImage};
use self::image_service::{ImageLocation, look_up};
use self::node_work::NodeWork;
pub use self::take_over::{TakeOver, TakenOver};
#[cfg(feature = "redfish")]
use crate::bmc::RedfishError;
use crate::bmc::{Bmc, BootMode, Drive, Power};
use crate::host::{BoxError, ObjectName};
use crate::http::url::redacted_text;
use crate::node::{Node, Section};
use crate::virtual_media::VirtualMedia;

/// The fields of `driver_info` with the deploy ISO: the iLO drivers' own, and the general one of
/// newer releases.
const DEPLOY_ISO: [&str; 2] = ["ilo_deploy_iso", "deploy_iso"];

type Connect = dyn Fn(&Node) -> Result<Box<dyn Bmc>, BoxError> + Send + Sync;
type Parameters = dyn Fn(&Node) -> Vec<(String, String)> + Send + Sync;

/// Deploys nodes through virtual media.
///
/// Cloning is cheap; clones share the limit on concurrent work. Only one task should work on a node
/// at a time, which Ironic's node lock ensures.
#[derive(Clone)]
pub struct IloDeploy {
    media: VirtualMedia,
    connect: Arc<Connect>,
    images: Option<Arc<dyn ImageService>>,
    api_url: Option<String>,
    parameters: Option<Arc<Parameters>>,
    download_directory: PathBuf,
    /// The downloads that the nodes of a mass take-over share.
    downloads: Option<Arc<Downloads>>,
    /// The turns to make images in a mass take-over.
    turns: Option<Arc<Semaphore>>,
}

impl fmt::Debug for IloDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IloDeploy")
            .field("media", &self.media)
            .field("images", &self.images)
            .field("api_url", &self.api_url.as_deref().map(redacted_text))
            .finish_non_exhaustive()
    }
}

/// The result of a step.
#[derive(Debug)]
pub struct Outcome {
    /// The changed node, to be passed back to Ironic.
    pub node: Node,
    /// The actions that were performed, in order.
    pub done: Vec<Action>,
}

/// An action that was performed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A drive was emptied, or already was empty.
    Ejected(Drive),
    /// An image was created and published.
    Published(ObjectName),
    /// An image was inserted into a drive. Its URL is shown without its secrets.
    Inserted(Drive, String),
    /// The drive was set as the next boot device.
    BootOnce(Drive),
    /// The boot mode was set, from the next start on.
    BootMode(BootMode),
    /// Secure boot was switched on or off, from the next start on.
    SecureBoot(bool),
    /// The disks were put before the network in the boot order, from the next start on.
    BootFromDisk,
    /// The server was switched on or off.
    Power(Power),
    /// A published image was removed.
    Removed(ObjectName),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ejected(drive) => write!(f, "emptied the {drive} drive"),
            Self::Published(name) => write!(f, "published {name}"),
            Self::Inserted(drive, url) => write!(f, "inserted {url} into the {drive} drive"),
            Self::BootOnce(drive) => write!(f, "set the next boot to the {drive} drive"),
            Self::BootMode(mode) => write!(f, "set the boot mode to {mode}"),
            Self::SecureBoot(true) => f.write_str("switched secure boot on"),
            Self::SecureBoot(false) => f.write_str("switched secure boot off"),
            Self::BootFromDisk => f.write_str("put the disks before the network in the boot order"),
            Self::Power(Power::On) => f.write_str("switched the server on"),
            Self::Power(Power::Off) => f.write_str("switched the server off"),
            Self::Power(Power::SoftOff) => f.write_str("shut the server down"),
            Self::Power(Power::Cycle) => f.write_str("switched the server off and on"),
            Self::Removed(name) => write!(f, "removed {name}"),
        }
    }
}

impl IloDeploy {
    /// Deploys with these virtual media, and with the BMC that `connect` returns for a node.
    pub fn new<F>(media: VirtualMedia, connect: F) -> Self
    where
        F: Fn(&Node) -> Result<Box<dyn Bmc>, BoxError> + Send + Sync + 'static,
    {
        Self {
            media,
            connect: Arc::new(connect),
            images: None,
            api_url: None,
            parameters: None,
            download_directory: std::env::temp_dir(),
            downloads: None,
            turns: None,
        }
    }

    /// Deploys according to `options`, with BMCs that are controlled through Redfish.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError`](crate::host::HostSettingsError) if the options of the host are
    /// invalid.
    #[cfg(feature = "redfish")]
    pub fn from_options(
        options: &crate::options::Options,
    ) -> Result<Self, crate::host::HostSettingsError> {
        let bmc_options = options.clone();
        let connect = move |node: &Node| {
            let bmc = crate::bmc::Redfish::from_node(node, &bmc_options);
            let bmc = bmc.map_err(|error| match error {
                RedfishError::Node(invalid) => BoxError::from(invalid),
                RedfishError::Bmc(error) => BoxError::from(error),
            });
            Ok(Box::new(bmc?) as Box<dyn Bmc>)
        };
        let mut deploy = Self::new(VirtualMedia::from_options(options)?, connect);
        deploy.api_url.clone_from(&options.api_url);
        Ok(deploy)
    }

    /// Creates and publishes images with these virtual media.
    #[must_use]
    pub fn virtual_media(mut self, media: VirtualMedia) -> Self {
        self.media = media;
        self
    }

    /// Looks up images that a node names by ID in this service.
    #[must_use]
    pub fn image_service(mut self, images: Arc<dyn ImageService>) -> Self {
        self.images = Some(images);
        self
    }

    /// Downloads the images that the nodes of a mass take-over share into this directory, instead
    /// of the one for temporary files (`TMPDIR`, or else `/tmp`). It needs space for the
    /// distinct images of the nodes, and should be on the file system of `http_server_root` if that
    /// shares blocks between files.
    #[must_use]
    pub fn download_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.download_directory = directory.into();
        self
    }

    /// Sets the URL of Ironic's API for deploy ramdisks.
    #[must_use]
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// Adds parameters for a node's deploy ramdisk. They override Ironic's own parameters of the
    /// same name.
    ///
    /// A conductor that takes the node over calls `parameters` again, which must return the same
    /// ones: they may depend only on the node and the configuration.
    #[must_use]
    pub fn parameters<F>(mut self, parameters: F) -> Self
    where
        F: Fn(&Node) -> Vec<(String, String)> + Send + Sync + 'static,
    {
        self.parameters = Some(Arc::new(parameters));
        self
    }

    /// Boots the deploy ISO, once [`validate`](Self::validate) finds nothing wrong: creates a
    /// floppy with the parameters, sets the boot mode and secure boot that the node names, shuts
    /// the server down, empties the drives, inserts the floppy and the deploy ISO, and switches the
    /// server on so that it boots once from the ISO.
    ///
    /// What secure boot was before is recorded in `driver_internal_info.ilo_secure_boot_before`.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn deploy(&self, node: &Node) -> Result<Outcome, DeployError> {
        let (mut work, checked) = self.prepare(node).await?;
        let done = match checked {
            Ok(deploy_iso) => work.deploy(&deploy_iso).await,
            Err(error) => Err(error),
        };
        work.finish(done).await
    }

    /// Boots the instance, once its image is on the disk: finds or creates its boot ISO if it boots
    /// from one, or else puts the disks before the network in the boot order; shuts the deploy
    /// ramdisk down; empties the drives and removes the floppy; inserts the boot ISO and selects it
    /// for one boot; and switches the server on.
    ///
    /// `root_uuid` is the UUID of the root file system on the disk, which is passed to the boot
    /// ISO's kernel and recorded in the node; `None` keeps the recorded one.
    ///
    /// The boot ISO is the first of: `instance_info.ilo_boot_iso` if the user set it; the property
    /// `boot_iso` of the instance's image; a new one with the instance's kernel and ramdisk and,
    /// for UEFI, the deploy ISO's boot loader.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn continue_deploy(
        &self,
        node: &Node,
        root_uuid: Option<&str>,
    ) -> Result<Outcome, DeployError> {
        let flow = Flow::of(node)?;
        let mut work = self.work_on(node)?;
        if let Some(root_uuid) = root_uuid {
            work.record_root(root_uuid);
        }
        let done = work.continue_deploy(flow).await;
        work.finish(done).await
    }

    /// Makes an instance that boots from a boot ISO boot from it at the server's next start. To be
    /// called before a deployed server is switched on or restarted. Does not change the power
    /// state.
    ///
    /// An existing boot ISO is reused, with a new URL if it is in Swift. Nothing is done for an
    /// instance that boots from its disk.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn boot_instance(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        let done = match Flow::of(node)?.boots_from_iso(node) {
            true => work.boot_instance().await,
            false => Ok(()),
        };
        work.finish(done).await
    }

    /// Ends an instance: switches the server off, sets secure boot to what it was before the
    /// deployment, empties the drives and removes the published images.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn tear_down(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        let done = work.tear_down().await;
        work.finish(done).await
    }

    /// Empties the drives, and removes the node's published images and their record in the node.
    /// The user's own boot ISO is kept.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn clean_up(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        let done = work.clean_up().await;
        work.finish(done).await
    }

    /// Starts the work on a node.
    fn work_on(&self, node: &Node) -> Result<NodeWork<'_>, DeployError> {
        let bmc = (self.connect)(node);
        let bmc = bmc.map_err(|source| DeployError::of_connecting(node.uuid(), source))?;
        Ok(NodeWork::new(self, bmc, node))
    }

    /// Waits for the turn to make images, of which a mass take-over makes a few at once.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Fails only once the semaphore is closed, which it never is.
        self.turns.as_deref()?.acquire().await.ok()
    }

    fn image_service_ref(&self) -> Option<&dyn ImageService> {
        self.images.as_deref()
    }

    /// Returns the URL for the BMC of an image that a node's field names.
    async fn media_url(
        &self,
        node: &Node,
        what: &'static str,
        text: &str,
    ) -> Result<Url, DeployError> {
        match ImageLocation::read(text) {
            ImageLocation::Service(id) => {
                let image = look_up(self.image_service_ref(), node.uuid(), what, id).await?;
                Ok(image.url)
            }
            ImageLocation::Http(url) | ImageLocation::File(url) => {
                validate::http_url(node, what, url)
            }
        }
    }
}

/// Returns the deploy ISO that a node names.
fn deploy_iso(node: &Node) -> Option<&str> {
    DEPLOY_ISO
        .iter()
        .find_map(|key| node.text(Section::DriverInfo, key))
}
