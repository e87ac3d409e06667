//! Many small files in one run, each read by a service of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use criterion::Criterion;

use crate::process::run;
use crate::program::program;
use crate::table::Table;
use crate::text::configuration;
use crate::turns::{self, Contestant, Times};

const BYTES: usize = 2_000;

/// The numbers of files: some, and four times as many.
const FILES: [usize; 2] = [2_500, 10_000];

/// The minimum number of runs of each command.
const ROUNDS: usize = 5;

/// How many files are to be done in a second.
const PER_SECOND: f64 = 1_000.0;

/// How much longer than four times as long four times as many files may take.
const ALLOWANCE: f64 = 1.25;

/// Adds the results to the table. Returns `false` without any if arguments left them out.
pub(crate) fn measure(criterion: &mut Criterion, table: &mut Table) -> bool {
    let confmig = program();
    let directory = tempfile::tempdir().expect("a directory for the files");
    let directories = FILES.map(|count| files(directory.path(), count));
    let work = |command: &'static str, at: usize, found| {
        let (confmig, directory) = (&confmig, &directories[at]);
        let words = [
            command,
            "--each",
            "--quiet",
            "--format",
            "json",
            "--config-dir",
        ];
        let words = words.map(OsStr::new);
        Contestant {
            name: match (command, at) {
                ("check", 0) => "check, 2,500 files",
                ("check", _) => "check, 10,000 files",
                (_, 0) => "migrate, 2,500 files",
                _ => "migrate, 10,000 files",
            },
            work: Box::new(move || {
                let words = words.iter().copied().chain([directory.as_os_str()]);
                run(confmig.as_os_str(), &words.collect::<Vec<_>>())
            }),
            found,
        }
    };
    let contestants = [
        work("check", 0, 1),
        work("check", 1, 1),
        work("migrate", 0, 0),
        work("migrate", 1, 0),
    ];
    let times = turns::run(criterion, "each of many files", ROUNDS, &contestants);
    let [check_some, check_many, migrate_some, migrate_many] = &times[..] else {
        panic!("four contestants");
    };
    if check_some.count() < ROUNDS {
        return false;
    }
    table.section(format!(
        "--each: files of {} bytes with the default pack, as JSON; {} rounds, {} processors",
        configuration(BYTES).len(),
        check_some.count(),
        std::thread::available_parallelism().map_or(1, usize::from)
    ));
    for (contestant, times) in contestants.iter().zip(&times) {
        table.line(&times.row(contestant.name, check_some));
    }
    require("check", check_some, check_many, table);
    require("migrate", migrate_some, migrate_many, table);
    true
}

/// Requires a speed, and that the time grows with the number of files.
fn require(command: &str, some: &Times, many: &Times, table: &mut Table) {
    let [few, all] = FILES.map(|count| count as f64);
    let speed = all / many.best().as_secs_f64();
    table.requirement(
        &format!("{command} does at least {PER_SECOND} files a second: {speed:.0}"),
        speed >= PER_SECOND,
    );
    let growth = turns::ratio(many.best(), some.best());
    table.requirement(
        &format!(
            "{command}: {growth:.2} times as long for {} times as many files",
            all / few
        ),
        growth <= all / few * ALLOWANCE,
    );
}

/// Makes a directory with files, and returns its path.
fn files(directory: &Path, count: usize) -> PathBuf {
    let path = directory.join(count.to_string());
    fs::create_dir(&path).expect("a directory for the files");
    let text = configuration(BYTES);
    for number in 0..count {
        let name = path.join(format!("host-{number:05}.conf"));
        fs::write(name, &text).expect("a file that can be written");
    }
    path
}
