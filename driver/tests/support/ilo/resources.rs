//! The resources and actions of the stand-in.

use serde_json::{Value, json};

use super::server::{Request, Response};
use super::{DriveState, Fault, Generation, State};

const SYSTEM: &str = "/redfish/v1/Systems/1/";
const MANAGER: &str = "/redfish/v1/Managers/1/";
const MEDIA: &str = "/redfish/v1/Managers/1/VirtualMedia/";

fn ok(body: &Value) -> Response {
    Response {
        status: 200,
        body: body.to_string(),
        location: None,
    }
}

/// An error with this message id.
fn refused(status: u16, id: &str) -> Response {
    let body = json!({"error": {
        "code": "iLO.0.10.ExtendedInfo",
        "message": "See @Message.ExtendedInfo for more information.",
        "@Message.ExtendedInfo": [{"MessageId": id}],
    }});
    Response {
        status,
        ..ok(&body)
    }
}

fn done() -> Response {
    refused(200, "Base.1.4.Success")
}

fn link(path: &str) -> Value {
    json!({"@odata.id": path})
}

impl State {
    pub(crate) fn answer(&mut self, request: &Request, authorized: bool) -> Response {
        if let Some(Fault::NotReady(left)) = self.fault {
            self.fault = left
                .checked_sub(1)
                .filter(|left| *left > 0)
                .map(Fault::NotReady);
            return refused(503, "iLO.2.14.ServiceTemporarilyUnavailable");
        }
        if let Some(Fault::FailsToRead(left)) = &mut self.fault
            && *left > 0
            && request.method == "GET"
        {
            *left -= 1;
            return refused(500, "Base.1.4.InternalError");
        }
        if self.fault == Some(Fault::Garbage) {
            return Response {
                body: "<html>It works!</html>".into(),
                ..ok(&Value::Null)
            };
        }
        let path = request.path.as_str();
        if !path.ends_with('/') {
            return Response {
                status: 308,
                location: Some(format!("{path}/")),
                ..ok(&json!({}))
            };
        }
        if path != "/redfish/v1/" && !authorized {
            return refused(401, "Base.1.4.NoValidSession");
        }
        match (request.method.as_str(), &request.body) {
            ("GET", None) => match self.resource(path) {
                Some(resource) => ok(&resource),
                None => refused(404, "Base.1.4.ResourceMissingAtURI"),
            },
            ("POST", Some(body)) => self.act(path, body),
            ("PATCH", Some(body)) => self.change(path, body),
            _ => refused(405, "Base.1.4.ActionNotSupported"),
        }
    }

    fn resource(&mut self, path: &str) -> Option<Value> {
        let systems = match self.fault {
            Some(Fault::LinksToAnotherHost) => "//attacker.example/Systems/",
            _ => "/redfish/v1/Systems/",
        };
        Some(match path {
            "/redfish/v1/" => {
                json!({"Systems": link(systems), "Managers": link("/redfish/v1/Managers/")})
            }
            "/redfish/v1/Systems/" => json!({"Members": [link(SYSTEM)]}),
            "/redfish/v1/Managers/" => json!({"Members": [link(MANAGER)]}),
            SYSTEM => self.system(),
            MANAGER => json!({"VirtualMedia": link(MEDIA)}),
            MEDIA => {
                let drives = if self.fault == Some(Fault::NoCdDrive) {
                    1
                } else {
                    2
                };
                let members = (1..=drives).map(|n| link(&format!("{MEDIA}{n}/")));
                json!({"Members": members.collect::<Vec<_>>()})
            }
            _ => match drive_of(path)? {
                (index, "") => self.drive(index),
                _ => return None,
            },
        })
    }

    fn system(&self) -> Value {
        let mut system = json!({
            "Links": {"ManagedBy": [link(MANAGER)]},
            "PowerState": self.power,
            "Boot": {
                "BootSourceOverrideEnabled": self.override_enabled,
                "BootSourceOverrideTarget": self.override_target,
                "BootSourceOverrideTarget@Redfish.AllowableValues": [
                    "None", "Cd", "Hdd", "Usb", "Utilities", "Diags", "BiosSetup", "Pxe",
                    "UefiShell",
                ],
            },
            "Actions": {"#ComputerSystem.Reset": {
                "target": format!("{SYSTEM}Actions/ComputerSystem.Reset/"),
                "ResetType@Redfish.AllowableValues":
                    ["On", "ForceOff", "ForceRestart", "Nmi", "PushPowerButton"],
            }},
        });
        if self.generation != Generation::Ilo4 {
            system["Boot"]["BootSourceOverrideMode"] = "UEFI".into();
        }
        system
    }

