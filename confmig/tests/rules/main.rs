//! Rules of one's own: what they do, when they wait, and what is said of wrong ones.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod both_set;
mod chains;
mod forms;
mod fuzz;
mod sections;
mod support;
mod wrong;
