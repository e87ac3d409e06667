//! The clocks of servers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use url::Url;

use super::request::Response;
use crate::http::warned;

/// The difference between two clocks above which a warning is logged.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// The clock of a server, read from one of its responses.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerClock {
    /// Seconds since 1970 at the time of the response.
    pub(super) then: u64,
    pub(super) received: Instant,
}

impl ServerClock {
    /// Reads the clock of the server that sent `response`; takes this machine's if the response has
    /// no `Date`.
    pub(super) fn of(response: &Response) -> Self {
        let here = since_1970(SystemTime::now());
        let date = response.header("date");
        let there = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let there = there.and_then(|time| u64::try_from(time.timestamp()).ok());
        if let Some(there) = there.filter(|there| there.abs_diff(here) > CLOCKS_APART.as_secs()) {
            warn(response, there, here);
        }
        Self {
            then: there.unwrap_or(here),
            received: Instant::now(),
        }
    }

    /// Returns the current time, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.then.saturating_add(self.received.elapsed().as_secs())
    }

    /// Converts `time` by this machine's clock to the server's.
    pub(super) fn at(&self, time: SystemTime) -> SystemTime {
        let (there, here) = (self.now(), since_1970(SystemTime::now()));
        let apart = Duration::from_secs(there.abs_diff(here));
        let moved = if there > here {
            time.checked_add(apart)
        } else {
            time.checked_sub(apart)
        };
        moved.unwrap_or(UNIX_EPOCH)
    }
}

/// Warns, once, that the clock of the server that sent `response` differs from this machine's.
fn warn(response: &Response, there: u64, here: u64) {
    // The request is a method and a URL.
    let url = response.request.split(' ').nth(1).map(Url::parse);
    let server = url.and_then(Result::ok).map(|url| url.origin());
    let server = server.map_or(String::new(), |server| server.ascii_serialization());
    if !warned::is_new(&server, "clock") {
        return;
    }
    let apart = there.abs_diff(here);
    let which = if there > here { "ahead" } else { "behind" };
    log::warn!(
        "the clock of Swift is {apart} seconds {which} of this machine's; Swift's clock determines \
         all times"
    );
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_converted_to_a_clock_that_is_ahead() {
        let here = since_1970(SystemTime::now());
        let clock = ServerClock {
            then: here + 3600,
            received: Instant::now(),
        };
        let time = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let there = since_1970(clock.at(time));
        assert!((1_003_599..=1_003_601).contains(&there), "{there}");
    }
}
