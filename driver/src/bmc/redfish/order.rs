//! The persistent boot order of a server.

use serde_json::{Value, json};

use super::super::Step;
use super::super::error::Cause;
use super::Redfish;
use super::reach::{Goal, Missed};
use super::request::Request;
use super::settings::{Settings, link};
use super::started::{PendingSetting, result};

/// The setting of HPE's servers.
const ORDER: &str = "PersistentBootConfigOrder";

impl Redfish {
    /// Moves the network behind everything else in the persistent boot order: that of HPE's
    /// servers, or else the standard one. Returns whether that changed anything.
    pub(super) async fn put_network_last(&self) -> Result<bool, Cause> {
        let bios = self.bios().await?;
        match bios.as_ref().and_then(|bios| link(&bios.current, "Boot")) {
            Some(path) => self.put_network_last_at(self.settings(path).await?).await,
            None => self.put_network_last_in_boot().await,
        }
    }

    async fn put_network_last_at(&self, boot: Settings) -> Result<bool, Cause> {
        let pending: Value = self.client.get(&boot.pending).await?;
        let before = order(&pending);
        let wanted = with_last(&before, is_network);
        if wanted == before {
            return Ok(false);
        }
        let change = json!({ORDER: wanted});
        let is_reached = |pending: &Value| order(pending) == wanted;
        self.change_settings(&boot.pending, &change, &is_reached)
            .await?;
        self.expect(PendingSetting {
            step: Step::BootFromDisk,
            name: ORDER,
            is_in: has_network_last,
            before: result(&boot.current),
            path: boot.path,
        });
        Ok(true)
    }

    /// Changes the standard `BootOrder`, if the BMC has it and lets it be written.
    async fn put_network_last_in_boot(&self) -> Result<bool, Cause> {
        let path = self.system_path().await?;
        let system: Value = self.client.get(path).await?;
        let before = texts(&system["Boot"]["BootOrder"]);
        let options = system["Boot"]["BootOptions"]["@odata.id"].as_str();
        let (false, Some(options)) = (before.is_empty(), options) else {
            self.log_kept_order("the BMC has none");
            return Ok(false);
        };
        let network = self.network_options(options).await?;
        let wanted = with_last(&before, |name| network.iter().any(|one| one == name));
        if wanted == before {
            return Ok(false);
        }
        let missed = self
            .reach(Goal {
                path,
                limit: self.timing.boot_source,
                interval: None,
                is_reached: &|system: &Value| texts(&system["Boot"]["BootOrder"]) == wanted,
                requests: &|_, _| {
                    let change = json!({"Boot": {"BootOrder": wanted}});
                    Ok(vec![Request::patch(path, change)])
                },
            })
            .await;
        match missed {
            Ok(_) => Ok(true),
            Err(Missed::Failed(cause)) => Err(cause),
            Err(Missed::Refused(all)) => {
                for one in all {
                    self.log_kept_order(&one.refusal.to_string());
                }
                Ok(false)
            }
            Err(Missed::Reported { .. }) => {
                self.log_kept_order("the BMC accepted the change, but does not report it");
                Ok(false)
            }
        }
    }

    /// Returns the references of those boot options that are the network.
    async fn network_options(&self, collection: &str) -> Result<Vec<String>, Cause> {
        let mut found = Vec::new();
        for path in self.members(collection).await?.paths {
            let option: Value = self.client.get(&path).await?;
            let reference = option["BootOptionReference"].as_str();
            found.extend(
                reference
                    .filter(|_| is_network_option(&option))
                    .map(str::to_owned),
            );
        }
        Ok(found)
    }

    fn log_kept_order(&self, why: &str) {
        let node = self.node;
        log::warn!(node:%; "node {node}: the boot order is left as it is: {why}");
    }
}

/// Whether no other entry follows the network in the boot order of HPE's settings.
fn has_network_last(settings: &Value) -> bool {
    order(settings).is_sorted_by_key(|name| is_network(name))
}

fn order(settings: &Value) -> Vec<String> {
    texts(&settings[ORDER])
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the names, those with `is_last` behind the others.
fn with_last(names: &[String], is_last: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_by_key(|name| is_last(name));
    names
}

/// Whether an entry of HPE's boot order, such as `NIC.Slot.5.1.IPv4`, is the network.
fn is_network(name: &str) -> bool {
    let kind = name.rsplit('.').next().unwrap_or_default();
    ["IPv4", "IPv6", "Httpv4", "Httpv6", "iSCSI"].contains(&kind)
}

/// Whether a boot option is the network, by its alias or by the path of its device, such as
/// `PciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,0x1)/IPv4(0.0.0.0)`.
fn is_network_option(option: &Value) -> bool {
    let alias = option["Alias"].as_str().unwrap_or_default();
    let path = option["UefiDevicePath"].as_str().unwrap_or_default();
    ["Pxe", "UefiHttp"].contains(&alias) || path.contains("/MAC(")
}
