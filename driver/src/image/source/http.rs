//! Content on a web server.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::{Source, SourceError, redacted};

/// What HTTP sources share: connections, timeouts, and which certificates are trusted.
///
/// The client behind it is `ureq` with `rustls`: it blocks, as this module does, and brings no
/// asynchronous runtime into a conductor that has its own. Proxies are taken from the environment
/// (`http_proxy`, `no_proxy`), and up to ten redirects are followed, never from `https` to `http`.
#[derive(Debug, Clone)]
pub struct HttpClient {
    agent: Agent,
    stall: Duration,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// How long a server may be silent, unless told otherwise: 60 s, the default of
    /// `[ilo] client_timeout`.
    pub const STALL: Duration = Duration::from_secs(60);

    /// A client that trusts the certificates that this machine trusts.
    pub fn new() -> Self {
        Self::with(RootCerts::PlatformVerifier, Self::STALL)
    }

    /// A client that trusts the certificates in `pem`, a PEM bundle, instead of the machine's.
    ///
    /// # Errors
    ///
    /// [`SourceError::Io`] when `pem` holds no certificate or a broken one; `name` is what the
    /// message calls it.
    pub fn with_ca(name: &str, pem: &[u8]) -> Result<Self, SourceError> {
        let roots = crate::http::certificates(pem).map_err(|text| SourceError::Io {
            name: name.into(),
            source: io::Error::new(io::ErrorKind::InvalidData, text),
        })?;
        Ok(Self::with(roots, Self::STALL))
    }

    /// Sets how long a server may be silent, connecting included, before that is an error.
    #[must_use]
    pub fn stall_after(self, limit: Duration) -> Self {
        let roots = self.agent.config().tls_config().root_certs().clone();
        Self::with(roots, limit)
    }

    fn with(roots: RootCerts, stall: Duration) -> Self {
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            // Statuses are looked at here, where the URL without its secrets is known.
            .http_status_as_error(false)
            .accept_encoding("identity")
            .user_agent(crate::http::USER_AGENT)
            .timeout_connect(Some(stall))
            .timeout_recv_response(Some(stall))
            .timeout_per_read(Some(stall))
            .timeout_per_write(Some(stall))
            .build();
        Self {
            agent: config.new_agent(),
            stall,
        }
    }

    fn request(
        &self,
        method: Method,
        url: &str,
        offset: u64,
    ) -> Result<Response<Body>, SourceError> {
        let https = url
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        let request = match method {
            Method::Head => self.agent.head(url),
            Method::Get => self.agent.get(url),
        };
        let request = match offset {
            0 => request,
            _ => request.header(header::RANGE, format!("bytes={offset}-")),
        };
        let result = request.config().https_only(https).build().call();
        result.map_err(|error| self.error(url, error))
    }

    fn error(&self, url: &str, error: ureq::Error) -> SourceError {
        let name = redacted(url);
        match error {
            ureq::Error::Timeout(_) => SourceError::Stalled {
                name,
                seconds: self.stall.as_secs(),
            },
            ureq::Error::Io(source) if source.kind() == io::ErrorKind::TimedOut => {
                SourceError::Stalled {
                    name,
                    seconds: self.stall.as_secs(),
                }
            }
            ureq::Error::Io(source) => SourceError::Io { name, source },
            other => SourceError::other(name, other),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    Get,
}

/// Content that a web server sends.
///
/// The size is what the server says: to `HEAD`, or to `GET` where a server refuses `HEAD` (signed
/// URLs for `GET` do). Each [`open`](Source::open) is one `GET`, and finds out when the content has
/// changed in size or entity tag since.
#[derive(Clone)]
pub struct HttpSource {
    client: HttpClient,
    url: String,
    size: u64,
    tag: Option<String>,
}

impl HttpSource {
    /// The content at `url`, whose size is asked for now.
    ///
    /// # Errors
    ///
    /// [`SourceError::Status`] for any answer but 200, [`SourceError::NoSize`] for one without
    /// `Content-Length`, [`SourceError::Empty`] for a length of zero, [`SourceError::Stalled`] when
    /// the server is silent for too long, [`SourceError::Io`] and [`SourceError::Other`] when it
    /// cannot be reached, has no trusted certificate or redirects in circles.
    pub fn new(client: &HttpClient, url: &str) -> Result<Self, SourceError> {
        let name = redacted(url);
        let mut answer = client.request(Method::Head, url, 0)?;
        if !answer.status().is_success() || size(&name, answer.headers()).is_err() {
            answer = client.request(Method::Get, url, 0)?;
        }
        check_status(&name, &answer)?;
        match size(&name, answer.headers())? {
            0 => Err(SourceError::Empty { name }),
            size => {
                let tag = entity_tag(answer.headers());
                Ok(Self {
                    client: client.clone(),
                    url: url.into(),
                    size,
                    tag,
                })
            }
        }
    }
}

/// Without what is secret in the URL.
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
        redacted(&self.url)
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open_at(0)
    }

    /// By a range request. From a server that does not know them, the bytes before are read.
    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let name = self.name();
        let answer = self.client.request(Method::Get, &self.url, offset)?;
        let partial = offset > 0 && answer.status() == StatusCode::PARTIAL_CONTENT;
        if !partial {
            check_status(&name, &answer)?;
        }
        let left = size(&name, answer.headers())?;
        self.check_unchanged(if partial { offset + left } else { left }, &answer)?;
        let mut reader = BodyReader {
            name,
            stall: self.client.stall,
            inner: answer.into_body().into_reader(),
        };
        if !partial {
            super::skip(&self.name(), self.size, &mut reader, offset)?;
        }
        Ok(Box::new(reader))
    }
}

impl HttpSource {
    fn check_unchanged(&self, found: u64, answer: &Response<Body>) -> Result<(), SourceError> {
        let (name, expected) = (self.name(), self.size);
        if found != expected {
            return Err(SourceError::Changed {
                name,
                expected,
                found: found.to_string(),
            });
        }
        if let (Some(before), Some(now)) = (&self.tag, entity_tag(answer.headers()))
            && *before != now
        {
            let found = format!("as many under another entity tag ({now}, was {before})");
            return Err(SourceError::Changed {
                name,
                expected,
                found,
            });
        }
        Ok(())
    }
}

fn check_status(name: &str, answer: &Response<Body>) -> Result<(), SourceError> {
    match answer.status().as_u16() {
        200 => Ok(()),
        _ => Err(SourceError::Status {
            name: name.into(),
            status: answer.status().to_string(),
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
        .ok_or_else(|| unknown("its Content-Length is no number"))
}

/// The entity tag, if it is a strong one: weak ones do not promise equal bytes.
fn entity_tag(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    (!tag.starts_with("W/")).then(|| tag.into())
}

/// Tells a timeout, which the client wraps as any I/O error.
struct BodyReader<R> {
    name: String,
    stall: Duration,
    inner: R,
}

impl<R: Read> Read for BodyReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .read(buf)
            .map_err(|error| match error.downcast::<ureq::Error>() {
                Ok(ureq::Error::Timeout(_)) => {
                    let (name, seconds) = (self.name.clone(), self.stall.as_secs());
                    SourceError::Stalled { name, seconds }.into_io()
                }
                Ok(other) => io::Error::other(other),
                Err(error) => error,
            })
    }
}
