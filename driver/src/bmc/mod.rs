//! BMCs: a server's virtual media drives, its next boot device and its power.
//!
//! Deploy code uses the trait [`Bmc`], independent of the protocol. With the cargo feature
//! `redfish`, which is enabled by default, [`Redfish`] implements it for iLO 4 (firmware 2.30 or
//! newer), iLO 5 to 7, and any BMC with the standard actions.
//!
//! ```no_run
//! # use url::Url;
//! # type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
//! # #[cfg(feature = "redfish")]
//! # async fn example(floppy: Url, boot_iso: Url) -> Result<()> {
//! use driver::bmc::{Bmc, Drive, Power, Redfish};
//! use driver::node::Node;
//! use driver::options::Options;
//!
//! let options = Options::load(["/etc/ironic/ironic.conf"])?;
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

mod error;
#[cfg(feature = "redfish")]
mod redfish;
mod step;

use std::fmt;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::error::{BmcError, Cause, ConnectError, Refusal};
#[cfg(feature = "redfish")]
pub use self::redfish::{
    BmcAccess, Clock, Credentials, ILO_ACCESS, REDFISH_ACCESS, Redfish, Timing,
};
pub use self::step::Step;
pub use crate::node::BootMode;

/// The boxed future that the methods of [`Bmc`] return.
///
/// Unlike `async fn`, it keeps the trait usable as an object, `Box<dyn Bmc>` or `Arc<dyn Bmc>`. An
/// implementation wraps its body in `Box::pin(async move { … })`; the allocation is negligible
/// compared with the response time of a BMC.
pub type BmcFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BmcError>> + Send + 'a>>;

