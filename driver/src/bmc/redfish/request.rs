//! Requests and responses.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::http::peer::one_line;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path on the BMC, as reported by the BMC itself.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    /// Parameters that some BMCs require, and others refuse.
    optional: Vec<(&'static str, Value)>,
    /// The version of the resource that may be changed.
    pub(super) if_match: Option<String>,
}

impl Request {
    fn new(method: Method, path: &str, body: Option<Value>) -> Self {
        Self {
            method,
            path: path.to_owned(),
            body,
            optional: Vec::new(),
            if_match: None,
        }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path, None)
    }

    pub(super) fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    pub(super) fn patch(path: &str, body: Value) -> Self {
        Self::new(Method::PATCH, path, Some(body))
    }

    pub(super) fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    /// Adds parameters that are sent only to a BMC that says that parameters are missing.
    pub(super) fn with_optional(mut self, parameters: Vec<(&'static str, Value)>) -> Self {
        self.optional = parameters;
        self
    }

    /// Returns the request with those optional parameters that the BMC names as missing, or with
    /// the first two if it names none; `None` if there is nothing to add.
    pub(super) fn with_missing(&self, named: &[String]) -> Option<Self> {
        let mut longer = self.clone();
        let is_named = |(name, _): &(&str, Value)| named.iter().any(|one| one.contains(name));
        let (mut added, mut rest): (Vec<_>, Vec<_>) =
            longer.optional.into_iter().partition(is_named);
        if added.is_empty() {
            added = rest.drain(..rest.len().min(2)).collect();
        }
        longer.optional = rest;
        let body = longer.body.as_mut()?.as_object_mut()?;
        let is_longer = !added.is_empty();
        body.extend(added.into_iter().map(|(name, value)| (name.into(), value)));
        is_longer.then_some(longer)
    }
}

/// Shows method and path, without a query. The path is the BMC's own.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{} {}", self.method, one_line(path))
    }
}

/// A response.
pub(super) struct Response {
    /// The request that it answers, if that is another one than was to be sent.
    pub(super) to: Option<Request>,
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) etag: Option<String>,
    /// The token of a new session.
    pub(super) token: Option<String>,
    /// Whether the BMC asks for user and password without a session.
    pub(super) asks_for_basic: bool,
    pub(super) body: Vec<u8>,
}

/// Why there is no response.
#[derive(Debug, Clone)]
pub(super) struct NoResponse {
    pub(super) reason: String,
}
