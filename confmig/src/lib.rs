//! Migrates the configuration of an oslo.config service from one release's option names to another's.
//!
//! This is the library behind the `confmig` program. It never prints and never exits.
//!
//! Files are parsed by [`oslo_config::SourceFile`]; [`migrate::migrate`] plans, applies and proves
//! the changes along a [`migrate::Route`]; and [`store::replace_all`] replaces the files.

pub mod check;
pub mod diagnostic;
mod difference;
pub mod explain;
pub mod known;
mod lines;
pub mod migrate;
pub mod pack;
mod registered;
pub mod release;
pub mod report;
pub mod rule;
pub mod schema;
pub mod secret;
pub mod store;
pub mod target;

pub use registered::registered;
