//! The steps of a deployment.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step of a deployment, named after the method of [`IloDeploy`](super::IloDeploy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeployStep {
    /// [`validate`](super::IloDeploy::validate).
    Validate,
    /// [`deploy`](super::IloDeploy::deploy).
    Deploy,
    /// [`continue_deploy`](super::IloDeploy::continue_deploy).
    ContinueDeploy,
    /// [`boot_instance`](super::IloDeploy::boot_instance).
    BootInstance,
    /// [`take_over`](super::IloDeploy::take_over).
    TakeOver,
    /// [`tear_down`](super::IloDeploy::tear_down).
    TearDown,
    /// [`clean_up`](super::IloDeploy::clean_up).
    CleanUp,
}

impl fmt::Display for DeployStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validate => "validate",
            Self::Deploy => "deploy",
            Self::ContinueDeploy => "continue_deploy",
            Self::BootInstance => "boot_instance",
            Self::TakeOver => "take_over",
            Self::TearDown => "tear_down",
            Self::CleanUp => "clean_up",
        })
    }
}
