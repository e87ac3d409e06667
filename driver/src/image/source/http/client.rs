//! The client of HTTP sources: its limits, redirects and further tries.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Method, Response};
use tokio::time::{sleep, timeout};
use url::Url;

use super::super::SourceError;
use super::limits::{Failure, Limits};
use crate::http::networks::{AddressPolicy, Networks};
use crate::http::tls::{self, Trust};
use crate::http::url::redacted_text;
use crate::http::{blocking, reason};

/// The maximum number of redirects.
const REDIRECTS_MAX: usize = 10;

/// The pauses before further tries, while a server says that it cannot answer for the moment.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// The longest pause that a server may ask for by `Retry-After`.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The client that HTTP sources share, with its connections, timeout and trusted certificates.
///
/// It uses `reqwest` with `rustls`, on a few threads of its own: calls block, as everywhere in this
/// module, and need no runtime. The first request creates the client. Proxies are taken from the
/// environment (`http_proxy`, `no_proxy`), and up to ten redirects are followed, but never from
/// `https` to `http`. A server that answers 429, 502, 503 or 504 is asked up to three times more,
/// after 0.5, 1 and 2 seconds or when its `Retry-After` says, within 10 seconds.
///
/// Servers are given up that are silent for 60 seconds ([`stall_after`](Self::stall_after)), that
/// send less than 64 KiB/s while they are waited for during 60 seconds
/// ([`min_rate`](Self::min_rate)), and whose content takes longer than an hour
/// ([`deadline`](Self::deadline)).
///
/// It never connects to link-local addresses, where clouds serve secrets of the machine. For a URL
/// that a stranger chose, see [`public_and`](Self::public_and).
///
/// ```no_run
/// use std::time::Duration;
///
/// use driver::image::{HttpClient, HttpSource, Source as _};
///
/// let http = HttpClient::new().deadline(Duration::from_secs(600));
/// let kernel = HttpSource::new(&http, "http://images.example/vmlinuz")?;
/// println!("{}: {} bytes", kernel.name(), kernel.size());
/// # Ok::<(), driver::image::SourceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpClient {
    trust: Trust,
    addresses: AddressPolicy,
    limits: Limits,
    client: Arc<OnceLock<reqwest::Client>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// The default time that a server may be silent: 60 s, the default of `[ilo] client_timeout`.
    pub const STALL: Duration = Duration::from_secs(60);

    /// Creates a client that trusts the certificates that this machine trusts.
    pub fn new() -> Self {
        Self::with(Trust::System)
    }

    /// Creates a client that trusts the authorities in `pem`, a PEM bundle, instead of this
    /// machine's.
    ///
    /// # Errors
    ///
    /// [`SourceError::Io`] if `pem` contains no certificate or an invalid one; `name` identifies it
    /// in the message.
    pub fn with_ca(name: &str, pem: &[u8]) -> Result<Self, SourceError> {
        let trust = tls::authorities_in(pem).map_err(|text| SourceError::Io {
            name: name.into(),
            cause: io::Error::new(io::ErrorKind::InvalidData, text),
        })?;
        Ok(Self::with(trust))
    }

    /// The default of [`min_rate`](Self::min_rate), in bytes per second.
    pub const MIN_RATE: u64 = 64 * 1024;

    /// The default time over which [`min_rate`](Self::min_rate) is measured: 60 s.
    pub const RATE_WINDOW: Duration = Duration::from_secs(60);

    /// The default of [`deadline`](Self::deadline): one hour.
    pub const DEADLINE: Duration = Duration::from_secs(60 * 60);

    /// Sets how long a server may be silent, including while connecting.
    #[must_use]
    pub fn stall_after(mut self, limit: Duration) -> Self {
        self.limits.stall = limit;
        self
    }

    /// Sets the minimum number of bytes that a server must send per second, on average over
    /// `window`. Only the time during which its next bytes are waited for counts, so that slow
    /// readers are not its fault.
    #[must_use]
    pub fn min_rate(mut self, bytes_per_second: u64, window: Duration) -> Self {
        self.limits.min_rate = bytes_per_second;
        self.limits.window = window;
        self
    }

    /// Sets how long reading one content may take, from the request to the last byte.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.limits.deadline = limit;
        self
    }

    /// Connects to public addresses and to those in `networks`, but to no other address of this
    /// machine or of a private network. This is checked on the address connected to, for each
    /// redirect again. A proxy from the environment is used only if `networks` contain every
    /// address.
    #[must_use]
    pub fn public_and(self, networks: Networks) -> Self {
        Self {
            addresses: AddressPolicy::PublicAnd(networks),
            client: Arc::default(),
            ..self
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn with(trust: Trust) -> Self {
        Self {
            trust,
            addresses: AddressPolicy::default(),
            limits: Limits {
                stall: Self::STALL,
                min_rate: Self::MIN_RATE,
                window: Self::RATE_WINDOW,
                deadline: Self::DEADLINE,
            },
            client: Arc::default(),
        }
    }

    pub(super) fn request(
        &self,
        method: Method,
        url: &Url,
        range: Option<ByteRange>,
    ) -> Result<Response, SourceError> {
        let name = || redacted_text(url.as_str());
        let client = self
            .client()
            .map_err(|text| SourceError::other(name(), text))?;
        let (stall, deadline) = (self.limits.stall, self.limits.deadline);
        let request = Request {
            client,
            addresses: self.addresses.clone(),
            method,
            range,
            stall,
        };
        let response = request.send(url.clone());
        let response = async move {
            match timeout(deadline, response).await {
                Ok(response) => response,
                Err(_) => Err(Failure::Deadline),
            }
        };
        blocking::run(response)
            .unwrap_or_else(|error| Err(Failure::Io(error)))
            .map_err(|failure| failure.of(name(), &self.limits))
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let tls = tls::config(&self.trust, None).map_err(|error| error.to_string())?;
        let built = self.addresses.apply(crate::http::builder(tls)).build();
        let built = built.map_err(|error| reason(&error))?;
        Ok(self.client.get_or_init(|| built).clone())
    }
}

/// A part of a content, which is not empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteRange {
    first: u64,
    last: u64,
}

