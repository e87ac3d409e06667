//! Which certificates are trusted, as `rustls` takes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

use super::super::error::Cause;
use crate::options::VerifyCa;

/// The configuration for a connection to a BMC at `address`, which messages show.
pub(super) fn config(verify: &VerifyCa, address: &str) -> Result<ClientConfig, Cause> {
    // Named here, since the process may have no default provider, or another one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: Error| Cause::NotTrusted {
        address: address.to_owned(),
        reason: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let config = match verify {
        VerifyCa::System => {
            let verifier = Verifier::new(provider).map_err(unusable)?;
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(verifier))
        }
        VerifyCa::Path(path) => builder.with_root_certificates(authorities(path)?),
        VerifyCa::No => {
            let any = AnyCertificate(provider.signature_verification_algorithms);
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(any))
        }
    };
    Ok(config.with_no_client_auth())
}

/// The certificates in a PEM file, or in all PEM files of a directory.
fn authorities(path: &Path) -> Result<RootCertStore, Cause> {
    let failed = |reason: String| Cause::CertificateAuthorities {
        path: path.to_owned(),
        reason,
    };
    let mut store = RootCertStore::empty();
    for file in files(path).map_err(|e| failed(e.to_string()))? {
        let name = file.display();
        let pem = fs::read(&file).map_err(|e| failed(format!("{name}: {e}")))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| failed(format!("{name}: {e}")))?;
            let added = store.add(certificate);
            added.map_err(|e| failed(format!("{name}: {e}")))?;
        }
    }
    if store.is_empty() {
        return Err(failed("expected at least one PEM certificate".into()));
    }
    Ok(store)
}

fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() {
            files.push(file);
        }
    }
    Ok(files)
}

/// Takes every certificate; the handshake itself must still be right.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked =
            rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0);
        tolerant(checked)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked =
            rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0);
        tolerant(checked)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Old BMCs have certificates that cannot even be parsed, such as those of X.509 version 1: where any
/// certificate will do, so will they.
fn tolerant(
    checked: Result<HandshakeSignatureValid, Error>,
) -> Result<HandshakeSignatureValid, Error> {
    match checked {
        Err(Error::InvalidCertificate(
            CertificateError::BadEncoding | CertificateError::Other(_),
        )) => Ok(HandshakeSignatureValid::assertion()),
        other => other,
    }
}

/// What is wrong with the server's certificate, if that is why a connection failed.
pub(super) fn certificate_fault(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(Error::InvalidCertificate(fault)) = error.downcast_ref::<Error>() {
            return Some(fault.to_string());
        }
        // `io::Error::source` skips the error that it holds.
        next = match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|held| held as &dyn std::error::Error),
            None => error.source(),
        };
    }
    None
}
