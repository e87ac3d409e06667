//! Tests of the rules of packs: their forms, conflicts, chains, and the messages for wrong ones.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod both_set;
mod chains;
mod forms;
mod fuzz;
mod sections;
mod support;
mod wrong;