impl ByteRange {
    /// Creates the range of `len` bytes from `offset`; `None` without any.
    pub(super) fn new(offset: u64, len: u64) -> Option<Self> {
        Some(Self {
            first: offset,
            last: offset.saturating_add(len.checked_sub(1)?),
        })
    }

    pub(super) fn offset(self) -> u64 {
        self.first
    }

    pub(super) fn len(self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// Returns the header `Content-Range` of this part of `size` bytes.
    pub(super) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// A request, apart from its URL.
struct Request {
    client: reqwest::Client,
    addresses: AddressPolicy,
    method: Method,
    range: Option<ByteRange>,
    stall: Duration,
}

impl Request {
    /// Sends the request and follows redirects.
    async fn send(self, mut url: Url) -> Result<Response, Failure> {
        for _ in 0..=REDIRECTS_MAX {
            self.addresses.check_url(&url)?;
            let response = self.send_patiently(&url).await?;
            match redirected(&url, &response)? {
                None => return Ok(response),
                Some(target) => url = target,
            }
        }
        Err(Failure::Redirect("expected at most 10 redirects"))
    }

    /// Sends the request, again while the server says that it cannot answer for the moment.
    async fn send_patiently(&self, url: &Url) -> Result<Response, Failure> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let mut request = self
                .client
                .request(self.method.clone(), url.clone())
                .header(ACCEPT_ENCODING, "identity");
            if let Some(range) = self.range {
                request = request.header(RANGE, format!("bytes={}-{}", range.first, range.last));
            }
            let response = timeout(self.stall, request.send()).await??;
            if !matches!(response.status().as_u16(), 429 | 502..=504) {
                return Ok(response);
            }
            let Some(pause) = pauses.next() else {
                return Ok(response);
            };
            let asked = response.headers().get(RETRY_AFTER);
            let asked = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let asked = asked.map(Duration::from_secs).unwrap_or_default();
            drop(response);
            sleep(pause.max(asked.min(PAUSE_MAX))).await;
        }
    }
}

/// Returns the target of a redirect, if the response is one. User and password are kept only if the
/// target is relative to `url`.
fn redirected(url: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    let (301..=303 | 307 | 308, Some(target)) =
        (response.status().as_u16(), response.headers().get(LOCATION))
    else {
        return Ok(None);
    };
    let target = std::str::from_utf8(target.as_bytes()).ok();
    let target = target.and_then(|target| url.join(target).ok());
    match target.as_ref().map(Url::scheme) {
        Some("http") if url.scheme() == "https" => Err(Failure::Redirect(
            "it redirects from https to http, which is not followed",
        )),
        Some("http" | "https") => Ok(target),
        _ => Err(Failure::Redirect(
            "it redirects to something other than an http:// or https:// URL",
        )),
    }
}
