//! Provision states.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A node's provision state.
///
/// Only the states that the drivers act on have variants; any other state, of any release of
/// Ironic, is kept as text. The names are those of `ironic/common/states.py`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum ProvisionState {
    /// `available`: ready to be deployed.
    Available,
    /// `deploying`: the conductor is working on the node.
    Deploying,
    /// `wait call-back`: the conductor is waiting for the node's deploy ramdisk.
    WaitCallBack,
    /// `active`: deployed; the instance is running.
    Active,
    /// `deleting`: the instance is being torn down.
    Deleting,
    /// Any other state.
    Other(String),
}

impl ProvisionState {
    /// Returns the state as Ironic's API writes it.
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

impl FromStr for ProvisionState {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl From<String> for ProvisionState {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<ProvisionState> for String {
    fn from(state: ProvisionState) -> Self {
        state.as_str().to_owned()
    }
}
