//! Everything that is logged, by `log` and by `tracing`, at every level.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic
)]

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

static LOG: Mutex<String> = Mutex::new(String::new());

/// Keeps all that is logged.
struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        writeln!(LOG.lock().unwrap(), "{line}").unwrap();
    }

    fn flush(&self) {}
}

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

fn keep(fields: &Fields) {
    writeln!(LOG.lock().unwrap(), "{}", fields.0).unwrap();
}

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut fields = Fields(format!("span {}", span.metadata().name()));
        span.record(&mut fields);
        keep(&fields);
        tracing::span::Id::from_u64(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut fields = Fields("record".to_owned());
        values.record(&mut fields);
        keep(&fields);
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(format!("event {}", event.metadata().target()));
        event.record(&mut fields);
        keep(&fields);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// Keeps all that is logged from now on. Once in a process.
pub fn record() {
    log::set_boxed_logger(Box::new(Capture)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Capture).unwrap();
}

/// What was logged so far.
pub fn text() -> String {
    LOG.lock().unwrap().clone()
}

#[track_caller]
pub fn assert_logged(word: &str) {
    let log = text();
    assert!(log.contains(word), "{word} is not in the log:\n{log}");
}

/// Fails when `secret` was logged, as it is or in a dump of bytes.
#[track_caller]
pub fn assert_without(secret: &str) {
    // A dump comes in rows, or as numbers between commas: a secret begins anywhere in it.
    let [hexadecimal, decimal]: [Vec<String>; 2] = [
        |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect(),
        |part: &[u8]| part.iter().map(|byte| format!("{byte},")).collect(),
    ]
    .map(|shown: fn(&[u8]) -> String| secret.as_bytes().windows(8).map(shown).collect());
    for line in text().lines() {
        let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        let dumped = |parts: &[String]| parts.iter().any(|part| dense.contains(part.as_str()));
        assert!(
            !line.contains(secret) && !dumped(&hexadecimal) && !dumped(&decimal),
            "{secret} was logged: {line}"
        );
    }
}
