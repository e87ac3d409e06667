//! Finding a BMC's system and drives.

use serde_json::Value;

use super::super::Drive;
use super::super::error::Cause;
use super::Redfish;
use super::login::ROOT;
use super::model::{Collection, Link, ServiceRoot, System, VirtualMediaResource};
use super::request::Request;
use super::settings::link;

/// The maximum number of pages of a collection, and of members on each: a BMC has a few of each
/// kind.
const PAGES_MAX: usize = 16;
const MEMBERS_MAX: usize = 256;

/// The members of a collection.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) paths: Vec<String>,
    /// The number of members that the collection counts, but does not list.
    missing: u64,
}

/// What belongs to the managers of the system.
#[derive(Debug, Default)]
pub(super) struct Managed {
    drives: Vec<FoundDrive>,
    /// The paths of their collections of licences, which iLOs have.
    pub(super) licences: Vec<String>,
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
    /// Returns the path of the system: the configured one, or the only one.
    pub(super) async fn system_path(&self) -> Result<&str, Cause> {
        let find = async || {
            if let Some(path) = &self.system_id {
                return Ok(path.clone());
            }
            let root: ServiceRoot = self.client.get(ROOT).await?;
            self.only("systems", root.systems.as_ref()).await
        };
        Ok(self.system.get_or_try_init(find).await?)
    }

    pub(super) async fn system(&self) -> Result<System, Cause> {
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
    pub(super) async fn members(&self, path: &str) -> Result<Members, Cause> {
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
    pub(super) async fn drive_path(&self, drive: Drive) -> Result<&str, Cause> {
        let drives = &self.managed().await?.drives;
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

    /// Returns what belongs to the system's managers, which are read once.
    pub(super) async fn managed(&self) -> Result<&Managed, Cause> {
        self.managed.get_or_try_init(|| self.find_managed()).await
    }

    /// Finds the drives in the BMC's resource, as in all iLOs, and then in the system's.
    async fn find_managed(&self) -> Result<Managed, Cause> {
        let system = self.system().await?;
        let managed_by = system.links.and_then(|links| links.managed_by);
        let managers = match managed_by {
            Some(links) if !links.is_empty() => links.into_iter().map(|link| link.path).collect(),
            _ => {
                let root: ServiceRoot = self.client.get(ROOT).await?;
                vec![self.only("managers", root.managers.as_ref()).await?]
            }
        };
        let (mut collections, mut licences) = (Vec::new(), Vec::new());
        let mut refused = None;
        for path in managers.into_iter().take(MEMBERS_MAX) {
            match self.client.get::<Value>(&path).await {
                Ok(manager) => {
                    let found = |name| link(&manager, name).map(str::to_owned);
                    collections.extend(found("VirtualMedia"));
                    licences.extend(found("LicenseService"));
                }
                // Another one may have the drives: a chassis has managers that not everybody may
                // read.
                Err(cause @ (Cause::Privilege { .. } | Cause::Refused(_))) => {
                    refused.get_or_insert(cause);
                }
                Err(cause) => return Err(cause),
            }
        }
        collections.extend(system.virtual_media.map(|link| link.path));
        if let (true, Some(cause)) = (collections.is_empty(), refused) {
            return Err(cause);
        }
        let drives = self.find_drives(&collections).await?;
        Ok(Managed { drives, licences })
    }

    async fn find_drives(&self, collections: &[String]) -> Result<Vec<FoundDrive>, Cause> {
        let mut drives: Vec<FoundDrive> = Vec::new();
        for collection in collections {
            let Members { paths, missing } = self.members(collection).await?;
            if missing > 0 {
                return Err(Cause::Answer {
                    request: Request::get(collection).to_string(),
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
}
