//! The provision states that the iLO drivers tell apart.

use std::fmt;

/// A node's provision state.
///
/// Only the states that the drivers act upon have a variant; every other one, of any release of
/// Ironic, is kept as its text. The texts are those of `ironic/common/states.py`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProvisionState {
    /// `available`: ready to be deployed.
    Available,
    /// `deploying`: the conductor is working on the node.
    Deploying,
    /// `wait call-back`: the conductor waits for the node's deploy ramdisk.
    WaitCallBack,
    /// `active`: deployed, the instance runs.
    Active,
    /// `deleting`: the instance is being torn down.
    Deleting,
    /// Any other state.
    Other(String),
}

impl ProvisionState {
    /// The state as Ironic's API writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Available => "available",
            Self::Deploying => "deploying",
            Self::WaitCallBack => "wait call-back",
            Self::Active => "active",
            Self::Deleting => "deleting",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for ProvisionState {
    fn from(text: &str) -> Self {
        [
            Self::Available,
            Self::Deploying,
            Self::WaitCallBack,
            Self::Active,
            Self::Deleting,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
        .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl fmt::Display for ProvisionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
