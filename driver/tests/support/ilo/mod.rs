//! A strict stand-in for an iLO, for HPE's extensions, which the emulators lack.
//!
//! It implements what proliantutils, Ironic and HPE's ilorest send and expect, and refuses
//! everything else. It has not been compared with hardware.
//!
//! - All identifiers end in a slash. Requests without it are redirected.
//! - An iLO 4 has no standard virtual media actions, only those of `Oem.Hp`. `Image` is writable.
//! - iLO 5 and 6 have the standard actions and those of `Oem.Hpe`. `Image` is read-only.
//! - Inserting takes `Image` and nothing else. Ejecting takes no parameters.
//! - Inserting into a full drive and ejecting from an empty one are errors.
//! - The next start uses up the one-time boot override.
//! - A medium with `BootOnNextServerReset` is ejected at the second start after that was set.

mod resources;
mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use self::server::Server;

pub(crate) const USER: &str = "Administrator";
pub(crate) const PASSWORD: &str = "pass-w0rd-of-the-ilo";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Ilo4,
    Ilo5,
    Ilo6,
}

/// What the stand-in does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The standard actions fail, and HPE's work.
    StandardActionsFail,
    /// All virtual media actions fail. Changing `Image` works where it is writable.
    ActionsFail,
    /// Inserting requires two more parameters, as with BMCs of other makers.
    RequiresParameters,
    /// Inserting fails in every way.
    RefusesToInsert,
    /// Inserting succeeds, but the drive is reported as empty.
    ReportsEmptyDrive,
    /// Inserting succeeds, but another image is reported.
    ReportsAnotherImage,
    /// The image is reported only from the third time on that the drive is read.
    ReportsLate,
    /// It inserts the image, restarts instead of answering, and is back after this time.
    RestartsAfterInserting(Duration),
    /// It restarts before it inserts anything, and is back after this time.
    RestartsBeforeInserting(Duration),
    /// It never answers.
    Hangs,
    /// It answers this many requests with "not ready".
    NotReady(usize),
    /// It fails at this many requests to read.
    FailsToRead(usize),
    /// It has no licence for virtual media.
    NoLicence,
    /// The user may not use virtual media.
    NoPrivilege,
    /// It has no CD drive.
    NoCdDrive,
    /// Resets succeed but do not change the power state.
    PowerStays,
    /// It refuses this many times to switch the server on.
    BusyAfterOff(usize),
    /// Setting the next boot succeeds but changes nothing.
    OverrideStays,
    /// Its links point to another host.
    LinksToAnotherHost,
    /// Its answers are not JSON.
    Garbage,
}

/// A running stand-in, stopped when this is dropped.
pub(crate) struct Ilo {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// The state of the BMC and its server.
pub(crate) struct State {
    pub(crate) generation: Generation,
    pub(crate) fault: Option<Fault>,
    /// The floppy drive and the CD drive.
    pub(crate) drives: [DriveState; 2],
    pub(crate) power: &'static str,
    pub(crate) override_enabled: &'static str,
    pub(crate) override_target: &'static str,
    /// What the server was booted from, each time: the image in the CD drive, or `disk`.
    pub(crate) starts: Vec<String>,
    /// All requests, as `METHOD PATH BODY`.
    pub(crate) requests: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct DriveState {
    pub(crate) image: Option<String>,
    pub(crate) boot_on_next_reset: bool,
    /// The number of starts since that was set.
    pub(crate) starts: usize,
    /// How often the drive was read.
    pub(crate) reads: usize,
}

impl Ilo {
    pub(crate) fn start(generation: Generation) -> Self {
        Self::launch(generation, None)
    }

    pub(crate) fn with(generation: Generation, fault: Fault) -> Self {
        Self::launch(generation, Some(fault))
    }

    fn launch(generation: Generation, fault: Option<Fault>) -> Self {
        let state = Arc::new(Mutex::new(State {
            generation,
            fault,
            drives: Default::default(),
            power: "Off",
            override_enabled: "Disabled",
            override_target: "None",
            starts: Vec::new(),
            requests: Vec::new(),
        }));
        let server = Server::start(Arc::clone(&state));
        Self { server, state }
    }

    /// Reads or changes the state.
    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    pub(crate) fn repair(&self) {
        self.state(|state| state.fault = None);
    }

    pub(crate) fn driver_info(&self) -> Value {
        json!({
            "redfish_address": format!("http://127.0.0.1:{}", self.server.port),
            "redfish_username": USER, "redfish_password": PASSWORD,
        })
    }

    /// The requests other than GET.
    pub(crate) fn changes(&self) -> Vec<String> {
        let requests = self.state(|state| state.requests.clone());
        requests
            .into_iter()
            .filter(|request| !request.starts_with("GET "))
            .collect()
    }
}
