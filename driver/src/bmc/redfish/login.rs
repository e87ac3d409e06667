//! How requests prove their sender's identity: with user and password, or with a session.

use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::super::error::Cause;
use super::access::Credentials;
use super::connection::{Connection, Proof, Unsent};
use super::extended_info::ExtendedInfo;
use super::messages::Meaning;
use super::model::Link;
use super::request::{Request, Response};
use crate::http::warned;

/// The root of every Redfish service, which can be read by everybody.
pub(super) const ROOT: &str = "/redfish/v1/";

/// The user of a BMC, and the session if there is one.
///
/// User and password are sent with each request, until the BMC refuses them without saying that
/// they are wrong: then a session is opened, once. Refused credentials are not sent again, since an
/// iLO delays all logins after a wrong one.
pub(super) struct Login {
    credentials: Option<Credentials>,
    state: Mutex<State>,
}

#[derive(Clone)]
enum State {
    /// Nothing was sent yet. By `http://`, the BMC may want `https://`.
    New,
    Password,
    Session {
        path: String,
        token: String,
    },
    Rejected,
}

/// The links of the service's root.
#[derive(Deserialize)]
struct Root {
    #[serde(rename = "Links", alias = "links")]
    links: Option<RootLinks>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootLinks {
    sessions: Option<Link>,
}

/// Shows nothing secret.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    pub(super) fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            state: Mutex::new(State::New),
        }
    }

    fn state(&self) -> State {
        let state = self.state.lock();
        state
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn set(&self, state: State) {
        let mut current = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *current = state;
    }

    /// Returns the token of the session, which is secret.
    pub(super) fn token(&self) -> Option<String> {
        match self.state() {
            State::Session { token, .. } => Some(token),
            _ => None,
        }
    }

    /// Sends a request, with what the BMC accepts.
    pub(super) async fn send(
        &self,
        connection: &Connection,
        request: &Request,
        timeout: Duration,
    ) -> Result<Response, Unsent> {
        let Some(credentials) = &self.credentials else {
            return connection.send(request, &Proof::Nothing, timeout).await;
        };
        let proof = match self.state() {
            State::Rejected => return Err(Cause::Credentials.into()),
            State::Session { token, .. } => Proof::Token(token),
            State::Password => password(credentials),
            State::New => {
                self.check_address(connection, timeout).await?;
                password(credentials)
            }
        };
        let response = connection.send(request, &proof, timeout).await?;
        if response.status != reqwest::StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let info = ExtendedInfo::parse(&response.body);
        let is_wrong = response.asks_for_basic || info.meaning(401) == Meaning::Credentials;
        if is_wrong && matches!(proof, Proof::Password { .. }) {
            self.set(State::Rejected);
            return Err(Cause::Credentials.into());
        }
        // The session has expired, or passwords alone are switched off.
        if let Some(refusal) = self.open(connection, credentials, timeout).await? {
            return Ok(refusal);
        }
        let token = self.token().unwrap_or_default();
        let proof = Proof::Token(token);
        let response = connection.send(request, &proof, timeout).await?;
        if response.status == reqwest::StatusCode::UNAUTHORIZED {
            self.set(State::Rejected);
            return Err(Cause::Credentials.into());
        }
        Ok(response)
    }

    /// Asks for the root without a password, which is not sent by `http://` to a BMC that wants
    /// `https://`.
    async fn check_address(
        &self,
        connection: &Connection,
        timeout: Duration,
    ) -> Result<(), Unsent> {
        if connection.is_plain() {
            let request = Request::get(ROOT);
            let response = connection.send(&request, &Proof::Nothing, timeout).await?;
            if response.status.is_redirection() {
                connection.redirected(&request, response.location.as_deref())?;
            }
            let address = connection.address();
            if warned::is_new(&address, "no encryption") {
                log::warn!("{address}: user and password are sent without encryption");
            }
        }
        self.set(State::Password);
        Ok(())
    }

    /// Opens a session. Returns the response if the BMC refuses that, or to show where, for another
    /// reason than a wrong password.
    async fn open(
        &self,
        connection: &Connection,
        credentials: &Credentials,
        timeout: Duration,
    ) -> Result<Option<Response>, Unsent> {
        let Credentials { username, password } = credentials;
        let request = Request::get(ROOT);
        let root = connection.send(&request, &Proof::Nothing, timeout).await?;
        if !root.status.is_success() {
            return self.refused(request, root);
        }
        let root: Option<Root> = serde_json::from_slice(&root.body).ok();
        let sessions = root.and_then(|root| root.links?.sessions);
        let Some(Link { path }) = sessions else {
            self.set(State::Rejected);
            return Err(Cause::Credentials.into());
        };
        let mut request = Request::post(&path, json!({"UserName": username, "Password": password}));
        let mut response = connection.send(&request, &Proof::Nothing, timeout).await?;
        if response.status.is_redirection() {
            request.path = connection.redirected(&request, response.location.as_deref())?;
            response = connection.send(&request, &Proof::Nothing, timeout).await?;
        }
        let opened = response.status.is_success();
        match (response.token.take(), response.location.as_deref()) {
            (Some(token), Some(location)) if opened => {
                let path = connection.redirected(&request, Some(location))?;
                log::info!("{}: opened a session", connection.address());
                self.set(State::Session { path, token });
                Ok(None)
            }
            _ => self.refused(request, response),
        }
    }

    /// Returns the response to a request of a login, unless it refuses the credentials.
    fn refused(
        &self,
        request: Request,
        mut response: Response,
    ) -> Result<Option<Response>, Unsent> {
        let meaning = ExtendedInfo::parse(&response.body).meaning(response.status.as_u16());
        let is_wrong = matches!(
            meaning,
            Meaning::Credentials | Meaning::NoSession | Meaning::NotAnError
        );
        if is_wrong {
            self.set(State::Rejected);
            return Err(Cause::Credentials.into());
        }
        response.to = Some(request);
        Ok(Some(response))
    }

    /// Closes the session if there is one. A failure is only logged, since the BMC closes idle
    /// sessions.
    pub(super) async fn close(&self, connection: &Connection, timeout: Duration) {
        let State::Session { path, token } = self.state() else {
            return;
        };
        self.set(State::New);
        let request = Request::delete(&path);
        let proof = Proof::Token(token);
        let sent = connection.send(&request, &proof, timeout);
        let address = connection.address();
        match sent.await {
            Ok(response) if response.status.is_success() => {
                log::info!("{address}: closed the session");
            }
            _ => log::warn!("{address}: the session could not be closed, and will expire"),
        }
    }

    /// Whether a session is open.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state(), State::Session { .. })
    }
}

fn password(credentials: &Credentials) -> Proof {
    let Credentials { username, password } = credentials.clone();
    Proof::Password { username, password }
}
