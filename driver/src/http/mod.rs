//! The HTTP client of the whole library: `reqwest` with `rustls`.
//!
//! At no level does it log URLs, headers or content. `ureq` would log whole requests at level
//! `trace`, with signatures of temporary URLs, passwords and tokens.

pub(crate) mod blocking;
pub(crate) mod networks;
#[cfg(any(feature = "redfish", feature = "swift"))]
pub(crate) mod peer;
pub(crate) mod tls;
pub(crate) mod url;
pub(crate) mod warned;
pub(crate) mod work;

use reqwest::redirect::Policy;
use rustls::ClientConfig;

/// The `User-Agent` header.
const USER_AGENT: &str = concat!("ironic-ilo-driver/", env!("CARGO_PKG_VERSION"));

/// Returns a client builder that verifies servers by `tls` and does not decode content.
///
/// It does not follow redirects: `reqwest` and its dependencies log the user and password of a URL
/// that a server redirects to.
pub(crate) fn builder(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        // These do not depend on the cargo features of `reqwest` that other crates of the program
        // enable.
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Returns the causes of a client error, without the URL that its own message repeats.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    if causes.is_empty() {
        return "the HTTP client gave no reason".to_owned();
    }
    causes.join(": ")
}
