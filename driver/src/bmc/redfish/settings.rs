//! The settings of a server that take effect at its next start: boot mode, secure boot and the
//! persistent boot order.

use serde_json::{Value, json};

use super::super::BootMode;
use super::super::error::Cause;
use super::Redfish;
use super::model::OEM;
use super::reach::{Goal, Missed, refused};
use super::request::Request;

/// A resource whose changes take effect at the next start.
struct Settings {
    /// The current settings.
    current: Value,
    /// The path of the pending settings, where changes are made.
    pending: String,
}

impl Redfish {
    /// Returns the boot mode that the server will have, if that is a setting of its BIOS.
    ///
    /// Servers of HPE without the setting, Gen11 and newer, boot with UEFI only.
    pub(super) async fn pending_boot_mode(&self) -> Result<Option<BootMode>, Cause> {
        let Some(bios) = self.bios().await? else {
            return Ok(None);
        };
        let pending: Value = self.client.get(&bios.pending).await?;
        Ok(Some(match attribute(&pending, "BootMode") {
            Some("LegacyBios") => BootMode::Bios,
            _ => BootMode::Uefi,
        }))
    }

    pub(super) async fn change_boot_mode(&self, mode: BootMode) -> Result<(), Cause> {
        let Some(bios) = self.bios().await? else {
            return Err(unsupported("its system has no settings of a BIOS"));
        };
        if attribute(&bios.current, "BootMode").is_none() {
            return match mode {
                BootMode::Uefi => Ok(()),
                BootMode::Bios => Err(unsupported(
                    "its BIOS has no setting BootMode: the server boots with UEFI only, as those \
                     of Gen11 and newer",
                )),
            };
        }
        let change = match mode {
            BootMode::Bios => json!({"BootMode": "LegacyBios"}),
            BootMode::Uefi => json!({"BootMode": "Uefi", "UefiOptimizedBoot": "Enabled"}),
        };
        let name = change["BootMode"].clone();
        let change = match bios.current.get("Attributes") {
            Some(_) => json!({"Attributes": change}),
            None => change,
        };
        let is_reached = |pending: &Value| attribute(pending, "BootMode") == name.as_str();
        self.change_settings(&bios.pending, &change, &is_reached)
            .await
    }

    /// Whether secure boot will be on, if the server has it.
    pub(super) async fn pending_secure_boot(&self) -> Result<Option<bool>, Cause> {
        let Some(path) = self.secure_boot_path().await? else {
            return Ok(None);
        };
        let found: Value = self.client.get(&path).await?;
        Ok(found.get("SecureBootEnable").and_then(Value::as_bool))
    }

    pub(super) async fn change_secure_boot(&self, on: bool) -> Result<(), Cause> {
        let Some(path) = self.secure_boot_path().await? else {
            return Err(unsupported("its system has no settings of secure boot"));
        };
        let is_reached = |found: &Value| found["SecureBootEnable"] == on;
        let change = json!({"SecureBootEnable": on});
        self.change_settings(&path, &change, &is_reached).await
    }

    /// Moves the network behind everything else in the persistent boot order of HPE's servers.
    /// Returns whether that changed anything.
    pub(super) async fn put_network_last(&self) -> Result<bool, Cause> {
        let bios = self.bios().await?;
        let path = bios.as_ref().and_then(|bios| link(&bios.current, "Boot"));
        let Some(path) = path else {
            log::info!(
                node:% = self.node;
                "node {}: the boot order is left as it is: the BMC has no boot settings of HPE",
                self.node
            );
            return Ok(false);
        };
        let boot = self.settings(path).await?;
        let pending: Value = self.client.get(&boot.pending).await?;
        let order = |found: &Value| -> Option<Vec<String>> {
            let names = found.get("PersistentBootConfigOrder")?.as_array()?;
            let names = names.iter().filter_map(Value::as_str);
            Some(names.map(str::to_owned).collect())
        };
        let before = order(&pending).unwrap_or_default();
        let mut wanted = before.clone();
        wanted.sort_by_key(|name| is_network(name));
        if wanted == before {
            return Ok(false);
        }
        let change = json!({"PersistentBootConfigOrder": wanted});
        let is_reached = |pending: &Value| order(pending).as_ref() == Some(&wanted);
        self.change_settings(&boot.pending, &change, &is_reached)
            .await?;
        Ok(true)
    }

