//! The HTTP client, for all that this library asks: `reqwest` with `rustls`.
//!
//! It logs neither URLs nor headers nor content, at no level. `ureq` writes whole requests into the
//! log at level `trace`: signatures of temporary URLs, passwords, tokens.

pub(crate) mod blocking;
pub(crate) mod tls;
pub(crate) mod url;

use reqwest::redirect::Policy;
use rustls::ClientConfig;

/// What servers are told about who asks.
const USER_AGENT: &str = concat!("ironic-ilo-driver/", env!("CARGO_PKG_VERSION"));

/// A client that knows servers by `tls` and takes content as it is stored.
///
/// It follows no redirect: `reqwest` and what is under it log the user and password of a URL that a
/// server redirects to.
pub(crate) fn builder(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        // Other crates of the same program may switch on cargo features of `reqwest`: they change
        // nothing.
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// What lies behind an error of the client, without the URL that its own message repeats.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    if causes.is_empty() {
        return "the HTTP client gives no reason".to_owned();
    }
    causes.join(": ")
}
