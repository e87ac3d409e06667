//! What the test programs and benchmarks share: real services, stand-ins, sample images and
//! configurations.

#![allow(dead_code, reason = "each program uses a part of it")]

pub(crate) mod answers;
pub(crate) mod child;
#[cfg(feature = "redfish")]
pub(crate) mod conductor;
#[cfg(feature = "redfish")]
pub(crate) mod ilo;
pub(crate) mod image;
pub(crate) mod image_service;
mod initramfs;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod media;
pub(crate) mod nginx;
pub(crate) mod parts;
pub(crate) mod ports;
pub(crate) mod program;
pub(crate) mod serve;
#[cfg(feature = "redfish")]
pub(crate) mod sushy;
#[cfg(feature = "swift")]
pub(crate) mod swift;
pub(crate) mod tools;
pub(crate) mod web;

use std::path::{Path, PathBuf};

use driver::node::{Node, NodeUuid};
use driver::options::Options;
use oslo_config::SourceFile;
use serde_json::{Value, json};

/// The UUID of the node in tests that need only one.
pub(crate) const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

/// The UUID of an instance's root file system.
pub(crate) const ROOT_UUID: &str = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";

/// The options that an ironic.conf with this text sets.
pub(crate) fn options(text: &str) -> Options {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    Options::read(&[file.parse().unwrap()], []).unwrap()
}

/// The UUID of node `n`, in tests with several nodes.
pub(crate) fn uuid(n: u32) -> NodeUuid {
    format!("1be26c0b-03f2-4d2e-ae87-{n:012x}").parse().unwrap()
}

/// Node `n`, with an empty `driver_info`.
pub(crate) fn node(n: u32) -> Node {
    node_from(&json!({"uuid": uuid(n).to_string(), "driver_info": {}}))
}

pub(crate) fn node_from(value: &Value) -> Node {
    Node::from_json(value.to_string().as_bytes()).unwrap()
}

/// A copy of `node` in another provision state.
pub(crate) fn in_state(node: &Node, state: &str) -> Node {
    let mut json = json!(node);
    json["provision_state"] = json!(state);
    node_from(&json)
}

/// The workspace's `tests` directory, with the scripts and environments of the real services.
pub(crate) fn service_tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

/// A script that runs a real service.
pub(crate) fn service_script(name: &str) -> PathBuf {
    service_tests().join("peers").join(name)
}
