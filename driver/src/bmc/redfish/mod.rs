//! BMCs with Redfish: iLO 4 (2.30 or newer) to iLO 7, and others.

mod access;
mod boot;
mod check;
mod client;
mod connection;
mod discovery;
mod extended_info;
mod login;
mod messages;
mod model;
mod order;
mod power;
mod reach;
mod request;
mod retry;
mod settings;
mod started;
mod virtual_media;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

pub use self::access::{BmcAccess, Credentials, ILO_ACCESS, REDFISH_ACCESS};
use self::client::Client;
use self::discovery::Managed;
pub use self::retry::Clock;
use self::started::PendingSetting;
use super::error::{BmcError, Cause, ConnectError};
use super::{Bmc, BmcFuture, BootMode, Drive, Medium, Power, PowerState, Step};
use crate::node::{Node, NodeUuid};
use crate::options::Options;

/// A BMC that is controlled through Redfish.
///
/// Virtual media drives are identified by their `MediaTypes`, in the BMC's or the system's
/// resource. The standard actions are tried first, then HPE's own: those of `Oem.Hpe` (iLO 5 to 7)
/// and `Oem.Hp` (iLO 4), and changing `Image` if a BMC has neither, or is an iLO 4.
///
/// The server boots from the virtual CD through Redfish's one-time boot override, as in Ironic. An
/// iLO that does not support the override boots by the CD drive's `BootOnNextServerReset` instead;
/// it then ejects the medium by itself at the reset after the next. The boot mode of an iLO is not
/// changed with the boot source: there it is a setting of the BIOS.
///
/// A BMC that does not answer, or fails, is asked again until [`BmcAccess::timeout`] expires. A
/// change that is refused for a reason that passes by itself, such as POST, is tried again until
/// the deadline in [`Timing`]. After a change without a response, the state is read before anything
/// is repeated.
///
/// Every request carries user and password, unless the BMC accepts only sessions: then one is
/// opened, which [`Bmc::close`] ends. Credentials that the BMC refused are not sent again. The
/// methods must be called on a Tokio runtime with I/O and time enabled.
///
/// # Limits
///
/// TLS 1.2 or newer with forward secrecy is required; an iLO 4 needs suitable firmware and a
/// certificate for that.
///
/// ```no_run
/// # async fn example(
/// #     node: driver::node::Node,
/// #     options: driver::options::Options,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use driver::bmc::{Bmc as _, Drive, Redfish};
///
/// let bmc = Redfish::from_node(&node, &options)?;
/// println!("{}: {:?}", bmc.power_state().await?, bmc.medium(Drive::Cd).await?);
/// bmc.close().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Redfish {
    node: NodeUuid,
    client: Client,
    timing: Timing,
    system_id: Option<String>,
    system: OnceCell<String>,
    managed: OnceCell<Managed>,
    /// What was changed for the next start of the server.
    pending: Mutex<Vec<PendingSetting>>,
}

/// How long a BMC may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// To accept that a medium is inserted or ejected, and then to report it.
    pub media: Duration,
    /// To accept that the server is switched on or off, and then to report it.
    pub power: Duration,
    /// The interval at which the power state is polled.
    pub power_wait: Duration,
    /// To accept a boot source, which a BMC refuses while the server starts, and then to report it.
    pub boot_source: Duration,
    /// To shut down its operating system, before it is switched off by force.
    pub soft_power_off: Duration,
    /// To start until its BIOS has applied the settings that were changed for this start.
    pub settings: Duration,
}

impl Timing {
    /// Returns `[ilo] client_timeout` for media, and the power options of
    /// [`BmcOptions`](crate::options::BmcOptions).
    #[must_use]
    pub fn from_options(options: &Options) -> Self {
        Self {
            media: options.client_timeout,
            power: options.bmc.power_timeout,
            power_wait: options.bmc.power_wait,
            boot_source: options.bmc.boot_source_timeout,
            soft_power_off: options.bmc.soft_power_off_timeout,
            settings: options.bmc.settings_timeout,
        }
    }
}

