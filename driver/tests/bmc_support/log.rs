//! Everything that is logged, by this library and by those under it, at every level.

use std::sync::{Mutex, Once};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// Records from now on.
pub fn record() {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// What was logged so far.
pub fn lines() -> Vec<String> {
    LINES.lock().unwrap().clone()
}

/// Fails when a line that was logged holds one of `secrets`, as it is or in hexadecimal, also when it
/// goes on in the next line.
#[track_caller]
pub fn assert_without(secrets: &[&str]) {
    let lines = lines();
    assert!(!lines.is_empty(), "nothing was logged");
    let all = lines.concat();
    // A dump of what is sent comes in rows, in groups of digits.
    let dense: String = all.chars().filter(|c| !c.is_whitespace()).collect();
    for secret in secrets {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        // A row of a dump may begin anywhere in the secret.
        let part = &hex[..hex.len().min(16)];
        let found = lines
            .iter()
            .find(|line| line.contains(secret) || line.replace(' ', "").contains(part));
        assert!(found.is_none(), "{secret} was logged: {found:?}");
        assert!(!all.contains(secret) && !dense.contains(secret) && !dense.contains(&hex));
    }
}
