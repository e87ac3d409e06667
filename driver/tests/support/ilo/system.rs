//! The server's settings and power.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Generation;
use super::refusals::{Fault, Response};
use super::resources::{is_bios, merge};
use super::state::{MANAGER, SYSTEM, State};

const SECURE_BOOT: &str = "/redfish/v1/Systems/1/SecureBoot";

/// How long an iLO takes to restart.
const RESTART: Duration = Duration::from_secs(60);

/// The resources with settings for the next start, and with the current ones.
const BIOS: [&str; 2] = [
    "/redfish/v1/systems/1/bios/settings",
    "/redfish/v1/systems/1/bios",
];
const ORDER: [&str; 2] = [
    "/redfish/v1/systems/1/bios/oem/hpe/boot/settings",
    "/redfish/v1/systems/1/bios/oem/hpe/boot",
];
const ORDER_OF_ILO4: [&str; 2] = [
    "/redfish/v1/systems/1/bios/boot/settings",
    "/redfish/v1/systems/1/bios/boot",
];

impl State {
    pub(crate) fn show_server(&self, content: &mut Value) {
        let now = self.now();
        let power = self.machine.power_state(now, self.generation);
        content["PowerState"] = power.into();
        let oem = self.generation.oem();
        let post = self.machine.post_state(now, self.generation);
        content["Oem"][oem]["PostState"] = post.into();
        content["Boot"]["BootSourceOverrideEnabled"] = self.override_enabled.clone().into();
        content["Boot"]["BootSourceOverrideTarget"] = self.override_target.clone().into();
        if self.generation == Generation::Ilo4 {
            content["Power"] = power.into();
        } else {
            let mode = if self.is_uefi() { "UEFI" } else { "Legacy" };
            content["Boot"]["BootSourceOverrideMode"] = mode.into();
        }
    }

    pub(crate) fn is_uefi(&self) -> bool {
        self.attribute("BootMode").as_deref() != Some("LegacyBios")
    }

    /// Makes it a server that has had this boot mode for long.
    pub(crate) fn set_boot_mode(&mut self, mode: &str) {
        for path in BIOS {
            self.edit(path, |found| match found.get_mut("Attributes") {
                Some(attributes) => attributes["BootMode"] = mode.into(),
                None => found["BootMode"] = mode.into(),
            });
        }
    }

    /// Makes it a server that has had secure boot switched on or off for long.
    pub(crate) fn set_secure_boot(&mut self, on: bool) {
        self.edit(SECURE_BOOT, |found| found["SecureBootEnable"] = on.into());
        self.apply_secure_boot();
    }

