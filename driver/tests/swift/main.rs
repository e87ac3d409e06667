//! Hosts in a real Swift.

#![cfg(feature = "swift")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and some print figures"
)]

#[path = "../support/mod.rs"]
mod support;

mod boot;
mod faults;
mod host;
mod keystone;
mod media;
mod peer;
mod tls;
mod urls;

use std::sync::{Arc, OnceLock};

use driver::host::Host;

use crate::support::options;
use crate::support::swift::services::Swift;

/// The Swift of all tests that do not need their own.
fn shared() -> &'static Swift {
    static SWIFT: OnceLock<Swift> = OnceLock::new();
    SWIFT.get_or_init(|| support::swift::swift(&[]))
}

/// The host that an ironic.conf with this text configures.
fn from_conf(text: &str) -> Arc<dyn Host> {
    driver::host::from_options(&options(text)).unwrap()
}
