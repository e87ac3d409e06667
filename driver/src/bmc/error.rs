//! The errors of BMCs.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::step::Step;
use super::{Drive, PowerState};
use crate::causes::with_causes;
use crate::host::BoxError;
use crate::http::url::redacted;
use crate::node::{InvalidNode, NodeUuid};

/// The number of resources or drives that an error lists.
#[cfg(feature = "redfish")]
const LISTED_MAX: usize = 8;

/// A failed operation on a BMC: the node, the step and the cause.
///
/// No message contains a password, or the query of an image's URL, which may be its signature. What
/// the BMC said is cut to some hundred characters on one line.
#[derive(Debug, thiserror::Error)]
#[error("node {node}: cannot {step}: {cause}")]
#[non_exhaustive]
pub struct BmcError {
    /// The node.
    pub node: NodeUuid,
    /// The step that failed.
    pub step: Step,
    /// The cause.
    pub cause: Cause,
}

impl BmcError {
    /// Returns the error of a step on the BMC of `node`.
    #[must_use]
    pub fn new(node: NodeUuid, step: Step, cause: Cause) -> Self {
        Self { node, step, cause }
    }
}

/// An error from connecting to a node's BMC.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Fields of the node that are needed for it are missing or invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// The connection cannot be prepared.
    #[error(transparent)]
    Bmc(#[from] BmcError),
}

/// The cause of a [`BmcError`]. Requests are shown as method and path, without a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The BMC did not respond in time, not even after retries while it may have been restarting.
    #[error(
        "no response from {address} for {seconds} s: {reason}; check the address in driver_info, \
         and that the BMC is running"
    )]
    NoAnswer {
        /// Scheme, host and port.
        address: String,
        /// How long it was retried.
        seconds: u64,
        /// The error of the last attempt.
        reason: String,
    },
    /// The BMC's certificate is not trusted, so nothing was sent to it.
    #[error(
        "the certificate of {address} is not trusted: {reason}; set ilo_verify_ca (or \
         redfish_verify_ca) in driver_info, or [ilo] verify_ca, to a PEM file with the certificate \
         of its authority, or with the BMC's own: `openssl s_client -connect {} </dev/null | \
         openssl x509` prints that one, to be compared with what the BMC's web pages show",
        endpoint(address)
    )]
    NotTrusted {
        /// Scheme, host and port.
        address: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The BMC and this client have no version or cipher of TLS in common, or it refuses the
    /// connection for another reason that does not pass, so nothing was sent to it.
    #[error(
        "no TLS connection to {address}: {reason}; TLS 1.2 or newer with forward secrecy is \
         required"
    )]
    NoTls {
        /// Scheme, host and port.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The BMC answers at `https://` only. No user and password were sent.
    #[error(
        "{address} redirects to https://, and no password was sent to it: use https:// in \
         driver_info.redfish_address"
    )]
    OnlyHttps {
        /// Scheme, host and port.
        address: String,
    },
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificate authorities in {}: {reason}", path.display())]
    CertificateAuthorities {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The user or the password is wrong.
    #[error("the BMC rejected the user and password: check them in driver_info")]
    Credentials,
    /// The user lacks a privilege.
    #[error(
        "the BMC requires a privilege that the user lacks ({request}): {message}; grant it to the \
         user"
    )]
    Privilege {
        /// The request.
        request: String,
        /// The BMC's message.
        message: String,
    },
    /// The BMC lacks a licence.
    #[error(
        "the BMC's licence does not cover this ({request}): {message}; an iLO needs an Advanced \
         licence for virtual media by URL"
    )]
    Licence {
        /// The request.
        request: String,
        /// The BMC's message.
        message: String,
    },
    /// The BMC refused every possible request.
    #[error("the BMC refused: {}", refusals(.0))]
    Refused(
        /// The requests that were tried, at least one, in order.
        Vec<Refusal>,
    ),
    /// The BMC refused for a reason that passes by itself, but not before the deadline.
    #[error(
        "after {seconds} s the BMC still refuses: {refusal}; this usually passes by itself: repeat \
         it later"
    )]
    StillRefused {
        /// The last refusal.
        refusal: Refusal,
        /// How long it was tried.
        seconds: u64,
    },
    /// The BMC has no such drive.
    #[error(
        "the BMC has no {drive} drive, only {}: expected one whose MediaTypes contain {}",
        list(.found),
        expected(*.drive)
    )]
    NoDrive {
        /// The drive.
        drive: Drive,
        /// The media types of each drive of the BMC.
        found: Vec<String>,
    },
    /// The BMC does not support this.
    #[error("the BMC does not support this: {missing}")]
    Unsupported {
        /// What it lacks.
        missing: String,
    },
    /// The BMC accepted the request but does not report the image.
    #[error(
        "the BMC accepted the request, but after {seconds} s it reports {reported} instead of \
         {expected}: check that the BMC can fetch the image"
    )]
    NotInserted {
        /// The image's URL without its secrets.
        expected: String,
        /// What the BMC reports for the drive.
        reported: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The BMC accepted the request but does not report that the drive is empty.
    #[error("the BMC accepted the request, but after {seconds} s it still reports {reported}")]
    NotEjected {
        /// What the BMC reports for the drive.
        reported: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The BMC accepted the request but does not report the next boot device.
    #[error(
        "the BMC accepted the request, but after {seconds} s it reports {reported}: expected \
         {expected}"
    )]
    NotSet {
        /// The expected setting.
        expected: String,
        /// The reported setting.
        reported: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The server has started, but has not taken a setting that was changed for this start.
    #[error(
        "the server has started, but its BIOS has not taken {setting}: {messages}; change it in \
         the server's setup, or see there what it depends on"
    )]
    SettingRefused {
        /// The name of the setting.
        setting: &'static str,
        /// What the BIOS says about it.
        messages: String,
    },
    /// The server did not reach the requested power state in time.
    #[error("the server is {reported} after {seconds} s: expected it to be {wanted}")]
    PowerTimeout {
        /// The requested state.
        wanted: PowerState,
        /// The reported state.
        reported: PowerState,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There are no or several systems or managers, and none was selected.
    #[error("expected one of {what}, got {}: set driver_info.redfish_system_id", list(.found))]
    Ambiguous {
        /// The kind of resource.
        what: &'static str,
        /// Their paths.
        found: Vec<String>,
    },
    /// The response does not conform to Redfish.
    #[error("the BMC's response to {request} is invalid: {reason}")]
    Answer {
        /// The request.
        request: String,
        /// The cause.
        reason: String,
    },
    /// A BMC outside this library failed, or connecting to it.
    #[error("{}", with_causes(&**.0))]
    Other(BoxError),
}

