//! The resources, as captured, with the state of the stand-in.

use serde_json::{Value, json};

use super::Generation;
use super::access::SESSIONS;
use super::refusals::{Fault, Response};
use super::state::{MANAGER, MEDIA, ROOT, SYSTEM, State};

impl State {
    /// Answers a GET. Links follow the spelling of the request: with or without a trailing slash.
    pub(crate) fn get(&mut self, path: &str) -> Response {
        let plain = path.trim_end_matches('/');
        if plain == SESSIONS {
            return Response::json(200, &json!({"Members": []}));
        }
        let Some(mut resource) = self.resource(plain) else {
            return Response::unknown(&format!("GET {path}"));
        };
        let is_bios = is_bios(plain);
        if path.ends_with('/') && self.generation != Generation::Ilo4 && !is_bios {
            add_slashes(&mut resource);
        }
        let tag = resource.get("@odata.etag").and_then(Value::as_str);
        let tag = tag.map(str::to_owned);
        let response = Response::json(200, &resource).with("OData-Version", "4.0");
        match tag {
            Some(tag) => response.with("ETag", tag),
            None => response,
        }
    }

    /// The resource as it was captured or set, by its path without a trailing slash.
    pub(crate) fn content(&self, path: &str) -> Option<Value> {
        let key = path.to_ascii_lowercase();
        let captured = self.capture.resources.get(&key)?;
        // The paths of the BIOS are answered in either spelling.
        if captured.path != path && !is_bios(path) {
            return None;
        }
        let changed = self.changed.get(&key);
        Some(changed.unwrap_or(&captured.content).clone())
    }

    /// Changes a resource that the capture has.
    pub(crate) fn edit(&mut self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut content = self.content(path).unwrap();
        change(&mut content);
        self.changed.insert(path.to_ascii_lowercase(), content);
    }

    fn resource(&mut self, path: &str) -> Option<Value> {
        let systems = format!("{ROOT}/Systems");
        let second = format!("{systems}?$skip=1");
        if path == second && self.fault == Some(Fault::SystemsOnTwoPages) {
            let member = json!({"@odata.id": format!("{systems}/2")});
            return Some(json!({"Members": [member], "Members@odata.count": 2}));
        }
        let mut content = self.content(path)?;
        if path == systems {
            match self.fault {
                Some(Fault::SystemsOnTwoPages) => {
                    content["Members@odata.nextLink"] = second.into();
                }
                Some(Fault::CountsTwoSystems) => content["Members@odata.count"] = 2.into(),
                _ => {}
            }
        }
        match path {
            ROOT if self.fault == Some(Fault::LinksToAnotherHost) => {
                content["Systems"]["@odata.id"] = "//attacker.example/Systems/".into();
            }
            SYSTEM => self.show_server(&mut content),
            MEDIA if self.fault == Some(Fault::NoCdDrive) => {
                content["Members"].as_array_mut().unwrap().truncate(1);
                content["Members@odata.count"] = 1.into();
            }
            "/redfish/v1/AccountService" => {
                let allowed = if self.access.basic {
                    "Unadvertised"
                } else {
                    "Disabled"
                };
                // Older iLOs do not have it.
                if let Some(basic) = content.get_mut("HTTPBasicAuth") {
                    *basic = allowed.into();
                }
            }
            _ if path == format!("{MANAGER}/LicenseService/1") => {
                content["LicenseFeatures"]["VMScript"] = self.licensed.into();
            }
            _ => {
                if let Some(index) = path.strip_prefix(MEDIA).and_then(drive_index) {
                    self.show_drive(index, &mut content);
                } else if let Some(pending) = self.pending_at(path) {
                    merge(&mut content, pending);
                }
            }
        }
        Some(content)
    }
}

/// The index of the drive whose path below the collection this is.
pub(crate) fn drive_index(rest: &str) -> Option<usize> {
    match rest {
        "/1" => Some(0),
        "/2" => Some(1),
        _ => None,
    }
}

/// Whether the path is that of the BIOS or below it, in either spelling.
pub(crate) fn is_bios(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let rest = path.strip_prefix("/redfish/v1/systems/1/bios");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Writes the members of `changes` into `content`, those of objects one by one.
pub(crate) fn merge(content: &mut Value, changes: &Value) {
    match (content, changes) {
        (Value::Object(content), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(content.entry(key).or_insert(Value::Null), change);
            }
        }
        (content, change) => *content = change.clone(),
    }
}

fn add_slashes(resource: &mut Value) {
    match resource {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(path) if key == "@odata.id" && !path.ends_with('/') => {
                        path.push('/');
                    }
                    value => add_slashes(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(add_slashes),
        _ => {}
    }
}
