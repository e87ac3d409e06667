//! Shared code of the tests that cross the crates: the oracle (Python's oslo.config in a process),
//! real releases of services, strategies that generate configurations, and comparisons.
//!
//! A test with the oracle is three lines:
//!
//! ```no_run
//! tests::cases::run("every value is the same", tests::generate::sets, |oracle, set, tally| {
//!     tests::agree::values(oracle, set, tally)
//! });
//! ```

// All of this runs in tests only, which fail by a panic.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod agree;
pub mod cases;
pub mod configurations;
pub mod differences;
pub mod expectations;
pub mod files;
pub mod generate;
pub mod libraries;
pub mod migration;
pub mod oracle;
pub mod pins;
mod pools;
mod process;
pub mod real_service;
pub mod release_checks;
pub mod releases;
pub mod schema_configuration;
pub mod target;
pub mod upgrade;

/// Compiles the examples of the workspace's pages as documentation tests.
#[cfg(doctest)]
mod pages {
    #[cfg(feature = "driver")]
    #[doc = include_str!("../../docs/driver-start.md")]
    struct DriverStart;

    #[doc = include_str!("../../docs/oslo-config.md")]
    struct OsloConfig;
}
