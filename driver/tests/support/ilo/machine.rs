//! The server of an iLO: its power and how far it is in starting.

use std::time::Duration;

use super::Generation;

/// How long the power takes to change.
const SWITCHING: Duration = Duration::from_secs(2);

/// How long a further change is refused after one.
const BUSY: Duration = Duration::from_secs(5);

/// How long after the power is on the server is still reported as not starting.
const BEFORE_POST: Duration = Duration::from_secs(3);

/// How long an operating system takes to shut down.
const SHUTDOWN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct Machine {
    on: bool,
    /// When the power was last changed; `None` if that is long ago.
    changed: Option<Duration>,
    /// When its operating system, which is shutting down, will switch it off.
    ends: Option<Duration>,
    /// Whether it has booted since it was switched on or restarted.
    booted: bool,
    /// Whether it found something to boot.
    found: bool,
    /// How long it takes from the power being on to the operating system.
    pub(crate) post: Duration,
    /// Whether its operating system obeys the power button.
    pub(crate) obeys: bool,
}

impl Machine {
    pub(crate) fn off() -> Self {
        Self {
            on: false,
            changed: None,
            ends: None,
            booted: true,
            found: true,
            post: Duration::from_secs(120),
            obeys: true,
        }
    }

    /// Makes it a server whose operating system has been running for long.
    pub(crate) fn run(&mut self) {
        (self.on, self.changed, self.booted) = (true, None, true);
    }

    /// Makes it a server that is off for long.
    pub(crate) fn rest(&mut self) {
        (self.on, self.changed, self.booted) = (false, None, true);
    }

    fn since_change(&self, now: Duration) -> Duration {
        self.changed
            .map_or(Duration::MAX, |changed| now.saturating_sub(changed))
    }

    /// How long the power has been on, unless it is off or changing.
    fn running(&self, now: Duration) -> Option<Duration> {
        let since = self.since_change(now);
        (self.on && since >= self.switching()).then(|| since.saturating_sub(self.switching()))
    }

    /// Without a POST, everything is done at once.
    fn switching(&self) -> Duration {
        if self.post.is_zero() {
            Duration::ZERO
        } else {
            SWITCHING
        }
    }

    pub(crate) fn power_state(&self, now: Duration, generation: Generation) -> &'static str {
        let changing = self.since_change(now) < self.switching();
        let named = generation >= Generation::Ilo5;
        match (self.on, changing) {
            (true, true) if named => "PoweringOn",
            (false, true) if named => "PoweringOff",
            (true, false) | (false, true) => "On",
            (false, false) | (true, true) => "Off",
        }
    }

    pub(crate) fn post_state(&self, now: Duration, generation: Generation) -> &'static str {
        let Some(running) = self.running(now) else {
            return "PowerOff";
        };
        let share = running.as_secs_f64() / self.post.as_secs_f64().max(0.001);
        match () {
            () if share >= 1.0 && self.found => "FinishedPost",
            () if running < BEFORE_POST => "PowerOff",
            () if share < 0.4 || generation == Generation::Ilo4 => "InPost",
            () if share < 0.7 => "InPostDiscoveryStart",
            () => "InPostDiscoveryComplete",
        }
    }

    pub(crate) fn is_in_post(&self, now: Duration) -> bool {
        let is = |running| (BEFORE_POST..self.post).contains(&running);
        self.running(now).is_some_and(is)
    }

    /// How long it takes until it has booted.
    pub(crate) fn until_booted(&self, now: Duration) -> Duration {
        if self.on && !self.booted {
            (self.switching() + self.post).saturating_sub(self.since_change(now))
        } else {
            Duration::ZERO
        }
    }

    /// Whether it now boots, which it reports once for each start.
    pub(crate) fn boots(&mut self, now: Duration) -> bool {
        if let Some(ends) = self.ends.take_if(|ends| now >= *ends) {
            (self.on, self.changed, self.booted) = (false, Some(ends), true);
        }
        let is_due = self.on && !self.booted;
        let boots = is_due && self.running(now).is_some_and(|time| time >= self.post);
        self.booted |= boots;
        boots
    }

    pub(crate) fn set_found(&mut self, found: bool) {
        self.found = found;
    }

    /// Changes the power as `ResetType` says; `false` if that is impossible in this state.
    pub(crate) fn reset(&mut self, kind: &str, now: Duration) -> bool {
        if self.since_change(now) < BUSY && !self.post.is_zero() {
            return false;
        }
        let starts = match (kind, self.on) {
            ("On" | "PushPowerButton", false) | ("ForceRestart" | "GracefulRestart", true) => true,
            ("ForceOff", true) => false,
            ("GracefulShutdown" | "PushPowerButton", true) => {
                let obeys = self.obeys && !self.is_in_post(now);
                let shutdown = if self.post.is_zero() {
                    Duration::ZERO
                } else {
                    SHUTDOWN
                };
                self.ends = obeys.then_some(now + shutdown);
                return true;
            }
            _ => return false,
        };
        self.ends = None;
        self.on = starts;
        self.changed = Some(now);
        self.booted = !starts;
        true
    }
}
