//! The errors of hosts.

#[cfg(feature = "swift")]
mod swift;

use std::path::PathBuf;
use std::{fmt, io};

#[cfg(feature = "swift")]
pub use self::swift::SwiftError;
#[cfg(feature = "swift")]
pub(super) use self::swift::is_transient_status;
use super::name::{Kind, ObjectName};
use super::served::NotServed;
use super::url::NoBaseUrl;
use crate::causes::with_causes;
use crate::node::NodeUuid;

/// Any error of code outside this library, such as that which produces or verifies an image.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error from publishing, finding or removing images.
///
/// Each message names the node or the image, the step and the cause. A failed publish leaves no
/// image under any name, unless the message says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The image would have no URL, so nothing was done.
    #[error("cannot determine the URL of images of node {node}: {cause}")]
    NoBaseUrl {
        /// The node.
        node: NodeUuid,
        /// The cause.
        cause: NoBaseUrl,
    },
    /// An image of this name already exists. It was left unchanged.
    #[error("{name} is already published and may be in use: publish a new generation")]
    AlreadyPublished {
        /// The name.
        name: ObjectName,
    },
    /// The directory of images cannot be used.
    #[error(
        "cannot use the directory {} for images: {cause}; check http_server_root, and that this \
         user may list it and create files in it",
        root.display()
    )]
    Root {
        /// `http_server_root`.
        root: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The directory does not have enough space for the image. Detected before anything is written
    /// if the file system can reserve space.
    #[error(
        "cannot publish a {kind} of {size} bytes for node {node}: no space left in {}",
        root.display()
    )]
    NoSpace {
        /// The node.
        node: NodeUuid,
        /// The kind of image.
        kind: Kind,
        /// The image's size in bytes.
        size: u64,
        /// `http_server_root`.
        root: PathBuf,
    },
    /// A file could not be created, written, labelled, synced or renamed.
    #[error("cannot {step} a {kind} for node {node} in {}: {cause}", root.display())]
    Write {
        /// The node.
        node: NodeUuid,
        /// The kind of image.
        kind: Kind,
        /// The step that failed, as a verb.
        step: &'static str,
        /// `http_server_root`.
        root: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The producer of the image failed.
    #[error("cannot create the {kind} for node {node}: {}", with_causes(&**cause))]
    Content {
        /// The node.
        node: NodeUuid,
        /// The kind of image.
        kind: Kind,
        /// The producer's error.
        cause: BoxError,
    },
    /// The producer of the image wrote more or fewer bytes than announced.
    #[error(
        "the {kind} for node {node} was announced with {announced} bytes but has {}: nothing was \
         published",
        if *.more { "more".to_owned() } else { .written.to_string() }
    )]
    Size {
        /// The node.
        node: NodeUuid,
        /// The kind of image.
        kind: Kind,
        /// The announced size in bytes.
        announced: u64,
        /// The number of bytes written, up to the announced size.
        written: u64,
        /// Whether the producer wrote more than announced.
        more: bool,
    },
    /// The written image was read back and failed verification.
    #[error(
        "the {kind} for node {node} was written but failed verification: {}",
        with_causes(&**cause)
    )]
    ReadBack {
        /// The node.
        node: NodeUuid,
        /// The kind of image.
        kind: Kind,
        /// The error of the verification.
        cause: BoxError,
    },
    /// The web server does not serve the image. It was withdrawn.
    #[error("{name} was published and then withdrawn: {cause}")]
    NotServed {
        /// The image.
        name: ObjectName,
        /// The server's response.
        cause: NotServed,
    },
    /// Some images could not be removed. The others were.
    #[error("cannot remove {}: {cause}", names(.left))]
    Remove {
        /// The images that remain, at least one.
        left: Vec<ObjectName>,
        /// The images that were removed.
        removed: Vec<ObjectName>,
        /// The system's error for the first image that remains.
        cause: io::Error,
    },
    /// A request to Swift or Keystone failed.
    #[cfg(feature = "swift")]
    #[error("cannot {step} {what} in Swift: {cause}")]
    Swift {
        /// The step that failed, as a verb.
        step: &'static str,
        /// The object of the step: an image and its node, or the container.
        what: String,
        /// The cause.
        cause: Box<SwiftError>,
    },
    /// The system's source of random numbers failed, so no new name could be generated.
    #[error("cannot generate a name for an image of node {node}: {cause}")]
    Random {
        /// The node.
        node: NodeUuid,
        /// The system's error.
        cause: io::Error,
    },
    /// A host outside this library failed.
    #[error("cannot {step} {what}: {}", with_causes(&**cause))]
    Other {
        /// The step that failed, as a verb.
        step: &'static str,
        /// The object of the step: an image and its node, or the whole host.
        what: String,
        /// The cause.
        cause: BoxError,
    },
    /// The code that produces or verifies the image panicked, or the runtime is shutting down.
    #[error("the work on images of {what} was interrupted: {reason}")]
    Interrupted {
        /// The node or the directory.
        what: String,
        /// The message of the panic or of the runtime.
        reason: String,
    },
}

/// The reason of [`HostError::Interrupted`] if the caller's future was dropped.
pub(super) const CANCELLED: &str = "the task that waited for it was cancelled";

impl HostError {
    /// Returns the error of a host outside this library that could not `step` (a verb) `what`.
    pub fn other(step: &'static str, what: impl Into<String>, cause: impl Into<BoxError>) -> Self {
        Self::Other {
            step,
            what: what.into(),
            cause: cause.into(),
        }
    }

    /// Returns the error for interrupted work on `what`.
    pub(crate) fn interrupted(what: String, reason: &dyn fmt::Display) -> Self {
        Self::Interrupted {
            what,
            reason: reason.to_string(),
        }
    }
}

/// The outcome of removing several images, each of which is tried.
#[derive(Debug, Default)]
pub(super) struct Removals {
    removed: Vec<ObjectName>,
    left: Vec<ObjectName>,
    first_error: Option<io::Error>,
}

impl Removals {
    /// Records whether the image `name` was removed; `Ok(false)` if it did not exist.
    pub(super) fn record(&mut self, name: ObjectName, removed: io::Result<bool>) {
        match removed {
            Ok(true) => self.removed.push(name),
            Ok(false) => {}
            Err(error) => {
                self.left.push(name);
                self.first_error.get_or_insert(error);
            }
        }
    }

    /// Returns the removed images, or [`HostError::Remove`] if any remains.
    pub(super) fn finish(self) -> Result<Vec<ObjectName>, HostError> {
        let Self { removed, left, .. } = self;
        match self.first_error {
            None => Ok(removed),
            Some(cause) => Err(HostError::Remove {
                left,
                removed,
                cause,
            }),
        }
    }
}

fn names(left: &[ObjectName]) -> String {
    left.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
