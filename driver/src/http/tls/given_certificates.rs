//! Trust in authorities, and in the very certificates that an operator gives.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// The certificates in the files that an operator gives.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(super) authorities: Arc<RootCertStore>,
    pub(super) certificates: Arc<Vec<CertificateDer<'static>>>,
}

/// Returns a verifier that accepts servers with a certificate of the given authorities, or with a
/// given certificate itself.
pub(super) fn verifier(
    given: &Given,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let authorities = Arc::clone(&given.authorities);
    let by_authority =
        WebPkiServerVerifier::builder_with_provider(authorities, Arc::clone(provider)).build();
    let by_authority = by_authority.map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(GivenCertificates {
        certificates: Arc::clone(&given.certificates),
        by_authority,
    }))
}

#[derive(Debug)]
struct GivenCertificates {
    certificates: Arc<Vec<CertificateDer<'static>>>,
    by_authority: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for GivenCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = self.by_authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match checked {
            // The dates are right: they are checked before the purpose.
            Err(error) if is_of_authority(&error) && self.certificates.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

/// Whether a server was refused only because its certificate says that it is one of an authority.
pub(super) fn is_of_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error else {
        return false;
    };
    matches!(other.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test panics")]
mod tests {
    use std::time::Duration;

    use super::super::{Trust, authorities_in};
    use super::*;

    /// A certificate of and for `ilo.example` and 192.0.2.7, with CA:TRUE, valid in the years 2025
    /// and 2026.
    const OWN: &[u8] = include_bytes!("test_own.pem");

    /// Another one of the same names.
    const OTHER: &[u8] = include_bytes!("test_other.pem");

    fn verify(name: &str, year: u64) -> Result<(), Error> {
        verify_certificate(OWN, name, year)
    }

    fn verify_certificate(shown: &[u8], name: &str, year: u64) -> Result<(), Error> {
        use rustls::pki_types::pem::PemObject;

        let Trust::Given(given) = authorities_in(OWN).unwrap() else {
            unreachable!("it gives trust in the certificate");
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier(&given, &provider).unwrap();
        let shown = CertificateDer::from_pem_slice(shown).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        // In the middle of the year.
        let now = Duration::from_secs((year - 1970) * 31_556_952 + 15_778_476);
        let now = UnixTime::since_unix_epoch(now);
        let checked = verifier.verify_server_cert(&shown, &[], &name, &[], now);
        checked.map(|_| ())
    }

    #[test]
    fn a_given_certificate_is_trusted_although_it_says_that_it_is_an_authority() {
        verify("ilo.example", 2025).unwrap();
        verify("192.0.2.7", 2026).unwrap();
    }

    #[test]
    fn its_name_and_dates_are_checked() {
        let fault = |name, year| match verify(name, year) {
            Err(Error::InvalidCertificate(fault)) => fault,
            other => unreachable!("{other:?}"),
        };
        for name in ["other.example", "192.0.2.8"] {
            let fault = fault(name, 2025);
            assert!(
                matches!(fault, CertificateError::NotValidForNameContext { .. }),
                "{fault:?}"
            );
        }
        let early = fault("ilo.example", 2024);
        assert!(
            matches!(early, CertificateError::NotValidYetContext { .. }),
            "{early:?}"
        );
        let late = fault("ilo.example", 2027);
        assert!(
            matches!(late, CertificateError::ExpiredContext { .. }),
            "{late:?}"
        );
    }

    #[test]
    fn another_certificate_with_the_same_names_is_not_trusted() {
        verify_certificate(OTHER, "ilo.example", 2025).unwrap_err();
    }
}
