//! Builds and hosts the images that OpenStack Ironic's iLO drivers boot servers from.
//!
//! A HPE ProLiant server boots from *virtual media*: a boot ISO and a small floppy image, which its
//! iLO fetches over HTTP. This crate puts such images on a web server, without Swift.
//!
//! - [`node`]: the node as Ironic's API gives it, read, checked and written back without loss.
//! - [`host`]: where images live: published, listed, withdrawn and swept for one node or all.

pub mod host;
pub mod node;
