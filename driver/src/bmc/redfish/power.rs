//! The power of a server.

use serde_json::json;

use super::super::error::Cause;
use super::super::{Power, PowerState};
use super::Redfish;
use super::model::{Reset, System};
use super::reach::{Goal, Missed, refused};
use super::request::Request;

impl Redfish {
    pub(super) async fn switch(&self, power: Power) -> Result<(), Cause> {
        match power {
            Power::On => self.bring_to(PowerState::On).await,
            Power::Off => self.bring_to(PowerState::Off).await,
            Power::SoftOff => {
                if !self.shut_down().await? {
                    log::info!(
                        node:% = self.node;
                        "node {}: the server is switched off by force, since it does not shut down",
                        self.node
                    );
                }
                self.bring_to(PowerState::Off).await
            }
            Power::Cycle => {
                self.bring_to(PowerState::Off).await?;
                self.bring_to(PowerState::On).await
            }
        }
    }

    /// Shuts the operating system down; returns whether the server is off then.
    async fn shut_down(&self) -> Result<bool, Cause> {
        let missed = self
            .reach(Goal {
                path: self.system_path().await?,
                limit: self.timing.soft_power_off,
                interval: Some(self.timing.power_wait),
                is_reached: &|system: &System| system.power() == PowerState::Off,
                requests: &|system, _| match system.power() {
                    PowerState::PoweringOff => Ok(Vec::new()),
                    // On an iLO 4, the power button does it.
                    _ => Ok(resets(system, &["GracefulShutdown", "PushPowerButton"], 0)?
                        .into_iter()
                        .take(1)
                        .collect()),
                },
            })
            .await;
        match missed {
            Ok(_) => Ok(true),
            Err(
                Missed::Failed(Cause::Unsupported { .. } | Cause::StillRefused { .. })
                | Missed::Refused(_)
                | Missed::Reported { .. },
            ) => Ok(false),
            Err(Missed::Failed(cause)) => Err(cause),
        }
    }

    async fn bring_to(&self, wanted: PowerState) -> Result<(), Cause> {
        let missed = self
            .reach(Goal {
                path: self.system_path().await?,
                limit: self.timing.power,
                interval: Some(self.timing.power_wait),
                is_reached: &|system: &System| system.power() == wanted,
                requests: &|system, tries| reset(system, wanted, tries),
            })
            .await;
        match missed {
            Ok(_) => Ok(()),
            Err(Missed::Failed(cause)) => Err(cause),
            Err(Missed::Refused(all)) => Err(refused(all)),
            Err(Missed::Reported { state, seconds }) => Err(Cause::PowerTimeout {
                wanted,
                reported: state.power(),
                seconds,
            }),
        }
    }
}

/// Returns the requests that switch the server to the state `wanted`; none if it is on its way. A
/// BMC that does not list what it accepts may know another word for it.
fn reset(system: &System, wanted: PowerState, tries: usize) -> Result<Vec<Request>, Cause> {
    let candidates: &[&str] = match (system.power(), wanted) {
        (PowerState::PoweringOn, PowerState::On) | (PowerState::PoweringOff, PowerState::Off) => {
            return Ok(Vec::new());
        }
        (_, PowerState::On) => &["On", "ForceOn"],
        _ => &["ForceOff"],
    };
    resets(system, candidates, tries)
}

/// Returns the requests for these kinds of reset, of which the first one rotates with the tries.
fn resets(system: &System, candidates: &[&str], tries: usize) -> Result<Vec<Request>, Cause> {
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
    let is_allowed = |candidate: &&&str| {
        let list = allowed.as_ref().filter(|list| !list.is_empty());
        list.is_none_or(|list| list.iter().any(|one| one == **candidate))
    };
    let mut kinds: Vec<&str> = candidates.iter().filter(is_allowed).copied().collect();
    if kinds.is_empty() {
        let missing = format!(
            "its action ComputerSystem.Reset has no ResetType {}",
            candidates.join(" or ")
        );
        return Err(Cause::Unsupported { missing });
    }
    let first = tries % kinds.len();
    kinds.rotate_left(first);
    let request = |kind| Request::post(target, json!({"ResetType": kind}));
    Ok(kinds.into_iter().map(request).collect())
}
