//! What is promised about speed, measured beside the programs that it is compared with:
//! `cargo bench -p tests`.
//!
//! Criterion takes the samples and compares them with those of the last run. Whoever is compared
//! runs by turns, so that a busy machine is as busy for one as for the other. At the end stands one
//! table, and under each requirement whether it holds; the exit status is 1 when one does not.
//!
//! `CONFMIG=path` measures another build of the program.

// A benchmark prints, and says by a panic that what it meets is not what it was made for.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod growth;
mod history;
mod parse;
mod process;
mod table;
mod text;
mod turns;

use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;

use table::Table;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(growth::CHILD) {
        growth::child(words);
        return ExitCode::SUCCESS;
    }
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let mut table = Table::default();
    parse::measure(&mut criterion, &mut table);
    process::measure(&mut criterion, &mut table);
    history::measure(&mut criterion, &mut table);
    // Run as a test, a benchmark only shows that it can run.
    if std::env::args().any(|word| word == "--bench") {
        growth::measure(&mut table);
    }
    criterion.final_summary();
    println!("\n{table}");
    ExitCode::from(u8::from(!table.holds()))
}
