//! Booting with iPXE.

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
mod files;
mod parameters;
mod replaced;