/// A server's BMC.
///
/// Each method brings the BMC into the state that it is named after, whatever its state before, and
/// returns once the BMC reports that state. It can be called again after a failure or after its
/// future was dropped. Only one task should work on a BMC at a time.
///
/// An implementation tells its errors with the [`Cause`] that fits, such as [`Cause::NoAnswer`] for
/// a BMC that does not answer, which a step then asks nothing more; what a BMC refused with a
/// [`Refusal`]; and any other error with [`Cause::other`]:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Mutex, MutexGuard};
///
/// use driver::bmc::{
///     Bmc, BmcError, BmcFuture, BootMode, Cause, Drive, Medium, Power, PowerState, Step,
/// };
/// use driver::node::NodeUuid;
/// use driver::url::Url;
///
/// /// A server in memory, for the tests of deploy code.
/// #[derive(Debug)]
/// struct TestBmc {
///     node: NodeUuid,
///     server: Mutex<Server>,
/// }
///
/// #[derive(Debug, Default)]
/// struct Server {
///     media: HashMap<Drive, Url>,
///     next_boot: Option<Drive>,
///     is_on: bool,
/// }
///
/// impl TestBmc {
///     fn server(&self) -> MutexGuard<'_, Server> {
///         self.server.lock().unwrap()
///     }
/// }
///
/// impl Bmc for TestBmc {
///     fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
///         Box::pin(async move {
///             let url = self.server().media.get(&drive).cloned();
///             Ok(url.map(|url| Medium::new(Some(url.into()))))
///         })
///     }
///
///     fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
///         Box::pin(async move {
///             if url.scheme() == "ftp" {
///                 let cause = Cause::other("expected an http:// URL");
///                 return Err(BmcError::new(self.node, Step::Insert(drive), cause));
///             }
///             self.server().media.insert(drive, url.clone());
///             Ok(())
///         })
///     }
///
///     fn eject(&self, drive: Drive) -> BmcFuture<'_, ()> {
///         self.server().media.remove(&drive);
///         Box::pin(async { Ok(()) })
///     }
///
///     fn boot_once(&self, drive: Drive, _: Option<BootMode>) -> BmcFuture<'_, ()> {
///         self.server().next_boot = Some(drive);
///         Box::pin(async { Ok(()) })
///     }
///
///     fn power_state(&self) -> BmcFuture<'_, PowerState> {
///         let state = if self.server().is_on { PowerState::On } else { PowerState::Off };
///         Box::pin(async move { Ok(state) })
///     }
///
///     fn power(&self, power: Power) -> BmcFuture<'_, ()> {
///         self.server().is_on = matches!(power, Power::On | Power::Cycle);
///         Box::pin(async { Ok(()) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123".parse()?;
/// let bmc = TestBmc { node, server: Mutex::default() };
/// bmc.insert(Drive::Cd, &"http://192.0.2.1/deploy.iso".parse()?).await?;
/// assert!(bmc.medium(Drive::Cd).await?.is_some());
/// let error = bmc.insert(Drive::Cd, &"ftp://192.0.2.1/x".parse()?).await.unwrap_err();
/// assert!(error.to_string().ends_with("into the CD drive: expected an http:// URL"));
/// # Ok(()) }
/// ```
pub trait Bmc: fmt::Debug + Send + Sync {
    /// Checks that the BMC answers and has both drives, without changing anything. The default
    /// reads their media.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn check(&self) -> BmcFuture<'_, ()> {
        Box::pin(async {
            self.medium(Drive::Cd).await?;
            self.medium(Drive::Floppy).await?;
            Ok(())
        })
    }

    /// Returns the medium in a virtual media drive; `None` if the drive is empty.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>>;

    /// Ejects the current medium of a drive, inserts the image at `url`, and waits until the BMC
    /// reports it.
    ///
    /// # Errors
    ///
    /// [`BmcError`]. The drive is then empty, or contains the image or the previous medium.
    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()>;

    /// Ejects the medium of a drive. Does nothing if the drive is empty.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn eject(&self, drive: Drive) -> BmcFuture<'_, ()>;

    /// Makes the server boot from a drive at its next start, and only then. `mode` changes the boot
    /// mode if the BMC reports a different one.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn boot_once(&self, drive: Drive, mode: Option<BootMode>) -> BmcFuture<'_, ()>;

    /// Returns the power state of the server.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn power_state(&self) -> BmcFuture<'_, PowerState>;

    /// Switches the server on or off, and waits until the BMC reports it.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn power(&self, power: Power) -> BmcFuture<'_, ()>;

    /// Returns the boot mode that the server has from its next start on, if it is a setting of its
    /// own. The default returns `None`: the mode is chosen with [`boot_once`](Self::boot_once), or
    /// is not known.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn boot_mode(&self) -> BmcFuture<'_, Option<BootMode>> {
        Box::pin(async { Ok(None) })
    }

    /// Sets the boot mode that the server has from its next start on. Called only if
    /// [`boot_mode`](Self::boot_mode) returns another one. The default does nothing.
    ///
    /// # Errors
    ///
    /// [`BmcError`], with [`Cause::Unsupported`] for a mode that the server does not have.
    fn set_boot_mode(&self, _mode: BootMode) -> BmcFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Whether secure boot is on from the server's next start on. The default returns `None`: it is
    /// not known.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn secure_boot(&self) -> BmcFuture<'_, Option<bool>> {
        Box::pin(async { Ok(None) })
    }

    /// Switches secure boot on or off from the server's next start on. Called only if
    /// [`secure_boot`](Self::secure_boot) returns the other one. The default does nothing.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn set_secure_boot(&self, _on: bool) -> BmcFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Puts the server's disks before the network in its persistent boot order, from its next start
    /// on. Returns whether that changed the order. The default does nothing, and logs that.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn boot_from_disk(&self) -> BmcFuture<'_, bool> {
        log::info!("the boot order is left as it is: this BMC does not support changing it");
        Box::pin(async { Ok(false) })
    }

    /// Waits, after the server was started, for the settings that were changed for its next start.
    /// Returns whether it has taken all of them; `false` if that is not known after some minutes.
    /// The default returns `true`: settings are taken at once, or the BMC does not report it.
    ///
    /// # Errors
    ///
    /// [`BmcError`], with [`Cause::SettingRefused`] if the server has not taken a setting.
    fn await_settings(&self) -> BmcFuture<'_, bool> {
        Box::pin(async { Ok(true) })
    }

    /// Ends what was opened for the methods above, such as a session. They can be called
    /// afterwards, too. The default does nothing.
    ///
    /// # Errors
    ///
    /// [`BmcError`].
    fn close(&self) -> BmcFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// A virtual media drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drive {
    /// The drive for CDs and DVDs.
    Cd,
    /// The drive for floppies and USB sticks.
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

/// A medium in a drive.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Medium {
    /// The URL that the BMC reports, which may be shorter than the one it was given; `None` if it
    /// reports none, as for an image from an operator's own computer.
    pub image: Option<String>,
}

impl Medium {
    /// Creates a medium with the URL that the BMC reports.
    #[must_use]
    pub fn new(image: Option<String>) -> Self {
        Self { image }
    }
}

/// Shows the URL without its secrets.
impl fmt::Debug for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = self.image.as_deref().map(error::shown);
        f.debug_struct("Medium").field("image", &image).finish()
    }
}

/// An operation on a server's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Switch the server on.
    On,
    /// Switch it off immediately, without a shutdown of its operating system.
    Off,
    /// Shut its operating system down, and switch it off by force if that takes too long.
    SoftOff,
    /// Switch it off, wait until it is off, and switch it on.
    Cycle,
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "switch the server on",
            Self::Off => "switch the server off",
            Self::SoftOff => "shut the server down",
            Self::Cycle => "switch the server off and on",
        })
    }
}

/// The power state of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PowerState {
    /// On.
    On,
    /// Off.
    Off,
    /// Being switched on.
    PoweringOn,
    /// Being switched off.
    PoweringOff,
    /// Any other state, or none reported.
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
