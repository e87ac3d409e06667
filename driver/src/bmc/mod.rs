//! A server's BMC: its virtual media drives, what it boots next, and its power.
//!
//! Deploy code works on a [`Bmc`] and does not care how it is talked to. With the cargo feature
//! `redfish`, which is on by default, [`Redfish`] talks to an iLO 4 (firmware 2.30 or newer), iLO 5
//! or iLO 6, and to any BMC that has the standard actions.
//!
//! ```no_run
//! # #[cfg(feature = "redfish")]
//! # async fn example(floppy: url::Url, boot_iso: url::Url) -> Result<(), Box<dyn std::error::Error>> {
//! use driver::bmc::{Bmc, Drive, Power, Redfish};
//! use driver::node::Node;
//! use driver::options::Options;
//! use oslo_config::SourceFile;
//!
//! let file = SourceFile::read("/etc/ironic/ironic.conf".as_ref())?;
//! let options = Options::read(&[file.parse()?], std::env::vars())?;
//! let node = Node::from_json(&std::fs::read("node.json")?)?;
//!
//! let bmc: Box<dyn Bmc> = Box::new(Redfish::from_node(&node, &options)?);
//! bmc.power(Power::Off).await?;
//! bmc.insert(Drive::Floppy, &floppy).await?;
//! bmc.insert(Drive::Cd, &boot_iso).await?;
//! bmc.boot_once(Drive::Cd, None).await?;
//! bmc.power(Power::On).await?;
//! # Ok(()) }
//! ```

mod access;
mod error;
#[cfg(feature = "redfish")]
mod redfish;

use std::fmt;
use std::pin::Pin;

use url::Url;

pub use self::access::{BmcAccess, Credentials, REDFISH_ACCESS};
pub use self::error::{BmcError, Cause, Refusal, Step};
#[cfg(feature = "redfish")]
pub use self::redfish::{Redfish, RedfishError, Timing};
pub use crate::node::BootMode;

/// What a method of [`Bmc`] returns: a boxed future that can be sent between threads.
///
/// With it the trait can be made into an object, `Box<dyn Bmc>` or `Arc<dyn Bmc>`, which an `async
/// fn` in a trait cannot. An implementation wraps its body in `Box::pin(async move { … })`; the
/// allocation is nothing beside the time that a BMC takes to answer.
pub type BmcFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BmcError>> + Send + 'a>>;

/// A server's BMC.
///
/// Each method leaves the BMC in the state that it is named after, whatever the state before, and
/// returns once the BMC says that it is in that state: after a failure, and after a future was
/// dropped, it can be called again without harm. Two tasks should not work on one BMC at a time.
pub trait Bmc: fmt::Debug + Send + Sync {
    /// What is in a virtual media drive; `None` when it is empty.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>>;

    /// Puts the image at `url` into a drive, after ejecting what is in it, and waits until the BMC
    /// says that it is there.
    ///
    /// # Errors
    ///
    /// [`BmcError`]. The drive is then empty, or has the image in it, or what was there before.
    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()>;

    /// Empties a drive. One that is empty is left alone.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn eject(&self, drive: Drive) -> BmcFuture<'_, ()>;

    /// Has the server boot from a drive the next time that it starts, and only then. With a boot
    /// mode, it boots in that mode, if the BMC has it set otherwise.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn boot_once(&self, drive: Drive, mode: Option<BootMode>) -> BmcFuture<'_, ()>;

    /// Whether the server is on.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn power_state(&self) -> BmcFuture<'_, PowerState>;

    /// Switches the server, and waits until the BMC says that it is so.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn power(&self, power: Power) -> BmcFuture<'_, ()>;
}

/// A virtual media drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drive {
    /// The one that CDs and DVDs go into.
    Cd,
    /// The one that floppies and USB sticks go into.
    Floppy,
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cd => "CD",
            Self::Floppy => "floppy",
        })
    }
}

/// What is in a drive.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Medium {
    /// The URL that the BMC says, which may be shorter than the one it was given; `None` when it
    /// says none, as for an image that an operator's own computer provides.
    pub image: Option<String>,
}

impl Medium {
    /// A medium whose image the BMC says is at this URL.
    #[must_use]
    pub fn new(image: Option<String>) -> Self {
        Self { image }
    }
}

/// Without what may be secret in the URL.
impl fmt::Debug for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = self.image.as_deref().map(error::shown);
        f.debug_struct("Medium").field("image", &image).finish()
    }
}

/// What to do with a server's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Power {
    /// Switch it on.
    On,
    /// Switch it off at once, without asking its operating system.
    Off,
    /// Switch it off, wait until it is, and switch it on.
    Cycle,
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "switch the server on",
            Self::Off => "switch the server off",
            Self::Cycle => "switch the server off and on",
        })
    }
}

/// Whether a server is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PowerState {
    /// It is on.
    On,
    /// It is off.
    Off,
    /// It is being switched on.
    PoweringOn,
    /// It is being switched off.
    PoweringOff,
    /// Anything else that the BMC says, or nothing.
    Unknown,
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::PoweringOn => "being switched on",
            Self::PoweringOff => "being switched off",
            Self::Unknown => "in an unknown state",
        })
    }
}
