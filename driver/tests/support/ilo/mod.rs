//! A stand-in that answers as iLOs do: what real ones answered (`fixtures/ilo`), with state and
//! time.
//!
//! Its time is [`SimulatedTime`], so that minutes pass at once for a client that sleeps by the same
//! clock. What is known about iLOs has many sources; what none of them tells is refused.
//!
//! - During POST, the next boot cannot be set. A server is in POST for two minutes after it was
//!   switched on, unless [`Machine::post`] says otherwise.
//! - Power changes take some seconds, in which no other is possible.
//! - `BootSourceOverrideMode` cannot be written. The boot mode, secure boot and the boot order are
//!   pending until the server has started.
//! - Inserting into a full drive and ejecting from an empty one are errors. A medium with
//!   `BootOnNextServerReset` is booted from once, and ejected at the second start.
//! - Errors have no text, and successes have an `error` object, too.
//! - An iLO that restarts closes connections, and forgets media and sessions.
//! - An iLO 4 has no standard virtual media actions. Its identifiers end in a slash; requests
//!   without it are redirected.

mod access;
mod capture;
pub(crate) mod clock;
mod machine;
mod media;
pub(crate) mod refusals;
mod resources;
mod server;
mod state;
mod system;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::{Value, json};

pub(crate) use self::access::{PASSWORD, USER};
use self::capture::Capture;
pub(crate) use self::clock::SimulatedTime;
pub(crate) use self::refusals::{Fault, Trouble};
use self::refusals::{Injected, Place};
use self::server::Server;
pub(crate) use self::state::State;
use driver::bmc::{Clock, Redfish};

/// The iLOs whose answers are in `fixtures/ilo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    Ilo4,
    /// An iLO 5 2.72.
    Ilo5,
    /// An iLO 5 3.11.
    Ilo5Late,
    Ilo6,
    Ilo7,
}

impl Generation {
    pub(crate) const ALL: [Self; 5] = [
        Self::Ilo4,
        Self::Ilo5,
        Self::Ilo5Late,
        Self::Ilo6,
        Self::Ilo7,
    ];

    fn directory(self) -> &'static str {
        match self {
            Self::Ilo4 => "ilo4",
            Self::Ilo5 => "ilo5-2.72",
            Self::Ilo5Late => "ilo5-3.11",
            Self::Ilo6 => "ilo6-1.66",
            Self::Ilo7 => "ilo7-1.14",
        }
    }

    /// The key of HPE's extensions.
    pub(crate) fn oem(self) -> &'static str {
        match self {
            Self::Ilo4 => "Hp",
            _ => "Hpe",
        }
    }
}

/// A running stand-in, stopped when this is dropped.
pub(crate) struct Ilo {
    server: Server,
    state: Arc<Mutex<State>>,
    clock: Arc<SimulatedTime>,
}

impl Ilo {
    /// An iLO whose server is off, with empty drives.
    pub(crate) fn start(generation: Generation) -> Self {
        Self::launch(generation, None)
    }

    /// One that answers by HTTPS.
    pub(crate) fn by_https(generation: Generation, tls: ServerConfig) -> Self {
        Self::launch(generation, Some(Arc::new(tls)))
    }

    fn launch(generation: Generation, tls: Option<Arc<ServerConfig>>) -> Self {
        let clock = SimulatedTime::start();
        let state = State::new(generation, Arc::clone(&clock));
        let state = Arc::new(Mutex::new(state));
        let server = Server::start(Arc::clone(&state), tls);
        let ilo = Self {
            server,
            state,
            clock,
        };
        let address = ilo.address();
        clock::register(&address, &ilo.clock);
        ilo.state(|state| state.address = address);
        ilo
    }

    pub(crate) fn with(generation: Generation, fault: Fault) -> Self {
        let ilo = Self::start(generation);
        ilo.state(|state| state.fault = Some(fault));
        ilo
    }

    /// One whose server starts in no time, for clients that have another clock.
    pub(crate) fn without_post(generation: Generation) -> Self {
        let ilo = Self::start(generation);
        ilo.state(|state| state.machine.post = Duration::ZERO);
        ilo
    }

    /// Whether this iLO has a message with this name.
    pub(crate) fn has_message(generation: Generation, name: &str) -> bool {
        Capture::of(generation).has_message(name)
    }

    /// Reads or changes the state.
    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        state.settle();
        look(&mut state)
    }

    /// Makes this trouble at the next `times` requests with this method whose path has this part.
    pub(crate) fn trouble(&self, method: &'static str, path: &str, trouble: Trouble, times: usize) {
        self.inject(Injected {
            at: Place::Part(method, path.to_owned()),
            skip: 0,
            trouble,
            left: times,
        });
    }

    pub(crate) fn inject(&self, injected: Injected) {
        self.state(|state| state.troubles.push(injected));
    }

    /// Ends the fault and all trouble, and gives it a licence and the user all privileges.
    pub(crate) fn repair(&self) {
        self.state(|state| {
            state.fault = None;
            state.troubles.clear();
            (state.licensed, state.privileged) = (true, true);
        });
    }

    /// What the server booted each time, after it has had the time to boot: the image in the CD
    /// drive, `disk` or `network`.
    pub(crate) fn boots(&self) -> Vec<String> {
        let left = self.state(|state| state.machine.until_booted(state.now()));
        self.clock.skip(left);
        self.state(|state| state.boots.clone())
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.skip(Duration::from_secs(seconds));
    }

    /// The time since the start.
    pub(crate) fn seconds(&self) -> u64 {
        self.clock.now().as_secs()
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    pub(crate) fn driver_info(&self) -> Value {
        json!({
            "redfish_address": self.address(),
            "redfish_username": USER, "redfish_password": PASSWORD,
        })
    }

    /// The requests other than GET, as `METHOD PATH BODY`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let requests = self.state(|state| state.requests.clone());
        requests
            .into_iter()
            .filter(|request| !request.starts_with("GET "))
            .collect()
    }
}

/// Lets a client use the clock of the stand-in that it asks, if it asks one.
pub(crate) fn with_its_clock(redfish: Redfish, driver_info: &Value) -> Redfish {
    let address = driver_info.get("redfish_address").and_then(Value::as_str);
    match address.and_then(clock::clock_of) {
        Some(clock) => redfish.with_clock(clock),
        None => redfish,
    }
}
