//! Why a BMC did not do what it was asked to.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::{Drive, Power, PowerState};
use crate::http::url::redacted;
use crate::node::NodeUuid;

/// Why a BMC did not do what it was asked to: the node, the step and the cause.
///
/// No message holds a password, or the query of an image's URL, which may be its signature.
#[derive(Debug, thiserror::Error)]
#[error("node {node}: cannot {step}: {cause}")]
pub struct BmcError {
    /// The node.
    pub node: NodeUuid,
    /// What was being done.
    pub step: Step,
    /// What went wrong.
    #[source]
    pub cause: Cause,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Making ready to talk to the BMC.
    Connect,
    /// [`Bmc::medium`](super::Bmc::medium).
    Look(Drive),
    /// [`Bmc::insert`](super::Bmc::insert).
    Insert(Drive),
    /// [`Bmc::eject`](super::Bmc::eject).
    Eject(Drive),
    /// [`Bmc::boot_once`](super::Bmc::boot_once).
    BootOnce(Drive),
    /// [`Bmc::power_state`](super::Bmc::power_state).
    PowerState,
    /// [`Bmc::power`](super::Bmc::power).
    Power(Power),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect to the BMC"),
            Self::Look(drive) => write!(f, "see what is in the {drive} drive"),
            Self::Insert(drive) => write!(f, "insert an image into the {drive} drive"),
            Self::Eject(drive) => write!(f, "eject what is in the {drive} drive"),
            Self::BootOnce(drive) => write!(f, "set the next boot to the {drive} drive"),
            Self::PowerState => f.write_str("read the power state"),
            Self::Power(power) => write!(f, "{power}"),
        }
    }
}

/// What went wrong. Requests are shown as method and path, without a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Nobody answers, or not in time. A BMC that is restarting was waited for.
    #[error(
        "no answer from {address} for {seconds} s: {reason}; check the address in driver_info, and \
         that the BMC is up"
    )]
    NoAnswer {
        /// Scheme, host and port.
        address: String,
        /// How long it was tried.
        seconds: u64,
        /// What happened the last time.
        reason: String,
    },
    /// The BMC's certificate is not trusted, so nothing was sent to it.
    #[error(
        "the certificate of {address} is not trusted: {reason}; set ilo_verify_ca (or \
         redfish_verify_ca) in driver_info, or [ilo] verify_ca, to the certificate authority's PEM \
         file"
    )]
    NotTrusted {
        /// Scheme, host and port.
        address: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificate authorities in {}: {reason}", path.display())]
    CertificateAuthorities {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// User and password are wrong.
    #[error("the BMC does not accept the user and password: check them in driver_info")]
    Credentials,
    /// The user may not do this.
    #[error(
        "the BMC does not let this user do that ({request}): {message}; give the user the privilege"
    )]
    Privilege {
        /// The request.
        request: String,
        /// What the BMC said.
        message: String,
    },
    /// The BMC has no licence for this.
    #[error(
        "the BMC's licence does not cover that ({request}): {message}; virtual media by URL needs \
         an iLO Advanced licence"
    )]
    Licence {
        /// The request.
        request: String,
        /// What the BMC said.
        message: String,
    },
    /// The BMC refuses, in every way that it could be asked.
    #[error("the BMC refused: {}", refusals(.0))]
    Refused(
        /// Each request that was tried, at least one, in their order.
        Vec<Refusal>,
    ),
    /// The BMC has no such drive.
    #[error("the BMC has no {drive} drive, only {}: expected one whose MediaTypes has {}", list(.found), expected(*.drive))]
    NoDrive {
        /// The drive.
        drive: Drive,
        /// The media types of each drive that it has.
        found: Vec<String>,
    },
    /// The BMC offers no way to do this.
    #[error("the BMC offers no way to do that: {missing}")]
    Unsupported {
        /// What it lacks.
        missing: String,
    },
    /// The BMC took the request but does not say that the image is in the drive.
    #[error(
        "the BMC took the request but does not say that {expected} is inserted after {seconds} s, \
         it says {reported}: check that the BMC can fetch the image"
    )]
    NotInserted {
        /// The image's URL, without what may be secret in it.
        expected: String,
        /// What the BMC says is in the drive.
        reported: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The BMC took the request but does not say that the drive is empty.
    #[error(
        "the BMC took the request but says that {reported} is still inserted after {seconds} s"
    )]
    NotEjected {
        /// What the BMC says is in the drive.
        reported: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The BMC took the request but does not say that it will boot from there.
    #[error("the BMC took the request but says {reported}: expected {expected}")]
    NotSet {
        /// What it should say.
        expected: String,
        /// What it says.
        reported: String,
    },
    /// The server did not get into the wanted power state in time.
    #[error("the server is {reported} after {seconds} s: expected it to be {wanted}")]
    PowerTimeout {
        /// The wanted state.
        wanted: PowerState,
        /// The state that the BMC says.
        reported: PowerState,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There are several systems, or managers, and nothing says which one is meant.
    #[error("expected one of {what}, got {}: set driver_info.redfish_system_id", list(.found))]
    Ambiguous {
        /// What there are several of, or none.
        what: &'static str,
        /// Their paths.
        found: Vec<String>,
    },
    /// The answer is not what Redfish says.
    #[error("the BMC's answer to {request} cannot be used: {reason}")]
    Answer {
        /// The request.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Method and path.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// What the BMC said, in one line.
    pub message: String,
    /// Whether it asked for parameters that were not given.
    pub(super) misses_parameters: bool,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered with {}", self.request, self.status)?;
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

/// An image's URL, as a BMC says it, without what may be secret in it.
pub(super) fn shown(image: &str) -> String {
    match Url::parse(image) {
        Ok(url) => redacted(&url),
        // Not a URL: whatever it is, its end may be a query.
        Err(_) => {
            let text = image.split(['?', '#']).next().unwrap_or_default();
            text.chars()
                .take(200)
                .flat_map(char::escape_debug)
                .collect()
        }
    }
}
