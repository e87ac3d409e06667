//! Content on a web server.

mod body;

use std::io::Read;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, io};

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, header};
use tokio::time::timeout;
use url::Url;

use self::body::BodyReader;
use super::{Source, SourceError};
use crate::http::networks::{AddressPolicy, Networks, RefusedAddress, refusal};
use crate::http::tls::{self, Trust};
use crate::http::url::redacted_text;
use crate::http::{blocking, reason};

/// The maximum number of redirects.
const REDIRECTS_MAX: usize = 10;

/// The client that HTTP sources share, with its connections, timeout and trusted certificates.
///
/// It uses `reqwest` with `rustls`, on a few threads of its own: calls block, as everywhere in this
/// module, and need no runtime. The first request creates the client. Proxies are taken from the
/// environment (`http_proxy`, `no_proxy`), and up to ten redirects are followed, but never from
/// `https` to `http`.
///
/// It never connects to link-local addresses, where clouds serve secrets of the machine. For a URL
/// that a stranger chose, see [`public_and`](Self::public_and).
#[derive(Debug, Clone)]
pub struct HttpClient {
    trust: Trust,
    addresses: AddressPolicy,
    stall: Duration,
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
            source: io::Error::new(io::ErrorKind::InvalidData, text),
        })?;
        Ok(Self::with(trust))
    }

    /// Sets how long a server may be silent, including while connecting.
    #[must_use]
    pub fn stall_after(self, limit: Duration) -> Self {
        Self {
            stall: limit,
            ..self
        }
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

    fn with(trust: Trust) -> Self {
        Self {
            trust,
            addresses: AddressPolicy::default(),
            stall: Self::STALL,
            client: Arc::default(),
        }
    }

    fn request(&self, method: Method, url: &Url, offset: u64) -> Result<Response, SourceError> {
        let name = || redacted_text(url.as_str());
        let client = self
            .client()
            .map_err(|text| SourceError::other(name(), text))?;
        let client = AddressedClient {
            client,
            addresses: self.addresses.clone(),
        };
        let response = response(client, method, url.clone(), offset, self.stall);
        blocking::run(response)
            .unwrap_or_else(|error| Err(Failure::Io(error)))
            .map_err(|failure| failure.of(name(), self.stall))
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

/// A client, and the addresses that it may connect to.
struct AddressedClient {
    client: reqwest::Client,
    addresses: AddressPolicy,
}

/// Sends a request and follows redirects.
async fn response(
    client: AddressedClient,
    method: Method,
    mut url: Url,
    offset: u64,
    stall: Duration,
) -> Result<Response, Failure> {
    for _ in 0..=REDIRECTS_MAX {
        client.addresses.check_url(&url)?;
        let mut request = client
            .client
            .request(method.clone(), url.clone())
            .header(ACCEPT_ENCODING, "identity");
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let response = timeout(stall, request.send()).await??;
        match redirected(&url, &response)? {
            None => return Ok(response),
            Some(target) => url = target,
        }
    }
    Err(Failure::Redirect("expected at most 10 redirects"))
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

/// The reason why a request or a read failed.
#[derive(Debug)]
enum Failure {
    Stalled,
    Redirect(&'static str),
    Address(RefusedAddress),
    Io(io::Error),
    Http(String),
}

impl From<tokio::time::error::Elapsed> for Failure {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Stalled
    }
}

impl From<RefusedAddress> for Failure {
    fn from(refused: RefusedAddress) -> Self {
        Self::Address(refused)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if let Some(refused) = refusal(&error) {
            return refused.into();
        }
        let reason = reason(&error);
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = next {
            match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::TimedOut) => return Self::Stalled,
                Some(kind) => return Self::Io(io::Error::new(kind, reason)),
                None => next = cause.source(),
            }
        }
        Self::Http(reason)
    }
}

impl Failure {
    /// Converts this into the error of the source `name`.
    fn of(self, name: String, stall: Duration) -> SourceError {
        match self {
            Self::Stalled => SourceError::Stalled {
                name,
                seconds: stall.as_secs(),
            },
            Self::Redirect(text) => SourceError::other(name, text),
            Self::Address(refused) => SourceError::Address {
                name,
                kind: refused.to_string(),
            },
            Self::Io(source) => SourceError::Io { name, source },
            Self::Http(text) => SourceError::other(name, text),
        }
    }
}

/// Content on a web server.
///
/// The size comes from the response to `HEAD`, or to `GET` if the server refuses `HEAD`, as it does
/// for URLs signed for `GET`. Each [`open`](Source::open) is one `GET`, and detects changes of the
/// size or entity tag.
#[derive(Clone)]
pub struct HttpSource {
    client: HttpClient,
    url: Url,
    size: u64,
    tag: Option<String>,
}

impl HttpSource {
    /// Creates a source for the content at `url`, and requests its size.
    ///
    /// # Errors
    ///
    /// [`SourceError::Reference`] for a text that is not a URL, [`SourceError::Status`] for any
    /// status but 200, [`SourceError::NoSize`] for a response without `Content-Length`,
    /// [`SourceError::Empty`] for empty content, [`SourceError::Stalled`] if the server is silent
    /// for too long, [`SourceError::Address`] if it leads to an address that the client may not
    /// connect to, [`SourceError::Io`] and [`SourceError::Other`] if it cannot be reached, has no
    /// trusted certificate or redirects in a loop.
    pub fn new(client: &HttpClient, url: &str) -> Result<Self, SourceError> {
        let name = redacted_text(url);
        let url = Url::parse(url).map_err(|_| SourceError::Reference {
            reference: name.clone(),
        })?;
        let mut response = client.request(Method::HEAD, &url, 0)?;
        if !response.status().is_success() || size(&name, response.headers()).is_err() {
            response = client.request(Method::GET, &url, 0)?;
        }
        check_status(&name, &response)?;
        match size(&name, response.headers())? {
            0 => Err(SourceError::Empty { name }),
            size => {
                let tag = entity_tag(response.headers());
                Ok(Self {
                    client: client.clone(),
                    url,
                    size,
                    tag,
                })
            }
        }
    }
}

/// Shows the URL without its secrets.
impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("url", &self.name())
            .field("size", &self.size)
            .finish()
    }
}

