//! The state of the BMC and its server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use driver::bmc::Clock;
use serde_json::{Value, json};

use super::access::Access;
use super::capture::Capture;
use super::machine::Machine;
use super::refusals::{Fault, Injected, Response, Trouble, status_of};
use super::server::{Request, Then};
use super::{Generation, SimulatedTime};

pub(crate) const ROOT: &str = "/redfish/v1";
pub(crate) const SYSTEM: &str = "/redfish/v1/Systems/1";
pub(crate) const MANAGER: &str = "/redfish/v1/Managers/1";
pub(crate) const MEDIA: &str = "/redfish/v1/Managers/1/VirtualMedia";

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) generation: Generation,
    pub(crate) capture: Arc<Capture>,
    clock: Arc<SimulatedTime>,
    /// Scheme, host and port.
    pub(crate) address: String,
    pub(crate) fault: Option<Fault>,
    pub(crate) troubles: Vec<Injected>,
    /// When the iLO, which restarts, is back.
    away_until: Duration,
    pub(crate) access: Access,
    /// Whether it has a licence for virtual media by URL.
    pub(crate) licensed: bool,
    /// Whether the user may do more than read.
    pub(crate) privileged: bool,
    /// The floppy drive and the CD drive.
    pub(crate) drives: [DriveState; 2],
    pub(crate) machine: Machine,
    pub(crate) override_enabled: String,
    pub(crate) override_target: String,
    /// The message with which the BIOS does not take pending settings, if it does not.
    pub(crate) settings_refused: Option<&'static str>,
    /// Whether the override is refused as unsupported, as by some iLO 6.
    pub(crate) lacks_override: bool,
    /// The settings that wait for the server's next start, by their resources' keys.
    pub(crate) pending: BTreeMap<&'static str, Value>,
    /// The resources that differ from the capture.
    pub(crate) changed: BTreeMap<String, Value>,
    /// What the server booted, each time.
    pub(crate) boots: Vec<String>,
    /// All requests, as `METHOD PATH BODY`.
    pub(crate) requests: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct DriveState {
    pub(crate) image: Option<String>,
    pub(crate) boot_on_next_reset: bool,
    /// The number of starts since that was set.
    pub(crate) starts: Option<usize>,
    /// How often the drive was read since the image was inserted.
    pub(crate) reads: usize,
}

impl State {
    pub(crate) fn new(generation: Generation, clock: Arc<SimulatedTime>) -> Self {
        Self {
            generation,
            capture: Capture::of(generation),
            clock,
            address: String::new(),
            fault: None,
            troubles: Vec::new(),
            away_until: Duration::ZERO,
            access: Access::default(),
            licensed: true,
            privileged: true,
            drives: Default::default(),
            machine: Machine::off(),
            override_enabled: "Disabled".into(),
            override_target: "None".into(),
            settings_refused: None,
            lacks_override: false,
            pending: BTreeMap::new(),
            changed: BTreeMap::new(),
            boots: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Does what was due since the last request.
    pub(crate) fn settle(&mut self) {
        let now = self.now();
        if self.machine.boots(now) {
            self.boot();
        }
    }

    pub(crate) fn message(&self, status: u16, name: &str, arguments: &[&str]) -> Response {
        Response::message(&self.capture, status, name, arguments)
    }

    pub(crate) fn refused(&self, name: &str, arguments: &[&str]) -> Response {
        self.message(status_of(name), name, arguments)
    }

    pub(crate) fn done(&self) -> Response {
        self.message(200, "Success", &[])
    }

    /// Restarts the iLO, which forgets sessions and media.
    pub(crate) fn restart(&mut self, time: Duration) {
        self.away_until = self.now() + time;
        self.access.sessions.clear();
        self.drives = Default::default();
    }

    /// Answers a request, with the trouble that tests make.
    pub(crate) fn serve(&mut self, request: &Request) -> Then {
        self.settle();
        if self.now() < self.away_until {
            return Then::Close;
        }
        let body = request.body.as_ref().map(Value::to_string);
        let line = format!(
            "{} {} {}",
            request.method,
            request.path,
            body.unwrap_or_default()
        );
        self.requests.push(line.trim().to_owned());
        let trouble = self.next_trouble(request);
        match trouble {
            Some(Trouble::Refused(name)) => {
                let image = request
                    .body
                    .as_ref()
                    .and_then(|body| body["Image"].as_str());
                // These name the image.
                let of_image =
                    name == "CouldNotEstablishConnection" || name == "SourceDoesNotSupportProtocol";
                let arguments: Vec<&str> = image.filter(|_| of_image).into_iter().collect();
                Then::Answer(self.refused(name, &arguments))
            }
            Some(Trouble::RetryAfter(seconds)) => {
                let answer = Response::json(503, &json!({}));
                Then::Answer(answer.with("Retry-After", seconds.to_string()))
            }
            Some(Trouble::Dropped) => Then::Close,
            Some(Trouble::Restarts(time)) => {
                self.restart(time);
                Then::Close
            }
            Some(Trouble::DroppedAfterwards) => {
                self.answer(request);
                Then::Close
            }
            Some(Trouble::RestartsAfterwards(time)) => {
                self.answer(request);
                let drives = self.drives.clone();
                self.restart(time);
                self.drives = drives;
                Then::Close
            }
            None => Then::Answer(self.answer(request)),
        }
    }

    fn next_trouble(&mut self, request: &Request) -> Option<Trouble> {
        let mut troubles = self.troubles.iter_mut();
        troubles.find_map(|one| one.happens(request).then(|| one.trouble.clone()))
    }

    fn answer(&mut self, request: &Request) -> Response {
        if self.fault == Some(Fault::Garbage) {
            let mut response = Response::json(200, &Value::Null);
            response.body = "<html>It works!</html>".into();
            return response;
        }
        let path = request.path.as_str();
        if self.generation == Generation::Ilo4 {
            if !path.ends_with('/') {
                let response = Response::json(308, &json!({}));
                return response.with("Location", format!("{path}/"));
            }
            if request.header("odata-version") != Some("4.0") {
                return Response::unknown("an iLO 4 without OData-Version: 4.0");
            }
        }
        if request.body.is_some() && request.header("content-type") != Some("application/json") {
            return Response::unknown("a body without Content-Type: application/json");
        }
        if let Some(refusal) = self.unauthorized(request) {
            return refusal;
        }
        if let Some(response) = self.sessions(request) {
            return response;
        }
        match (request.method.as_str(), &request.body) {
            ("GET", None) => self.get(path),
            ("POST" | "PATCH", Some(_)) if !self.privileged => {
                self.refused("InsufficientPrivilege", &[])
            }
            ("POST", Some(body)) => self.act(path.trim_end_matches('/'), body),
            ("PATCH", Some(body)) => self.change(path.trim_end_matches('/'), body),
            (method, _) => Response::unknown(&format!("{method} {path}")),
        }
    }

    fn act(&mut self, path: &str, body: &Value) -> Response {
        match path.strip_prefix(MEDIA) {
            Some(rest) => self.act_on_drive(rest, body),
            None => self.act_on_server(path, body),
        }
    }

    fn change(&mut self, path: &str, body: &Value) -> Response {
        match path.strip_prefix(MEDIA) {
            Some(rest) => self.change_drive(rest, body),
            None => self.change_server(path, body),
        }
    }
}
