//! The client of one BMC, which reads resources, changes them, and tells why a change failed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use url::Url;

use super::super::error::{Cause, Refusal};
use super::access::{BmcAccess, Credentials};
use super::connection::{Connection, Unsent};
use super::extended_info::ExtendedInfo;
use super::login::Login;
use super::messages::Meaning;
use super::request::{NoResponse, Request, Response};
use super::retry::{Clock, RealTime, Retry};
use crate::http::peer::{Secrets, json_fault};

/// The maximum number of redirects within the BMC: an iLO redirects from a path without a trailing
/// slash.
const REDIRECTS_MAX: usize = 3;

/// The shortest time that a response is waited for.
const RESPONSE_MIN: Duration = Duration::from_secs(1);

/// A client for one BMC.
#[derive(Debug)]
pub(super) struct Client {
    connection: Arc<Connection>,
    login: Arc<Login>,
    pub(super) clock: Arc<dyn Clock>,
    timeout: Duration,
    secrets: Secrets,
}

/// The reason why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The BMC refuses this request.
    Refused(Refused),
    /// There was no response, so that it is not known whether it was done.
    NoResponse(NoResponse),
    /// Other requests would fail too.
    Fatal(Cause),
}

/// A refused request.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) meaning: Meaning,
    /// How long the BMC asks to wait.
    pub(super) asked_pause: Option<Duration>,
    /// The arguments of the BMC's messages.
    pub(super) arguments: Vec<String>,
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self::Fatal(cause)
    }
}

impl From<Unsent> for Failure {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::NoResponse(none) => Self::NoResponse(none),
            Unsent::Fatal(cause) => Self::Fatal(cause),
        }
    }
}

impl Client {
    pub(super) fn new(access: &BmcAccess) -> Result<Self, Cause> {
        Ok(Self {
            connection: Arc::new(Connection::new(access)?),
            login: Arc::new(Login::new(access.credentials.clone())),
            clock: Arc::new(RealTime::new()),
            timeout: access.timeout.max(RESPONSE_MIN),
            secrets: secrets_of(access),
        })
    }

    /// Returns the secrets that the BMC may repeat: those of its credentials, and of the URL of an
    /// image that it is sent.
    pub(super) fn secrets(&self, image: Option<&Url>) -> Secrets {
        let mut secrets = self.secrets.clone();
        if let Some(token) = self.login.token() {
            secrets.add(&token);
        }
        if let Some(url) = image {
            secrets.add_url(url);
        }
        secrets
    }

