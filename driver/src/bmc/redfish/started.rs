//! What became of settings at the start of the server that should have applied them.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::super::Step;
use super::super::error::{BmcError, Cause};
use super::Redfish;
use super::extended_info::ExtendedInfo;
use super::retry::Retry;

/// A setting that was changed for the next start of the server.
#[derive(Debug)]
pub(super) struct PendingSetting {
    /// The step that changed it.
    pub(super) step: Step,
    /// Its name.
    pub(super) name: &'static str,
    /// Tells whether the current settings have the new value.
    pub(super) is_in: fn(&Value) -> bool,
    /// The path of the resource with the current settings.
    pub(super) path: String,
    /// The result of the last start that has applied settings.
    pub(super) before: Value,
}

impl Redfish {
    /// Remembers a setting whose result is to be read after the next start.
    pub(super) fn expect(&self, setting: PendingSetting) {
        let pending = self.pending.lock();
        pending
            .unwrap_or_else(PoisonError::into_inner)
            .push(setting);
    }

    /// Waits until the server has applied what was changed for its start. Returns whether it has
    /// applied everything.
    pub(super) async fn results_of_settings(&self) -> Result<bool, BmcError> {
        let pending =
            std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        let mut retry = self.client.retry(self.timing.settings);
        let mut are_taken = true;
        for setting in pending {
            let result = self.result_of(&setting, &mut retry);
            are_taken &= self.run(setting.step, result).await?;
        }
        Ok(are_taken)
    }

    async fn result_of(
        &self,
        setting: &PendingSetting,
        retry: &mut Retry<'_>,
    ) -> Result<bool, Cause> {
        let name = setting.name;
        loop {
            let current: Value = self.client.get(&setting.path).await?;
            if (setting.is_in)(&current) {
                return Ok(true);
            }
            let result = result(&current);
            let refusal = ExtendedInfo::of_refused_setting(&result["Messages"], name).text();
            if result != setting.before && !refusal.is_empty() {
                return Err(Cause::SettingRefused {
                    setting: name,
                    messages: refusal,
                });
            }
            log::info!(
                node:% = self.node;
                "node {}: waiting until the BIOS has taken {name}, {} s after the start",
                self.node,
                retry.seconds()
            );
            if !retry.wait(None).await {
                log::warn!(
                    node:% = self.node;
                    "node {}: {} s after the start, the BMC does not report that the BIOS has \
                     taken {name}",
                    self.node,
                    retry.seconds()
                );
                return Ok(false);
            }
        }
    }
}

/// Returns what the last start that has applied settings reported: time, version and messages.
/// An iLO 4 has it under another name.
pub(super) fn result(current: &Value) -> Value {
    let names = ["@Redfish.Settings", "SettingsResult"];
    let found = names.iter().find_map(|name| current.get(name));
    found.map_or(Value::Null, |found| {
        json!({"Time": found["Time"], "ETag": found["ETag"], "Messages": found["Messages"]})
    })
}
