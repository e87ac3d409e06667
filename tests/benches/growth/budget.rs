//! What the program may take: its size, its start, and its memory for a large file.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tests::files::workspace;

use crate::table::Table;

/// The largest program, in bytes.
const SIZE: u64 = 10_000_000;

/// The longest start, and the number of starts of which the best counts.
const START: Duration = Duration::from_millis(3);
const STARTS: usize = 100;

/// The size of the large file in bytes, and the most memory for each of its bytes.
const LARGE: usize = 200_000_000;
const MEMORY: f64 = 4.0;

/// The commands that are measured, and whether their memory is limited.
const COMMANDS: [(&str, bool); 4] = [
    ("show", true),
    ("migrate", true),
    ("check", false),
    ("migrate --from icehouse --to 2026.2", false),
];

/// Runs a command, and prints the CPU time in seconds and the peak memory in KiB.
const MEASURE: &str = "
import os, sys
null = os.open(os.devnull, os.O_RDWR)
actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, used = os.wait4(child, 0)
code = os.waitstatus_to_exitcode(status)
assert code in (0, 1), code
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
";

pub(crate) fn measure(confmig: &Path, table: &mut Table) {
    table.section("The program");
    let size = fs::metadata(confmig).expect("the program").len();
    let megabytes = size as f64 / 1e6;
    table.requirement(
        &format!("it has at most 10 MB ({megabytes:.2} MB)"),
        size <= SIZE,
    );
    let start = best_start(confmig);
    let milliseconds = start.as_secs_f64() * 1e3;
    table.requirement(
        &format!("it starts in at most 3 ms ({milliseconds:.2} ms)"),
        start <= START,
    );
    table.section("A file of 200 MB: CPU time, and peak memory for each of its bytes");
    let directory = tempfile::tempdir().expect("a directory for the file");
    fs::write(directory.path().join("ironic.conf"), large()).expect("room for 200 MB");
    for (command, is_limited) in COMMANDS {
        let words = command.split(' ').chain(["ironic.conf"]);
        let (seconds, kilobytes) = used(confmig, &words.collect::<Vec<_>>(), directory.path());
        let times = kilobytes * 1024.0 / LARGE as f64;
        table.line(&format!("{command:<36} {seconds:>6.1} s  {times:>5.2} ×"));
        if is_limited {
            table.requirement(
                &format!("{command} takes at most {MEMORY} times the memory"),
                times <= MEMORY,
            );
        }
    }
}

fn best_start(confmig: &Path) -> Duration {
    let starts = (0..STARTS).map(|_| {
        let start = Instant::now();
        let mut command = Command::new(confmig);
        let status = command.arg("--version").stdout(Stdio::null()).status();
        assert!(status.expect("the program").success());
        start.elapsed()
    });
    starts.min().unwrap_or_default()
}

/// Returns the CPU time of a run in seconds, and its peak memory in KiB.
fn used(confmig: &Path, words: &[&str], directory: &Path) -> (f64, f64) {
    let mut python = Command::new("python3");
    python.args(["-c", MEASURE]).arg(confmig).args(words);
    let output = python.current_dir(directory).output().expect("python3");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    let [seconds, kilobytes] = figures[..] else {
        panic!("{words:?}: {output:?}");
    };
    (seconds, kilobytes)
}

/// Returns a large file: a generated sample and the settings of an operator, again and again.
fn large() -> String {
    let read = |name: &str| {
        fs::read_to_string(workspace().join("fixtures").join(name)).expect("a fixture in UTF-8")
    };
    let parts = ["sample-style/ironic.conf", "standalone-liberty/ironic.conf"].map(read);
    let mut text = String::with_capacity(LARGE + 100_000);
    for copy in 0.. {
        for line in parts.iter().flat_map(|part| part.lines()) {
            match line.strip_suffix(']') {
                Some(header) if copy > 0 => text += &format!("{header}-{copy}]\n"),
                _ => text += &format!("{line}\n"),
            }
        }
        if text.len() >= LARGE {
            break;
        }
    }
    text
}
