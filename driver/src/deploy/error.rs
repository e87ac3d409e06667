//! Why a step of a deployment failed.

use crate::bmc::BmcError;
use crate::host::{BoxError, HostError};
use crate::image::SourceError;
use crate::node::{InvalidNode, NodeUuid};
use crate::virtual_media::VirtualMediaError;

/// Why a step of a deployment failed. Each message names the node, the step and the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// The node lacks what the deployment takes.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// The BMC did not do what it was asked to.
    #[error(transparent)]
    Bmc(#[from] BmcError),
    /// There is no way to the node's BMC.
    #[error("node {node}: cannot connect to the BMC: {source}")]
    Connect {
        /// The node.
        node: NodeUuid,
        /// Why not.
        source: BoxError,
    },
    /// An image could not be made, published or removed.
    #[error(transparent)]
    Media(#[from] VirtualMediaError),
    /// The host of images could not be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// An image that the node, or its image, names cannot be reached.
    #[error("node {node}: {what} cannot be used: {source}")]
    Image {
        /// The node.
        node: NodeUuid,
        /// Which field names it.
        what: &'static str,
        /// Why not.
        source: SourceError,
    },
    /// The image service did not answer as it should.
    #[error("node {node}: the image service has no answer for {image:?} ({what}): {source}")]
    ImageService {
        /// The node.
        node: NodeUuid,
        /// The image's id.
        image: String,
        /// Which field names it.
        what: &'static str,
        /// Why not.
        source: BoxError,
    },
    /// The node names no kernel or no ramdisk to make its boot ISO of.
    #[error(
        "node {node}: cannot make the boot ISO: expected {missing}: set it, or \
         instance_info.ilo_boot_iso"
    )]
    NothingToBoot {
        /// The node.
        node: NodeUuid,
        /// The fields that are missing.
        missing: String,
    },
    /// A parameter for the deploy ramdisk cannot be made.
    #[error("node {node}: cannot make the parameters of the deploy ramdisk: {reason}")]
    Parameters {
        /// The node.
        node: NodeUuid,
        /// Why not.
        reason: String,
    },
}
