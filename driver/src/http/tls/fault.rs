//! Why a TLS connection cannot be made, in words.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

use super::given_certificates::is_of_authority;

/// The maximum number of names of a certificate that are shown.
const NAMES_MAX: usize = 4;

/// Why a connection failed that will fail again.
pub(crate) enum TlsFault {
    /// What is wrong with the server's certificate.
    Certificate(String),
    /// What is wrong with the connection.
    Connection(String),
}

/// Returns why a connection failed, if that is for TLS and does not pass by itself.
pub(crate) fn tls_fault(error: &(dyn StdError + 'static)) -> Option<TlsFault> {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<Error>() {
            Some(tls @ Error::InvalidCertificate(fault)) => {
                return Some(TlsFault::Certificate(match is_of_authority(tls) {
                    true => "it says that it is an authority's (CA:TRUE), and is none of the \
                             given ones"
                        .to_owned(),
                    false => in_words(fault),
                }));
            }
            Some(tls) => return connection_fault(tls).map(TlsFault::Connection),
            None => {}
        }
        // `io::Error::source` skips the error that it wraps.
        next = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|held| held as &dyn StdError),
            None => error.source(),
        };
    }
    None
}

/// Returns what is wrong with a connection, unless it may be better at the next try.
fn connection_fault(error: &Error) -> Option<String> {
    let alert = match error {
        Error::PeerIncompatible(_) => {
            return Some("the server has no version or cipher in common with this client".into());
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            return Some("the server does not speak TLS at this port".into());
        }
        Error::AlertReceived(alert) => alert,
        _ => return None,
    };
    let text = match alert {
        // What a server sends that ends, or has failed.
        AlertDescription::CloseNotify
        | AlertDescription::UserCanceled
        | AlertDescription::InternalError => return None,
        AlertDescription::ProtocolVersion => {
            "the server has none of the versions of TLS that this client has"
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "the server has no cipher in common with this client"
        }
        AlertDescription::UnrecognisedName => "the server does not know this name",
        AlertDescription::CertificateRequired => "the server wants a certificate of this client",
        other => return Some(format!("the server refuses it with the alert {other:?}")),
    };
    Some(text.to_owned())
}

fn in_words(fault: &CertificateError) -> String {
    let text = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired: make a new one in the BMC, or check the clock of this machine"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet: check the clocks of the BMC and of this machine"
        }
        CertificateError::UnknownIssuer => {
            "it is neither one of the given certificates, nor issued by a trusted authority"
        }
        CertificateError::BadSignature => {
            "it was not signed by the given authority with its issuer's name: one of both may have \
             been replaced"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not supported, such as with SHA-1: make a new one in \
             the BMC"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers"
        }
        CertificateError::BadEncoding => "it cannot be read",
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let shown: Vec<&str> = presented.iter().map(String::as_str).collect();
            let names = match shown.as_slice() {
                [] => "no name at all (subjectAltName)".to_owned(),
                names => names[..names.len().min(NAMES_MAX)].join(", "),
            };
            return format!(
                "it is for {names}, not for {}: use a name of it in driver_info, or make one for \
                 this name in the BMC",
                expected.to_str()
            );
        }
        CertificateError::Other(OtherError(other)) => match other.downcast_ref() {
            Some(webpki::Error::UnsupportedCertVersion) => {
                "it is of X.509 version 1: make a new one in the BMC"
            }
            _ => return fault.to_string(),
        },
        _ => return fault.to_string(),
    };
    text.to_owned()
}