    fn drive(&mut self, index: usize) -> Value {
        let types = [["Floppy", "USBStick"], ["CD", "DVD"]][index];
        let path = format!("{MEDIA}{}/", index + 1);
        let fault = self.fault;
        let drive = &mut self.drives[index];
        drive.reads += 1;
        let mut image = drive.image.clone();
        match fault {
            Some(Fault::ReportsEmptyDrive) => image = None,
            Some(Fault::ReportsLate) if drive.reads < 3 => image = None,
            Some(Fault::ReportsAnotherImage) if image.is_some() => {
                image = Some("http://192.0.2.1/other.iso?temp_url_sig=of-the-other".into());
            }
            _ => {}
        }
        let mut resource = json!({
            "MediaTypes": types,
            "Inserted": image.is_some(),
            "Image": image.clone().unwrap_or_default(),
            "ConnectedVia": if image.is_some() { "URI" } else { "NotConnected" },
            "WriteProtected": true,
        });
        let target = |action: &str| json!({"target": format!("{path}Actions/{action}/")});
        let (vendor, actions) = match self.generation {
            Generation::Ilo4 => ("Hp", "HpiLOVirtualMedia"),
            Generation::Ilo5 | Generation::Ilo6 => ("Hpe", "HpeiLOVirtualMedia"),
        };
        let (eject, insert) = (
            format!("{actions}.EjectVirtualMedia"),
            format!("{actions}.InsertVirtualMedia"),
        );
        resource["Oem"] = json!({vendor: {"Actions": {
            format!("#{eject}"): target(&format!("Oem/{vendor}/{eject}")),
            format!("#{insert}"): target(&format!("Oem/{vendor}/{insert}")),
        }, "BootOnNextServerReset": drive.boot_on_next_reset}});
        if self.generation != Generation::Ilo4 {
            resource["Actions"] = json!({
                "#VirtualMedia.EjectMedia": target("VirtualMedia.EjectMedia"),
                "#VirtualMedia.InsertMedia": target("VirtualMedia.InsertMedia"),
            });
        }
        resource
    }

    fn act(&mut self, path: &str, body: &Value) -> Response {
        if path == format!("{SYSTEM}Actions/ComputerSystem.Reset/") {
            return self.reset(body);
        }
        let Some((index, action)) = drive_of(path) else {
            return refused(404, "Base.1.4.ResourceMissingAtURI");
        };
        let standard = action.starts_with("Actions/VirtualMedia.");
        let known: &[&str] = match self.generation {
            Generation::Ilo4 => &[
                "Actions/Oem/Hp/HpiLOVirtualMedia.InsertVirtualMedia/",
                "Actions/Oem/Hp/HpiLOVirtualMedia.EjectVirtualMedia/",
            ],
            Generation::Ilo5 | Generation::Ilo6 => &[
                "Actions/VirtualMedia.InsertMedia/",
                "Actions/VirtualMedia.EjectMedia/",
                "Actions/Oem/Hpe/HpeiLOVirtualMedia.InsertVirtualMedia/",
                "Actions/Oem/Hpe/HpeiLOVirtualMedia.EjectVirtualMedia/",
            ],
        };
        if !known.contains(&action) {
            return refused(404, "Base.1.4.ResourceMissingAtURI");
        }
        let fails = match self.fault {
            Some(Fault::StandardActionsFail) => standard,
            Some(Fault::ActionsFail) => true,
            _ => false,
        };
        if fails {
            return refused(500, "iLO.2.14.UnknownInternalError");
        }
        if action.contains("Insert") {
            let image = body.get("Image").and_then(Value::as_str);
            if self.fault == Some(Fault::RequiresParameters) {
                let all = ["Image", "Inserted", "WriteProtected"];
                return match image {
                    Some(image) if all.iter().all(|key| body.get(key).is_some()) => {
                        self.insert(index, image)
                    }
                    _ => refused(400, "Base.1.4.ActionParameterMissing"),
                };
            }
            match image {
                Some(image) if has_only(body, "Image") => self.insert(index, image),
                Some(_) => refused(400, "Base.0.10.PropertyUnknown"),
                None => refused(400, "Base.1.4.ActionParameterMissing"),
            }
        } else if *body == json!({}) {
            self.eject(index)
        } else {
            refused(400, "Base.0.10.PropertyUnknown")
        }
    }

