//! Moves the configuration of an oslo.config service to the names of another release.
//!
//! The library behind the `confmig` program. It never prints and never exits.
//!
//! The way through: files are parsed ([`oslo_config::SourceFile`]), [`migrate::migrate`] plans, makes and
//! proves the new texts by the rules of a [`pack::Pack`], and [`store::replace_all`] puts them in place of the
//! old ones.

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
