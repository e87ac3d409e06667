//! Whether a BMC can do what a deployment needs.

use serde_json::Value;

use super::super::Drive;
use super::super::error::Cause;
use super::Redfish;
use super::request::Request;
use super::settings::link;

impl Redfish {
    /// Checks that the BMC has both drives, and a licence for media by URL if it reports licences,
    /// as an iLO does.
    pub(super) async fn check_media(&self) -> Result<(), Cause> {
        for drive in [Drive::Cd, Drive::Floppy] {
            self.look(drive).await?;
        }
        for path in self.licences().await? {
            let licence: Value = self.client.get(&path).await?;
            if licence["LicenseFeatures"]["VMScript"] == false {
                let name = licence["License"].as_str().unwrap_or("no name");
                return Err(Cause::Licence {
                    request: Request::get(&path).to_string(),
                    message: format!("{name:?} has no scripted virtual media"),
                });
            }
        }
        Ok(())
    }

    /// Returns the paths of the licences that the user may read.
    async fn licences(&self) -> Result<Vec<String>, Cause> {
        let links = self.system().await?.links;
        let managers = links.and_then(|links| links.managed_by).unwrap_or_default();
        let mut found = Vec::new();
        for manager in managers {
            let licences = async {
                let manager: Value = self.client.get(&manager.path).await?;
                match link(&manager, "LicenseService") {
                    Some(service) => Ok(self.members(service).await?.paths),
                    None => Ok(Vec::new()),
                }
            };
            match licences.await {
                Ok(licences) => found.extend(licences),
                Err(Cause::Privilege { .. } | Cause::Refused(_)) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(found)
    }
}
