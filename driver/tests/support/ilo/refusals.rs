//! What the stand-in answers: resources, successes, refusals, and what tests make it do wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::capture::Capture;
use super::server::Request;

/// The refusals of iLOs. Those that pass by themselves come first.
pub(crate) const MESSAGES: [&str; 31] = [
    "AlreadyInProgress",
    "CreateLimitReachedForResource",
    "DeviceIsBusy",
    "InternalError",
    "InvalidOperationForSystemState",
    "OperationAvailableAfterSystemPOST",
    "ResetInProgress",
    "ResourceExhaustion",
    "ResourceInStandby",
    "ResourceInUse",
    "ResourceNotReadyRetry",
    "ServiceInUnknownState",
    "ServiceShuttingDown",
    "ServiceTemporarilyUnavailable",
    "SessionLimitExceeded",
    "UnableToModifyDuringSystemPOST",
    "MaxVirtualMediaConnectionEstablished",
    "NoVirtualMediaConnectionAvailable",
    "CouldNotEstablishConnection",
    "InsufficientPrivilege",
    "LicenseKeyRequired",
    "PropertyNotWritable",
    "PropertyUnknown",
    "PropertyValueNotInList",
    "ResourceMissingAtURI",
    "ServerConfigurationLockEnabled",
    "SourceDoesNotSupportProtocol",
    "SystemPowerOffRequired",
    "UnsupportedOperation",
    "UnsupportedOperationInLegacyBootMode",
    "VirtualMediaIsDisabled",
];

/// The number of those that pass by themselves.
pub(crate) const PASSING: usize = 16;

/// What the stand-in does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Inserting succeeds, but the drive is reported as empty.
    ReportsEmptyDrive,
    /// Inserting succeeds, but another image is reported.
    ReportsAnotherImage,
    /// The image is reported only from the third time on that the drive is read.
    ReportsLate,
    /// It never answers.
    Hangs,
    /// It has no CD drive.
    NoCdDrive,
    /// Resets succeed but do not change the power state.
    PowerStays,
    /// Setting the next boot succeeds but changes nothing.
    OverrideStays,
    /// Ejecting succeeds, but the medium stays until the drive's image is removed.
    EjectStays,
    /// It has two systems, the second one on another page.
    SystemsOnTwoPages,
    /// It counts two systems, and lists one.
    CountsTwoSystems,
    /// Its links point to another host.
    LinksToAnotherHost,
    /// Its answers are not JSON.
    Garbage,
}

/// What happens to a request instead of, or after, its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is refused with this message of the iLO's registries.
    Refused(&'static str),
    /// It is answered with 503, without a message, and `Retry-After` with these seconds.
    RetryAfter(u32),
    /// The connection is closed before anything is done.
    Dropped,
    /// The connection is closed after everything is done.
    DroppedAfterwards,
    /// The iLO restarts before anything is done, and is away for this time.
    Restarts(Duration),
    /// The iLO restarts after everything is done, and is away for this time.
    RestartsAfterwards(Duration),
}

/// What came of a step with trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// It succeeded.
    Done,
    /// It failed, with an error that names everything.
    Error,
}

impl End {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
        }
    }
}

/// Trouble at some requests.
#[derive(Debug, Clone)]
pub(crate) struct Injected {
    pub(crate) at: Place,
    /// How many of these requests are still left alone.
    pub(crate) skip: usize,
    pub(crate) trouble: Trouble,
    /// How many requests it still happens to.
    pub(crate) left: usize,
}

/// The requests at which there is trouble.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Those with this method whose path has this part.
    Part(&'static str, String),
    /// Those with this method and this path, as `METHOD PATH`.
    Exactly(String),
}

impl Injected {
    /// Counts a request; `true` if there is trouble at it.
    pub(crate) fn happens(&mut self, request: &Request) -> bool {
        let (method, path) = (request.method.as_str(), request.path.as_str());
        let is_there = match &self.at {
            Place::Part(wanted, part) => method == *wanted && path.contains(part.as_str()),
            Place::Exactly(line) => *line == format!("{method} {path}"),
        };
        if !is_there || self.left == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left -= 1;
        true
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Response {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: body.to_string(),
            headers: Vec::new(),
        }
    }

    /// What the known facts about iLOs do not tell.
    pub(crate) fn unknown(why: &str) -> Self {
        let why = format!("the stand-in does not know what an iLO does: {why}");
        Self::json(501, &json!({"error": {"message": why}}))
    }

    /// An answer with a message of the registries and no text, as iLOs give it. A success has one
    /// too.
    pub(crate) fn message(capture: &Capture, status: u16, name: &str, arguments: &[&str]) -> Self {
        let (id, count) = capture.message(name);
        let mut message = json!({"MessageId": id});
        if count > 0 {
            // `60`: what stands for seconds in some messages.
            let given = arguments.iter().copied().chain(std::iter::repeat("60"));
            message["MessageArgs"] = given.take(count).collect();
        }
        Self::json(
            status,
            &json!({"error": {
                "code": "iLO.0.10.ExtendedInfo",
                "message": "See @Message.ExtendedInfo for more information.",
                "@Message.ExtendedInfo": [message],
            }}),
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The status of a refusal with this message.
pub(crate) fn status_of(message: &str) -> u16 {
    match message {
        "NoValidSession" | "UnauthorizedLoginAttempt" => 401,
        "InsufficientPrivilege" | "ResourceAtUriUnauthorized" => 403,
        "ResourceMissingAtURI" => 404,
        "InternalError" | "ServiceInUnknownState" => 500,
        "ServiceTemporarilyUnavailable"
        | "ServiceShuttingDown"
        | "ResourceInStandby"
        | "ResourceExhaustion"
        | "SessionLimitExceeded"
        | "ResetInProgress" => 503,
        _ => 400,
    }
}
