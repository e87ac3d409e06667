//! The errors of virtual media.

use crate::host::HostError;
use crate::image::{BootIsoError, DeployIsoError, FloppyError, SourceError};
use crate::node::{InvalidNode, NodeUuid};

/// An error from creating, publishing or removing a node's virtual media.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VirtualMediaError {
    /// Publishing or removing an image failed, or reading its content while it was written.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A field of the node is invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// The floppy cannot be built.
    #[error("cannot create the floppy for node {node}: {cause}")]
    Floppy {
        /// The node.
        node: NodeUuid,
        /// The cause.
        cause: FloppyError,
    },
    /// A kernel, ramdisk or boot loader image cannot be read.
    #[error("cannot create the boot ISO for node {node}: {what}: {cause}")]
    Source {
        /// The node.
        node: NodeUuid,
        /// The purpose of the image.
        what: &'static str,
        /// The cause.
        cause: SourceError,
    },
    /// The deploy ISO has no suitable boot loader, or cannot be read.
    #[error("cannot create the boot ISO for node {node}: {cause}")]
    DeployIso {
        /// The node.
        node: NodeUuid,
        /// The cause.
        cause: DeployIsoError,
    },
    /// The boot ISO cannot be planned.
    #[error("cannot create the boot ISO for node {node}: {cause}")]
    BootIso {
        /// The node.
        node: NodeUuid,
        /// The cause.
        cause: BootIsoError,
    },
    /// The node boots with UEFI, but there is no boot loader for it.
    #[error(
        "cannot create the boot ISO for node {node}: to boot with UEFI, expected a deploy ISO, an \
         EFI system partition image, or [DEFAULT] esp_image"
    )]
    NoEfiBootImage {
        /// The node.
        node: NodeUuid,
    },
    /// The root UUID is invalid.
    #[error(
        "cannot create the boot ISO for node {node}: expected a root UUID of letters, digits and \
         hyphens, got {root_uuid:?}"
    )]
    RootUuid {
        /// The node.
        node: NodeUuid,
        /// The given value.
        root_uuid: String,
    },
    /// The node's reference to a boot ISO is invalid.
    #[error("cannot attach the boot ISO of node {node}: its instance_info.ilo_boot_iso: {reason}")]
    BootIsoReference {
        /// The node.
        node: NodeUuid,
        /// The cause.
        reason: &'static str,
    },
    /// The node boots from its user's own ISO.
    #[error(
        "no boot ISO is created for node {node}: its instance_info.ilo_boot_iso names the user's \
         own; boot from that, or remove it"
    )]
    UsersBootIso {
        /// The node.
        node: NodeUuid,
    },
}
