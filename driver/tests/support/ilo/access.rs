//! Who may ask: passwords, sessions and privileges.

use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::refusals::Response;
use super::server::Request;

pub(crate) const USER: &str = "Administrator";
pub(crate) const PASSWORD: &str = "pass-w0rd-of-the-ilo";

/// `Administrator:pass-w0rd-of-the-ilo`.
const BASIC: &str = "Basic QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWlsbw==";

pub(crate) const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// How long a session may be idle.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// How long the next login is delayed after a wrong one.
const DELAY: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Whether passwords are accepted without a session.
    pub(crate) basic: bool,
    /// The maximum number of sessions.
    pub(crate) limit: usize,
    pub(crate) sessions: Vec<Session>,
    /// The number of sessions that were opened.
    pub(crate) opened: usize,
    /// The number of wrong logins.
    pub(crate) wrong: usize,
    /// The number of requests, except those to the open root, in which a password was sent.
    pub(crate) passwords: usize,
    /// Until when logins are refused after a wrong one.
    delayed_until: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    path: String,
    token: String,
    used: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            basic: true,
            limit: 8,
            sessions: Vec::new(),
            opened: 0,
            wrong: 0,
            passwords: 0,
            delayed_until: Duration::ZERO,
        }
    }
}

impl State {
    /// Returns the refusal of a request that nobody may send.
    pub(crate) fn unauthorized(&mut self, request: &Request) -> Option<Response> {
        let now = self.now();
        let root = request.path.trim_end_matches('/') == "/redfish/v1";
        let access = &mut self.access;
        access
            .sessions
            .retain(|session| now.saturating_sub(session.used) < IDLE);
        if let Some(token) = request.header("x-auth-token") {
            let found = access.sessions.iter_mut().find(|one| one.token == token);
            return match found {
                Some(session) => {
                    session.used = now;
                    None
                }
                None => Some(self.refused("NoValidSession", &[])),
            };
        }
        let basic = request.header("authorization");
        access.passwords += usize::from(basic.is_some() && !root);
        match basic {
            Some(sent) if access.basic => match self.login(sent == BASIC, now) {
                Ok(()) => None,
                Err(_) if root => None,
                Err(refusal) => Some(refusal),
            },
            _ if root || (request.method == "POST" && is_sessions(&request.path)) => None,
            // The header is ignored while passwords alone are switched off.
            _ => Some(self.refused("NoValidSession", &[])),
        }
    }

    /// Judges a login; after a wrong one, every login is refused for some seconds.
    fn login(&mut self, right: bool, now: Duration) -> Result<(), Response> {
        if right && now >= self.access.delayed_until {
            return Ok(());
        }
        if !right {
            self.access.wrong += 1;
            self.access.delayed_until = now + DELAY;
        }
        Err(self.refused("NoValidSession", &[]))
    }

    /// Answers requests to sessions; `None` if the request is about something else.
    pub(crate) fn sessions(&mut self, request: &Request) -> Option<Response> {
        let path = request.path.trim_end_matches('/');
        match (request.method.as_str(), &request.body) {
            ("POST", Some(body)) if is_sessions(path) => Some(self.open(body)),
            ("DELETE", None) => {
                let sessions = &mut self.access.sessions;
                let index = sessions.iter().position(|one| one.path == path)?;
                sessions.remove(index);
                Some(self.done())
            }
            _ => None,
        }
    }

    fn open(&mut self, body: &Value) -> Response {
        let expected = json!({"UserName": USER, "Password": PASSWORD});
        let now = self.now();
        self.access.passwords += 1;
        if self.login(*body == expected, now).is_err() {
            return self.refused("UnauthorizedLoginAttempt", &[]);
        }
        if self.access.sessions.len() >= self.access.limit {
            return self.refused("SessionLimitExceeded", &[]);
        }
        let access = &mut self.access;
        access.opened += 1;
        let token = format!("token-of-session-{:024}", access.opened);
        let path = format!("{SESSIONS}/administrator{:08x}", access.opened);
        access.sessions.push(Session {
            path: path.clone(),
            token: token.clone(),
            used: now,
        });
        let location = format!("{}{path}/", self.address);
        self.message(201, "Created", &[])
            .with("X-Auth-Token", token)
            .with("Location", location)
    }
}

fn is_sessions(path: &str) -> bool {
    path.trim_end_matches('/') == SESSIONS
}
