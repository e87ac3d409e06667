//! The progress of one reading.

use std::time::{Duration, Instant};

use super::limits::{Failure, Limits};

/// The progress of one reading, held against its limits.
#[derive(Debug)]
pub(super) struct Progress {
    limits: Limits,
    began: Instant,
    /// How long the server was waited for, and how many bytes it sent, in this window.
    waited: Duration,
    received: u64,
}

impl Progress {
    pub(super) fn new(limits: Limits, began: Instant) -> Self {
        Self {
            limits,
            began,
            waited: Duration::ZERO,
            received: 0,
        }
    }

    /// Returns how long the next bytes may be waited for.
    pub(super) fn patience(&self) -> Duration {
        let left = self.limits.deadline.saturating_sub(self.began.elapsed());
        let patience = self.limits.stall.min(left);
        match self.is_slow() {
            true => patience.min(self.limits.window.saturating_sub(self.waited)),
            false => patience,
        }
    }

    /// Records that the server was waited for this long, and sent `received` bytes, none if it sent
    /// nothing in time.
    pub(super) fn record(
        &mut self,
        waited: Duration,
        received: Option<u64>,
    ) -> Result<(), Failure> {
        self.waited = self.waited.saturating_add(waited);
        self.received = self.received.saturating_add(received.unwrap_or_default());
        if self.began.elapsed() >= self.limits.deadline {
            return Err(Failure::Deadline);
        }
        if received.is_none() && waited >= self.limits.stall {
            return Err(Failure::Stalled);
        }
        if self.waited < self.limits.window {
            return Ok(());
        }
        if self.is_slow() {
            return Err(Failure::TooSlow);
        }
        (self.waited, self.received) = (Duration::ZERO, 0);
        Ok(())
    }

    /// Whether the window would be too slow if it ended without another byte.
    fn is_slow(&self) -> bool {
        let expected = u128::from(self.limits.min_rate) * self.limits.window.as_millis() / 1000;
        u128::from(self.received) < expected
    }
}
