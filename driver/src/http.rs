//! What the HTTP clients of this library share.

use std::sync::Arc;

use ureq::tls::{PemItem, RootCerts, parse_pem};

/// What servers are told about who asks.
pub(crate) const USER_AGENT: &str = concat!("ironic-ilo-driver/", env!("CARGO_PKG_VERSION"));

/// The certificates in `pem`, a PEM bundle, or why there are none.
pub(crate) fn certificates(pem: &[u8]) -> Result<RootCerts, String> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err("expected at least one PEM certificate".into());
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}
