//! Why virtual media could not be made, published or removed.

use crate::host::HostError;
use crate::image::{BootIsoError, DeployIsoError, FloppyError, SourceError};
use crate::node::NodeUuid;

/// Why a node's virtual media could not be made, published or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VirtualMediaError {
    /// Publishing or removing failed, or what was read while the image was written.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The floppy cannot be made.
    #[error("cannot make the floppy for node {node}: {source}")]
    Floppy {
        /// The node.
        node: NodeUuid,
        /// What is wrong.
        source: FloppyError,
    },
    /// A kernel, ramdisk or boot loader image cannot be had.
    #[error("cannot make the boot ISO for node {node}: {what}: {source}")]
    Source {
        /// The node.
        node: NodeUuid,
        /// What it was wanted for.
        what: &'static str,
        /// What is wrong.
        source: SourceError,
    },
    /// The deploy ISO has no boot loader to take, or cannot be read.
    #[error("cannot make the boot ISO for node {node}: {source}")]
    DeployIso {
        /// The node.
        node: NodeUuid,
        /// What is wrong.
        source: DeployIsoError,
    },
    /// The boot ISO cannot be laid out.
    #[error("cannot make the boot ISO for node {node}: {source}")]
    BootIso {
        /// The node.
        node: NodeUuid,
        /// What is wrong.
        source: BootIsoError,
    },
    /// The node boots by UEFI, and there is no boot loader for that.
    #[error(
        "cannot make the boot ISO for node {node}: to boot by UEFI, expected a deploy ISO, an EFI \
         system partition image, or [DEFAULT] esp_image"
    )]
    NoEfiBootImage {
        /// The node.
        node: NodeUuid,
    },
    /// The root UUID is none.
    #[error(
        "cannot make the boot ISO for node {node}: expected a root UUID of letters, digits and \
         hyphens, got {root_uuid:?}"
    )]
    RootUuid {
        /// The node.
        node: NodeUuid,
        /// What was given.
        root_uuid: String,
    },
    /// The node's reference to a boot ISO cannot be used.
    #[error("cannot attach the boot ISO of node {node}: its instance_info.ilo_boot_iso: {reason}")]
    BootIsoReference {
        /// The node.
        node: NodeUuid,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The node boots from an ISO that its user gave.
    #[error(
        "no boot ISO is made for node {node}: its instance_info.ilo_boot_iso names the user's own; \
         boot from that, or remove it"
    )]
    UsersBootIso {
        /// The node.
        node: NodeUuid,
    },
}
