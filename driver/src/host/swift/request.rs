//! Requests to Swift, Keystone and tempauth, and their responses, read whole.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::super::error::SwiftError;
use crate::http::peer::Secrets;
use crate::http::reason;
use crate::http::url::redacted;

/// The largest response body that is read, in bytes: larger than any listing.
const MAX_BODY: usize = 16 << 20;

/// What a request addresses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resource<'p> {
    /// The account itself.
    Account,
    /// The container of images.
    Container,
    /// An object in that container.
    Object(&'p str),
    /// `/info` at the root of the server, which describes its capabilities.
    Info,
    /// `/info` beside the version in the path of the account, such as `/swift/info`, where Ceph's
    /// gateway has it.
    PrefixedInfo,
}

impl Resource<'_> {
    /// Returns the URL of the resource, of the account at `storage` and its `container`.
    pub(super) fn url(self, storage: &Url, container: &str) -> Url {
        let is_version = |segment: &&str| {
            let number = segment.strip_prefix('v');
            number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        };
        let prefix = storage.path_segments().into_iter().flatten();
        let prefix = prefix.take_while(|segment| !is_version(segment));
        let mut url = storage.clone();
        // Fails only for a URL without a host.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            match self {
                Self::Account => {}
                Self::Container => drop(path.push(container)),
                Self::Object(name) => drop(path.push(container).extend(name.split('/'))),
                Self::Info => drop(path.clear().push("info")),
                Self::PrefixedInfo => drop(path.clear().extend(prefix).push("info")),
            }
        }
        url
    }
}

/// A request without a body, or with a small one.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) resource: Resource<'a>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, resource: Resource<'a>) -> Self {
        Self {
            method,
            resource,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// A response with its whole body.
#[derive(Debug)]
pub(super) struct Response {
    /// Method and URL of the request, for messages.
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What an error shows of the body, if the status is not a success.
    pub(super) said: String,
}

/// What is needed to read a response.
pub(super) struct Reading {
    /// Method and URL of the request, for messages.
    pub(super) request: String,
    pub(super) timeout: Duration,
    /// The secrets that were sent, which the server may repeat.
    pub(super) secrets: Secrets,
}

impl Response {
    /// Reads a response to its end.
    pub(super) async fn read(
        reading: Reading,
        mut response: reqwest::Response,
    ) -> Result<Self, SwiftError> {
        let Reading {
            request,
            timeout,
            secrets,
        } = reading;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| no_response(&request, &error, timeout))? else {
                break;
            };
            if body.len() + chunk.len() > MAX_BODY {
                return Err(SwiftError::Answer {
                    what: "a short response",
                    url: request,
                    reason: format!("it has more than {MAX_BODY} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        // Swift explains errors in a small HTML page.
        let said = match status {
            200..300 => String::new(),
            _ => secrets.show_bytes(&body).trim().to_owned(),
        };
        Ok(Self {
            request,
            status,
            headers,
            body: body.into(),
            said,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Turns a response with an unexpected status into an error.
    pub(super) fn unexpected(self) -> SwiftError {
        SwiftError::Status {
            request: self.request,
            status: self.status,
            text: self.said,
        }
    }

    /// Returns the response if its status is a success, or an error.
    pub(super) fn success(self) -> Result<Self, SwiftError> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(self.unexpected())
        }
    }
}

/// Returns method and URL for messages.
pub(super) fn describe(method: &Method, url: &Url) -> String {
    format!("{method} {}", redacted(url))
}

/// Returns the error for a request that got no response.
pub(super) fn no_response(request: &str, error: &reqwest::Error, timeout: Duration) -> SwiftError {
    let request = request.to_owned();
    if error.is_timeout() {
        return SwiftError::Silent { request, timeout };
    }
    SwiftError::NoAnswer {
        request,
        reason: reason(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capabilities_are_at_the_root_or_beside_the_version() {
        for (storage, expected) in [
            ("http://h:8080/v1/AUTH_test", "http://h:8080/info"),
            ("http://h:7480/swift/v1", "http://h:7480/swift/info"),
            ("http://h/a/b/v1.0/AUTH_test/", "http://h/a/b/info"),
        ] {
            let storage = Url::parse(storage).unwrap();
            let url = Resource::PrefixedInfo.url(&storage, "c");
            assert_eq!(url.as_str(), expected);
            let object = Resource::Object("a/b").url(&storage, "c");
            assert!(object.as_str().ends_with("/c/a/b"), "{object}");
        }
    }
}
