//! BMCs with Redfish: iLO 4 (2.30 or newer) to iLO 6, and others.

mod client;
mod extended_info;
mod model;
mod power;
mod virtual_media;

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use url::Url;

use self::client::{Client, Request};
use self::model::{Collection, Link, Manager, ServiceRoot, System, VirtualMediaResource};
use super::access::BmcAccess;
use super::error::{BmcError, Cause, Step};
use super::{Bmc, BmcFuture, BootMode, Drive, Medium, Power, PowerState};
use crate::node::{InvalidNode, Node, NodeUuid};
use crate::options::Options;

/// The root of every Redfish service.
const ROOT: &str = "/redfish/v1/";

/// A BMC that is controlled through Redfish.
///
/// Virtual media drives are identified by their `MediaTypes`, in the BMC's or the system's
/// resource. The standard actions are tried first, then HPE's own: those of `Oem.Hpe` (iLO 5 and 6)
/// and `Oem.Hp` (iLO 4), and changing `Image` if a BMC has neither, or is an iLO 4.
///
/// The server boots from the virtual CD through Redfish's one-time boot override, as in Ironic.
/// HPE's `BootOnNextServerReset` is never set: with it, an iLO ejects the medium by itself at the
/// reset after the next, and nothing would insert it again.
///
/// A request without a response, as while a BMC restarts, is retried until [`BmcAccess::timeout`]
/// expires. Every request carries user and password; no session is opened that could be left
/// behind. The methods must be called on a Tokio runtime with I/O and time enabled.
///
/// # Limits
///
/// TLS 1.2 or newer with forward secrecy is required; an iLO 4 needs suitable firmware and a
/// certificate for that.
#[derive(Debug)]
pub struct Redfish {
    node: NodeUuid,
    client: Client,
    timing: Timing,
    system_id: Option<String>,
    system: OnceCell<String>,
    drives: OnceCell<Vec<FoundDrive>>,
}

/// The maximum number of pages of a collection, and of members on each: a BMC has a few of each
/// kind.
const PAGES_MAX: usize = 16;
const MEMBERS_MAX: usize = 256;

/// The members of a collection.
#[derive(Debug, Default)]
struct Members {
    paths: Vec<String>,
    /// The number of members that the collection counts, but does not list.
    missing: u64,
}

/// How long a BMC may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// To report that a medium is inserted or ejected, or that the next boot device is set, after
    /// accepting the request.
    pub media: Duration,
    /// To report that the server is on or off, after accepting the request.
    pub power: Duration,
    /// The interval at which the power state is polled.
    pub power_wait: Duration,
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
        }
    }
}

/// A drive of the BMC.
#[derive(Debug)]
struct FoundDrive {
    path: String,
    cd: bool,
    floppy: bool,
    /// Its media types, for messages.
    types: String,
}

impl Redfish {
    /// Creates a client for the BMC of `node` from its `driver_info` and `options`. Nothing is sent
    /// yet.
    ///
    /// # Errors
    ///
    /// [`RedfishError`] if a field of the node is missing or invalid, or if the certificate
    /// authorities cannot be read.
    pub fn from_node(node: &Node, options: &Options) -> Result<Self, RedfishError> {
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
            drives: OnceCell::new(),
        })
    }

    /// Returns the path of the system: the configured one, or the only one.
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

    /// Returns the path of the only member of a collection.
    async fn only(&self, what: &'static str, collection: Option<&Link>) -> Result<String, Cause> {
        let Members {
            paths: mut found,
            missing,
        } = match collection {
            Some(link) => self.members(&link.path).await?,
            None => Members::default(),
        };
        if missing > 0 {
            found.push(format!("{missing} that it does not list"));
        }
        match found.pop() {
            Some(only) if found.is_empty() && missing == 0 => Ok(only),
            last => {
                found.extend(last);
                Err(Cause::Ambiguous { what, found })
            }
        }
    }

    /// Returns the members of the collection at `path`, from all of its pages.
    async fn members(&self, path: &str) -> Result<Members, Cause> {
        let mut members = Members::default();
        let (mut page_path, mut count) = (path.to_owned(), 0);
        for _ in 0..PAGES_MAX {
            let page: Collection = self.client.get(&page_path).await?;
            count = count.max(page.count.unwrap_or_default());
            for Link { path } in page.members.into_iter().take(MEMBERS_MAX) {
                if !members.paths.contains(&path) {
                    members.paths.push(path);
                }
            }
            let Some(Link { path }) = page.next else {
                members.missing = count.saturating_sub(members.paths.len() as u64);
                return Ok(members);
            };
            page_path = path;
        }
        Err(Cause::Answer {
            request: Request::get(path).to_string(),
            reason: format!("expected a collection of at most {PAGES_MAX} pages"),
        })
    }

    /// Returns the path of a drive.
    async fn drive_path(&self, drive: Drive) -> Result<&str, Cause> {
        let drives = self.drives.get_or_try_init(|| self.find_drives()).await?;
        let cd = drives.iter().position(|found| found.cd);
        // Some BMCs have drives that accept every kind of medium; the floppy must not use the CD's.
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

    /// Finds the drives in the BMC's resource, as in all iLOs, and then in the system's.
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
        let mut refused = None;
        for path in managers.into_iter().take(MEMBERS_MAX) {
            match self.client.get::<Manager>(&path).await {
                Ok(manager) => collections.extend(manager.virtual_media),
                // Another one may have the drives: a chassis has managers that not everybody may
                // read.
                Err(cause @ (Cause::Privilege { .. } | Cause::Refused(_))) => {
                    refused.get_or_insert(cause);
                }
                Err(cause) => return Err(cause),
            }
        }
        collections.extend(system.virtual_media);
        if let (true, Some(cause)) = (collections.is_empty(), refused) {
            return Err(cause);
        }
        let mut drives: Vec<FoundDrive> = Vec::new();
        for Link { path: collection } in collections {
            let Members { paths, missing } = self.members(&collection).await?;
            if missing > 0 {
                return Err(Cause::Answer {
                    request: Request::get(&collection).to_string(),
                    reason: format!("{missing} members of the collection are not listed"),
                });
            }
            for path in paths {
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
}

/// An error from creating a [`Redfish`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedfishError {
    /// A field of the node is missing or invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// The connection cannot be prepared.
    #[error(transparent)]
    Bmc(#[from] BmcError),
}

/// The delays of polling a state, which increase until a time limit.
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

    /// Waits before the next poll; returns `false` if the limit is reached.
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
