//! Time and memory per megabyte from 1 MB to 100 MB, each measured in a process of its own.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use confmig::migrate::{Route, Settings, migrate};
use confmig::pack::{DEFAULT_PACK, Pack};
use confmig::report::{Paint, unified_diff};
use confmig::secret::Secrets;
use oslo_config::{Document, ParsedFile};

use crate::table::Table;
use crate::text::{Shape, configuration};

/// The first argument of a process that does one piece of work.
pub(crate) const CHILD: &str = "--measure-growth";

const MEGABYTES: [usize; 3] = [1, 10, 100];

/// The number of runs of each process, of which the best counts.
const ROUNDS: usize = 3;

/// The time after which a process is stopped, since its cost cannot be linear.
const PATIENCE: Duration = Duration::from_secs(120);

/// The limits for the cost of a megabyte in 100 MB relative to 1 MB. The latter fits into the
/// processor's caches; quadratic growth would be a factor of 100.
const TIME_FACTOR: f64 = 3.0;
const MEMORY_FACTOR: f64 = 1.25;

const WORK: [(&str, &str, Shape); 4] = [
    ("parse", "parse", Shape::Distinct),
    ("migrate", "migrate, every name set once", Shape::Distinct),
    ("migrate", "migrate, few names set often", Shape::Repeated),
    ("diff", "migrate and diff", Shape::Distinct),
];

/// The cost of a piece of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// The peak memory of the process, its text included, above that of an idle one.
    kilobytes: u64,
}

impl Cost {
    /// Returns the smaller of each figure of two costs.
    fn or_less(self, other: Option<Cost>) -> Cost {
        let other = other.unwrap_or(self);
        Cost {
            time: self.time.min(other.time),
            kilobytes: self.kilobytes.min(other.kilobytes),
        }
    }

    pub(crate) fn milliseconds_each(&self, megabytes: usize) -> f64 {
        self.time.as_secs_f64() * 1e3 / megabytes as f64
    }

    pub(crate) fn mebibytes_each(&self, megabytes: usize) -> f64 {
        self.kilobytes as f64 / 1024.0 / megabytes as f64
    }
}

pub(crate) fn measure(table: &mut Table) {
    table.section("Growth: time and peak memory per MB".to_owned());
    for (work, label, shape) in WORK {
        let mut costs: [Option<Cost>; 3] = [None; 3];
        for round in 0..ROUNDS {
            for (best, megabytes) in costs.iter_mut().zip(MEGABYTES) {
                if round == 0 || best.is_some() {
                    *best = in_child(work, shape, megabytes).map(|cost| cost.or_less(*best));
                }
            }
        }
        for (cost, megabytes) in costs.iter().zip(MEGABYTES) {
            table.growth(&format!("{label}: {megabytes} MB"), *cost, megabytes);
        }
        let factor = |measure: fn(&Cost, usize) -> f64| match &costs {
            [Some(small), _, Some(large)] => {
                measure(large, MEGABYTES[2]) / measure(small, MEGABYTES[0])
            }
            _ => f64::INFINITY,
        };
        let (time, memory) = (
            factor(Cost::milliseconds_each),
            factor(Cost::mebibytes_each),
        );
        table.requirement(
            &format!("{label}: a MB takes at most {TIME_FACTOR} times the time ({time:.2})"),
            time <= TIME_FACTOR,
        );
        table.requirement(
            &format!("{label}: a MB takes at most {MEMORY_FACTOR} times the memory ({memory:.2})"),
            memory <= MEMORY_FACTOR,
        );
    }
}

/// Runs a process for one piece of work; `None` if it took too long.
fn in_child(work: &str, shape: Shape, megabytes: usize) -> Option<Cost> {
    let mut child = Command::new(std::env::current_exe().expect("a path of its own"))
        .args([CHILD, work, &format!("{shape:?}"), &megabytes.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the benchmark runs itself");
    let start = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait()).expect("a child");
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut fields = text.split_whitespace().map(str::parse);
    let (Some(Ok(nanos)), Some(Ok(kilobytes))) = (fields.next(), fields.next()) else {
        panic!("{work} of {megabytes} MB: {output:?}");
    };
    Some(Cost {
        time: Duration::from_nanos(nanos),
        kilobytes,
    })
}

/// Does one piece of work and prints the time in nanoseconds and the peak memory in KiB.
pub(crate) fn child(words: impl Iterator<Item = String>) {
    let words: Vec<String> = words.collect();
    let [work, shape, megabytes] = &words[..] else {
        panic!("{CHILD} WORK SHAPE MEGABYTES");
    };
    let shape = match &**shape {
        "Repeated" => Shape::Repeated,
        _ => Shape::Distinct,
    };
    let megabytes: usize = megabytes.parse().expect("a number");
    let pack = Pack::load(DEFAULT_PACK).expect("the default pack");
    // The program's own pages, and what is made only once, do not count.
    perform(work, &configuration(20_000, shape), &pack);
    let idle = peak_kilobytes();
    let text = configuration(megabytes * 1_000_000, shape);
    let start = Instant::now();
    perform(work, &text, &pack);
    let time = start.elapsed().as_nanos();
    println!("{time} {}", peak_kilobytes() - idle);
}

fn perform(work: &str, text: &str, pack: &Pack) {
    match work {
        "parse" => {
            let document = Document::parse(black_box(text.as_bytes())).expect("valid");
            assert!(black_box(document).line_count() > text.len() / 50);
        }
        "migrate" => drop(black_box(migrated(text, pack))),
        "diff" => {
            let after = migrated(text, pack);
            let secrets = Secrets::hidden(pack);
            let path = Path::new("ironic.conf");
            let diff = unified_diff(path, text.as_bytes(), &after, &secrets, Paint::Plain);
            assert!(!black_box(diff).is_empty());
        }
        _ => panic!("no work is named {work}"),
    }
}

/// Migrates a text and checks that it changes.
fn migrated(text: &str, pack: &Pack) -> Vec<u8> {
    let document = Document::parse(black_box(text.as_bytes())).expect("valid");
    let path = Path::new("ironic.conf");
    let files = [ParsedFile { path, document }];
    let migration = migrate(&files, &Route::pack(pack), &Settings::default()).expect("a migration");
    assert!(!migration.is_empty(), "{:?}", migration.decisions);
    let file = migration.files.into_iter().next();
    file.expect("one file").after.into()
}

/// Returns the peak resident memory of this process, `VmHWM`.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number of kB")
}
