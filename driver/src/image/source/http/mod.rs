//! Content on a web server.

mod body;
mod client;
mod limits;
mod progress;

use std::fmt;
use std::io::{self, Read};
use std::time::Instant;

use reqwest::header::{self, CONTENT_RANGE, HeaderMap};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use self::body::BodyReader;
use self::client::ByteRange;
pub use self::client::HttpClient;
use super::{MAX_SIZE, Source, SourceError};
use crate::http::url::redacted_text;

/// Content on a web server.
///
/// The size comes from the response to `HEAD`, or to `GET` if the server refuses `HEAD`, as it does
/// for URLs signed for `GET`. Each [`open`](Source::open) is one `GET`, and detects changes of the
/// size or entity tag. A part of the content is requested as a range; a server that does not
/// support ranges sends all of it, of which the bytes before the part are discarded.
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
    /// [`SourceError::Empty`] for empty content, [`SourceError::TooLarge`] for content that no
    /// image can hold, [`SourceError::Stalled`] and [`SourceError::Deadline`] if the server is
    /// silent for too long, [`SourceError::Io`] and [`SourceError::Other`] if it cannot be reached,
    /// has no trusted certificate or redirects in a loop.
    pub fn new(client: &HttpClient, url: &str) -> Result<Self, SourceError> {
        let name = redacted_text(url);
        let url = Url::parse(url).map_err(|_| SourceError::Reference {
            reference: name.clone(),
        })?;
        let mut response = client.request(Method::HEAD, &url, None)?;
        if !response.status().is_success() || size(&name, response.headers()).is_err() {
            response = client.request(Method::GET, &url, None)?;
        }
        check_status(&name, &response)?;
        match size(&name, response.headers())? {
            0 => Err(SourceError::Empty { name }),
            size if size > MAX_SIZE => Err(SourceError::TooLarge { name, size }),
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
        self.read(None)
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open_range(offset, self.size.saturating_sub(offset))
    }

    fn open_range(&self, offset: u64, len: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        if offset == 0 && len >= self.size {
            return self.open();
        }
        let left = self.size.saturating_sub(offset);
        let Some(range) = ByteRange::new(offset, len.min(left)) else {
            return Ok(Box::new(io::empty()));
        };
        self.read(Some(range))
    }
}

impl HttpSource {
    /// Requests the content or a part of it.
    fn read(&self, range: Option<ByteRange>) -> Result<Box<dyn Read + Send>, SourceError> {
        let name = self.name();
        let began = Instant::now();
        let response = self.client.request(Method::GET, &self.url, range)?;
        let failed = |cause| SourceError::Io {
            name: self.name(),
            cause,
        };
        if let Some(range) = range
            && response.status() == StatusCode::PARTIAL_CONTENT
        {
            self.check_range(range, &response)?;
            let reader = self.body(began, response).map_err(failed)?;
            return Ok(Box::new(reader.take(range.len())));
        }
        check_status(&name, &response)?;
        self.check_unchanged(size(&name, response.headers())?, &response)?;
        let mut reader = self.body(began, response).map_err(failed)?;
        match range {
            None => Ok(Box::new(reader)),
            Some(range) => {
                super::skip(&name, self.size, &mut reader, range.offset())?;
                Ok(Box::new(reader.take(range.len())))
            }
        }
    }

    fn body(&self, began: Instant, response: Response) -> io::Result<BodyReader> {
        BodyReader::new(self.name(), self.client.limits(), began, response)
    }

    /// Checks that a partial response begins with the requested part of the same content. Servers
    /// that do not know ranges with an end send all of the rest.
    fn check_range(&self, range: ByteRange, response: &Response) -> Result<(), SourceError> {
        let found = response.headers().get(CONTENT_RANGE);
        let found = found.and_then(|value| value.to_str().ok());
        let found = found.unwrap_or_default();
        let len = size(&self.name(), response.headers())?;
        let sent = ByteRange::new(range.offset(), len);
        let sent = sent.filter(|sent| sent.len() >= range.len());
        if sent.is_none_or(|sent| sent.content_range(self.size) != found) {
            let text = format!(
                "expected {} bytes as \"{}\", got {len} as {:?}",
                range.len(),
                range.content_range(self.size),
                found.chars().take(80).collect::<String>()
            );
            return Err(SourceError::other(self.name(), text));
        }
        self.check_unchanged(self.size, response)
    }

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
