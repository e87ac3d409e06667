//! The errors of deployments.

use crate::bmc::BmcError;
use crate::host::{BoxError, HostError};
use crate::image::SourceError;
use crate::node::{InvalidNode, NodeUuid};
use crate::virtual_media::VirtualMediaError;

/// An error from a step of a deployment. Each message names the node, the step and the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// Fields of the node are missing or invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// Several things are wrong, all of which were found before anything was changed.
    #[error("{}", listed(.0))]
    Several(Vec<DeployError>),
    /// An operation of the BMC failed.
    #[error(transparent)]
    Bmc(#[from] BmcError),
    /// The connection to the node's BMC cannot be prepared.
    #[error("node {node}: cannot connect to the BMC: {source}")]
    Connect {
        /// The node.
        node: NodeUuid,
        /// The cause.
        source: BoxError,
    },
    /// An image could not be created, published or removed.
    #[error(transparent)]
    Media(#[from] VirtualMediaError),
    /// A request to the host of images failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// An image that the node or its image names cannot be reached.
    #[error("node {node}: {what} cannot be used: {source}")]
    Image {
        /// The node.
        node: NodeUuid,
        /// The field that names it.
        what: &'static str,
        /// The cause.
        source: SourceError,
    },
    /// Looking up an image in the image service failed.
    #[error("node {node}: cannot look up {image:?} ({what}) in the image service: {source}")]
    ImageService {
        /// The node.
        node: NodeUuid,
        /// The image's ID.
        image: String,
        /// The field that names it.
        what: &'static str,
        /// The cause.
        source: BoxError,
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

impl DeployError {
    /// Returns the error of a connection that cannot be prepared. An error that names the node by
    /// itself needs no more words.
    pub(super) fn of_connecting(node: NodeUuid, source: BoxError) -> Self {
        match source.downcast::<InvalidNode>() {
            Ok(invalid) => Self::Node(*invalid),
            Err(source) => match source.downcast::<BmcError>() {
                Ok(error) => Self::Bmc(*error),
                Err(source) => Self::Connect { node, source },
            },
        }
    }

    /// Returns one error for all of these.
    pub(super) fn all(mut errors: Vec<Self>) -> Self {
        match errors.len() {
            1 => errors.remove(0),
            _ => Self::Several(errors),
        }
    }
}

fn listed(errors: &[DeployError]) -> String {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}
