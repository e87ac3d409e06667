//! The HTTP client of one BMC, which authenticates, limits and retries requests.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::{Origin, Position, Url};

use super::super::access::{BmcAccess, Credentials, is_path};
use super::super::error::{Cause, Refusal};
use super::extended_info::ExtendedInfo;
use crate::http::peer::{Secrets, json_fault, one_line};
use crate::http::tls::{self, Trust};
use crate::options::VerifyCa;

/// The largest response body that is read, in bytes: a system's resource has about ten thousand.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// The delay before a request without a response is retried.
const PAUSE: Duration = Duration::from_secs(1);

/// How many times a GET is repeated to which the BMC responds with an error of its own.
const FAILED_READS_MAX: usize = 3;

/// The maximum number of redirects within the BMC: an iLO redirects from a path without a trailing
/// slash.
const REDIRECTS_MAX: usize = 3;

/// A client for one BMC.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    address: Url,
    timeout: Duration,
    credentials: Option<Credentials>,
    secrets: Secrets,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path on the BMC, as reported by the BMC itself.
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl Request {
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            body: None,
        }
    }

    pub(super) fn post(path: &str, body: Value) -> Self {
        Self {
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body),
        }
    }

    pub(super) fn patch(path: &str, body: Value) -> Self {
        Self {
            method: Method::PATCH,
            path: path.to_owned(),
            body: Some(body),
        }
    }
}

/// Shows method and path, without a query. The path is the BMC's own.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{} {}", self.method, one_line(path))
    }
}

/// The reason why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The BMC refuses this request, but may accept another one.
    Refused(Refusal),
    /// Other requests would fail too.
    Fatal(Cause),
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(vec![refusal]),
            Failure::Fatal(cause) => cause,
        }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self::Fatal(cause)
    }
}

struct Response {
    status: StatusCode,
    location: Option<String>,
    body: Vec<u8>,
}

