//! Builds the images that OpenStack Ironic's iLO drivers boot servers from.
//!
//! - [`image`]: the parameter floppy, the boot ISO, and what they are made of.

#![deny(missing_docs)]

pub mod image;
