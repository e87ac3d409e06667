//! Measures speed and memory next to other programs: `cargo bench -p tests`.
//!
//! Criterion takes the samples and compares them with those of the last run. Contestants take
//! turns, so that load on the machine affects all of them alike. The table at the end, which is
//! also written to docs/benchmarks.md, tells for each requirement whether it holds; the exit status
//! is 1 if one does not.
//!
//! `CONFMIG=path` measures another build of the program.

// A benchmark prints, and panics if it cannot measure.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod each;
mod history;
mod parse;
mod process;
#[path = "../program/mod.rs"]
mod program;
#[path = "../report/mod.rs"]
mod report;
#[path = "../table/mod.rs"]
mod table;
mod text;
mod turns;

use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;

use report::Report;
use table::Table;
use tests::files::workspace;

fn main() -> ExitCode {
    let validator = workspace().join(history::VALIDATOR);
    let validator = validator.to_string_lossy();
    let peers = [
        ("cat", "apt-get install coreutils"),
        ("crudini", "apt-get install crudini"),
        (&*validator, "tests/peers/venv.sh oslo"),
    ];
    let Some(mut report) = Report::new("speed", &peers) else {
        return ExitCode::FAILURE;
    };
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let mut table = Table::default();
    let measured = [
        parse::measure(&mut criterion, &mut table),
        process::measure(&mut criterion, &mut table),
        each::measure(&mut criterion, &mut table),
        history::measure(&mut criterion, &mut table),
    ];
    criterion.final_summary();
    report.line(&format!("\n{table}"));
    // Arguments may have selected only some of the benchmarks.
    if measured == [true; 4] {
        report.write();
    }
    ExitCode::from(u8::from(!table.holds()))
}
