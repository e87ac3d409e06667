//! Tests of the histories of services: every rule does what its example says, every name is
//! accounted for, and a migration over many releases equals one per release.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod deprecated;
mod names;
#[path = "../../examples/releases.rs"]
mod releases;
mod rules;
mod steps;
mod support;
