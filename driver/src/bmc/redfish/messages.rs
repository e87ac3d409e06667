//! What the messages of BMCs mean for whoever sent the request.

use std::time::Duration;

/// What a refusal, or a message in it, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It passes by itself, such as POST.
    Passes,
    /// The BMC failed. It may be better at the next try, or with another request.
    Fails,
    /// The drive is full, although it may have been reported as empty.
    Full,
    /// The BMC already is in the requested state.
    AlreadySo,
    /// It was done.
    NotAnError,
    /// A licence is missing.
    Licence,
    /// A privilege is missing.
    Privilege,
    /// The user and the password are wrong.
    Credentials,
    /// There is no session, or no longer.
    NoSession,
    /// The request needs further parameters.
    MissesParameters,
    /// The BMC does not support it in this way.
    Unsupported,
    /// The same request will be refused again.
    Final,
}

/// The meaning of messages of HPE's registries and of Redfish's, by the last part of their IDs,
/// whose registries and versions differ from iLO to iLO. In alphabetical order.
const MESSAGES: &[(&str, Meaning)] = &[
    ("Accepted", Meaning::NotAnError),
    ("AccessDenied", Meaning::Privilege),
    ("ActionNotSupported", Meaning::Unsupported),
    ("ActionParameterMissing", Meaning::MissesParameters),
    ("ActionParameterNotSupported", Meaning::Final),
    ("ActionParameterUnknown", Meaning::Final),
    ("ActionParameterValueFormatError", Meaning::Final),
    ("ActionParameterValueTypeError", Meaning::Final),
    ("AlreadyInProgress", Meaning::Passes),
    ("AuthenticationTokenRequired", Meaning::Credentials),
    ("CouldNotEstablishConnection", Meaning::Final),
    (
        "CreateFailedMissingReqProperties",
        Meaning::MissesParameters,
    ),
    ("CreateLimitReachedForResource", Meaning::Passes),
    ("Created", Meaning::NotAnError),
    ("DeviceIsBusy", Meaning::Passes),
    ("DeviceResetRequired", Meaning::NotAnError),
    ("ETagTooLong", Meaning::Final),
    ("InsufficientPrivilege", Meaning::Privilege),
    ("InternalError", Meaning::Fails),
    ("InvalidOperationForSystemState", Meaning::Passes),
    ("LicenseKeyRequired", Meaning::Licence),
    ("LoginAttemptDelayed", Meaning::Passes),
    ("LoginAttemptDelayedSeconds", Meaning::Passes),
    ("MaxVirtualMediaConnectionEstablished", Meaning::Full),
    ("NoOperation", Meaning::NotAnError),
    (
        "NoScriptedVirtualMediaConnectionAvailable",
        Meaning::AlreadySo,
    ),
    ("NoValidSession", Meaning::NoSession),
    ("NoVirtualMediaConnectionAvailable", Meaning::AlreadySo),
    ("OneTimePasscodeSent", Meaning::Credentials),
    ("OperationAvailableAfterSystemPOST", Meaning::Passes),
    ("OperationWillCompleteAfterSystemPOST", Meaning::NotAnError),
    ("PropertyMissing", Meaning::MissesParameters),
    ("PropertyNotWritable", Meaning::Final),
    ("PropertyNotWritableOrUnknown", Meaning::Final),
    ("PropertyUnknown", Meaning::Final),
    ("PropertyValueNotInList", Meaning::Final),
    ("ResetInProgress", Meaning::Passes),
    ("ResetRequired", Meaning::NotAnError),
    ("ResourceAtUriUnauthorized", Meaning::Final),
    ("ResourceExhaustion", Meaning::Passes),
    ("ResourceInStandby", Meaning::Passes),
    ("ResourceInUse", Meaning::Passes),
    ("ResourceMissingAtURI", Meaning::Final),
    ("ResourceNotReadyRetry", Meaning::Passes),
    ("ResourceTemporarilyUnavailable", Meaning::Passes),
    ("ServerConfigurationLockEnabled", Meaning::Final),
    ("ServiceInUnknownState", Meaning::Fails),
    ("ServiceShuttingDown", Meaning::Passes),
    ("ServiceTemporarilyUnavailable", Meaning::Passes),
    ("SessionLimitExceeded", Meaning::Passes),
    ("SourceDoesNotSupportProtocol", Meaning::Final),
    ("Success", Meaning::NotAnError),
    ("SystemPowerOffRequired", Meaning::Final),
    ("SystemPowerStateChangeFailed", Meaning::Passes),
    ("SystemResetRequired", Meaning::NotAnError),
    ("UnableToModifyAfterVirtualMediaInsert", Meaning::Final),
    ("UnableToModifyDuringSystemPOST", Meaning::Passes),
    ("UnauthorizedLoginAttempt", Meaning::Credentials),
    ("UnsupportedOperation", Meaning::Unsupported),
    ("UnsupportedOperationInLegacyBootMode", Meaning::Final),
    ("UnsupportedOperationInSystemBIOS", Meaning::Final),
    ("UnsupportedSecurityState", Meaning::Final),
    ("VirtualMediaIsDisabled", Meaning::Final),
];

