//! What the stand-in answers: resources, successes, refusals, and what tests make it do wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::capture::Capture;

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

/// Trouble at some requests.
#[derive(Debug, Clone)]
pub(crate) struct Injected {
    /// The method, and a part of the path.
    pub(crate) at: (&'static str, String),
    pub(crate) trouble: Trouble,
    /// How many requests it still happens to.
    pub(crate) left: usize,
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