impl Source for HttpSource {
    fn name(&self) -> String {
        redacted_text(self.url.as_str())
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open_at(0)
    }

    /// Sends a range request. If the server does not support them, the bytes before are read and
    /// discarded.
    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let name = self.name();
        let response = self.client.request(Method::GET, &self.url, offset)?;
        let partial = offset > 0 && response.status() == StatusCode::PARTIAL_CONTENT;
        if !partial {
            check_status(&name, &response)?;
        }
        let left = size(&name, response.headers())?;
        self.check_unchanged(if partial { offset + left } else { left }, &response)?;
        let failed = |source| SourceError::Io {
            name: self.name(),
            source,
        };
        let mut reader = BodyReader::new(name, self.client.stall, response).map_err(failed)?;
        if !partial {
            super::skip(&self.name(), self.size, &mut reader, offset)?;
        }
        Ok(Box::new(reader))
    }
}

impl HttpSource {
    fn check_unchanged(&self, found: u64, response: &Response) -> Result<(), SourceError> {
        let (name, expected) = (self.name(), self.size);
        if found != expected {
            return Err(SourceError::Changed {
                name,
                expected,
                found: found.to_string(),
            });
        }
        if let (Some(before), Some(now)) = (&self.tag, entity_tag(response.headers()))
            && *before != now
        {
            let found = format!("as many with another entity tag ({now}, was {before})");
            return Err(SourceError::Changed {
                name,
                expected,
                found,
            });
        }
        Ok(())
    }
}

fn check_status(name: &str, response: &Response) -> Result<(), SourceError> {
    match response.status().as_u16() {
        200 => Ok(()),
        _ => Err(SourceError::Status {
            name: name.into(),
            status: response.status().to_string(),
        }),
    }
}

fn size(name: &str, headers: &HeaderMap) -> Result<u64, SourceError> {
    let unknown = |reason| SourceError::NoSize {
        name: name.into(),
        reason,
    };
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| value != "identity")
    {
        return Err(unknown("it has a Content-Encoding"));
    }
    headers
        .get(header::CONTENT_LENGTH)
        .ok_or_else(|| unknown("no Content-Length"))?
        .to_str()
        .ok()
        .and_then(|value| value.trim().parse().ok())
        .ok_or_else(|| unknown("its Content-Length is not a number"))
}

/// Returns the entity tag if it is strong: weak ones do not guarantee identical bytes.
fn entity_tag(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    (!tag.starts_with("W/")).then(|| tag.into())
}