    /// The current value of a BIOS attribute; `None` if this server does not have it.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let bios = self.content(BIOS[1]).unwrap();
        let attributes = bios.get("Attributes").unwrap_or(&bios);
        Some(attributes.get(name)?.as_str()?.to_owned())
    }

    /// The paths of the pending boot order and of the current one.
    pub(crate) fn order_paths(&self) -> [&'static str; 2] {
        match self.generation {
            Generation::Ilo4 => ORDER_OF_ILO4,
            _ => ORDER,
        }
    }

    /// What waits for the next start, if `path` is that of pending settings.
    pub(crate) fn pending_at(&self, path: &str) -> Option<&Value> {
        let key = path.to_ascii_lowercase();
        self.pending.get(key.as_str())
    }

    pub(crate) fn change_server(&mut self, path: &str, body: &Value) -> Response {
        if path == SYSTEM {
            return match body.get("Boot").and_then(Value::as_object) {
                Some(boot) if body.as_object().unwrap().len() == 1 => self.change_boot(boot),
                _ => Response::unknown(&format!("PATCH {path} {body}")),
            };
        }
        if path == SECURE_BOOT {
            return self.change_secure_boot(body);
        }
        let settings = [BIOS[0], self.order_paths()[0]];
        let key = path.to_ascii_lowercase();
        let found = settings
            .into_iter()
            .find(|one| *one == key && is_bios(path));
        let Some(found) = found else {
            return Response::unknown(&format!("PATCH {path} {body}"));
        };
        // Anything is accepted, and judged at the next start.
        merge(self.pending.entry(found).or_insert(json!({})), body);
        self.message(200, "SystemResetRequired", &[])
    }

    fn change_boot(&mut self, boot: &Map<String, Value>) -> Response {
        let known = ["BootSourceOverrideEnabled", "BootSourceOverrideTarget"];
        if let Some(other) = boot.keys().find(|key| !known.contains(&key.as_str())) {
            let message = match self.generation {
                Generation::Ilo4 => "PropertyUnknown",
                _ => "PropertyNotWritableOrUnknown",
            };
            return self.refused(message, &[other]);
        }
        if self.lacks_override {
            return self.refused("UnsupportedOperation", &[]);
        }
        if self.machine.is_in_post(self.now()) {
            return self.refused("UnableToModifyDuringSystemPOST", &[known[1]]);
        }
        let text = |key| boot.get(key).and_then(Value::as_str);
        let target = text(known[1]).unwrap_or(&self.override_target).to_owned();
        let enabled = text(known[0]).unwrap_or(&self.override_enabled).to_owned();
        let listed = &self.content(SYSTEM).unwrap()["Boot"];
        let key = match self.generation {
            Generation::Ilo4 => "BootSourceOverrideSupported",
            _ => "BootSourceOverrideTarget@Redfish.AllowableValues",
        };
        let listed = listed[key].as_array().unwrap();
        let states = ["Disabled", "Once", "Continuous"];
        if !listed.iter().any(|one| *one == *target) || !states.contains(&enabled.as_str()) {
            return self.refused("PropertyValueNotInList", &[&target, known[1]]);
        }
        if enabled != "Disabled" && target == "None" {
            return self.refused("PropertyValueNotInList", &[&target, known[1]]);
        }
        let needs_uefi = ["SDCard", "UefiHttp", "UefiShell", "UefiTarget"];
        if needs_uefi.contains(&target.as_str()) && !self.is_uefi() {
            return self.refused("UnsupportedOperationInLegacyBootMode", &[]);
        }
        if self.fault != Some(Fault::OverrideStays) {
            (self.override_enabled, self.override_target) = (enabled, target);
        }
        self.done()
    }

    fn change_secure_boot(&mut self, body: &Value) -> Response {
        let enable = body.get("SecureBootEnable").and_then(Value::as_bool);
        let Some(enable) = enable.filter(|_| body.as_object().unwrap().len() == 1) else {
            return Response::unknown(&format!("PATCH {SECURE_BOOT} {body}"));
        };
        if !self.is_uefi() {
            return self.refused("UnsupportedOperationInLegacyBootMode", &[]);
        }
        self.edit(SECURE_BOOT, |content| {
            content["SecureBootEnable"] = enable.into();
        });
        self.message(200, "SystemResetRequired", &[])
    }

    pub(crate) fn act_on_server(&mut self, path: &str, body: &Value) -> Response {
        let kind = body.get("ResetType").and_then(Value::as_str);
        if path == format!("{MANAGER}/Actions/Manager.Reset") {
            self.restart(RESTART);
            return self.message(200, "ResetInProgress", &[]);
        }
        let Some(kind) = kind.filter(|_| path == format!("{SYSTEM}/Actions/ComputerSystem.Reset"))
        else {
            return Response::unknown(&format!("POST {path} {body}"));
        };
        let content = self.content(SYSTEM).unwrap();
        let action = &content["Actions"]["#ComputerSystem.Reset"];
        let allowed = action["ResetType@Redfish.AllowableValues"].as_array();
        if !allowed.unwrap().iter().any(|one| one == kind) {
            return self.refused("PropertyValueNotInList", &[kind, "ResetType"]);
        }
        if self.fault == Some(Fault::PowerStays) {
            return self.done();
        }
        let now = self.now();
        let before = self.machine.power_state(now, self.generation);
        if self.machine.reset(kind, now) {
            return self.done();
        }
        let state = format!("Power is {}", before.to_ascii_lowercase());
        self.refused("InvalidOperationForSystemState", &[&state])
    }

    /// Boots the server: applies the settings that waited for it, and finds what to boot.
    pub(crate) fn boot(&mut self) {
        self.apply(BIOS);
        self.apply(self.order_paths());
        self.apply_secure_boot();
        let by_flag = self.start_of_cd();
        let cd = self.drives[1].image.clone();
        let is_once = self.override_enabled != "Disabled" && self.override_target == "Cd";
        let found = by_flag.or(cd.clone().filter(|_| is_once));
        let found = found.or_else(|| self.first_in_order(cd.as_ref()));
        if self.override_enabled == "Once" {
            (self.override_enabled, self.override_target) = ("Disabled".into(), "None".into());
        }
        self.machine.set_found(found.is_some());
        self.boots.push(found.unwrap_or_else(|| "nothing".into()));
    }

    /// What the server boots without an override.
    fn first_in_order(&self, cd: Option<&String>) -> Option<String> {
        let order = &self.content(self.order_paths()[1]).unwrap()["PersistentBootConfigOrder"];
        let names = order.as_array().unwrap().iter().filter_map(Value::as_str);
        let kind = |name: &str| match name.split('.').next() {
            Some("CD") => cd.cloned(),
            _ if name.contains("IPv") || name.contains("Http") => Some("network".into()),
            Some("HD" | "NVMe" | "OCP" | "Unknown") => Some("disk".into()),
            _ => None,
        };
        names.into_iter().find_map(kind)
    }

    /// Makes pending settings the current ones, and reports the result of each.
    fn apply(&mut self, [settings, current]: [&'static str; 2]) {
        let Some(pending) = self.pending.remove(settings) else {
            return;
        };
        let is_ilo4 = self.generation == Generation::Ilo4;
        let (key, mark) = if is_ilo4 {
            ("MessageID", ':')
        } else {
            ("MessageId", '.')
        };
        let message = |name: &str, about: &str| {
            let arguments: &[&str] = if about.is_empty() { &[] } else { &[about] };
            json!({key: format!("Base.1.0{mark}{name}"), "MessageArgs": arguments})
        };
        let mut messages = vec![message("Success", "")];
        let mut content = self.content(current).unwrap();
        let in_attributes = content.get("Attributes").is_some();
        let changes = match in_attributes {
            true => pending.get("Attributes").unwrap_or(&Value::Null),
            false => &pending,
        };
        let known = match in_attributes {
            true => &mut content["Attributes"],
            false => &mut content,
        };
        for (name, value) in changes.as_object().into_iter().flatten() {
            let is_mode = name == "BootMode" && *value != "Uefi" && *value != "LegacyBios";
            match known.get_mut(name) {
                _ if self.settings_refused.is_some() => {
                    messages.push(message(self.settings_refused.unwrap(), name));
                }
                None => messages.push(message("PropertyUnknown", name)),
                Some(_) if is_mode => messages.push(message("PropertyValueNotInList", name)),
                Some(old) => *old = value.clone(),
            }
        }
        let result = if is_ilo4 {
            "SettingsResult"
        } else {
            "@Redfish.Settings"
        };
        content[result]["Messages"] = messages.into();
        let (hours, seconds) = (self.now().as_secs() / 3600, self.now().as_secs() % 3600);
        let time = format!("{:02}:{:02}:{:02}", hours % 24, seconds / 60, seconds % 60);
        content[result]["Time"] = format!("2026-01-01T{time}+00:00").into();
        self.changed.insert(current.into(), content.clone());
        let values = match in_attributes {
            true => json!({"Attributes": content["Attributes"]}),
            false => json!({"BootMode": content.get("BootMode"),
                "PersistentBootConfigOrder": content.get("PersistentBootConfigOrder")}),
        };
        self.edit(settings, |settings| {
            for (name, value) in values.as_object().into_iter().flatten() {
                if settings.get(name).is_some() {
                    settings[name] = value.clone();
                }
            }
        });
    }

    fn apply_secure_boot(&mut self) {
        let uefi = self.is_uefi();
        self.edit(SECURE_BOOT, |content| {
            let keys = content.get("SecureBootMode").and_then(Value::as_str) != Some("SetupMode");
            let on = content["SecureBootEnable"] == true && uefi && keys;
            if content.get("SecureBootCurrentState").is_some() {
                content["SecureBootCurrentState"] = on.into();
            } else {
                content["SecureBootCurrentBoot"] = if on { "Enabled" } else { "Disabled" }.into();
            }
        });
    }
}
