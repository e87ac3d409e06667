//! What Swift, or Keystone in front of it, did instead of what was asked.

use std::path::PathBuf;
use std::time::Duration;

/// Why a request to Swift failed, after it was repeated as often as it may.
///
/// URLs are shown without user, password and query, and answers without their headers: no password,
/// token or key is ever part of a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwiftError {
    /// A PEM file cannot be used.
    #[error("cannot use the PEM file {}: {reason}", file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client: {reason}")]
    Client {
        /// What is wrong.
        reason: String,
    },
    /// No answer: nothing listens there, TLS failed, or the connection was cut.
    #[error(
        "expected an answer to {request}, but {reason}: check that the service runs and is reached"
    )]
    NoAnswer {
        /// Method and URL.
        request: String,
        /// What happened.
        reason: String,
    },
    /// The server was silent for too long.
    #[error(
        "expected an answer to {request} within {} seconds: check that the service runs, or set \
         [swift] timeout",
        timeout.as_secs_f32()
    )]
    Silent {
        /// Method and URL.
        request: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// An answer that was not expected.
    #[error("{request} was answered with {status}{}: {}", quoted(.text), advice(*.status))]
    Status {
        /// Method and URL.
        request: String,
        /// The status.
        status: u16,
        /// The beginning of the answer's text.
        text: String,
    },
    /// Keystone, or tempauth, does not accept the credentials.
    #[error("{url} does not accept the credentials of [swift]: {reason}")]
    Credentials {
        /// The URL.
        url: String,
        /// What it says.
        reason: String,
    },
    /// There was an answer, but not one of Keystone's, Swift's or tempauth's.
    #[error("expected {what} from {url}, but {reason}: check that the URL is that of the service")]
    Answer {
        /// What was asked for.
        what: &'static str,
        /// The URL.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The catalogue has no Swift that may be used.
    #[error(
        "the catalogue of {url} has no {wanted}; it has {found}: check [swift] region_name and \
         valid_interfaces, or set endpoint_override"
    )]
    NoEndpoint {
        /// Keystone's URL.
        url: String,
        /// What was looked for.
        wanted: String,
        /// What it has of that type.
        found: String,
    },
    /// The URL of Swift cannot be used.
    #[error("the URL of Swift cannot be used: {reason}")]
    Endpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// There is no key to sign temporary URLs with, and none can be set.
    #[error(
        "there is no key for temporary URLs, neither of the account nor of the container, and \
         setting one was answered with {status}: expected a role that may set it, or \
         X-Account-Meta-Temp-URL-Key to be set by the operator"
    )]
    NoKey {
        /// The status.
        status: u16,
    },
    /// Temporary URLs are switched off, or made with digests that are not known here.
    #[error("expected Swift to take temporary URLs with SHA-256, SHA-512 or SHA-1, but {reason}")]
    Digests {
        /// What it takes.
        reason: String,
    },
    /// The stored bytes are not those that were sent.
    #[error("{request} stored other bytes than were sent: expected MD5 {expected}, got {got}")]
    Checksum {
        /// Method and URL.
        request: String,
        /// The MD5 of what was sent.
        expected: String,
        /// What Swift computed.
        got: String,
    },
    /// The image made once more was not the same.
    #[error(
        "the image was made once more after {after}, and came out different: it cannot be continued"
    )]
    Changed {
        /// Why it was made once more.
        after: String,
    },
    /// The image has more segments than a static large object may have.
    #[error(
        "an image of {size} bytes has more than {most} segments of {segment} bytes: expected \
         larger ones"
    )]
    Segments {
        /// The image's size in bytes.
        size: u64,
        /// The size of a segment in bytes.
        segment: u64,
        /// How many segments Swift takes.
        most: u64,
    },
    /// Swift cannot hold large objects, and the image is one.
    #[error(
        "an image of {size} bytes is larger than the {segment} bytes of an object, and this Swift \
         has no static large objects"
    )]
    NoLargeObjects {
        /// The image's size in bytes.
        size: u64,
        /// The size of the largest object in bytes.
        segment: u64,
    },
    /// Objects of a large object could not be removed.
    #[error("{request} left objects behind: {reason}")]
    Left {
        /// Method and URL.
        request: String,
        /// What Swift says.
        reason: String,
    },
}

impl SwiftError {
    /// Whether the same request may succeed later.
    pub(in crate::host) fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Silent { .. } | Self::Checksum { .. } => true,
            Self::Status { status, .. } => passing(*status),
            _ => false,
        }
    }
}

/// Whether a status tells of a cause that may pass. 401 is not among them: a new token is got
/// first.
pub(in crate::host) fn passing(status: u16) -> bool {
    // 498 is Swift's for a rate limit, 499 for a client that was too slow or is gone.
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
        401 => "a new token was refused too, check that Swift and [swift] auth_url belong together",
        403 => {
            "the user of [swift] may not do that, give it a role that owns the account's containers"
        }
        404 => "check the URL of Swift, and that nobody removes the container",
        413 => "the container or the account is full, or the object too large",
        507 => "Swift has no room left",
        500..=599 => "look into Swift's log",
        _ => "look into Swift's log, and check that it is a Swift",
    }
}
