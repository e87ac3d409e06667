//! The TLS configuration: which certificates are trusted, and which is presented.

#[cfg(any(feature = "redfish", feature = "swift"))]
mod any_certificate;
#[cfg(feature = "redfish")]
mod fault;
mod given_certificates;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::Verifier;

#[cfg(feature = "redfish")]
pub(crate) use self::fault::{TlsFault, tls_fault};
use self::given_certificates::Given;

/// The number of TLS sessions that a client keeps, to resume them.
const SESSIONS: usize = 8;

/// Which certificates are trusted.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// Certificates issued by this machine's authorities, as they were when this process first
    /// needed them.
    System,
    /// Certificates issued by these authorities, and these certificates themselves.
    Given(Given),
    /// Any certificate.
    #[cfg(any(feature = "redfish", feature = "swift"))]
    Anybody,
}

/// The certificate chain and the key that a client presents to servers.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// An unusable PEM file or directory of PEM files.
#[derive(Debug)]
pub(crate) struct PemError {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// Returns the configuration of a client.
///
/// # Errors
///
/// An error if this machine has no authorities, or if the key does not match the certificate.
pub(crate) fn config(trust: &Trust, identity: Option<Identity>) -> Result<ClientConfig, Error> {
    // Explicit, since the process may have no default provider, or a different one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::System => builder
            .dangerous()
            .with_custom_certificate_verifier(system_verifier(&provider)?),
        Trust::Given(given) => builder
            .dangerous()
            .with_custom_certificate_verifier(given_certificates::verifier(given, &provider)?),
        #[cfg(any(feature = "redfish", feature = "swift"))]
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(any_certificate::verifier(&provider)),
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificates, key)) => builder.with_client_auth_cert(certificates, key)?,
    };
    // A client has one server or a few; space for the sessions of 256 is the default.
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// Returns a verifier with this machine's authorities. They are read once: a conductor creates a
/// client for each node, and reading them takes longer than everything else that the client does.
fn system_verifier(provider: &Arc<CryptoProvider>) -> Result<Arc<Verifier>, Error> {
    static KNOWN: Mutex<Option<Arc<Verifier>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(verifier) = &*known {
        return Ok(Arc::clone(verifier));
    }
    let verifier = Arc::new(Verifier::new(Arc::clone(provider))?);
    Ok(Arc::clone(known.insert(verifier)))
}

/// Returns trust in the certificates of a PEM file, or of all PEM files of a directory.
pub(crate) fn authorities(path: &Path) -> Result<Trust, PemError> {
    let unusable = |reason| PemError {
        path: path.to_owned(),
        reason,
    };
    let mut found = Vec::new();
    for file in files(path).map_err(|error| unusable(error.to_string()))? {
        let pem = fs::read(&file).map_err(|error| error.to_string());
        let added = pem.and_then(|pem| certificates(&pem));
        found.extend(added.map_err(|reason| match file == path {
            true => unusable(reason),
            false => unusable(format!("{}: {reason}", file.display())),
        })?);
    }
    given(found).map_err(unusable)
}

/// Returns trust in the certificates in `pem`, or the reason why there are none.
pub(crate) fn authorities_in(pem: &[u8]) -> Result<Trust, String> {
    given(certificates(pem)?)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.map_err(|error| error.to_string())
}

fn given(certificates: Vec<CertificateDer<'static>>) -> Result<Trust, String> {
    let mut authorities = RootCertStore::empty();
    for certificate in &certificates {
        let added = authorities.add(certificate.clone());
        added.map_err(|error| error.to_string())?;
    }
    if certificates.is_empty() {
        return Err(NO_CERTIFICATE.to_owned());
    }
    Ok(Trust::Given(Given {
        authorities: Arc::new(authorities),
        certificates: Arc::new(certificates),
    }))
}

const NO_CERTIFICATE: &str = "expected at least one PEM certificate";

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
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

/// Reads the client's certificate and key from two PEM files.
#[cfg(feature = "swift")]
pub(crate) fn identity(certificate: &Path, key: &Path) -> Result<Identity, PemError> {
    let unusable = |path: &Path, reason: String| PemError {
        path: path.to_owned(),
        reason,
    };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let certificates = certificates.map_err(|error| unusable(certificate, error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(certificate, NO_CERTIFICATE.to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error.to_string()))?;
    Ok((certificates, key))
}