impl Client {
    pub(super) fn new(access: &BmcAccess) -> Result<Self, Cause> {
        let address = shown_address(&access.address);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without it, an iLO 4 mixes formats from before Redfish into its responses.
        headers.insert("OData-Version", HeaderValue::from_static("4.0"));
        if access.credentials.is_some() && access.address.scheme() == "http" {
            log::warn!("{address}: user and password are sent without encryption");
        }
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
            timeout: access.timeout.max(Duration::from_secs(1)),
            secrets: secrets_of(access),
            credentials: access.credentials.clone(),
        })
    }

    /// Returns the secrets that the BMC may repeat: those of its credentials, and of the URL of an
    /// image that it is sent.
    pub(super) fn secrets(&self, image: Option<&Url>) -> Secrets {
        let mut secrets = self.secrets.clone();
        if let Some(url) = image {
            secrets.add_url(url);
        }
        secrets
    }

    /// Fetches the resource at `path`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Cause> {
        let request = Request::get(path);
        let body = self.send(&request).await?;
        serde_json::from_slice(&body).map_err(|error| Cause::Answer {
            request: request.to_string(),
            reason: format!("expected a Redfish resource, but {}", json_fault(&error)),
        })
    }

    /// Sends a request until there is a response, and returns its body if it is a success.
    ///
    /// A request may reach the BMC twice, if the BMC restarts after accepting it. Callers must
    /// therefore check the BMC's state before they report a refusal.
    pub(super) async fn send(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        let mut request = request.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.response(&request).await?;
            log::debug!("{}: {request}: {}", self.address, response.status);
            if response.status.is_success() {
                return Ok(response.body);
            }
            if !response.status.is_redirection() {
                return Err(self.failure(&request, &response));
            }
            request.path = self.redirected(&request, response.location.as_deref())?;
        }
        let reason = "expected a response, got too many redirects".into();
        let request = request.to_string();
        Err(Cause::Answer { request, reason }.into())
    }

    /// Retries a request until there is a response that is not expected to pass by itself: with 503
    /// a BMC reports that it is not ready, and it may fail to read a state that is just changing.
    async fn response(&self, request: &Request) -> Result<Response, Cause> {
        let url = self.url(request)?;
        let start = Instant::now();
        let mut failed_reads = 0;
        loop {
            let left = self.timeout.saturating_sub(start.elapsed());
            let over = left <= PAUSE;
            let tried = self.once(request, url.clone(), left.max(PAUSE)).await;
            let over = over || start.elapsed() + PAUSE >= self.timeout;
            let reason = match tried {
                Ok(response) if over => return Ok(response),
                Ok(response) if response.status == StatusCode::SERVICE_UNAVAILABLE => {
                    "it is not ready (503)".to_owned()
                }
                Ok(response)
                    if is_failed_read(request, &response) && failed_reads < FAILED_READS_MAX =>
                {
                    failed_reads += 1;
                    format!("it failed ({})", response.status.as_u16())
                }
                Ok(response) => return Ok(response),
                Err(error) => {
                    if let Some(reason) = tls::certificate_fault(&error) {
                        let address = shown_address(&self.address);
                        return Err(Cause::NotTrusted { address, reason });
                    }
                    root_reason(&error)
                }
            };
            if over {
                return Err(Cause::NoAnswer {
                    address: shown_address(&self.address),
                    seconds: start.elapsed().as_secs(),
                    reason,
                });
            }
            log::info!("{}: {request}: {reason}; retrying", self.address);
            sleep(PAUSE).await;
        }
    }

    async fn once(
        &self,
        request: &Request,
        url: Url,
        timeout: Duration,
    ) -> Result<Response, reqwest::Error> {
        let mut sent = self
            .http
            .request(request.method.clone(), url)
            .timeout(timeout);
        if let Some(Credentials { username, password }) = &self.credentials {
            sent = sent.basic_auth(username, Some(password));
        }
        if let Some(body) = &request.body {
            sent = sent
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = sent.send().await?;
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await? {
            let room = ANSWER_MAX.saturating_sub(body.len());
            // A truncated body is invalid JSON, and is reported as such.
            body.extend_from_slice(part.get(..room).unwrap_or(&part));
            if part.len() > room {
                break;
            }
        }
        Ok(Response {
            status: response.status(),
            location,
            body,
        })
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

    fn redirected(&self, request: &Request, location: Option<&str>) -> Result<String, Cause> {
        let unusable = |reason: &str| Cause::Answer {
            request: request.to_string(),
            reason: reason.to_owned(),
        };
        let location = location.ok_or_else(|| unusable("it redirects without a Location"))?;
        let target = self.url(request)?.join(location);
        let target = target.map_err(|_| unusable("it redirects to an invalid URL"))?;
        // Behind a proxy that terminates TLS, an iLO redirects to http://. Only the path is used.
        let same_host = match (target.origin(), self.address.origin()) {
            (Origin::Tuple(_, host, _), Origin::Tuple(_, own, _)) => host == own,
            _ => false,
        };
        if !same_host {
            return Err(unusable(
                "it redirects to another host, which is not followed",
            ));
        }
        Ok(target[Position::BeforePath..Position::AfterQuery].to_owned())
    }

    fn failure(&self, request: &Request, response: &Response) -> Failure {
        let info = ExtendedInfo::parse(&response.body);
        let shown = request.to_string();
        let image = request.body.as_ref().and_then(|body| body.get("Image"));
        let image = image.and_then(|image| Url::parse(image.as_str()?).ok());
        let message = self.secrets(image.as_ref()).show(&info.text());
        if response.status == StatusCode::UNAUTHORIZED {
            return Failure::Fatal(Cause::Credentials);
        }
        if info.is_about_licence() {
            return Failure::Fatal(Cause::Licence {
                request: shown,
                message,
            });
        }
        if response.status == StatusCode::FORBIDDEN {
            return Failure::Fatal(Cause::Privilege {
                request: shown,
                message,
            });
        }
        Failure::Refused(Refusal {
            request: shown,
            status: response.status.as_u16(),
            misses_parameters: info.misses_parameters(),
            message,
        })
    }
}

/// Whether the BMC failed while it read its own state, which a repetition does not change.
fn is_failed_read(request: &Request, response: &Response) -> bool {
    request.method == Method::GET && matches!(response.status.as_u16(), 500 | 502 | 504)
}

fn secrets_of(access: &BmcAccess) -> Secrets {
    let mut secrets = Secrets::default();
    if let Some(Credentials { username, password }) = &access.credentials {
        secrets.add(password);
        secrets.add(&format!("{username}:{password}"));
    }
    secrets
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
