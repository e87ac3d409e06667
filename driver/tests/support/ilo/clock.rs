//! Time that passes at once when somebody waits.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use driver::bmc::Clock;

/// Real time, and all the time that was skipped. Whoever sleeps skips it.
#[derive(Debug)]
pub(crate) struct SimulatedTime {
    start: Instant,
    skipped: Mutex<Duration>,
}

impl SimulatedTime {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            skipped: Mutex::default(),
        })
    }

    pub(crate) fn skip(&self, time: Duration) {
        *self.skipped.lock().unwrap() += time;
    }
}

impl Clock for SimulatedTime {
    fn now(&self) -> Duration {
        self.start.elapsed() + *self.skipped.lock().unwrap()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.skip(time);
        // Other tasks get their turn, as with a real clock.
        Box::pin(tokio::task::yield_now())
    }
}

/// The clocks of the running stand-ins, by their addresses.
static CLOCKS: LazyLock<Mutex<HashMap<String, Arc<SimulatedTime>>>> = LazyLock::new(Mutex::default);

pub(super) fn register(address: &str, clock: &Arc<SimulatedTime>) {
    let mut clocks = CLOCKS.lock().unwrap();
    clocks.insert(address.to_owned(), Arc::clone(clock));
}

/// The clock of the stand-in with this address.
pub(crate) fn clock_of(address: &str) -> Option<Arc<SimulatedTime>> {
    CLOCKS.lock().unwrap().get(address).cloned()
}
