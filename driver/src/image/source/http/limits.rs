//! How slow a server may be, and why a request or a read fails.

use std::io;
use std::time::Duration;

use super::super::SourceError;
use crate::http::networks::{RefusedAddress, refusal};
use crate::http::reason;

/// The limits of one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long a server may be silent.
    pub(super) stall: Duration,
    /// The minimum number of bytes per second, measured over `window`.
    pub(super) min_rate: u64,
    pub(super) window: Duration,
    /// How long reading one content may take.
    pub(super) deadline: Duration,
}

/// The reason why a request or a read failed.
#[derive(Debug)]
pub(super) enum Failure {
    Stalled,
    TooSlow,
    Deadline,
    Redirect(&'static str),
    Address(RefusedAddress),
    Io(io::Error),
    Http(String),
}

impl From<tokio::time::error::Elapsed> for Failure {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Stalled
    }
}

impl From<RefusedAddress> for Failure {
    fn from(refused: RefusedAddress) -> Self {
        Self::Address(refused)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if let Some(refused) = refusal(&error) {
            return refused.into();
        }
        let reason = reason(&error);
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = next {
            match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::TimedOut) => return Self::Stalled,
                Some(kind) => return Self::Io(io::Error::new(kind, reason)),
                None => next = cause.source(),
            }
        }
        Self::Http(reason)
    }
}

impl Failure {
    /// Converts this into the error of the source `name`.
    pub(super) fn of(self, name: String, limits: &Limits) -> SourceError {
        match self {
            Self::Stalled => SourceError::Stalled {
                name,
                seconds: limits.stall.as_secs(),
            },
            Self::TooSlow => SourceError::TooSlow {
                name,
                min_rate: limits.min_rate,
                seconds: limits.window.as_secs(),
            },
            Self::Deadline => SourceError::Deadline {
                name,
                seconds: limits.deadline.as_secs(),
            },
            Self::Redirect(text) => SourceError::other(name, text),
            Self::Address(refused) => SourceError::Address {
                name,
                kind: refused.to_string(),
            },
            Self::Io(cause) => SourceError::Io { name, cause },
            Self::Http(text) => SourceError::other(name, text),
        }
    }
}
