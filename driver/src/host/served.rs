//! Asking the web server whether it serves what was published.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH};
use url::Url;

use crate::http::tls::{self, Trust};
use crate::http::url::redacted;
use crate::http::{blocking, reason};

/// How the web server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSettings {
    /// How long one question may take, the connection included.
    pub timeout: Duration,
    /// A PEM file of certificate authorities to trust for `https`, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for CheckSettings {
    /// 60 seconds, and the system's certificate authorities.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            ca_file: None,
        }
    }
}

/// What the web server did instead of serving an image.
///
/// URLs are shown without user, password and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotServed {
    /// The question could not be put.
    #[error("cannot read the certificate authorities in {}: {reason}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No answer: nothing listens there, TLS failed, or it took too long.
    #[error("expected HEAD {url} to be answered, but {reason}: check that the web server runs")]
    NoAnswer {
        /// The URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// An answer other than 200.
    #[error("expected HEAD {url} to be answered with 200, got {status}: {}", advice(*.status))]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server serves something else, or changes it on the way.
    #[error(
        "expected HEAD {url} to announce {expected} bytes, got {}: check that the server serves \
         http_server_root there, unchanged",
        .announced.map_or("no Content-Length".to_owned(), |n| n.to_string())
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
        301..=399 => "BMCs do not follow redirects, set the URL that it redirects to",
        401 => "the web server asks for a password, which a BMC does not have",
        403 => {
            "the web server may not read the file: it needs to pass through every directory above \
             http_server_root, and SELinux must let it"
        }
        404 => "the URL does not lead to http_server_root: check http_server_url",
        _ => "look into the web server's log",
    }
}

/// Asks with one client, made when it is first needed: the certificates are not read for nothing.
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

    /// Checks that `url` is served with `size` bytes. Blocks until that is known.
    pub(super) fn check(&self, url: &Url, size: u64) -> Result<(), NotServed> {
        let shown = redacted(url);
        let no_answer = |reason| NotServed::NoAnswer {
            url: shown.clone(),
            reason,
        };
        let client = match self.client.get() {
            Some(client) => client.clone(),
            None => {
                let made = client(&self.trust()?).map_err(no_answer)?;
                self.client.get_or_init(|| made).clone()
            }
        };
        let (url, timeout) = (url.clone(), self.settings.timeout);
        let asked = blocking::run(async move { client.head(url).timeout(timeout).send().await });
        let answer = asked
            .map_err(|error| no_answer(error.to_string()))?
            .map_err(|error| no_answer(reason(&error)))?;
        announces(shown, size, &answer)
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
        // A BMC knows nothing of this process's proxy.
        .no_proxy()
        .build()
        .map_err(|error| reason(&error))
}

/// Checks that the answer to `HEAD` of the URL that is shown as `shown` announces `size` bytes.
pub(super) fn announces(shown: String, size: u64, answer: &Response) -> Result<(), NotServed> {
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(NotServed::Status { url: shown, status });
    }
    let headers = answer.headers();
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
    if headers.get(ACCEPT_RANGES).is_none_or(|v| v != "bytes") {
        log::warn!("{shown}: the server does not offer byte ranges, which BMCs need");
    }
    Ok(())
}
