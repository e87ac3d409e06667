//! Tests of the program as people run it: its arguments, its output and its exit status.
//!
//! A snapshot holds a whole run: the command line, the exit status, standard output and standard
//! error. Commands run in the workspace's root, so that they can be tried by hand. Bytes that a
//! snapshot cannot show are escaped: `\r`, `\x1b`.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod advice;
mod advice_migrate;
mod browser;
mod check;
mod ci;
mod codes;
mod decided_values;
mod decisions;
mod explain;
mod fuzz;
mod growth;
mod help;
mod html;
mod json;
mod kept_names;
mod migrate;
mod pin;
mod policy;
mod recover;
mod releases;
mod report_forms;
mod rules;
mod sarif;
mod schema;
mod secrets;
mod services;
mod sets;
mod show;
mod sources;
mod streams;
mod suggestions;
mod support;
mod syntax;
mod terminal;
mod transactions;
mod usage;
mod write;
