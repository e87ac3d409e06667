//! Builds and hosts the images from which OpenStack Ironic's iLO drivers boot servers.
//!
//! HPE ProLiant servers boot from *virtual media*: a boot ISO, and a floppy image with parameters,
//! both fetched by the server's iLO over HTTP. This library is for deploy code.
//!
//! Each module uses only modules above it in this list:
//!
//! - `causes`: the messages of errors from outside.
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

//!
//! # Log records
//!
//! The library logs through [`log`](https://docs.rs/log). The target of a record begins with the
//! module that it comes from: `driver::deploy`, `driver::virtual_media`, `driver::bmc`,
//! `driver::host`, `driver::image`, `driver::ipxe`, `driver::options` or `driver::http`.
//!
//! - `warn`: what an operator should look at, although the operation goes on: an image that could
//!   not be withdrawn, a take-over that is incomplete, a former name of an option, a server without
//!   byte ranges. What is wrong with a server is logged once for each server and process.
//! - `info`: each action of a deployment, what a BMC refused before it was asked in another way,
//!   and retries.
//! - `debug`: each response of a BMC, and details of Swift and SELinux.
//!
//! Records about a node have the structured field `node`, its UUID, and those of a deployment also
//! `step`, a [`DeployStep`](deploy::DeployStep) such as `deploy`. Errors are returned, not logged.
//! No record contains a password, a token or the signature of a URL.
//!
//! # Programs with an HTTP client of their own
//!
//! This library needs `reqwest` with TLS, and its cargo feature `rustls-no-provider`. Cargo unites
//! the features of a crate: a program that uses `reqwest` 0.13 itself without a TLS feature then
//! has that one, too, and creating a client panics, even for `http://` URLs. Such a program enables
//! `reqwest`'s feature `rustls`, or calls
//! `rustls::crypto::ring::default_provider().install_default()` at its start. This library itself
//! uses its own provider, and works with either.
//!
//! The crates whose types appear here are re-exported: [`oslo_config`], [`serde_json`], [`url`] and
//! [`uuid`].

#![deny(missing_docs)]

pub use {oslo_config, serde_json, url, uuid};

pub mod bmc;
mod causes;
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
