//! What the tests that cross the crates share: the oracle (Python's oslo.config as a process of its
//! own), the strategies that generate configurations, and the comparison of the two.
//!
//! A test that meets the oracle is three lines:
//!
//! ```no_run
//! tests::cases::run("every value is the same", tests::generate::sets, |oracle, set, tally| {
//!     tests::agree::values(oracle, set, tally)
//! });
//! ```

// All of this runs in tests only, where a panic is how a failure is told.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod agree;
pub mod cases;
pub mod claims;
pub mod differences;
pub mod files;
pub mod generate;
pub mod judge;
pub mod judged;
pub mod libraries;
pub mod made;
pub mod migration;
pub mod oracle;
mod pools;
mod process;
pub mod releases;
pub mod service;
pub mod target;
pub mod walk;