    async fn change_settings(
        &self,
        path: &str,
        change: &Value,
        is_reached: &(dyn Fn(&Value) -> bool + Sync),
    ) -> Result<(), Cause> {
        let missed = self
            .reach(Goal {
                path,
                limit: self.timing.boot_source,
                interval: None,
                is_reached,
                requests: &|_, _| Ok(vec![Request::patch(path, change.clone())]),
            })
            .await;
        match missed {
            Ok(_) => Ok(()),
            Err(Missed::Failed(cause)) => Err(cause),
            Err(Missed::Refused(all)) => Err(refused(all)),
            // It is a setting of the next start, which not every BMC shows before.
            Err(Missed::Reported { .. }) => {
                log::warn!(
                    node:% = self.node;
                    "node {}: the BMC accepted {change}, but does not show it before the next \
                     start",
                    self.node
                );
                Ok(())
            }
        }
    }

    async fn bios(&self) -> Result<Option<Settings>, Cause> {
        let system: Value = self.client.get(self.system_path().await?).await?;
        let is_of_hpe = OEM.iter().any(|vendor| !system["Oem"][vendor].is_null());
        match link(&system, "Bios").filter(|_| is_of_hpe) {
            Some(path) => self.settings(path).await.map(Some),
            None => Ok(None),
        }
    }

    async fn settings(&self, path: &str) -> Result<Settings, Cause> {
        let current: Value = self.client.get(path).await?;
        let pending = current.pointer("/@Redfish.Settings/SettingsObject/@odata.id");
        let pending = pending
            .and_then(Value::as_str)
            .or_else(|| link(&current, "Settings"));
        let pending = pending.unwrap_or(path).to_owned();
        Ok(Settings { current, pending })
    }

    async fn secure_boot_path(&self) -> Result<Option<String>, Cause> {
        let system: Value = self.client.get(self.system_path().await?).await?;
        Ok(link(&system, "SecureBoot").map(str::to_owned))
    }
}

/// Returns the path of a related resource: from the resource itself, from its links, or from HPE's,
/// where an iLO 4 has some names in capitals.
pub(super) fn link<'v>(resource: &'v Value, name: &str) -> Option<&'v str> {
    let of = |links: &'v Value| {
        let links = links.as_object()?;
        let found = links.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let found = found?.1;
        let path = found.get("@odata.id").or_else(|| found.get("href"));
        path.and_then(Value::as_str)
    };
    let links = |resource: &'v Value| {
        let mut all = ["Links", "links"].into_iter();
        all.find_map(|key| of(resource.get(key)?))
    };
    let oem = || {
        let oem = resource.get("Oem")?;
        OEM.iter().find_map(|vendor| links(oem.get(*vendor)?))
    };
    of(resource).or_else(|| links(resource)).or_else(oem)
}

/// Returns a setting of a BIOS, which an iLO 4 has outside of `Attributes`.
fn attribute<'v>(settings: &'v Value, name: &str) -> Option<&'v str> {
    let attributes = settings.get("Attributes").unwrap_or(settings);
    attributes.get(name)?.as_str()
}

/// Whether an entry of the boot order, such as `NIC.Slot.5.1.IPv4`, is the network.
fn is_network(name: &str) -> bool {
    let kind = name.rsplit('.').next().unwrap_or_default();
    ["IPv4", "IPv6", "Httpv4", "Httpv6", "iSCSI"].contains(&kind)
}

fn unsupported(missing: &str) -> Cause {
    Cause::Unsupported {
        missing: missing.to_owned(),
    }
}
