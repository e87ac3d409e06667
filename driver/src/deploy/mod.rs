//! Deploying a node by virtual media, as Ironic's drivers `agent_ilo` and `iscsi_ilo` do.
//!
//! [`IloDeploy`] brings the [virtual media](crate::virtual_media) of a node together with its
//! [BMC](crate::bmc). A deployment goes like this:
//!
//! 1. [`validate`](IloDeploy::validate): everything that is wrong with the node, at once.
//! 2. [`deploy`](IloDeploy::deploy): the server boots the deploy ISO, whose ramdisk finds its
//!    parameters on the floppy. Ironic's node is then in `wait call-back`.
//! 3. [`continue_deploy`](IloDeploy::continue_deploy), once the instance's image is on the disk:
//!    the floppy goes, and the server boots the instance, with `iscsi_ilo` from its boot ISO. The
//!    node becomes `active`.
//! 4. [`boot_instance`](IloDeploy::boot_instance) before each later start of an instance that boots
//!    from an ISO: the BMC is told so for one boot at a time.
//! 5. [`tear_down`](IloDeploy::tear_down) and [`clean_up`](IloDeploy::clean_up): nothing is left.
//!
//! When a conductor dies, another one calls [`take_over`](IloDeploy::take_over) for each of its
//! nodes, or [`take_over_all`](IloDeploy::take_over_all).
//!
//! Each takes a node and returns the changed node, to be handed back to Ironic, and what was done.
//! After a failure at any step the node is as it was, and the same call can be made again: it makes
//! its images under new names, and removes those that are left over once they are in no drive any
//! more.
//!
//! ```no_run
//! # #[cfg(feature = "redfish")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use driver::deploy::IloDeploy;
//! use driver::node::Node;
//! use driver::options::Options;
//! use oslo_config::SourceFile;
//!
//! let file = SourceFile::read("/etc/ironic/ironic.conf".as_ref())?;
//! let options = Options::read(&[file.parse()?], std::env::vars())?;
//! let ilo = IloDeploy::from_options(&options)?;
//!
//! let node = Node::from_json(&std::fs::read("node.json")?)?;
//! ilo.validate(&node).await?;
//! let deployed = ilo.deploy(&node).await?;
//! // … the ramdisk calls back, and the image is written …
//! let booted = ilo.continue_deploy(&deployed.node, Some("6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11")).await?;
//! for step in booted.done {
//!     println!("{step}");
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
use std::sync::Arc;

use url::Url;

use self::downloads::Downloads;
pub use self::error::DeployError;
pub use self::flow::Flow;
pub use self::image_service::{ImageFuture, ImageService, ServiceImage};
use self::image_service::{ImageLocation, look_up};
use self::node_work::NodeWork;
pub use self::take_over::{TakeOver, TakenOver};
use crate::bmc::{Bmc, Drive, Power};
use crate::host::{BoxError, Kind, ObjectName, Which};
use crate::node::{Node, Section};
use crate::virtual_media::VirtualMedia;

/// In `driver_info`: the deploy ISO, by the name that the iLO drivers have for it, and the general
/// one of newer releases.
const DEPLOY_ISO: [&str; 2] = ["ilo_deploy_iso", "deploy_iso"];

type Connect = dyn Fn(&Node) -> Result<Box<dyn Bmc>, BoxError> + Send + Sync;
type Parameters = dyn Fn(&Node) -> Vec<(String, String)> + Send + Sync;

/// Deploys nodes by virtual media.
///
/// Cloning is cheap: the clones share what bounds their work. Two tasks should not work on one node
/// at a time; Ironic's node lock sees to that.
#[derive(Clone)]
pub struct IloDeploy {
    media: VirtualMedia,
    connect: Arc<Connect>,
    images: Option<Arc<dyn ImageService>>,
    api_url: Option<String>,
    parameters: Option<Arc<Parameters>>,
    /// What the nodes of a mass take-over share.
    downloads: Option<Arc<Downloads>>,
}

impl fmt::Debug for IloDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IloDeploy")
            .field("media", &self.media)
            .field("images", &self.images)
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}

/// A node after a step, and what was done.
#[derive(Debug)]
pub struct Outcome {
    /// The node as it is to be handed back to Ironic.
    pub node: Node,
    /// What was done, in order.
    pub done: Vec<Action>,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A drive was emptied, or was empty.
    Ejected(Drive),
    /// An image was made and published.
    Published(ObjectName),
    /// An image was put into a drive. Its URL is shown without what may be secret in it.
    Inserted(Drive, String),
    /// The server boots from the drive the next time.
    BootOnce(Drive),
    /// The server was switched.
    Power(Power),
    /// A published image was removed.
    Removed(ObjectName),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ejected(drive) => write!(f, "emptied the {drive} drive"),
            Self::Published(name) => write!(f, "published {name}"),
            Self::Inserted(drive, url) => write!(f, "put {url} into the {drive} drive"),
            Self::BootOnce(drive) => write!(f, "set the next boot to the {drive} drive"),
            Self::Power(Power::On) => f.write_str("switched the server on"),
            Self::Power(Power::Off) => f.write_str("switched the server off"),
            Self::Power(Power::Cycle) => f.write_str("switched the server off and on"),
            Self::Removed(name) => write!(f, "removed {name}"),
        }
    }
}

