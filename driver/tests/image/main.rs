//! Images: floppies, boot ISOs and the sources that they are made of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and some print figures"
)]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod boot;
mod boot_iso;
mod boot_iso_errors;
mod deploy_iso;
mod floppy;
mod hostile_iso;
mod limits;
mod memory;
mod readers;
mod remote_deploy_iso;
mod source;
mod source_tls;
