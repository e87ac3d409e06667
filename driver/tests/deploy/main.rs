//! What deploy code calls: its input, virtual media, and whole deployments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and some print figures"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "redfish")]
mod debug;
mod directory;
mod errors;
#[cfg(feature = "redfish")]
mod events;
#[cfg(feature = "redfish")]
mod faults;
#[cfg(feature = "redfish")]
mod flows;
#[cfg(feature = "redfish")]
mod generations;
mod load;
#[cfg(feature = "redfish")]
mod matrix;
mod node;
#[cfg(feature = "redfish")]
mod one_at_a_time;
mod options;
mod own_bmc;
#[cfg(all(feature = "redfish", feature = "swift"))]
mod scenario;
#[cfg(feature = "redfish")]
mod shared_downloads;
#[cfg(all(feature = "redfish", feature = "swift"))]
mod site;
mod slow_sources;
#[cfg(feature = "redfish")]
mod take_over;
#[cfg(feature = "redfish")]
mod user_images;
#[cfg(feature = "redfish")]
mod validate;
mod virtual_media;
mod virtual_media_errors;
