//! Builds and hosts the images that OpenStack Ironic's iLO drivers boot servers from.
//!
//! HPE ProLiant servers boot from *virtual media*: a boot ISO, and a floppy image that carries
//! parameters, both fetched by the server's iLO over HTTP. This library is for deploy code.
//!
//! - [`options`]: the options of ironic.conf, from either section.
//! - [`node`]: the node as Ironic's API gives it, read, checked and written back without loss.
//! - [`image`]: the parameter floppy, the boot ISO, and what they are made of.
//! - [`host`]: where images live: published, listed, withdrawn and swept for one node or all.
//! - [`bmc`]: a server's virtual media drives, next boot and power, by Redfish.
//! - [`ipxe`]: the files and DHCP options by which nodes boot with iPXE.
//! - [`virtual_media`]: images and host together: a node's floppy and boot ISO, published and
//!   recorded.
//! - [`deploy`]: all of it together: a node deployed, taken over and torn down.

#![deny(missing_docs)]

pub mod bmc;
pub mod deploy;
pub mod host;
mod http;
pub mod image;
pub mod ipxe;
pub mod node;
pub mod options;
pub mod virtual_media;

/// Its examples are compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
