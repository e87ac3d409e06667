//! Builds and hosts the images from which OpenStack Ironic's iLO drivers boot servers.
//!
//! HPE ProLiant servers boot from *virtual media*: a boot ISO, and a floppy image with parameters,
//! both fetched by the server's iLO over HTTP. This library is for deploy code.
//!
//! Each module uses only modules above it in this list:
//!
//! - `http`: the HTTP client of images, hosts and BMCs, with its TLS configuration and base URLs.
//! - `operator_files`: boot loaders and templates, read and rendered within limits.
//! - [`node`]: a node as Ironic's API returns it: read, validated and written back without loss.
//! - [`options`]: the options of ironic.conf, under their current and former names.
//! - [`image`]: the parameter floppy, the boot ISO, and their sources.
//! - [`host`]: hosts of images, a web server's directory or Swift: images are published, listed,
//!   withdrawn and swept.
//! - [`bmc`]: a server's virtual media drives, next boot device and power, through Redfish.
//! - [`virtual_media`]: a node's floppy and boot ISO: created, published and recorded.
//! - [`ipxe`]: the files and DHCP options with which nodes boot through iPXE.
//! - [`deploy`]: deploying, taking over and tearing down nodes.

#![deny(missing_docs)]

pub mod bmc;
pub mod deploy;
pub mod host;
mod http;
pub mod image;
pub mod ipxe;
pub mod node;
mod operator_files;
pub mod options;
pub mod virtual_media;

/// Compiles the examples of the README as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
