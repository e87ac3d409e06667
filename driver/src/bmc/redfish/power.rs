//! The next boot device of a server, and its power.

use serde_json::json;

use super::super::error::{Cause, Refusal};
use super::super::{BootMode, Drive, Power, PowerState};
use super::client::{Failure, Request};
use super::model::{Boot, Reset, System};
use super::{Poll, Redfish};
use tokio::time::{Instant, sleep};

/// How many times a change of the power state is requested: a BMC may refuse while the server is
/// still busy with the previous one.
const TRIES: usize = 3;

impl Redfish {
    pub(super) async fn set_next_boot(
        &self,
        drive: Drive,
        mode: Option<BootMode>,
    ) -> Result<(), Cause> {
        let path = self.system_path().await?;
        let boot = self.boot(path).await?;
        let target = match drive {
            Drive::Cd => "Cd",
            Drive::Floppy => "Floppy",
        };
        if let Some(allowed) = boot
            .allowed_targets
            .as_ref()
            .filter(|list| !list.is_empty())
            && !allowed.iter().any(|one| one == target)
        {
            let missing = format!(
                "it can boot from {}, but not from {target}",
                allowed.join(", ")
            );
            return Err(Cause::Unsupported { missing });
        }
        // A mode that is already set is omitted, since some BMCs refuse it as read-only.
        let current = boot.boot_source_override_mode.as_deref();
        let mut mode = mode
            .map(mode_name)
            .filter(|wanted| current != Some(*wanted));
        let mut refused = self.patch_boot(path, target, mode).await?;
        // A BMC that does not report its mode, such as an iLO 4, may not support the property.
        if let (Some(refusal), Some(wanted), None) = (&refused, mode, current) {
            log::warn!(
                "node {}: cannot set the boot mode to {wanted}: {refusal}",
                self.node
            );
            mode = None;
            refused = self.patch_boot(path, target, mode).await?;
        }
        let mut poll = Poll::new(self.timing.media);
        loop {
            let boot = self.boot(path).await?;
            if is_set(&boot, target, mode) {
                return Ok(());
            }
            if let Some(refusal) = refused {
                return Err(Cause::Refused(vec![refusal]));
            }
            if !poll.wait().await {
                return Err(Cause::NotSet {
                    expected: format!("a one-time boot from {target}"),
                    reported: reported_boot(&boot),
                });
            }
        }
    }

    /// Sets the next boot device; returns the refusal if there is one.
    async fn patch_boot(
        &self,
        path: &str,
        target: &str,
        mode: Option<&str>,
    ) -> Result<Option<Refusal>, Cause> {
        let mut change = json!({
            "BootSourceOverrideEnabled": "Once",
            "BootSourceOverrideTarget": target,
        });
        if let Some(mode) = mode {
            change["BootSourceOverrideMode"] = mode.into();
        }
        let request = Request::patch(path, json!({"Boot": change}));
        match self.client.send(&request).await {
            Ok(_) => Ok(None),
            Err(Failure::Refused(refusal)) => Ok(Some(refusal)),
            Err(Failure::Fatal(cause)) => Err(cause),
        }
    }

    async fn boot(&self, path: &str) -> Result<Boot, Cause> {
        let system: System = self.client.get(path).await?;
        system.boot.ok_or_else(|| Cause::Unsupported {
            missing: "its system has no property Boot".to_owned(),
        })
    }

    pub(super) async fn switch(&self, power: Power) -> Result<(), Cause> {
        match power {
            Power::On => self.bring_to(PowerState::On).await,
            Power::Off => self.bring_to(PowerState::Off).await,
            Power::Cycle => {
                self.bring_to(PowerState::Off).await?;
                self.bring_to(PowerState::On).await
            }
        }
    }

    async fn bring_to(&self, wanted: PowerState) -> Result<(), Cause> {
        let start = Instant::now();
        let mut accepted = false;
        let mut refusals = Vec::new();
        loop {
            let system = self.system().await?;
            let reported = system.power();
            if reported == wanted {
                return Ok(());
            }
            let in_progress = matches!(
                (reported, wanted),
                (PowerState::PoweringOn, PowerState::On)
                    | (PowerState::PoweringOff, PowerState::Off)
            );
            if !accepted && !in_progress {
                if refusals.len() == TRIES {
                    return Err(Cause::Refused(refusals));
                }
                match self
                    .client
                    .send(&reset(&system, wanted, refusals.len())?)
                    .await
                {
                    Ok(_) => accepted = true,
                    Err(Failure::Refused(refusal)) => refusals.push(refusal),
                    Err(Failure::Fatal(cause)) => return Err(cause),
                }
            }
            if start.elapsed() >= self.timing.power {
                if !accepted && !refusals.is_empty() {
                    return Err(Cause::Refused(refusals));
                }
                let seconds = start.elapsed().as_secs();
                return Err(Cause::PowerTimeout {
                    wanted,
                    reported,
                    seconds,
                });
            }
            let left = self.timing.power.saturating_sub(start.elapsed());
            let pause = self.timing.power_wait.max(Poll::FIRST);
            sleep(pause.min(left)).await;
        }
    }
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

fn reported_boot(boot: &Boot) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} for the override, {} for its target, {} for the mode",
        text(&boot.boot_source_override_enabled),
        text(&boot.boot_source_override_target),
        text(&boot.boot_source_override_mode)
    )
}

/// Returns the request that switches the server to the state `wanted`, after this many refusals. A
/// BMC that does not list what it accepts may know another word for it.
fn reset(system: &System, wanted: PowerState, refusals: usize) -> Result<Request, Cause> {
    let action = system
        .actions
        .as_ref()
        .and_then(|actions| actions.reset.as_ref());
    let Some(Reset {
        target: Some(target),
        allowed,
    }) = action
    else {
        return Err(Cause::Unsupported {
            missing: "its system has no action ComputerSystem.Reset".to_owned(),
        });
    };
    let candidates: &[&str] = match wanted {
        PowerState::On => &["On", "ForceOn"],
        _ => &["ForceOff"],
    };
    let is_allowed = |candidate: &&&str| {
        let list = allowed.as_ref().filter(|list| !list.is_empty());
        list.is_none_or(|list| list.iter().any(|one| one == **candidate))
    };
    let allowed = candidates.iter().filter(is_allowed);
    let Some(kind) = allowed.cycle().nth(refusals) else {
        let missing = format!(
            "its action ComputerSystem.Reset has no ResetType {}",
            candidates.join(" or ")
        );
        return Err(Cause::Unsupported { missing });
    };
    Ok(Request::post(target, json!({"ResetType": kind})))
}