    fn change(&mut self, path: &str, body: &Value) -> Response {
        if path == SYSTEM {
            let expected = json!({"Boot": {
                "BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Cd"}});
            if *body != expected {
                return refused(400, "Base.1.4.PropertyNotWritableOrUnknown");
            }
            if self.fault != Some(Fault::OverrideStays) {
                (self.override_enabled, self.override_target) = ("Once", "Cd");
            }
            return done();
        }
        let Some((index, "")) = drive_of(path) else {
            return refused(404, "Base.1.4.ResourceMissingAtURI");
        };
        let vendor = match self.generation {
            Generation::Ilo4 => "Hp",
            Generation::Ilo5 | Generation::Ilo6 => "Hpe",
        };
        if *body == json!({"Oem": {vendor: {"BootOnNextServerReset": true}}}) && index == 1 {
            self.drives[index].boot_on_next_reset = true;
            return done();
        }
        if self.generation != Generation::Ilo4 || !has_only(body, "Image") {
            return refused(400, "Base.0.10.PropertyUnknown");
        }
        match &body["Image"] {
            Value::Null => self.eject(index),
            Value::String(image) => self.insert(index, &image.clone()),
            _ => refused(400, "Base.0.10.PropertyValueTypeError"),
        }
    }

    fn insert(&mut self, index: usize, image: &str) -> Response {
        match self.fault {
            Some(Fault::NoLicence) => return refused(400, "iLO.2.14.LicenseKeyRequired"),
            Some(Fault::NoPrivilege) => return refused(403, "Base.1.4.InsufficientPrivilege"),
            Some(Fault::RefusesToInsert) => {
                let body = json!({"error": {"@Message.ExtendedInfo": [{
                    "MessageId": "iLO.2.14.InvalidVirtualMediaURL", "MessageArgs": [image]}]}});
                return Response {
                    status: 400,
                    ..ok(&body)
                };
            }
            _ => {}
        }
        if self.drives[index].image.is_some() {
            return refused(400, "iLO.2.14.MaxVirtualMediaConnectionEstablished");
        }
        self.drives[index] = DriveState {
            image: Some(image.to_owned()),
            ..DriveState::default()
        };
        done()
    }

    fn eject(&mut self, index: usize) -> Response {
        if self.drives[index].image.is_none() {
            return refused(400, "iLO.2.14.NoVirtualMediaConnectionAvailable");
        }
        self.drives[index] = DriveState::default();
        done()
    }

    fn reset(&mut self, body: &Value) -> Response {
        let Some(kind) = body["ResetType"]
            .as_str()
            .filter(|_| has_only(body, "ResetType"))
        else {
            return refused(400, "Base.1.4.ActionParameterMissing");
        };
        if self.fault == Some(Fault::PowerStays) {
            return done();
        }
        if let (Some(Fault::BusyAfterOff(left)), "On") = (self.fault, kind) {
            self.fault = left
                .checked_sub(1)
                .filter(|left| *left > 0)
                .map(Fault::BusyAfterOff);
            return refused(400, "iLO.2.14.InvalidOperationForSystemState");
        }
        match (kind, self.power) {
            ("On", "Off") => {
                self.power = "On";
                self.boot();
                done()
            }
            ("ForceOff", "On") => {
                self.power = "Off";
                done()
            }
            _ => refused(400, "iLO.2.14.InvalidOperationForSystemState"),
        }
    }

    /// Starts the server, from the CD drive if that is its next boot.
    fn boot(&mut self) {
        let from_cd = self.override_target == "Cd" || self.drives[1].boot_on_next_reset;
        let image = self.drives[1].image.clone().filter(|_| from_cd);
        self.starts.push(image.unwrap_or_else(|| "disk".to_owned()));
        (self.override_enabled, self.override_target) = ("Disabled", "None");
        let drive = &mut self.drives[1];
        if drive.boot_on_next_reset {
            drive.starts += 1;
            if drive.starts == 2 {
                *drive = DriveState::default();
            }
        }
    }
}

/// Splits a path into the index of its drive and the rest.
fn drive_of(path: &str) -> Option<(usize, &str)> {
    let (number, rest) = path.strip_prefix(MEDIA)?.split_once('/')?;
    match number {
        "1" => Some((0, rest)),
        "2" => Some((1, rest)),
        _ => None,
    }
}

fn has_only(body: &Value, key: &str) -> bool {
    body.as_object()
        .is_some_and(|body| body.len() == 1 && body.contains_key(key))
}
