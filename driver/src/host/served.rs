//! Checking that the web server serves published images.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH};
use url::Url;

use crate::http::tls::{self, Trust};
use crate::http::url::redacted;
use crate::http::{blocking, reason, warned};

/// The settings for checking that the web server serves an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSettings {
    /// How long a request may take, including the connection.
    pub timeout: Duration,
    /// A PEM file with the certificate authorities to trust for `https`, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for CheckSettings {
    /// Returns 60 seconds and the system's certificate authorities.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            ca_file: None,
        }
    }
}

/// The reason why an image is not served.
///
/// URLs are shown without user, password and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotServed {
    /// The certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {}: {reason}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// The cause.
        reason: String,
    },
    /// There was no response: nothing listens there, TLS failed, or it took too long.
    #[error(
        "expected a response to HEAD {url}, but {reason}: check that the web server is running"
    )]
    NoAnswer {
        /// The URL.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The status is not 200.
    #[error("expected HEAD {url} to return 200, got {status}: {}", advice(*.status))]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server serves something else, or transforms the image.
    #[error(
        "expected HEAD {url} to return a Content-Length of {expected}, got {}: check that the \
         server serves http_server_root there, unchanged",
        .announced.map_or("none".to_owned(), |n| n.to_string())
    )]
    Length {
        /// The URL.
        url: String,
        /// The image's size in bytes.
        expected: u64,
        /// The size that the server announced.
        announced: Option<u64>,
    },
}

fn advice(status: u16) -> &'static str {
    match status {
        301..=399 => "BMCs do not follow redirects: set the URL that it redirects to",
        401 => "the web server requires a password, which a BMC does not have",
        403 => {
            "the web server cannot read the file: it needs search permission on every directory \
             above http_server_root, and SELinux must allow it"
        }
        404 => "the URL does not map to http_server_root: check http_server_url",
        _ => "see the web server's log",
    }
}

/// Checks images with one client, which is created when first needed, so that certificates are not
/// read in vain.
#[derive(Debug)]
pub(super) struct Checker {
    settings: CheckSettings,
    client: OnceLock<reqwest::Client>,
}

impl Checker {
    pub(super) fn new(settings: CheckSettings) -> Self {
        Self {
            settings,
            client: OnceLock::new(),
        }
    }

    /// Checks that `url` is served with `size` bytes. Blocks.
    pub(super) fn check(&self, url: &Url, size: u64) -> Result<(), NotServed> {
        let shown = redacted(url);
        let no_answer = |reason| NotServed::NoAnswer {
            url: shown.clone(),
            reason,
        };
        let client = match self.client.get() {
            Some(client) => client.clone(),
            None => {
                let built = client(&self.trust()?).map_err(no_answer)?;
                self.client.get_or_init(|| built).clone()
            }
        };
        let (url, timeout) = (url.clone(), self.settings.timeout);
        let sent = blocking::run(async move { client.head(url).timeout(timeout).send().await });
        let response = sent
            .map_err(|error| no_answer(error.to_string()))?
            .map_err(|error| no_answer(reason(&error)))?;
        announces(shown, size, &response)
    }

    fn trust(&self) -> Result<Trust, NotServed> {
        let Some(file) = &self.settings.ca_file else {
            return Ok(Trust::System);
        };
        tls::authorities(file).map_err(|error| NotServed::CaFile {
            file: error.path,
            reason: error.reason,
        })
    }
}

fn client(trust: &Trust) -> Result<reqwest::Client, String> {
    let tls = tls::config(trust, None).map_err(|error| error.to_string())?;
    crate::http::builder(tls)
        // A BMC does not use this process's proxy.
        .no_proxy()
        .build()
        .map_err(|error| reason(&error))
}

/// Checks that the response to a HEAD request announces `size` bytes. `shown` is the URL for
/// messages.
pub(super) fn announces(shown: String, size: u64, response: &Response) -> Result<(), NotServed> {
    let status = response.status().as_u16();
    if status != 200 {
        return Err(NotServed::Status { url: shown, status });
    }
    let headers = response.headers();
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    if announced != Some(size) || headers.contains_key(CONTENT_ENCODING) {
        return Err(NotServed::Length {
            url: shown,
            expected: size,
            announced,
        });
    }
    let server = response.url().origin().ascii_serialization();
    if headers.get(ACCEPT_RANGES).is_none_or(|v| v != "bytes")
        && warned::is_new(&server, "byte ranges")
    {
        log::warn!("{server}: the server does not offer byte ranges, which BMCs need");
    }
    Ok(())
}
