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
//! together with the actions that were performed, as does the error of a step that fails. No step
//! changes the node's provision state: that is the caller's.
//! [`on_event`](IloDeploy::on_event) tells what happens meanwhile. One step at a time works on a
//! node: a second one is refused, or waits. The BMC is asked first, so that no image is made
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
//!
//! [`DirectoryHost`](crate::host::DirectoryHost) has a whole test of deploy code.

mod action;
mod boot_iso;
mod configure;
mod downloads;
mod error;
mod event;
mod flow;
mod image_service;
mod lock;
mod node_work;
mod parameters;
mod start;
mod step;
mod take_over;
mod validate;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

pub use self::action::{Action, Outcome};
use self::downloads::Downloads;
pub use self::error::{DeployCause, DeployError};
use self::event::{Begun, Observer, Reporter};
pub use self::event::{Event, EventKind};
pub use self::flow::Flow;
pub use self::image_service::{ImageFuture, ImageService, ServiceImage};
use self::image_service::{ImageLocation, look_up};
use self::lock::Held;
pub use self::lock::{LockFuture, LockGuard, NodeLock};
use self::node_work::NodeWork;
pub use self::step::DeployStep;
pub use self::take_over::{TakeOver, TakenOver};
use crate::bmc::{Bmc, ConnectError};
use crate::http::url::redacted_text;
use crate::node::locks::Locks;
use crate::node::{Node, NodeUuid, Section};
use crate::virtual_media::VirtualMedia;

/// The fields of `driver_info` with the deploy ISO: the iLO drivers' own, and the general one of
/// newer releases.
const DEPLOY_ISO: [&str; 2] = ["ilo_deploy_iso", "deploy_iso"];

type ConnectFuture = Pin<Box<dyn Future<Output = Result<Box<dyn Bmc>, ConnectError>> + Send>>;
type Connect = dyn Fn(&Node) -> ConnectFuture + Send + Sync;
type Parameters = dyn Fn(&Node) -> Vec<(String, String)> + Send + Sync;

/// Deploys nodes through virtual media.
///
/// Cloning is cheap; clones share the limit on concurrent work, and the locks of nodes: while a
/// step works on a node, another one on the same node fails with [`DeployCause::Busy`], or waits
/// ([`wait_if_busy`](Self::wait_if_busy)). [`node_lock`](Self::node_lock) extends that to other
/// processes, and [`hold`](Self::hold) to what a service does before and after a step.
///
/// ```no_run
/// # async fn example(
/// #     media: driver::virtual_media::VirtualMedia,
/// #     bmc: fn(&driver::node::Node) -> Box<dyn driver::bmc::Bmc>,
/// #     node: driver::node::Node,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use driver::deploy::{DeployCause, EventKind, IloDeploy};
/// use driver::node::Node;
///
/// let ilo = IloDeploy::new(media, move |node: &Node| {
///     let bmc = bmc(node);
///     async { Ok(bmc) }
/// })
/// .api_url("http://192.0.2.1:6385")
/// .on_event(|event| {
///     if let EventKind::Image { kind, done, total } = event.kind {
///         println!("{}: {kind}: {done} of {total} bytes", event.node);
///     }
/// });
/// match ilo.deploy(&node).await {
///     Ok(outcome) => println!("{}", outcome.node.to_json()),
///     Err(error) => match *error.cause {
///         DeployCause::Busy { running, .. } => println!("{} is busy: {running}", error.node),
///         _ => println!("{error}; before that: {:?}", error.done),
///     },
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct IloDeploy {
    media: VirtualMedia,
    connect: Arc<Connect>,
    images: Option<Arc<dyn ImageService>>,
    /// Overrides that of `media`.
    api_url: Option<String>,
    parameters: Option<Arc<Parameters>>,
    download_directory: PathBuf,
    /// The downloads that the nodes of a mass take-over share.
    downloads: Option<Arc<Downloads>>,
    /// The turns to make images in a mass take-over.
    turns: Option<Arc<Semaphore>>,
    locks: Arc<Locks<DeployStep>>,
    /// The nodes that this one holds, besides the locks of steps in progress.
    held: Vec<Arc<Held>>,
    node_lock: Option<Arc<dyn NodeLock>>,
    waits_if_busy: bool,
    observer: Option<Arc<Observer>>,
}

