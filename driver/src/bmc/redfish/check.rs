//! Whether a BMC can do what a deployment needs.

use serde_json::Value;

use super::super::Drive;
use super::super::error::Cause;
use super::Redfish;
use super::request::Request;

impl Redfish {
    /// Checks that the BMC has both drives, and a licence for media by URL if it reports licences,
    /// as an iLO does.
    pub(super) async fn check_media(&self) -> Result<(), Cause> {
        for drive in [Drive::Cd, Drive::Floppy] {
            self.look(drive).await?;
        }
        for collection in &self.managed().await?.licences {
            match self.check_licences(collection).await {
                // The user may not read them.
                Ok(()) | Err(Cause::Privilege { .. } | Cause::Refused(_)) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    async fn check_licences(&self, collection: &str) -> Result<(), Cause> {
        for path in self.members(collection).await?.paths {
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
}