    /// Starts the pauses of a step that may take this long.
    pub(super) fn retry(&self, limit: Duration) -> Retry<'_> {
        Retry::new(&*self.clock, limit)
    }

    /// Fetches the resource at `path`. This is tried again while the BMC does not answer, fails, or
    /// refuses for a reason that passes by itself.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Cause> {
        let request = Request::get(path);
        let mut retry = self.retry(self.timeout);
        let response = loop {
            let timeout = retry.left().max(RESPONSE_MIN);
            let (failure, asked) = match self.send(&request, timeout).await {
                Ok(response) => break response,
                Err(Failure::Fatal(cause)) => return Err(cause),
                Err(Failure::NoResponse(none)) => (Failure::NoResponse(none), None),
                Err(Failure::Refused(refused)) => match refused.meaning {
                    Meaning::Passes | Meaning::Fails => {
                        let asked = refused.asked_pause;
                        (Failure::Refused(refused), asked)
                    }
                    _ => return Err(refused.into_cause()),
                },
            };
            if !retry.wait(asked).await {
                return Err(self.at_deadline(failure, &retry));
            }
            log::info!(
                "{}: {request} failed; trying again",
                self.connection.address()
            );
        };
        serde_json::from_slice(&response.body).map_err(|error| Cause::Answer {
            request: request.to_string(),
            reason: format!("expected a Redfish resource, but {}", json_fault(&error)),
        })
    }

    /// Sends a request that changes something, once. A BMC that wants to know which version of the
    /// resource is changed refuses it first.
    pub(super) async fn change(&self, request: &Request) -> Result<(), Failure> {
        let sent = self.send(request, self.timeout).await;
        let asks_for_version = match &sent {
            Err(Failure::Refused(refused)) => matches!(refused.refusal.status, 412 | 428),
            _ => false,
        };
        if !asks_for_version || request.if_match.is_some() {
            return sent.map(|_| ());
        }
        let current = self
            .send(&Request::get(&request.path), self.timeout)
            .await?;
        let Some(tag) = current.etag.or_else(|| tag_in(&current.body)) else {
            return sent.map(|_| ());
        };
        let mut request = request.clone();
        request.if_match = Some(tag);
        self.send(&request, self.timeout).await.map(|_| ())
    }

    /// Sends a request and follows redirects. Returns the response if it is a success.
    async fn send(&self, request: &Request, timeout: Duration) -> Result<Response, Failure> {
        let mut request = request.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.login.send(&self.connection, &request, timeout).await?;
            let address = self.connection.address();
            log::debug!("{address}: {request}: {}", response.status);
            if response.status.is_success() {
                return Ok(response);
            }
            if !response.status.is_redirection() {
                return self.judge(&request, response);
            }
            let location = response.location.as_deref();
            request.path = self.connection.redirected(&request, location)?;
        }
        let reason = "expected a response, got too many redirects".into();
        let request = request.to_string();
        Err(Cause::Answer { request, reason }.into())
    }

    /// Judges a response whose status is not that of a success, although it may be one.
    fn judge(&self, request: &Request, response: Response) -> Result<Response, Failure> {
        let info = ExtendedInfo::parse(&response.body);
        let meaning = info.meaning(response.status.as_u16());
        let shown = response.to.as_ref().unwrap_or(request).to_string();
        let image = request.body.as_ref().and_then(|body| body.get("Image"));
        let image = image.and_then(|image| Url::parse(image.as_str()?).ok());
        let message = self.secrets(image.as_ref()).show(&info.text());
        let cause = match meaning {
            Meaning::NotAnError => return Ok(response),
            _ if response.status == StatusCode::UNAUTHORIZED => Cause::Credentials,
            Meaning::Credentials => Cause::Credentials,
            Meaning::Licence => Cause::Licence {
                request: shown,
                message,
            },
            Meaning::Privilege => Cause::Privilege {
                request: shown,
                message,
            },
            _ => {
                return Err(Failure::Refused(Refused {
                    refusal: Refusal {
                        request: shown,
                        status: response.status.as_u16(),
                        message,
                    },
                    meaning,
                    asked_pause: info.asked_pause().or(response.retry_after),
                    arguments: info.arguments().map(str::to_owned).collect(),
                }));
            }
        };
        Err(cause.into())
    }

    /// Returns the cause of a failure that did not pass until the deadline.
    pub(super) fn at_deadline(&self, failure: Failure, retry: &Retry<'_>) -> Cause {
        let seconds = retry.seconds();
        match failure {
            Failure::Refused(refused) => Cause::StillRefused {
                refusal: refused.refusal,
                seconds,
            },
            Failure::NoResponse(NoResponse { reason }) => Cause::NoAnswer {
                address: self.connection.address(),
                seconds,
                reason,
            },
            Failure::Fatal(cause) => cause,
        }
    }

    /// Closes the session if there is one.
    pub(super) async fn close(&self) {
        self.login.close(&self.connection, self.timeout).await;
    }
}

/// Closes a session that was not closed, if that is still possible.
impl Drop for Client {
    fn drop(&mut self) {
        if !self.login.is_open() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (login, connection) = (Arc::clone(&self.login), Arc::clone(&self.connection));
            let timeout = self.timeout;
            runtime.spawn(async move { login.close(&connection, timeout).await });
        }
    }
}

impl Refused {
    pub(super) fn into_cause(self) -> Cause {
        Cause::Refused(vec![self.refusal])
    }
}

/// Returns the version of a resource that is in itself.
fn tag_in(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(json.get("@odata.etag")?.as_str()?.to_owned())
}

fn secrets_of(access: &BmcAccess) -> Secrets {
    let mut secrets = Secrets::default();
    if let Some(Credentials { username, password }) = &access.credentials {
        secrets.add(password);
        secrets.add(&format!("{username}:{password}"));
    }
    secrets
}
