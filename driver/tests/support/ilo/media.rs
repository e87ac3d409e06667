//! The virtual media drives.

use serde_json::{Value, json};
use url::Url;

use super::Generation;
use super::refusals::{Fault, Response};
use super::resources::drive_index;
use super::state::{DriveState, State};

const CD: usize = 1;

impl State {
    pub(crate) fn show_drive(&mut self, index: usize, content: &mut Value) {
        let fault = self.fault;
        let (generation, oem) = (self.generation, self.generation.oem());
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
        if index == CD {
            content["Oem"][oem]["BootOnNextServerReset"] = drive.boot_on_next_reset.into();
        }
        content["Inserted"] = image.is_some().into();
        let members = content.as_object_mut().unwrap();
        members.remove("ImageName");
        members.remove("TransferProtocolType");
        let Some(image) = image else {
            content["Image"] = "".into();
            content["ConnectedVia"] = "NotConnected".into();
            return;
        };
        // User and password are not shown.
        let mut shown = Url::parse(&image).unwrap();
        shown.set_username("").unwrap();
        shown.set_password(None).unwrap();
        content["ConnectedVia"] = "URI".into();
        content["ImageName"] = shown.path().rsplit('/').next().into();
        if generation != Generation::Ilo4 {
            content["TransferProtocolType"] = shown.scheme().to_ascii_uppercase().into();
        }
        content["Image"] = match shown.as_str() == image {
            true => image.into(),
            false => shown.to_string().into(),
        };
        content["WriteProtected"] = true.into();
    }

    /// Performs the action at `rest` below the drives.
    pub(crate) fn act_on_drive(&mut self, rest: &str, body: &Value) -> Response {
        let (drive, action) = rest.split_once("/Actions/").unwrap_or((rest, ""));
        let Some(index) = drive_index(drive) else {
            return Response::unknown(rest);
        };
        let oem = self.generation.oem();
        let own = |verb: &str| format!("Oem/{oem}/{oem}iLOVirtualMedia.{verb}VirtualMedia");
        let standard = self.generation != Generation::Ilo4;
        let insertion: &[&str] = match action {
            "VirtualMedia.InsertMedia" if standard => &[
                "Image",
                "Inserted",
                "WriteProtected",
                "TransferProtocolType",
            ],
            _ if action == own("Insert") && standard => &["Image", "WriteProtected", "Certificate"],
            _ if action == own("Insert") => &["Image"],
            _ => &[],
        };
        let is_ejection =
            (action == "VirtualMedia.EjectMedia" && standard) || action == own("Eject");
        if insertion.is_empty() && !is_ejection {
            return Response::unknown(&format!("POST {rest}"));
        }
        let name = action.rsplit('.').next().unwrap();
        let parameters = body.as_object().unwrap();
        let unknown = |key: &&String| !insertion.contains(&key.as_str());
        if let Some(key) = parameters.keys().find(unknown) {
            return self.refused("ActionParameterUnknown", &[name, key]);
        }
        if is_ejection && self.fault == Some(Fault::EjectStays) {
            return self.done();
        }
        if is_ejection {
            return self.eject(index);
        }
        match body.get("Image").and_then(Value::as_str) {
            Some(image) => self.insert(index, image),
            None => self.refused("ActionParameterMissing", &[name, "Image"]),
        }
    }

    /// Changes the drive at `rest` below the drives.
    pub(crate) fn change_drive(&mut self, rest: &str, body: &Value) -> Response {
        let Some(index) = drive_index(rest) else {
            return Response::unknown(rest);
        };
        let oem = self.generation.oem();
        for set in [true, false] {
            let change = json!({"Oem": {oem: {"BootOnNextServerReset": set}}});
            if *body == change && index == CD && self.drives[CD].image.is_some() {
                let drive = &mut self.drives[CD];
                drive.boot_on_next_reset = set;
                drive.starts = set.then_some(0);
                return self.done();
            }
        }
        if self.generation == Generation::Ilo4 {
            let other = body.as_object().unwrap().keys().find(|key| *key != "Image");
            if let Some(other) = other {
                return self.refused("PropertyUnknown", &[other]);
            }
        }
        match body.get("Image") {
            Some(Value::Null) => self.eject(index),
            Some(Value::String(image)) => self.insert(index, image),
            _ => Response::unknown(&format!("PATCH {rest} {body}")),
        }
    }

    fn insert(&mut self, index: usize, image: &str) -> Response {
        let is_url = Url::parse(image).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_url {
            return Response::unknown("an image that is no http:// or https:// URL");
        }
        if !self.licensed {
            return self.refused("LicenseKeyRequired", &[]);
        }
        if self.drives[index].image.is_some() {
            return self.refused("MaxVirtualMediaConnectionEstablished", &[]);
        }
        self.drives[index] = DriveState {
            image: Some(image.to_owned()),
            ..DriveState::default()
        };
        self.done()
    }

    fn eject(&mut self, index: usize) -> Response {
        if self.drives[index].image.is_none() {
            return self.refused("NoVirtualMediaConnectionAvailable", &[]);
        }
        self.drives[index] = DriveState::default();
        self.done()
    }

    /// Counts a start of the server. Returns the image of the CD drive if it is booted from because
    /// of `BootOnNextServerReset`.
    pub(crate) fn start_of_cd(&mut self) -> Option<String> {
        let drive = &mut self.drives[CD];
        let starts = drive.starts.as_mut()?;
        *starts += 1;
        if *starts > 1 {
            *drive = DriveState::default();
            return None;
        }
        drive.boot_on_next_reset = false;
        drive.image.clone()
    }
}
