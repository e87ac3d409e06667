//! Measures how the cost of each command grows with its input:
//! `cargo bench -p tests --bench growth`.
//!
//! Each command and format runs over inputs that grow in one way: more entries, longer lines, more
//! references, more files, more rules. Valgrind counts instructions and allocated bytes, since the
//! time of a run depends on what else the machine does; from the counts of three sizes follows the
//! exponent of the growth. The table, which is also written to docs/benchmarks.md, tells for each
//! requirement whether it holds; the exit status is 1 if one does not.
//!
//! `CONFMIG=path` measures another build of the program. Words after `--` select the cases with one
//! of them in their names.

// A benchmark prints, and panics if it cannot measure.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod budget;
mod case;
mod cost;
mod exponent;
#[path = "../program/mod.rs"]
mod program;
#[path = "../report/mod.rs"]
mod report;
mod shape;
#[path = "../table/mod.rs"]
mod table;

use std::process::ExitCode;

use report::Report;
use table::Table;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = words.iter().any(|word| word == "--bench");
    let chosen: Vec<String> = words
        .into_iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    let peers = [
        ("valgrind", "apt-get install valgrind"),
        ("python3", "apt-get install python3"),
    ];
    let Some(mut report) = Report::new("growth", &peers) else {
        return ExitCode::FAILURE;
    };
    // Run as a test, a benchmark only shows that it can run.
    if !is_bench {
        return ExitCode::SUCCESS;
    }
    let confmig = program::program();
    let mut table = Table::default();
    case::measure(&confmig, &chosen, &mut table);
    if chosen.is_empty() {
        budget::measure(&confmig, &mut table);
    }
    report.line(&format!("\n{table}"));
    if chosen.is_empty() {
        report.write();
    }
    ExitCode::from(u8::from(!table.holds()))
}
