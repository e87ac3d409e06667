//! Why an image could not be published, found or withdrawn.

#[cfg(feature = "swift")]
mod swift;

use std::io;
use std::path::PathBuf;

#[cfg(feature = "swift")]
pub use self::swift::SwiftError;
#[cfg(feature = "swift")]
pub(super) use self::swift::passing;
use super::name::{Kind, ObjectName};
use super::object::BoxError;
use super::served::NotServed;
use super::url::NoBaseUrl;
use crate::node::NodeUuid;

/// Why a host could not do what it was asked to.
///
/// Each message names the node or the image, the step, and the cause. After a failed publish no
/// image of it is left under any name, except where the message says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is no URL to give out, so nothing was done.
    #[error("cannot tell the URL for images of node {node}: {source}")]
    NoBaseUrl {
        /// The node.
        node: NodeUuid,
        /// What is missing or wrong.
        source: NoBaseUrl,
    },
    /// An image of this very name is there. It was left as it is.
    #[error("{name} is already published: its bytes may be in use, publish a new generation")]
    AlreadyPublished {
        /// The name.
        name: ObjectName,
    },
    /// The directory of images cannot be used.
    #[error(
        "cannot use the directory {} for images: {source}; check http_server_root, and that this \
         user may list it and create files in it",
        root.display()
    )]
    Root {
        /// `http_server_root`.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory has not enough room for the image. Known before a byte is written where the
    /// file system can tell.
    #[error("cannot publish a {kind} of {size} bytes for node {node}: no space left in {}", root.display())]
    NoSpace {
        /// The node.
        node: NodeUuid,
        /// What the image is for.
        kind: Kind,
        /// The image's size in bytes.
        size: u64,
        /// `http_server_root`.
        root: PathBuf,
    },
    /// A file could not be written, labelled, made durable or named.
    #[error("cannot {step} a {kind} for node {node} in {}: {source}", root.display())]
    Write {
        /// The node.
        node: NodeUuid,
        /// What the image is for.
        kind: Kind,
        /// What was being done, as a verb.
        step: &'static str,
        /// `http_server_root`.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The code that makes the image failed.
    #[error("cannot make the {kind} for node {node}: {source}")]
    Content {
        /// The node.
        node: NodeUuid,
        /// What the image is for.
        kind: Kind,
        /// Its error.
        source: BoxError,
    },
    /// The code that makes the image wrote more or fewer bytes than it had announced.
    #[error(
        "the {kind} for node {node} was announced with {announced} bytes but has {}: nothing was \
         published",
        if *.more { "more".to_owned() } else { .written.to_string() }
    )]
    Size {
        /// The node.
        node: NodeUuid,
        /// What the image is for.
        kind: Kind,
        /// The announced size in bytes.
        announced: u64,
        /// The bytes that came, up to the announced size.
        written: u64,
        /// Whether it went on after that.
        more: bool,
    },
    /// The written image, read back, is not what it should be.
    #[error("the {kind} for node {node} was written but does not read back well: {source}")]
    ReadBack {
        /// The node.
        node: NodeUuid,
        /// What the image is for.
        kind: Kind,
        /// What the check found.
        source: BoxError,
    },
    /// The web server does not serve the image, which was withdrawn.
    #[error("{name} was published and withdrawn again: {source}")]
    NotServed {
        /// The image.
        name: ObjectName,
        /// What the server did instead.
        source: NotServed,
    },
    /// Images could not be removed. Those that could are removed.
    #[error("cannot remove {}: {source}", names(.left))]
    Remove {
        /// The images that are still there, at least one.
        left: Vec<ObjectName>,
        /// The images that were removed.
        removed: Vec<ObjectName>,
        /// What the system said about the first one that is left.
        source: io::Error,
    },
    /// Swift, or Keystone in front of it, did not do its part.
    #[cfg(feature = "swift")]
    #[error("cannot {step} {what} in Swift: {source}")]
    Swift {
        /// What was being done, as a verb.
        step: &'static str,
        /// What it was done for: an image and its node, or the container.
        what: String,
        /// What happened.
        source: Box<SwiftError>,
    },
    /// The system's source of random numbers failed, so no new name could be made.
    #[error("cannot make a new generation for node {node}: {source}")]
    Random {
        /// The node.
        node: NodeUuid,
        /// What the system said.
        source: getrandom::Error,
    },
    /// The code that makes or checks the image panicked, or the runtime is shutting down.
    #[error("the thread that worked on images of {what} ended before its work was done: {reason}")]
    Interrupted {
        /// The node, or the directory.
        what: String,
        /// A panic's message or the runtime's.
        reason: String,
    },
}

fn names(left: &[ObjectName]) -> String {
    left.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
