//! Captures everything that is logged, through `log` and `tracing`, at every level.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

static LOG: Mutex<String> = Mutex::new(String::new());

struct Capture;

/// Captures what is logged from now on, by all tests in this process.
pub(crate) fn record() {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(Capture).unwrap();
    });
}

/// The lines that were logged so far.
pub(crate) fn lines() -> Vec<String> {
    let log = LOG.lock().unwrap();
    log.lines().map(str::to_owned).collect()
}

#[track_caller]
pub(crate) fn assert_logged(word: &str) {
    let lines = lines();
    let found = lines.iter().any(|line| line.contains(word));
    assert!(found, "{word} was not logged:\n{}", lines.join("\n"));
}

/// Panics when one of `secrets` was logged, as it is or in a dump of bytes.
#[track_caller]
pub(crate) fn assert_without(secrets: &[&str]) {
    let lines = lines();
    assert!(!lines.is_empty(), "nothing was logged");
    for secret in secrets {
        // A dump is in rows of hexadecimal or comma-separated decimal numbers, and the secret may
        // begin anywhere in a row.
        let [hexadecimal, decimal]: [Vec<String>; 2] = [
            |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect(),
            |part: &[u8]| part.iter().map(|byte| format!("{byte},")).collect(),
        ]
        .map(|dump: fn(&[u8]) -> String| secret.as_bytes().windows(8).map(dump).collect());
        for line in &lines {
            let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            let dumped = |parts: &[String]| parts.iter().any(|part| dense.contains(part.as_str()));
            assert!(
                !line.contains(secret) && !dumped(&hexadecimal) && !dumped(&decimal),
                "{secret} was logged: {line}"
            );
        }
    }
}

fn keep(line: &str) {
    writeln!(LOG.lock().unwrap(), "{line}").unwrap();
}

impl log::Log for Capture {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // The HTTP client of the tests themselves, which logs whole requests.
        !metadata.target().starts_with("ureq")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let (level, target) = (record.level(), record.target());
            let mut fields = KeyValues(String::new());
            // Fails only if the visitor does, which this one does not.
            record.key_values().visit(&mut fields).unwrap();
            keep(&format!("{level} {target}: {}{}", record.args(), fields.0));
        }
    }

    fn flush(&self) {}
}

struct KeyValues(String);

impl<'kvs> log::kv::VisitSource<'kvs> for KeyValues {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        write!(self.0, " {key}={value}").unwrap();
        Ok(())
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut fields = Fields(format!("span {}", span.metadata().name()));
        span.record(&mut fields);
        keep(&fields.0);
        Id::from_u64(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields("record".to_owned());
        values.record(&mut fields);
        keep(&fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(format!("event {}", event.metadata().target()));
        event.record(&mut fields);
        keep(&fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
