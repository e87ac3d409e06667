//! What a step of a deployment did.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bmc::{BootMode, Drive, Power};
use crate::host::ObjectName;
use crate::node::Node;

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "the changed node must be passed back to Ironic"]
#[non_exhaustive]
pub struct Outcome {
    /// The changed node, to be passed back to Ironic.
    pub node: Node,
    /// The actions that were performed, in order.
    pub done: Vec<Action>,
}

impl Outcome {
    /// Returns the outcome of a step that did nothing to `node` yet.
    pub(super) fn unchanged(node: &Node) -> Self {
        Self {
            node: node.clone(),
            done: Vec::new(),
        }
    }
}

/// An action that was performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
