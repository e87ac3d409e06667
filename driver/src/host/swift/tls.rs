//! The HTTP client, and how it knows servers by TLS.

use std::path::Path;
use std::sync::Arc;

use reqwest::redirect::Policy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;

use super::error::SwiftError;
use super::settings::{SwiftSettings, Tls};

/// The client for Keystone and for Swift.
pub(super) fn client(settings: &SwiftSettings) -> Result<reqwest::Client, SwiftError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(config(&settings.tls)?)
        .connect_timeout(settings.timeout)
        .redirect(Policy::none())
        .user_agent(crate::http::USER_AGENT)
        .build()
        .map_err(|error| SwiftError::Client {
            reason: super::client::causes(&error),
        })
}

fn config(tls: &Tls) -> Result<ClientConfig, SwiftError> {
    let failed = |error: rustls::Error| SwiftError::Client {
        reason: error.to_string(),
    };
    // Given here, so that nothing depends on what the rest of the process chose for all of it.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match &tls.ca_file {
        _ if tls.insecure => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        Some(file) => builder.with_root_certificates(authorities(file)?),
        None => builder.with_platform_verifier().map_err(failed)?,
    };
    match &tls.client {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unusable(key, &e))?;
            let chain = certificates(certificate)?;
            builder.with_client_auth_cert(chain, key).map_err(failed)
        }
    }
}

fn authorities(file: &Path) -> Result<RootCertStore, SwiftError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|e| unusable(file, &e))?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, SwiftError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|e| unusable(file, &e))?
        .collect();
    let found = found.map_err(|e| unusable(file, &e))?;
    if found.is_empty() {
        return Err(unusable(file, &"expected at least one PEM certificate"));
    }
    Ok(found)
}

fn unusable(file: &Path, reason: &dyn std::fmt::Display) -> SwiftError {
    SwiftError::Pem {
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}

/// Takes every certificate: what `[swift] insecure` asks for.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
