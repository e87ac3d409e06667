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

/// Fails when something that was logged holds one of `secrets`, as it is or in hexadecimal.
#[track_caller]
pub fn assert_without(secrets: &[&str]) {
    let lines = lines();
    assert!(!lines.is_empty(), "nothing was logged");
    // A dump of what is sent comes in rows of some bytes, and a secret begins anywhere in a row.
    let parts = |secret: &str| -> Vec<String> {
        let bytes = secret.as_bytes().windows(8);
        bytes
            .map(|part| part.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect()
    };
    for secret in secrets {
        let parts = parts(secret);
        for line in &lines {
            let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            let dumped = parts.iter().any(|part| dense.contains(part));
            assert!(
                !line.contains(secret) && !dumped,
                "{secret} was logged: {line}"
            );
        }
    }
}
