//! `confmig migrate` as a whole process, next to `cat`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::Criterion;

use crate::program::program;
use crate::table::Table;
use crate::text::configuration;
use crate::turns::{self, Contestant};

const BYTES: usize = 50_000;

/// The minimum number of runs of each program.
const ROUNDS: usize = 300;

/// The time that the program may take in addition to twice that of `cat`.
const ALLOWANCE: Duration = Duration::from_millis(2);

/// Adds the results to the table. Returns `false` without any if arguments left them out.
pub(crate) fn measure(criterion: &mut Criterion, table: &mut Table) -> bool {
    let confmig = program();
    let directory = tempfile::tempdir().expect("a directory for the file");
    let path = directory.path().join("ironic.conf");
    let text = configuration(BYTES);
    fs::write(&path, &text).expect("a file that can be written");
    assert_migrates(&confmig, &path);

    let contestants = [
        Contestant {
            name: "cat ironic.conf",
            work: Box::new(|| run("cat".as_ref(), &[path.as_os_str()])),
            found: 0,
        },
        Contestant {
            name: "confmig migrate ironic.conf",
            work: Box::new(|| run(confmig.as_os_str(), &["migrate".as_ref(), path.as_os_str()])),
            found: 0,
        },
        Contestant {
            name: "confmig --version",
            work: Box::new(|| run(confmig.as_os_str(), &["--version".as_ref()])),
            found: 0,
        },
    ];
    let times = turns::run(criterion, "process 50 KB", ROUNDS, &contestants);
    let [cat, migrate, _] = &times[..] else {
        panic!("three contestants");
    };
    if cat.count() < ROUNDS {
        return false;
    }
    table.section(format!(
        "A whole process on {} KB, {} lines; {} rounds",
        text.len() / 1000,
        text.lines().count(),
        cat.count()
    ));
    for (contestant, times) in contestants.iter().zip(&times) {
        table.line(&times.row(contestant.name, cat));
    }
    // The best times, since the allowance does not grow with the load of the machine.
    let limit = 2 * cat.best() + ALLOWANCE;
    table.requirement(
        &format!("confmig migrate takes at most 2 × cat + 2 ms ({limit:.2?})"),
        migrate.best() <= limit,
    );
    true
}

/// Checks that the program does its work: one that does nothing would be fast.
fn assert_migrates(confmig: &Path, path: &Path) {
    let output = Command::new(confmig)
        .arg("migrate")
        .arg(path)
        .output()
        .expect("confmig runs");
    let diff = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(diff.contains("\n+http_server_url = "), "{output:?}");
}

/// Runs a program and returns its exit status.
pub(crate) fn run(program: &OsStr, words: &[&OsStr]) -> usize {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().expect("a program that can be run");
    status
        .code()
        .and_then(|code| code.try_into().ok())
        .expect("an exit status")
}
