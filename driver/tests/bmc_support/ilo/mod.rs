//! A stand-in for an iLO: what HPE has and the emulators have not.
//!
//! It follows what proliantutils, Ironic and HPE's ilorest do and expect, and refuses everything else. It
//! was not compared with hardware.
//!
//! - All identifiers end in a slash; without it they are redirected.
//! - iLO 4: no standard action on virtual media, but those of `Oem.Hp`, and `Image` can be changed.
//! - iLO 5 and 6: the standard actions, and those of `Oem.Hpe`; `Image` cannot be changed.
//! - Only `Image` is taken when inserting, and nothing when ejecting.
//! - Nothing is inserted over a medium, and nothing ejected from an empty drive.
//! - The one-time boot override is used up at the next start.
//! - A medium with `BootOnNextServerReset` is ejected at the second start from then.

mod resources;
mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use self::server::Server;

pub const USER: &str = "Administrator";
pub const PASSWORD: &str = "pass-w0rd-of-the-ilo";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    Ilo4,
    Ilo5,
    Ilo6,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The standard actions fail; HPE's own work.
    StandardActionsFail,
    /// All actions on media fail; changing the image works, where it can be changed.
    ActionsFail,
    /// It takes an image with two more parameters only, as BMCs of other makers do.
    AsksForParameters,
    /// Nothing is inserted, whichever way.
    RefusesToInsert,
    /// It takes the image, but the drive stays empty.
    SaysInsertedButIsNot,
    /// It takes the image, and shows another one.
    ShowsAnotherImage,
    /// It shows the image at the third look only.
    ShowsLate,
    /// It takes the image, goes away before it says so, and is back after this time.
    RestartsAfterInserting(Duration),
    /// It goes away before it does anything, and is back after this time.
    RestartsBeforeInserting(Duration),
    /// It never answers.
    Hangs,
    /// It says that it is not ready, until this many requests were made.
    NotReady(usize),
    /// No licence for virtual media.
    NoLicence,
    /// The user may not use virtual media.
    NoPrivilege,
    /// There is no drive for CDs.
    NoCdDrive,
    /// The server stays as it is, whatever it is told.
    PowerStays,
    /// It refuses to switch the server on, this many times.
    BusyAfterOff(usize),
    /// The next boot does not change.
    OverrideStays,
    /// Its identifiers lead to another host.
    LeadsElsewhere,
    /// Its answers are not JSON.
    Garbage,
}

/// A running stand-in, stopped when this is dropped.
pub struct Ilo {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// What an iLO knows.
pub struct State {
    pub generation: Generation,
    pub fault: Option<Fault>,
    /// Drive 1 and drive 2.
    pub drives: [DriveState; 2],
    pub power: &'static str,
    pub override_enabled: &'static str,
    pub override_target: &'static str,
    /// What the server was started from, each time.
    pub starts: Vec<String>,
    /// Every request: method, path, body.
    pub requests: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub struct DriveState {
    pub image: Option<String>,
    pub boot_on_next_reset: bool,
    /// How many starts there were since that was set.
    pub starts: usize,
    pub looks: usize,
}

impl Ilo {
    pub fn start(generation: Generation) -> Self {
        Self::launch(generation, None)
    }

    pub fn with(generation: Generation, fault: Fault) -> Self {
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

    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// The fault is mended.
    pub fn mend(&self) {
        self.state(|state| state.fault = None);
    }

    pub fn driver_info(&self) -> Value {
        json!({
            "redfish_address": format!("http://127.0.0.1:{}", self.server.port),
            "redfish_username": USER, "redfish_password": PASSWORD,
        })
    }

    /// The requests other than GET, without their bodies' queries.
    pub fn changes(&self) -> Vec<String> {
        let requests = self.state(|state| state.requests.clone());
        requests
            .into_iter()
            .filter(|request| !request.starts_with("GET "))
            .collect()
    }
}