impl IloDeploy {
    /// Deploys with these virtual media, and the BMC that `connect` gives for a node.
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
            downloads: None,
        }
    }

    /// Deploys as `options` say, with BMCs that are reached by Redfish.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError`](crate::host::HostSettingsError) when they do not lead to a host of
    /// images.
    #[cfg(feature = "redfish")]
    pub fn from_options(
        options: &crate::options::Options,
    ) -> Result<Self, crate::host::HostSettingsError> {
        let bmc_options = options.clone();
        let connect = move |node: &Node| {
            let bmc = crate::bmc::Redfish::from_node(node, &bmc_options)?;
            Ok(Box::new(bmc) as Box<dyn Bmc>)
        };
        let mut deploy = Self::new(VirtualMedia::from_options(options)?, connect);
        deploy.api_url.clone_from(&options.api_url);
        Ok(deploy)
    }

    /// Makes and publishes images with these virtual media.
    #[must_use]
    pub fn virtual_media(mut self, media: VirtualMedia) -> Self {
        self.media = media;
        self
    }

    /// Looks images up in this service, where a node names them by their id.
    #[must_use]
    pub fn image_service(mut self, images: Arc<dyn ImageService>) -> Self {
        self.images = Some(images);
        self
    }

    /// Tells deploy ramdisks that Ironic's API is at this URL.
    #[must_use]
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// Gives a node's deploy ramdisk these parameters too. One of Ironic's own name replaces that.
    ///
    /// A conductor that takes the node over asks for them again, and has to get the same ones: what
    /// they are made of has to be in the node or in the configuration.
    #[must_use]
    pub fn parameters<F>(mut self, parameters: F) -> Self
    where
        F: Fn(&Node) -> Vec<(String, String)> + Send + Sync + 'static,
    {
        self.parameters = Some(Arc::new(parameters));
        self
    }

    /// Boots the deploy ISO: empties the drives, puts the parameters on a floppy, inserts floppy
    /// and deploy ISO, and switches the server off and on to boot from that once.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn deploy(&self, node: &Node) -> Result<Outcome, DeployError> {
        self.check(node)?;
        let deploy_iso = self.deploy_iso_url(node).await?;
        let mut work = self.work_on(node)?;
        work.eject(Drive::Floppy).await?;
        work.eject(Drive::Cd).await?;
        work.floppy().await?;
        work.insert(Drive::Cd, &deploy_iso).await?;
        work.boot_once().await?;
        work.power(Power::Cycle).await?;
        Ok(work.outcome)
    }

    /// Boots the instance, once its image is on the disk: removes the floppy, empties the drives,
    /// with a boot ISO inserts that to be booted from once, and switches the server off and on.
    ///
    /// `root_uuid` is the UUID of the root file system on the disk, which the boot ISO's kernel is
    /// told and the node remembers; `None` leaves what it remembers as it is.
    ///
    /// The boot ISO is, in this order: `instance_info.ilo_boot_iso` when its user set it; the
    /// property `boot_iso` of the instance's image; or one made of the instance's kernel and
    /// ramdisk, and for UEFI of the deploy ISO's boot loader.
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
            work.remember_root(root_uuid);
        }
        work.eject(Drive::Floppy).await?;
        work.remove(Which::Kind(Kind::Floppy)).await?;
        work.eject(Drive::Cd).await?;
        if flow.boots_from_iso(node) {
            work.insert_boot_iso().await?;
            work.boot_once().await?;
        }
        work.power(Power::Cycle).await?;
        Ok(work.outcome)
    }

    /// Has an instance that boots from a boot ISO boot from it the next time that the server
    /// starts: to be called before a deployed server is switched on or restarted. The power stays
    /// as it is.
    ///
    /// Nothing is made that is there already; the URL of an image in Swift is renewed. Nothing is
    /// done for an instance that boots from its disk.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn boot_instance(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        if Flow::of(node)?.boots_from_iso(node) {
            match self.media.boot_iso_url(node).await? {
                Some(url) => work.insert(Drive::Cd, &url).await?,
                None => work.insert_boot_iso().await?,
            }
            work.boot_once().await?;
        }
        Ok(work.outcome)
    }

    /// Ends an instance: switches the server off, empties the drives and removes what was
    /// published.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn tear_down(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        work.power(Power::Off).await?;
        work.clean_up().await?;
        Ok(work.outcome)
    }

    /// Empties the drives and removes what was published for the node, and what it remembers of
    /// that. Only that: a boot ISO that its user gave stays.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn clean_up(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node)?;
        work.clean_up().await?;
        Ok(work.outcome)
    }

    /// What a step needs of `node`.
    fn work_on(&self, node: &Node) -> Result<NodeWork<'_>, DeployError> {
        let bmc = (self.connect)(node).map_err(|source| DeployError::Connect {
            node: node.uuid(),
            source,
        })?;
        Ok(NodeWork {
            deploy: self,
            bmc,
            outcome: Outcome {
                node: node.clone(),
                done: Vec::new(),
            },
        })
    }

    fn image_service_ref(&self) -> Option<&dyn ImageService> {
        self.images.as_deref()
    }

    /// The URL of the deploy ISO, for the BMC.
    async fn deploy_iso_url(&self, node: &Node) -> Result<Url, DeployError> {
        let text = deploy_iso(node).unwrap_or_default();
        self.media_url(node, "driver_info.ilo_deploy_iso", text)
            .await
    }

    /// The URL that a BMC reads an image by, which a node's field names.
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

/// The deploy ISO that a node names.
fn deploy_iso(node: &Node) -> Option<&str> {
    DEPLOY_ISO
        .iter()
        .find_map(|key| node.text(Section::DriverInfo, key))
}
