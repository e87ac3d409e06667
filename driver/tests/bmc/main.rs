//! BMCs that speak Redfish.

#![cfg(feature = "redfish")]
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
mod emulator;
mod hpe;
mod matrix;
mod others;
mod peer;
mod refusals;
mod settings;
mod stand_in;
mod tls;
mod trust;

use driver::bmc::Redfish;
use driver::node::Node;
use serde_json::{Value, json};

use crate::support::ilo::with_its_clock;
use crate::support::{UUID, node_from, options};

/// A node with this `driver_info`.
fn node(driver_info: &Value) -> Node {
    node_from(&json!({"uuid": UUID, "driver_info": driver_info}))
}

/// The BMC of a node with this `driver_info`, under the options in `conf`. If it is a stand-in,
/// they share its clock.
fn bmc(driver_info: &Value, conf: &str) -> Redfish {
    let redfish = Redfish::from_node(&node(driver_info), &options(conf)).unwrap();
    with_its_clock(redfish, driver_info)
}
