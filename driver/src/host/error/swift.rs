//! The errors of Swift and Keystone.

use std::path::PathBuf;
use std::time::Duration;

/// An error of Swift or Keystone, after all retries.
///
/// URLs are shown without user, password and query, and responses without their headers, so no
/// message contains a password, token or key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwiftError {
    /// A PEM file cannot be used.
    #[error("cannot use the PEM file {}: {reason}", file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The HTTP client cannot be created.
    #[error("cannot create the HTTP client: {reason}")]
    Client {
        /// The cause.
        reason: String,
    },
    /// There was no response: nothing listens there, TLS failed, or the connection was closed.
    #[error(
        "expected a response to {request}, but {reason}: check that the service is running and \
         reachable"
    )]
    NoAnswer {
        /// Method and URL.
        request: String,
        /// The cause.
        reason: String,
    },
    /// The server was silent for too long.
    #[error(
        "expected a response to {request} within {} seconds: check that the service is running, or \
         raise [swift] timeout",
        timeout.as_secs_f32()
    )]
    Silent {
        /// Method and URL.
        request: String,
        /// The time limit.
        timeout: Duration,
    },
    /// The response had an unexpected status.
    #[error("{request} returned {status}{}: {}", quoted(.text), advice(*.status))]
    Status {
        /// Method and URL.
        request: String,
        /// The status.
        status: u16,
        /// The beginning of the response's text.
        text: String,
    },
    /// Keystone or tempauth rejected the credentials.
    #[error("{url} rejected the credentials of [swift]: {reason}")]
    Credentials {
        /// The URL.
        url: String,
        /// The service's reason.
        reason: String,
    },
    /// The response is not one of Keystone, Swift or tempauth.
    #[error("expected {what} from {url}, but {reason}: check that the URL is that of the service")]
    Answer {
        /// What was expected.
        what: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with the response.
        reason: String,
    },
    /// The catalogue has no suitable endpoint of Swift.
    #[error(
        "the catalogue of {url} has no {wanted}; it has {found}: check [swift] region_name and \
         valid_interfaces, or set endpoint_override"
    )]
    NoEndpoint {
        /// Keystone's URL.
        url: String,
        /// The service type, interfaces and region that were looked for.
        wanted: String,
        /// The endpoints of that type.
        found: String,
    },
    /// The URL of Swift cannot be used.
    #[error("the URL of Swift cannot be used: {reason}")]
    Endpoint {
        /// The cause.
        reason: String,
    },
    /// There is no key that signs temporary URLs, and none can be set.
    #[error(
        "neither the account nor the container has a key for temporary URLs, and setting one \
         returned {status}: use a role that may set it, or set X-Account-Meta-Temp-URL-Key"
    )]
    NoKey {
        /// The status.
        status: u16,
    },
    /// The key that signs temporary URLs cannot be used. It was left unchanged.
    #[error(
        "{request} has a key for temporary URLs that is not UTF-8 text, with which nothing can be \
         signed: set another one, which voids the URLs that it signed"
    )]
    Key {
        /// Method and URL.
        request: String,
    },
    /// Temporary URLs are disabled, or use unsupported digests.
    #[error("expected Swift to accept temporary URLs with SHA-256, SHA-512 or SHA-1, but {reason}")]
    Digests {
        /// What Swift accepts.
        reason: String,
    },
    /// The stored bytes differ from those that were sent.
    #[error("{request} did not store the bytes that were sent: expected MD5 {expected}, got {got}")]
    Checksum {
        /// Method and URL.
        request: String,
        /// The MD5 of the sent bytes.
        expected: String,
        /// The MD5 computed by Swift.
        got: String,
    },
    /// The image was produced again, with different bytes.
    #[error(
        "the image was produced again after {after}, and its bytes differ: the upload cannot be \
         resumed"
    )]
    Changed {
        /// Why it was produced again.
        after: String,
    },
    /// The image has more segments than a static large object may have.
    #[error(
        "an image of {size} bytes has more than {most} segments of {segment} bytes: use larger \
         segments"
    )]
    Segments {
        /// The image's size in bytes.
        size: u64,
        /// The size of a segment in bytes.
        segment: u64,
        /// The largest number of segments that Swift accepts.
        most: u64,
    },
    /// The image is a large object, which this Swift does not support.
    #[error(
        "an image of {size} bytes exceeds the maximum object size of {segment} bytes, and this \
         Swift does not support static large objects"
    )]
    NoLargeObjects {
        /// The image's size in bytes.
        size: u64,
        /// The size of the largest object in bytes.
        segment: u64,
    },
    /// Some segments of a large object could not be removed.
    #[error("{request} did not remove all objects: {reason}")]
    Left {
        /// Method and URL.
        request: String,
        /// Swift's reason.
        reason: String,
    },
}

impl SwiftError {
    /// Whether the same request may succeed later.
    pub(in crate::host) fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Silent { .. } | Self::Checksum { .. } => true,
            Self::Status { status, .. } => is_transient_status(*status),
            _ => false,
        }
    }
}

/// Whether a status indicates a transient error. 401 is not among them: it calls for a new token
/// first.
pub(in crate::host) fn is_transient_status(status: u16) -> bool {
    // Swift responds with 498 to a client over its rate limit, and with 499 to one that is too slow
    // or gone.
    matches!(status, 408 | 429 | 498 | 499 | 500 | 502..=504)
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(" ({text:?})")
}

fn advice(status: u16) -> &'static str {
    match status {
        401 => "a new token was refused too: check that Swift and [swift] auth_url belong together",
        403 => {
            "the user of [swift] lacks permission: give it a role that owns the account's \
             containers"
        }
        404 => "check the URL of Swift, and that nothing else removes the container",
        413 => "the quota of the container or the account is exhausted, or the object is too large",
        507 => "Swift has no space left",
        500..=599 => "see Swift's log",
        _ => "see Swift's log, and check that the service is Swift",
    }
}
