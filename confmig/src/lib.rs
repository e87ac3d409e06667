//! Migrates the configuration of oslo.config services to the names of another release.
//!
//! This is the library behind the `confmig` program. It never prints and never exits.
//!
//! A migration takes three calls: [`oslo_config::SourceFile::parse`] parses the files,
//! [`migrate::migrate`] plans, makes and proves the new texts along a [`migrate::Route`], and
//! [`store::replace_all`] replaces the files.

pub mod check;
pub mod decisions;
pub mod diagnostic;
mod difference;
pub mod explain;
pub mod history;
mod lines;
pub mod migrate;
pub mod pack;
pub mod policy;
pub mod report;
pub mod rule;
#[cfg(test)]
#[path = "../build/rule_files/mod.rs"]
mod rule_files;
pub mod schema;
pub mod secret;
pub mod shell;
pub mod store;
pub mod target;

pub use target::registered;
