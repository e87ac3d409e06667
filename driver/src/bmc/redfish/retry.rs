//! How long, and how often, something is tried again, and the clock that tells.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The time that a [`Redfish`](super::Redfish) measures its deadlines and pauses by, which a test
/// can replace by one that passes faster. How long a single response may take is always measured in
/// real time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time since a fixed moment.
    fn now(&self) -> Duration;

    /// Waits for this time.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Real time.
#[derive(Debug)]
pub(super) struct RealTime(Instant);

impl RealTime {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RealTime {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(sleep(time))
    }
}

/// The pauses of a step until its deadline. They double from 2 to 30 seconds.
#[derive(Debug)]
pub(super) struct Retry<'c> {
    clock: &'c dyn Clock,
    start: Duration,
    limit: Duration,
    pause: Duration,
}

impl<'c> Retry<'c> {
    /// The first pause, and the interval at which a state is polled that should be there soon.
    pub(super) const FIRST: Duration = Duration::from_secs(2);

    const LONGEST: Duration = Duration::from_secs(30);

    /// The shortest interval at which a state is polled.
    const SHORTEST: Duration = Duration::from_millis(100);

    pub(super) fn new(clock: &'c dyn Clock, limit: Duration) -> Self {
        Self {
            clock,
            start: clock.now(),
            limit,
            pause: Self::FIRST,
        }
    }

    /// Returns the time that is left until the deadline.
    pub(super) fn left(&self) -> Duration {
        let spent = self.clock.now().saturating_sub(self.start);
        self.limit.saturating_sub(spent)
    }

    /// Waits before the next try, for at least as long as the BMC asked for; `false` if the
    /// deadline is reached. The last try is at the deadline.
    pub(super) async fn wait(&mut self, asked: Option<Duration>) -> bool {
        let pause = self.pause.max(asked.unwrap_or_default());
        self.pause = (self.pause * 2).min(Self::LONGEST);
        self.sleep(pause).await
    }

    /// Waits before the state is read again; `false` if the deadline is reached.
    pub(super) async fn poll(&mut self, interval: Duration) -> bool {
        self.sleep(interval.max(Self::SHORTEST)).await
    }

    async fn sleep(&self, pause: Duration) -> bool {
        let left = self.left();
        if left.is_zero() {
            return false;
        }
        self.clock.sleep(pause.min(left)).await;
        true
    }

    /// Returns how long it was tried.
    pub(super) fn seconds(&self) -> u64 {
        self.clock.now().saturating_sub(self.start).as_secs()
    }
}
