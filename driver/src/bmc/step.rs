//! The steps of operations on a BMC.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BootMode, Drive, Power};

/// A step of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Preparing the connection to the BMC.
    Connect,
    /// [`Bmc::check`](super::Bmc::check).
    Check,
    /// [`Bmc::medium`](super::Bmc::medium).
    Look(Drive),
    /// [`Bmc::insert`](super::Bmc::insert).
    Insert(Drive),
    /// [`Bmc::eject`](super::Bmc::eject).
    Eject(Drive),
    /// [`Bmc::boot_once`](super::Bmc::boot_once).
    BootOnce(Drive),
    /// [`Bmc::power_state`](super::Bmc::power_state).
    PowerState,
    /// [`Bmc::power`](super::Bmc::power).
    Power(Power),
    /// [`Bmc::boot_mode`](super::Bmc::boot_mode).
    BootMode,
    /// [`Bmc::set_boot_mode`](super::Bmc::set_boot_mode).
    SetBootMode(BootMode),
    /// [`Bmc::secure_boot`](super::Bmc::secure_boot).
    SecureBoot,
    /// [`Bmc::set_secure_boot`](super::Bmc::set_secure_boot).
    SetSecureBoot(bool),
    /// [`Bmc::boot_from_disk`](super::Bmc::boot_from_disk).
    BootFromDisk,
    /// [`Bmc::await_settings`](super::Bmc::await_settings).
    AwaitSettings,
    /// [`Bmc::close`](super::Bmc::close).
    Close,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect to the BMC"),
            Self::Check => f.write_str("use virtual media"),
            Self::Look(drive) => write!(f, "read the state of the {drive} drive"),
            Self::Insert(drive) => write!(f, "insert an image into the {drive} drive"),
            Self::Eject(drive) => write!(f, "eject the medium in the {drive} drive"),
            Self::BootOnce(drive) => write!(f, "set the next boot to the {drive} drive"),
            Self::PowerState => f.write_str("read the power state"),
            Self::Power(power) => write!(f, "{power}"),
            Self::BootMode => f.write_str("read the boot mode"),
            Self::SetBootMode(mode) => write!(f, "set the boot mode to {mode}"),
            Self::SecureBoot => f.write_str("read whether secure boot is on"),
            Self::SetSecureBoot(true) => f.write_str("switch secure boot on"),
            Self::SetSecureBoot(false) => f.write_str("switch secure boot off"),
            Self::BootFromDisk => f.write_str("put the disks before the network in the boot order"),
            Self::AwaitSettings => {
                f.write_str("find out whether the server has taken its settings")
            }
            Self::Close => f.write_str("close the session with the BMC"),
        }
    }
}
