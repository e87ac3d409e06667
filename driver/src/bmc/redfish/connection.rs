//! The connection to one BMC: single requests, without retries.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use url::{Origin, Position, Url};

use super::super::error::Cause;
use super::access::{BmcAccess, is_path};
use super::request::{NoResponse, Request, Response};
use crate::http::tls::{self, TlsFault, Trust};
use crate::options::VerifyCa;

/// The largest response body that is read, in bytes: a system's resource has about ten thousand.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// The header with the token of a session.
const TOKEN: &str = "X-Auth-Token";

/// What a request proves its sender's identity with.
#[derive(Clone)]
pub(super) enum Proof {
    Nothing,
    Password { username: String, password: String },
    Token(String),
}

/// Why a request failed without a response.
pub(super) enum Unsent {
    NoResponse(NoResponse),
    Fatal(Cause),
}

impl From<Cause> for Unsent {
    fn from(cause: Cause) -> Self {
        Self::Fatal(cause)
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    http: reqwest::Client,
    address: Url,
}

impl Connection {
    pub(super) fn new(access: &BmcAccess) -> Result<Self, Cause> {
        let address = shown_address(&access.address);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without it, an iLO 4 mixes formats from before Redfish into its responses.
        headers.insert("OData-Version", HeaderValue::from_static("4.0"));
        let tls = tls::config(&trust(&access.verify_ca)?, None);
        let tls = tls.map_err(|error| Cause::NotTrusted {
            address: address.clone(),
            reason: error.to_string(),
        })?;
        let http = crate::http::builder(tls)
            .default_headers(headers)
            // A BMC is in a separate network, out of reach of this process's proxy.
            .no_proxy()
            .build()
            .map_err(|error| Cause::NoAnswer {
                address,
                seconds: 0,
                reason: root_reason(&error),
            })?;
        Ok(Self {
            http,
            address: access.address.clone(),
        })
    }

    /// Returns scheme, host and port.
    pub(super) fn address(&self) -> String {
        shown_address(&self.address)
    }

    /// Whether what is sent can be read on its way.
    pub(super) fn is_plain(&self) -> bool {
        self.address.scheme() == "http"
    }

    /// Sends a request once, and waits for the response for this time at most.
    pub(super) async fn send(
        &self,
        request: &Request,
        proof: &Proof,
        timeout: Duration,
    ) -> Result<Response, Unsent> {
        let url = self.url(request)?;
        self.exchange(request, url, proof, timeout)
            .await
            .map_err(|error| match tls::tls_fault(&error) {
                Some(TlsFault::Certificate(reason)) => Unsent::Fatal(Cause::NotTrusted {
                    address: self.address(),
                    reason,
                }),
                Some(TlsFault::Connection(reason)) => Unsent::Fatal(Cause::NoTls {
                    address: self.address(),
                    reason,
                }),
                None => Unsent::NoResponse(NoResponse {
                    reason: root_reason(&error),
                }),
            })
    }

    async fn exchange(
        &self,
        request: &Request,
        url: Url,
        proof: &Proof,
        timeout: Duration,
    ) -> Result<Response, reqwest::Error> {
        let mut sent = self
            .http
            .request(request.method.clone(), url)
            .timeout(timeout);
        sent = match proof {
            Proof::Nothing => sent,
            Proof::Password { username, password } => sent.basic_auth(username, Some(password)),
            Proof::Token(token) => sent.header(TOKEN, token),
        };
        if let Some(tag) = &request.if_match {
            sent = sent.header(IF_MATCH, tag);
        }
        if let Some(body) = &request.body {
            sent = sent
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = sent.send().await?;
        let headers = response.headers();
        let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let mut result = Response {
            to: None,
            status: response.status(),
            location: text(LOCATION.as_str()),
            retry_after: text(RETRY_AFTER.as_str())
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs),
            etag: text(ETAG.as_str()),
            token: text(TOKEN),
            asks_for_basic: text(WWW_AUTHENTICATE.as_str())
                .is_some_and(|text| text.to_ascii_lowercase().contains("basic")),
            body: Vec::new(),
        };
        while let Some(part) = response.chunk().await? {
            let room = ANSWER_MAX.saturating_sub(result.body.len());
            // A truncated body is invalid JSON, and is reported as such.
            result
                .body
                .extend_from_slice(part.get(..room).unwrap_or(&part));
            if part.len() > room {
                break;
            }
        }
        Ok(result)
    }

    /// Returns the URL of the request's path, which must not lead to another server, since the
    /// password is sent with it.
    fn url(&self, request: &Request) -> Result<Url, Cause> {
        let foreign = || Cause::Answer {
            request: request.to_string(),
            reason: "expected a path on the BMC".into(),
        };
        if !is_path(&request.path) {
            return Err(foreign());
        }
        let url = self.address.join(&request.path).map_err(|_| foreign())?;
        if url.origin() != self.address.origin() {
            return Err(foreign());
        }
        Ok(url)
    }

    /// Returns the path that a response to `request` redirects to.
    pub(super) fn redirected(
        &self,
        request: &Request,
        location: Option<&str>,
    ) -> Result<String, Cause> {
        let unusable = |reason: &str| Cause::Answer {
            request: request.to_string(),
            reason: reason.to_owned(),
        };
        let location = location.ok_or_else(|| unusable("it redirects without a Location"))?;
        let target = self.url(request)?.join(location);
        let target = target.map_err(|_| unusable("it redirects to an invalid URL"))?;
        let same_host = match (target.origin(), self.address.origin()) {
            (Origin::Tuple(_, host, _), Origin::Tuple(_, own, _)) => host == own,
            _ => false,
        };
        if !same_host {
            return Err(unusable(
                "it redirects to another host, which is not followed",
            ));
        }
        if self.is_plain() && target.scheme() == "https" {
            let address = self.address();
            return Err(Cause::OnlyHttps { address });
        }
        // Behind a proxy that terminates TLS, an iLO redirects to http://. Only the path is used.
        Ok(target[Position::BeforePath..Position::AfterQuery].to_owned())
    }
}

fn trust(verify: &VerifyCa) -> Result<Trust, Cause> {
    match verify {
        VerifyCa::System => Ok(Trust::System),
        VerifyCa::Path(path) => {
            tls::authorities(path).map_err(|error| Cause::CertificateAuthorities {
                path: error.path,
                reason: error.reason,
            })
        }
        VerifyCa::No => Ok(Trust::Anybody),
    }
}

/// Returns scheme, host and port.
fn shown_address(address: &Url) -> String {
    address.as_str().trim_end_matches('/').to_owned()
}

/// Returns the innermost cause: the outer ones only say that sending failed, and repeat the URL.
fn root_reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