impl Redfish {
    /// Creates a client for the BMC of `node` from its `driver_info` and `options`. Nothing is sent
    /// yet.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if a field of the node is missing or invalid, or if the certificate
    /// authorities cannot be read.
    pub fn from_node(node: &Node, options: &Options) -> Result<Self, ConnectError> {
        let access = BmcAccess::new(node, options)?;
        Ok(Self::new(
            node.uuid(),
            &access,
            Timing::from_options(options),
        )?)
    }

    /// Creates a client for the BMC of `node`, which `access` describes.
    ///
    /// # Errors
    ///
    /// [`BmcError`] with [`Cause::CertificateAuthorities`] if the trusted authorities cannot be
    /// read, or [`Cause::NotTrusted`] if this machine has none.
    pub fn new(node: NodeUuid, access: &BmcAccess, timing: Timing) -> Result<Self, BmcError> {
        let client = Client::new(access).map_err(|cause| BmcError {
            node,
            step: Step::Connect,
            cause,
        })?;
        Ok(Self {
            node,
            client,
            timing,
            system_id: access.system.clone(),
            system: OnceCell::new(),
            managed: OnceCell::new(),
            pending: Mutex::default(),
        })
    }

    /// Measures time by `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.client.clock = clock;
        self
    }

    /// Runs `work`, and adds the node and the step to its error.
    fn run<'a, T: Send>(
        &'a self,
        step: Step,
        work: impl Future<Output = Result<T, Cause>> + Send + 'a,
    ) -> BmcFuture<'a, T> {
        self.run_with(step, None, work)
    }

    /// Does the same as [`run`](Self::run) for work that sends the BMC the URL of an image.
    fn run_with<'a, T: Send>(
        &'a self,
        step: Step,
        image: Option<&'a Url>,
        work: impl Future<Output = Result<T, Cause>> + Send + 'a,
    ) -> BmcFuture<'a, T> {
        let node = self.node;
        Box::pin(async move {
            work.await.map_err(|cause| {
                let secrets = self.client.secrets(image);
                let cause = cause.map_texts(|text| secrets.show(text));
                BmcError { node, step, cause }
            })
        })
    }
}

impl Bmc for Redfish {
    fn check(&self) -> BmcFuture<'_, ()> {
        self.run(Step::Check, self.check_media())
    }

    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
        self.run(Step::Look(drive), self.look(drive))
    }

    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
        let work = self.insert_image(drive, url);
        self.run_with(Step::Insert(drive), Some(url), work)
    }

    fn eject(&self, drive: Drive) -> BmcFuture<'_, ()> {
        self.run(Step::Eject(drive), self.eject_image(drive))
    }

    fn boot_once(&self, drive: Drive, mode: Option<BootMode>) -> BmcFuture<'_, ()> {
        self.run(Step::BootOnce(drive), self.set_next_boot(drive, mode))
    }

    fn power_state(&self) -> BmcFuture<'_, PowerState> {
        self.run(Step::PowerState, async { Ok(self.system().await?.power()) })
    }

    fn power(&self, power: Power) -> BmcFuture<'_, ()> {
        self.run(Step::Power(power), self.switch(power))
    }

    fn boot_mode(&self) -> BmcFuture<'_, Option<BootMode>> {
        self.run(Step::BootMode, self.pending_boot_mode())
    }

    fn set_boot_mode(&self, mode: BootMode) -> BmcFuture<'_, ()> {
        self.run(Step::SetBootMode(mode), self.change_boot_mode(mode))
    }

    fn secure_boot(&self) -> BmcFuture<'_, Option<bool>> {
        self.run(Step::SecureBoot, self.pending_secure_boot())
    }

    fn set_secure_boot(&self, on: bool) -> BmcFuture<'_, ()> {
        self.run(Step::SetSecureBoot(on), self.change_secure_boot(on))
    }

    fn boot_from_disk(&self) -> BmcFuture<'_, bool> {
        self.run(Step::BootFromDisk, self.put_network_last())
    }

    fn await_settings(&self) -> BmcFuture<'_, bool> {
        Box::pin(self.results_of_settings())
    }

    fn close(&self) -> BmcFuture<'_, ()> {
        Box::pin(async move {
            self.client.close().await;
            Ok(())
        })
    }
}