/// The messages whose first argument is the number of seconds until it passes.
const WITH_SECONDS: [&str; 3] = [
    "LoginAttemptDelayedSeconds",
    "ResourceNotReadyRetry",
    "ServiceTemporarilyUnavailable",
];

/// The longest time that a BMC may ask for.
const ASKED_MAX: Duration = Duration::from_secs(60 * 60);

/// Returns the last part of a message's ID: `Base.1.4.Success`, or `Base.1.0:Success` in an iLO 4.
pub(super) fn name(id: &str) -> &str {
    id.rsplit(['.', ':']).next().unwrap_or_default()
}

/// Returns the meaning of a message by the last part of its ID; `None` if it is not known.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let index = MESSAGES.binary_search_by(|(known, _)| (*known).cmp(name));
    match index {
        Ok(index) => Some(MESSAGES[index].1),
        // A licence has more messages, depending on the feature.
        Err(_) => name.contains("License").then_some(Meaning::Licence),
    }
}

/// Returns the meaning of a refusal with these messages and this status.
///
/// Several messages mean what the gravest of them means. Unknown ones are judged by the status.
pub(super) fn meaning_of_all<'a>(names: impl Iterator<Item = &'a str>, status: u16) -> Meaning {
    let known: Vec<Option<Meaning>> = names.map(meaning).collect();
    let grave = |meaning: &Meaning| {
        !matches!(
            meaning,
            Meaning::Passes | Meaning::Fails | Meaning::AlreadySo | Meaning::NotAnError
        )
    };
    let with = |wanted: Meaning| known.contains(&Some(wanted)).then_some(wanted);
    let by_status = match status {
        401 => Meaning::NoSession,
        403 => Meaning::Privilege,
        429 | 503 => Meaning::Passes,
        500.. => Meaning::Fails,
        _ => Meaning::Final,
    };
    let is_done = !known.is_empty() && known.iter().all(|one| *one == Some(Meaning::NotAnError));
    known
        .iter()
        .flatten()
        .copied()
        .find(grave)
        .or_else(|| with(Meaning::Passes))
        .or_else(|| with(Meaning::Fails))
        .or_else(|| with(Meaning::AlreadySo))
        .or(is_done.then_some(Meaning::NotAnError))
        .unwrap_or(by_status)
}

/// Returns how long the BMC asks to wait in a message.
pub(super) fn asked_pause(name: &str, argument: &str) -> Option<Duration> {
    if !WITH_SECONDS.contains(&name) {
        return None;
    }
    let seconds = argument.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(ASKED_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(MESSAGES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn ids_are_compared_by_their_last_part() {
        for (id, expected) in [
            (
                "iLO.2.30.UnableToModifyDuringSystemPOST",
                Some(Meaning::Passes),
            ),
            ("Base.1.0:Success", Some(Meaning::NotAnError)),
            ("iLO.0.10.LicenseKeyRequired", Some(Meaning::Licence)),
            ("iLO.2.15.LicenseNotForThis", Some(Meaning::Licence)),
            ("Base.1.4.SomethingNew", None),
            ("", None),
        ] {
            assert_eq!(meaning(name(id)), expected, "{id}");
        }
    }

    #[test]
    fn the_gravest_message_counts_and_then_the_status() {
        let of = |names: &[&str], status| meaning_of_all(names.iter().copied(), status);
        assert_eq!(of(&["Success", "ResourceInUse"], 400), Meaning::Passes);
        assert_eq!(
            of(&["ResourceInUse", "LicenseKeyRequired"], 400),
            Meaning::Licence
        );
        assert_eq!(of(&["NoOperation"], 400), Meaning::NotAnError);
        assert_eq!(of(&["Success", "Unheard"], 400), Meaning::Final);
        assert_eq!(of(&["Unheard"], 400), Meaning::Final);
        assert_eq!(of(&[], 503), Meaning::Passes);
        assert_eq!(of(&[], 500), Meaning::Fails);
        assert_eq!(of(&[], 403), Meaning::Privilege);
    }

    #[test]
    fn seconds_are_read_where_a_message_has_them() {
        let seconds = Duration::from_secs;
        assert_eq!(
            asked_pause("ResourceNotReadyRetry", "20"),
            Some(seconds(20))
        );
        assert_eq!(
            asked_pause("ResourceNotReadyRetry", "99999999"),
            Some(seconds(3600))
        );
        assert_eq!(asked_pause("ResourceNotReadyRetry", "soon"), None);
        assert_eq!(asked_pause("PropertyUnknown", "20"), None);
    }
}
