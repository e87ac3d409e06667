//! The errors of deployments.

use super::action::Action;
use super::step::DeployStep;
use crate::bmc::{BmcError, Cause, ConnectError};
use crate::causes::with_causes;
use crate::host::{BoxError, HostError};
use crate::image::SourceError;
use crate::node::{InvalidNode, NodeUuid};
use crate::virtual_media::VirtualMediaError;

/// A step of a deployment that failed. The message names the node, what could not be done, and the
/// cause.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
#[non_exhaustive]
pub struct DeployError {
    /// The node.
    pub node: NodeUuid,
    /// The step that failed.
    pub step: DeployStep,
    /// The actions that were performed before the failure, and then to withdraw the images that the
    /// step had published, in order.
    pub done: Vec<Action>,
    /// The cause.
    pub cause: Box<DeployCause>,
}

/// The cause of a [`DeployError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployCause {
    /// Another step works on the node. Nothing was changed.
    #[error(
        "node {node}: {running} is under way: repeat this step once it has ended, or use \
         IloDeploy::wait_if_busy"
    )]
    Busy {
        /// The node.
        node: NodeUuid,
        /// The step that works on it.
        running: DeployStep,
    },
    /// The caller's [`NodeLock`](super::NodeLock) failed. Nothing was changed.
    #[error("node {node}: cannot lock it: {}", with_causes(&**cause))]
    Lock {
        /// The node.
        node: NodeUuid,
        /// The cause.
        cause: BoxError,
    },
    /// Fields of the node are missing or invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// Several things are wrong, all of which were found before anything was changed.
    #[error("{}", listed(.0))]
    Several(Vec<DeployCause>),
    /// An operation of the BMC failed, or connecting to it.
    #[error(transparent)]
    Bmc(#[from] BmcError),
    /// An image could not be created.
    #[error(transparent)]
    Media(VirtualMediaError),
    /// A request to the host of images failed, or publishing an image.
    #[error(transparent)]
    Host(#[from] HostError),
    /// An image that the node or its image names cannot be reached.
    #[error("node {node}: {what} cannot be used: {cause}")]
    Image {
        /// The node.
        node: NodeUuid,
        /// The field that names it.
        what: &'static str,
        /// The cause.
        cause: SourceError,
    },
    /// Looking up an image in the image service failed.
    #[error(
        "node {node}: cannot look up {image:?} ({what}) in the image service: {}",
        with_causes(&**cause)
    )]
    ImageService {
        /// The node.
        node: NodeUuid,
        /// The image's ID.
        image: String,
        /// The field that names it.
        what: &'static str,
        /// The cause.
        cause: BoxError,
    },
    /// The node names no kernel or no ramdisk for its boot ISO.
    #[error(
        "node {node}: cannot create the boot ISO: expected {missing}; set it, or \
         instance_info.ilo_boot_iso"
    )]
    NothingToBoot {
        /// The node.
        node: NodeUuid,
        /// The missing fields.
        missing: String,
    },
    /// A parameter for the deploy ramdisk cannot be created.
    #[error("node {node}: cannot create the parameters of the deploy ramdisk: {reason}")]
    Parameters {
        /// The node.
        node: NodeUuid,
        /// The cause.
        reason: String,
    },
}

/// The same cause arrives in the same way, from whatever it comes.
impl From<VirtualMediaError> for DeployCause {
    fn from(error: VirtualMediaError) -> Self {
        match error {
            VirtualMediaError::Host(error) => Self::Host(error),
            VirtualMediaError::Node(invalid) => Self::Node(invalid),
            error => Self::Media(error),
        }
    }
}

impl From<ConnectError> for DeployCause {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Node(invalid) => Self::Node(invalid),
            ConnectError::Bmc(error) => Self::Bmc(error),
        }
    }
}

impl DeployCause {
    /// Returns one cause for all of these.
    pub(super) fn all(mut causes: Vec<Self>) -> Self {
        match causes.len() {
            1 => causes.remove(0),
            _ => Self::Several(causes),
        }
    }

    /// Whether the BMC does not answer.
    pub(super) fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Bmc(BmcError {
                cause: Cause::NoAnswer { .. },
                ..
            })
        )
    }
}

fn listed(causes: &[DeployCause]) -> String {
    let causes: Vec<String> = causes.iter().map(ToString::to_string).collect();
    causes.join("; ")
}
