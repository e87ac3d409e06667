//! The settings of a server that take effect at its next start: boot mode and secure boot.

use serde_json::{Value, json};

use super::super::error::Cause;
use super::super::{BootMode, Step};
use super::Redfish;
use super::model::OEM;
use super::reach::{Goal, Missed, refused};
use super::request::Request;
use super::started::{PendingSetting, result};

/// A resource whose changes take effect at the next start.
pub(super) struct Settings {
    /// Its path.
    pub(super) path: String,
    /// The current settings.
    pub(super) current: Value,
    /// The path of the pending settings, where changes are made.
    pub(super) pending: String,
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
            BootMode::Bios => json!({"BootMode": mode_name(mode)}),
            BootMode::Uefi => json!({"BootMode": mode_name(mode), "UefiOptimizedBoot": "Enabled"}),
        };
        let change = match bios.current.get("Attributes") {
            Some(_) => json!({"Attributes": change}),
            None => change,
        };
        let is_reached = |pending: &Value| attribute(pending, "BootMode") == Some(mode_name(mode));
        self.change_settings(&bios.pending, &change, &is_reached)
            .await?;
        self.expect(PendingSetting {
            step: Step::SetBootMode(mode),
            name: "BootMode",
            is_in: match mode {
                BootMode::Bios => {
                    |bios| attribute(bios, "BootMode") == Some(mode_name(BootMode::Bios))
                }
                BootMode::Uefi => {
                    |bios| attribute(bios, "BootMode") == Some(mode_name(BootMode::Uefi))
                }
            },
            before: result(&bios.current),
            path: bios.path,
        });
        Ok(())
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

    pub(super) async fn change_settings(
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

    /// Returns the settings of the BIOS of a server of HPE.
    pub(super) async fn bios(&self) -> Result<Option<Settings>, Cause> {
        let system: Value = self.client.get(self.system_path().await?).await?;
        let is_of_hpe = OEM.iter().any(|vendor| !system["Oem"][vendor].is_null());
        match link(&system, "Bios").filter(|_| is_of_hpe) {
            Some(path) => self.settings(path).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn settings(&self, path: &str) -> Result<Settings, Cause> {
        let current: Value = self.client.get(path).await?;
        let pending = current.pointer("/@Redfish.Settings/SettingsObject/@odata.id");
        let pending = pending
            .and_then(Value::as_str)
            .or_else(|| link(&current, "Settings"));
        let pending = pending.unwrap_or(path).to_owned();
        Ok(Settings {
            path: path.to_owned(),
            current,
            pending,
        })
    }

    async fn secure_boot_path(&self) -> Result<Option<String>, Cause> {
        let system: Value = self.client.get(self.system_path().await?).await?;
        Ok(link(&system, "SecureBoot").map(str::to_owned))
    }
}

/// Returns the name of a boot mode in the settings of HPE's BIOS.
pub(super) fn mode_name(mode: BootMode) -> &'static str {
    match mode {
        BootMode::Bios => "LegacyBios",
        BootMode::Uefi => "Uefi",
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
pub(super) fn attribute<'v>(settings: &'v Value, name: &str) -> Option<&'v str> {
    let attributes = settings.get("Attributes").unwrap_or(settings);
    attributes.get(name)?.as_str()
}

fn unsupported(missing: &str) -> Cause {
    Cause::Unsupported {
        missing: missing.to_owned(),
    }
}
