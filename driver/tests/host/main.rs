//! Hosts on a web server: names and URLs, and the directory that images are published in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and some print figures"
)]

#[path = "../support/mod.rs"]
mod support;

mod crash;
mod directories;
mod faults;
mod names;
mod permissions;
mod removal;
mod served;
mod tasks;
mod web;
