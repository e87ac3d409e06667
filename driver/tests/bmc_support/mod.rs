//! What the tests of BMCs share.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "each test binary uses its own part of this, and a test fails by a panic"
)]

pub mod ilo;
pub mod log;
pub mod sushy;

use std::net::{Ipv4Addr, TcpListener};

use driver::bmc::Redfish;
use driver::node::Node;
use driver::options::Options;
use oslo_config::SourceFile;
use serde_json::{Value, json};

pub const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

pub fn options(text: &str) -> Options {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    Options::read(&[file.parse().unwrap()], []).unwrap()
}

/// A node with this `driver_info`.
pub fn node(driver_info: Value) -> Node {
    let node = json!({"uuid": UUID, "driver_info": driver_info});
    Node::from_json(node.to_string().as_bytes()).unwrap()
}

/// The BMC of a node with this `driver_info`, under the options in `conf`.
pub fn bmc(driver_info: Value, conf: &str) -> Redfish {
    Redfish::from_node(&node(driver_info), &options(conf)).unwrap()
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
