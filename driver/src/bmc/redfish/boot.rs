//! The next boot device of a server.

use serde_json::json;

use super::super::error::Cause;
use super::super::{BootMode, Drive};
use super::Redfish;
use super::client::Refused;
use super::messages::Meaning;
use super::model::{Boot, System, VirtualMediaResource};
use super::reach::{Goal, Missed, refused};
use super::request::Request;
use super::retry::Retry;

impl Redfish {
    pub(super) async fn set_next_boot(
        &self,
        drive: Drive,
        mode: Option<BootMode>,
    ) -> Result<(), Cause> {
        let path = self.system_path().await?;
        let system: System = self.client.get(path).await?;
        let boot = boot(&system)?;
        let target = target(drive, boot)?;
        let modes = self.modes(&system, boot, mode);
        let is_reached = |system: &System| {
            let is_set = |boot: &Boot| modes.iter().any(|mode| is_set(boot, target, *mode));
            system.boot.as_ref().is_some_and(is_set)
        };
        let missed = self
            .reach(Goal {
                path,
                limit: self.timing.boot_source,
                interval: Some(Retry::FIRST),
                is_reached: &is_reached,
                requests: &|_, _| {
                    Ok(modes
                        .iter()
                        .map(|mode| change(path, target, *mode))
                        .collect())
                },
            })
            .await;
        match missed {
            Ok(_) => Ok(()),
            Err(Missed::Failed(cause)) => Err(cause),
            Err(Missed::Refused(all)) => self.boot_by_drive(drive, all).await,
            Err(Missed::Reported { state, seconds }) => Err(Cause::NotSet {
                expected: format!("a one-time boot from {target}"),
                reported: state.boot.as_ref().map_or_else(String::new, reported),
                seconds,
            }),
        }
    }

    /// Returns the modes with which the boot source is set, the preferred one first; `None` leaves
    /// the boot mode as it is.
    ///
    /// A mode that is already set is omitted, since some BMCs refuse it as read-only. So is every
    /// mode for an iLO, where it is a setting of the BIOS, and a request with it is refused as a
    /// whole.
    fn modes(
        &self,
        system: &System,
        boot: &Boot,
        mode: Option<BootMode>,
    ) -> Vec<Option<&'static str>> {
        let current = boot.boot_source_override_mode.as_deref();
        let wanted = mode.map(mode_name).filter(|wanted| current != Some(wanted));
        match wanted {
            None => vec![None],
            Some(wanted) if system.is_of_hpe() => {
                let current = current.unwrap_or("what its BIOS is set to");
                log::warn!(
                    node:% = self.node;
                    "node {}: the boot mode stays {current}, although {wanted} is requested: it is \
                     a setting of the BIOS",
                    self.node
                );
                vec![None]
            }
            Some(_) if current.is_some() => vec![wanted],
            // A BMC that does not report its mode may not support the property.
            Some(_) => vec![wanted, None],
        }
    }

    /// Makes the server boot from an iLO's CD drive by the drive's own property, if the boot source
    /// was refused as unsupported.
    async fn boot_by_drive(&self, drive: Drive, all: Vec<Refused>) -> Result<(), Cause> {
        let is_unsupported = all.iter().any(|one| one.meaning == Meaning::Unsupported);
        if !is_unsupported || drive != Drive::Cd {
            return Err(refused(all));
        }
        let path = self.drive_path(drive).await?;
        let found: VirtualMediaResource = self.client.get(path).await?;
        let Some(change) = found.boot_change() else {
            return Err(refused(all));
        };
        let missed = self
            .reach(Goal {
                path,
                limit: self.timing.boot_source,
                interval: Some(Retry::FIRST),
                is_reached: &VirtualMediaResource::is_next_boot,
                requests: &|_, _| Ok(vec![Request::patch(path, change.clone())]),
            })
            .await;
        match missed {
            Ok(_) => {
                log::warn!(
                    node:% = self.node;
                    "node {}: the BMC does not support the one-time boot; the CD drive's \
                     BootOnNextServerReset is set instead, with which the medium is ejected at the \
                     second reset",
                    self.node
                );
                Ok(())
            }
            Err(Missed::Failed(cause)) => Err(cause),
            Err(Missed::Refused(more)) => Err(refused(all.into_iter().chain(more).collect())),
            Err(Missed::Reported { seconds, .. }) => Err(Cause::NotSet {
                expected: "BootOnNextServerReset".to_owned(),
                reported: "that it is not set".to_owned(),
                seconds,
            }),
        }
    }
}

fn boot(system: &System) -> Result<&Boot, Cause> {
    system.boot.as_ref().ok_or_else(|| Cause::Unsupported {
        missing: "its system has no property Boot".to_owned(),
    })
}

/// Returns the name of the drive as a boot device, which the BMC must list if it lists any.
fn target(drive: Drive, boot: &Boot) -> Result<&'static str, Cause> {
    let target = match drive {
        Drive::Cd => "Cd",
        Drive::Floppy => "Floppy",
    };
    let allowed = boot.allowed_targets.as_ref().or(boot.supported.as_ref());
    match allowed.filter(|list| !list.is_empty()) {
        Some(allowed) if !allowed.iter().any(|one| one == target) => {
            let missing = format!(
                "it can boot from {}, but not from {target}",
                allowed.join(", ")
            );
            Err(Cause::Unsupported { missing })
        }
        _ => Ok(target),
    }
}

/// Returns the request that sets the next boot device. Target and state are sent together: an iLO
/// refuses the state alone.
fn change(path: &str, target: &str, mode: Option<&str>) -> Request {
    let mut change = json!({
        "BootSourceOverrideEnabled": "Once",
        "BootSourceOverrideTarget": target,
    });
    if let Some(mode) = mode {
        change["BootSourceOverrideMode"] = mode.into();
    }
    Request::patch(path, json!({"Boot": change}))
}

fn mode_name(mode: BootMode) -> &'static str {
    match mode {
        BootMode::Bios => "Legacy",
        BootMode::Uefi => "UEFI",
    }
}

/// Whether the BMC reports `target` as the next boot device. BMCs that do not distinguish `Once`
/// report `Continuous`; they boot from there too.
fn is_set(boot: &Boot, target: &str, mode: Option<&str>) -> bool {
    let enabled = boot.boot_source_override_enabled.as_deref();
    matches!(enabled, Some("Once" | "Continuous"))
        && boot.boot_source_override_target.as_deref() == Some(target)
        && match (mode, boot.boot_source_override_mode.as_deref()) {
            (Some(wanted), Some(reported)) => reported == wanted,
            _ => true,
        }
}

fn reported(boot: &Boot) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} for the override, {} for its target, {} for the mode",
        text(&boot.boot_source_override_enabled),
        text(&boot.boot_source_override_target),
        text(&boot.boot_source_override_mode)
    )
}
