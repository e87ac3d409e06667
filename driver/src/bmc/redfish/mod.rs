//! A BMC that is talked to by Redfish: an iLO 4 (2.30 or newer) to 6, or any other.

mod client;
mod extended_info;
mod model;
mod power;
mod virtual_media;

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use url::Url;

use self::client::Client;
use self::model::{Collection, Link, Manager, ServiceRoot, System, VirtualMediaResource};
use super::access::BmcAccess;
use super::error::{BmcError, Cause, Step};
use super::{Bmc, BmcFuture, BootMode, Drive, Medium, Power, PowerState};
use crate::node::{InvalidNode, Node, NodeUuid};
use crate::options::Options;

/// Where every Redfish service begins.
const ROOT: &str = "/redfish/v1/";

/// A BMC that is talked to by Redfish.
///
/// The virtual media drives are found by their `MediaTypes`, under the BMC's own resource or the
/// system's. The standard actions are tried first, then HPE's own: those of `Oem.Hpe` (iLO 5 and 6)
/// and `Oem.Hp` (iLO 4), and changing `Image` where a BMC has neither, or is an iLO 4.
///
/// The server boots from the virtual CD by Redfish's one-time boot override, as Ironic does it.
/// HPE's `BootOnNextServerReset` is never set: with it an iLO ejects the medium by itself at the
/// reset after the next, and nobody would put it back.
///
/// A request that nobody answers, as while a BMC restarts, is repeated until [`BmcAccess::timeout`]
/// is over. Every request carries user and password; no session is opened that could be left
/// behind. The methods have to be called on a Tokio runtime with I/O and time enabled.
///
/// # Limits
///
/// TLS 1.2 or newer with forward secrecy: an iLO 4 needs a firmware and a certificate for that.
#[derive(Debug)]
pub struct Redfish {
    node: NodeUuid,
    client: Client,
    timing: Timing,
    system_id: Option<String>,
    system: OnceCell<String>,
    drives: OnceCell<Vec<FoundDrive>>,
}

/// How long a BMC may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Until it says that a medium is inserted or ejected, or the next boot set, after it took the
    /// request.
    pub media: Duration,
    /// Until it says that the server is on or off, after it took the request.
    pub power: Duration,
    /// Between two looks at the power state.
    pub power_wait: Duration,
}

impl Timing {
    /// `[ilo] client_timeout` for media, and the power options of
    /// [`BmcOptions`](crate::options::BmcOptions).
    #[must_use]
    pub fn from_options(options: &Options) -> Self {
        Self {
            media: options.client_timeout,
            power: options.bmc.power_timeout,
            power_wait: options.bmc.power_wait,
        }
    }
}

/// A drive that the BMC has, and where.
#[derive(Debug)]
struct FoundDrive {
    path: String,
    cd: bool,
    floppy: bool,
    /// Its media types, for messages.
    types: String,
}

impl Redfish {
    /// The BMC of `node`, as its `driver_info` and `options` say. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`RedfishError`]: a field of the node is missing or wrong, or the certificate authorities
    /// cannot be read.
    pub fn from_node(node: &Node, options: &Options) -> Result<Self, RedfishError> {
        let access = BmcAccess::new(node, options)?;
        Ok(Self::new(
            node.uuid(),
            &access,
            Timing::from_options(options),
        )?)
    }