impl fmt::Debug for IloDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IloDeploy")
            .field("media", &self.media)
            .field("images", &self.images)
            .field("api_url", &self.ramdisks_api_url().map(redacted_text))
            .field("node_lock", &self.node_lock)
            .finish_non_exhaustive()
    }
}

impl IloDeploy {
    /// Boots the deploy ISO, once [`validate`](Self::validate) finds nothing wrong: creates a
    /// floppy with the parameters, sets the boot mode that the node names, shuts the server down,
    /// empties the drives, inserts the floppy and the deploy ISO, and switches the server on so
    /// that it boots once from the ISO. If the boot mode was changed, waits until the server's BIOS
    /// has taken it.
    ///
    /// If the node names secure boot, and it differs, what it was before is recorded in
    /// `driver_internal_info.ilo_secure_boot_before`.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn deploy(&self, node: &Node) -> Result<Outcome, DeployError> {
        let (mut work, checked) = self.prepare(node, DeployStep::Deploy).await?;
        let done = match checked {
            Ok(deploy_iso) => work.deploy(&deploy_iso).await,
            Err(error) => Err(error),
        };
        work.finish(done).await
    }

    /// Boots the instance, once its image is on the disk: finds or creates its boot ISO if it boots
    /// from one, or else puts the disks before the network in the boot order; switches secure boot
    /// on or off, if the node names it; shuts the deploy ramdisk down; empties the drives and
    /// removes the floppy; inserts the boot ISO and selects it for one boot; and switches the
    /// server on.
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
        let mut work = self.work_on(node, DeployStep::ContinueDeploy).await?;
        if let Some(root_uuid) = root_uuid {
            work.record_root(root_uuid);
        }
        let done = work.continue_deploy().await;
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
        let mut work = self.work_on(node, DeployStep::BootInstance).await?;
        let done = work.boot_instance().await;
        work.finish(done).await
    }

    /// Ends an instance: switches the server off, sets secure boot to what it was before the
    /// deployment, empties the drives and removes the published images.
    ///
    /// # Errors
    ///
    /// [`DeployError`].
    pub async fn tear_down(&self, node: &Node) -> Result<Outcome, DeployError> {
        let mut work = self.work_on(node, DeployStep::TearDown).await?;
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
        let mut work = self.work_on(node, DeployStep::CleanUp).await?;
        let done = work.clean_up().await;
        work.finish(done).await
    }

    /// Begins a step on `node`, once no other one works on it.
    async fn begin(&self, node: NodeUuid, step: DeployStep) -> Result<Begun, DeployError> {
        let mut begun = Begun {
            reporter: Reporter {
                node,
                step,
                observer: self.observer.clone(),
            },
            guard: None,
        };
        // A step that changes nothing needs no lock.
        if step != DeployStep::Validate {
            match self.lock(node, step).await {
                Ok(guard) => begun.guard = Some(guard),
                Err(cause) => return Err(begun.fail(Vec::new(), cause)),
            }
        }
        begun.reporter.report(EventKind::Started);
        Ok(begun)
    }

    /// Begins a step, and connects to the node's BMC.
    async fn work_on(&self, node: &Node, step: DeployStep) -> Result<NodeWork<'_>, DeployError> {
        let begun = self.begin(node.uuid(), step).await?;
        match (self.connect)(node).await {
            Ok(bmc) => Ok(NodeWork::new(self, begun, bmc, node)),
            Err(error) => Err(begun.fail(Vec::new(), error.into())),
        }
    }

    /// Waits for the turn to make images, of which a mass take-over makes a few at once.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Fails only once the semaphore is closed, which it never is.
        self.turns.as_deref()?.acquire().await.ok()
    }

    /// Returns the URL of Ironic's API for deploy ramdisks.
    fn ramdisks_api_url(&self) -> Option<&str> {
        self.api_url.as_deref().or(self.media.api_url())
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
    ) -> Result<Url, DeployCause> {
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
