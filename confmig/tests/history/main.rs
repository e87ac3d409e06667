//! The histories of the services: every rule does what its example says, every name is accounted for, and going
//! through many releases at once is going from one to the next.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod names;
#[path = "../../examples/releases.rs"]
mod releases;
mod rules;
mod steps;
mod support;