impl Cause {
    /// Wraps an error of a [`Bmc`](super::Bmc) outside this library.
    pub fn other(error: impl Into<BoxError>) -> Self {
        Self::Other(error.into())
    }
}

#[cfg(feature = "redfish")]
impl Cause {
    /// Replaces every text that may be the BMC's by what `show` returns for it.
    pub(super) fn map_texts(mut self, show: impl Fn(&str) -> String) -> Self {
        for text in self.texts_of_the_bmc() {
            *text = show(text);
        }
        self
    }

    /// Returns every text that may be the BMC's, of lists only the beginning.
    fn texts_of_the_bmc(&mut self) -> Vec<&mut String> {
        match self {
            Self::Credentials
            | Self::OnlyHttps { .. }
            | Self::CertificateAuthorities { .. }
            | Self::Other(_)
            | Self::PowerTimeout { .. } => Vec::new(),
            Self::NoAnswer { reason: text, .. }
            | Self::NotTrusted { reason: text, .. }
            | Self::NoTls { reason: text, .. }
            | Self::SettingRefused { messages: text, .. }
            | Self::Unsupported { missing: text }
            | Self::NotInserted { reported: text, .. }
            | Self::NotEjected { reported: text, .. }
            | Self::NotSet { reported: text, .. } => vec![text],
            Self::Privilege { request, message }
            | Self::Licence { request, message }
            | Self::Answer {
                request,
                reason: message,
            } => vec![request, message],
            Self::StillRefused { refusal, .. } => vec![&mut refusal.request, &mut refusal.message],
            Self::Refused(refusals) => {
                let texts = refusals
                    .iter_mut()
                    .map(|one| [&mut one.request, &mut one.message]);
                texts.flatten().collect()
            }
            Self::NoDrive { found, .. } | Self::Ambiguous { found, .. } => {
                let left = found.len().saturating_sub(LISTED_MAX);
                found.truncate(LISTED_MAX);
                if left > 0 {
                    found.push(format!("{left} more"));
                }
                found.iter_mut().collect()
            }
        }
    }
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Method and path.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The BMC's message, on one line.
    pub message: String,
}

impl Refusal {
    /// Describes a refusal of `request`, a method and a path, with an HTTP status and a message of
    /// the BMC.
    #[must_use]
    pub fn new(request: impl Into<String>, status: u16, message: impl Into<String>) -> Self {
        Self {
            request: request.into(),
            status,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} returned {}", self.request, self.status)?;
        if !self.message.is_empty() {
            write!(f, ", {}", self.message)?;
        }
        Ok(())
    }
}

fn refusals(refusals: &[Refusal]) -> String {
    let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    texts.join("; then ")
}

/// Returns host and port of an address.
fn endpoint(address: &str) -> String {
    let url = Url::parse(address).ok();
    let endpoint = url.and_then(|url| {
        let port = url.port_or_known_default()?;
        Some(format!("{}:{port}", url.host_str()?))
    });
    endpoint.unwrap_or_else(|| address.to_owned())
}

fn list(found: &[String]) -> String {
    if found.is_empty() {
        return "none".to_owned();
    }
    found.join(", ")
}

fn expected(drive: Drive) -> &'static str {
    match drive {
        Drive::Cd => "CD or DVD",
        Drive::Floppy => "Floppy or USBStick",
    }
}

/// Returns the URL of an image, as a BMC reports it, without its secrets.
pub(super) fn shown(image: &str) -> String {
    match Url::parse(image) {
        Ok(url) => redacted(&url),
        // Not a URL, but its end may still be a query.
        Err(_) => {
            let text = image.split(['?', '#']).next().unwrap_or_default();
            text.chars()
                .take(200)
                .flat_map(char::escape_debug)
                .collect()
        }
    }
}