    /// The BMC that `access` leads to, which is that of `node`.
    ///
    /// # Errors
    ///
    /// [`BmcError`] with [`Cause::CertificateAuthorities`] when those to trust cannot be read, or
    /// [`Cause::NotTrusted`] when this machine has none.
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
            drives: OnceCell::new(),
        })
    }

    /// The path of the system: the one that was given, or the only one.
    async fn system_path(&self) -> Result<&str, Cause> {
        let find = async || {
            if let Some(path) = &self.system_id {
                return Ok(path.clone());
            }
            let root: ServiceRoot = self.client.get(ROOT).await?;
            self.only("systems", root.systems.as_ref()).await
        };
        Ok(self.system.get_or_try_init(find).await?)
    }

    async fn system(&self) -> Result<System, Cause> {
        self.client.get(self.system_path().await?).await
    }

    /// The only member of a collection.
    async fn only(&self, what: &'static str, collection: Option<&Link>) -> Result<String, Cause> {
        let members = match collection {
            Some(link) => self.client.get::<Collection>(&link.path).await?.members,
            None => Vec::new(),
        };
        let mut found: Vec<String> = members.into_iter().map(|link| link.path).collect();
        match found.pop() {
            Some(only) if found.is_empty() => Ok(only),
            last => {
                found.extend(last);
                Err(Cause::Ambiguous { what, found })
            }
        }
    }

    /// Where a drive is.
    async fn drive_path(&self, drive: Drive) -> Result<&str, Cause> {
        let drives = self.drives.get_or_try_init(|| self.find_drives()).await?;
        let cd = drives.iter().position(|found| found.cd);
        // Some BMCs have drives that take everything: a floppy goes into another one than a CD.
        let index = match drive {
            Drive::Cd => cd,
            Drive::Floppy => (0..drives.len()).find(|i| drives[*i].floppy && Some(*i) != cd),
        };
        match index {
            Some(index) => Ok(&drives[index].path),
            None => Err(Cause::NoDrive {
                drive,
                found: drives.iter().map(|found| found.types.clone()).collect(),
            }),
        }
    }

    /// Looks under the BMC first, as all iLOs have them there, then under the system.
    async fn find_drives(&self) -> Result<Vec<FoundDrive>, Cause> {
        let system = self.system().await?;
        let managed_by = system.links.and_then(|links| links.managed_by);
        let managers = match managed_by {
            Some(links) if !links.is_empty() => links.into_iter().map(|link| link.path).collect(),
            _ => {
                let root: ServiceRoot = self.client.get(ROOT).await?;
                vec![self.only("managers", root.managers.as_ref()).await?]
            }
        };
        let mut collections = Vec::new();
        for path in managers {
            let manager: Manager = self.client.get(&path).await?;
            collections.extend(manager.virtual_media);
        }
        collections.extend(system.virtual_media);
        let mut drives: Vec<FoundDrive> = Vec::new();
        for Link { path } in collections {
            for Link { path } in self.client.get::<Collection>(&path).await?.members {
                if drives.iter().any(|known| known.path == path) {
                    continue;
                }
                let drive: VirtualMediaResource = self.client.get(&path).await?;
                drives.push(FoundDrive {
                    path,
                    cd: drive.takes(Drive::Cd),
                    floppy: drive.takes(Drive::Floppy),
                    types: drive.media_types.unwrap_or_default().join("/"),
                });
            }
        }
        Ok(drives)
    }

    /// Adds to a cause which node and step it belongs to.
    fn run<'a, T: Send>(
        &'a self,
        step: Step,
        work: impl Future<Output = Result<T, Cause>> + Send + 'a,
    ) -> BmcFuture<'a, T> {
        let node = self.node;
        Box::pin(async move { work.await.map_err(|cause| BmcError { node, step, cause }) })
    }
}

impl Bmc for Redfish {
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
        self.run(Step::Look(drive), self.look(drive))
    }

    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
        self.run(Step::Insert(drive), self.insert_image(drive, url))
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
}

/// Why a node's BMC cannot be talked to by Redfish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedfishError {
    /// A field of the node is missing or wrong.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// The connection cannot be made ready.
    #[error(transparent)]
    Bmc(#[from] BmcError),
}

/// Waits between two looks at something, longer each time, until a limit.
struct Poll {
    start: Instant,
    limit: Duration,
    pause: Duration,
}

impl Poll {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(2);

    fn new(limit: Duration) -> Self {
        Self {
            start: Instant::now(),
            limit,
            pause: Self::FIRST,
        }
    }

    /// Waits; `false` when the limit is reached.
    async fn wait(&mut self) -> bool {
        let left = self.limit.saturating_sub(self.start.elapsed());
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(Self::LONGEST);
        true
    }

    fn seconds(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}
