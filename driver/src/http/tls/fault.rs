//! What is wrong with a server's certificate, in words.

use std::error::Error as StdError;
use std::io;

use rustls::{CertificateError, Error, OtherError};

use super::given_certificates::is_of_authority;

/// The maximum number of names of a certificate that are shown.
const NAMES_MAX: usize = 4;

/// Returns what is wrong with the server's certificate, if a connection failed for that reason.
pub(crate) fn certificate_fault(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls @ Error::InvalidCertificate(fault)) = error.downcast_ref::<Error>() {
            return Some(match is_of_authority(tls) {
                true => "it says that it is an authority's (CA:TRUE), and is none of the given \
                         ones"
                    .to_owned(),
                false => in_words(fault),
            });
        }
        // `io::Error::source` skips the error that it wraps.
        next = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|held| held as &dyn StdError),
            None => error.source(),
        };
    }
    None
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
