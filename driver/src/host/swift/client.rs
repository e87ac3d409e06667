//! Requests to Swift: with a token that is renewed when it is refused, repeated when they may.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::sync::Mutex;

use super::super::url::redacted;
use super::error::{SwiftError, passing};
use super::session::{Session, authenticate};
use super::settings::{SwiftSettings, Tls};
use crate::http::reason;
use crate::http::tls::{self, Trust, Unusable};

/// More than any listing or answer that is read has.
const MOST_BYTES: usize = 16 << 20;

/// How much of an answer's text is shown.
const SHOWN_CHARS: usize = 200;

/// The longest time between two repetitions.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The part of an account that a request is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    /// The account itself.
    Account,
    /// The container of images.
    Container,
    /// An object in it.
    Object(&'p str),
    /// What Swift tells about itself, at the root of the server.
    Info,
}

/// A request without a body, or with a small one.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) place: Place<'a>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, place: Place<'a>) -> Self {
        Self {
            method,
            place,
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

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The answer as an error: it is not one of those that were expected.
    pub(super) fn unexpected(self) -> SwiftError {
        let text = String::from_utf8_lossy(&self.body);
        // Swift's are small pages of HTML; what is between the tags is what it says.
        let text = text.replace(['\r', '\n'], " ");
        SwiftError::Status {
            request: self.request,
            status: self.status,
            text: text.trim().chars().take(SHOWN_CHARS).collect(),
        }
    }

    /// The answer, when its status is a success.
    pub(super) fn success(self) -> Result<Self, SwiftError> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(self.unexpected())
        }
    }
}

/// The client for Keystone and for Swift.
fn http_client(settings: &SwiftSettings) -> Result<reqwest::Client, SwiftError> {
    let Tls {
        ca_file,
        insecure,
        client,
    } = &settings.tls;
    let unusable = |Unusable { path: file, reason }| SwiftError::Pem { file, reason };
    let trust = match ca_file {
        _ if *insecure => Trust::Anybody,
        Some(file) => tls::authorities(file).map_err(unusable)?,
        None => Trust::System,
    };
    let identity = client.as_ref().map(|(cert, key)| tls::identity(cert, key));
    let identity = identity.transpose().map_err(unusable)?;
    let tls = tls::config(&trust, identity).map_err(|error| SwiftError::Client {
        reason: error.to_string(),
    })?;
    crate::http::builder(tls)
        .connect_timeout(settings.timeout)
        .build()
        .map_err(|error| SwiftError::Client {
            reason: reason(&error),
        })
}

/// Asks one Swift for one container.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) settings: SwiftSettings,
    /// The token in use. Whoever renews it holds the lock: the others wait instead of asking too.
    session: Mutex<Option<Arc<Session>>>,
}

impl Client {
    pub(super) fn new(settings: SwiftSettings) -> Result<Self, SwiftError> {
        Ok(Self {
            http: http_client(&settings)?,
            settings,
            session: Mutex::new(None),
        })
    }

    /// The session in use, or a new one.
    pub(super) async fn session(&self) -> Result<Arc<Session>, SwiftError> {
        self.session_after(None).await
    }

    /// Another session than `refused`: a new one, unless somebody else got one meanwhile.
    pub(super) async fn session_after(
        &self,
        refused: Option<&Arc<Session>>,
    ) -> Result<Arc<Session>, SwiftError> {
        let mut current = self.session.lock().await;
        let known = current.as_ref();
        if let Some(session) = known.filter(|known| refused.is_none_or(|r| !Arc::ptr_eq(known, r)))
        {
            return Ok(Arc::clone(session));
        }
        let mut delay = Delay::new(&self.settings);
        let session = loop {
            match authenticate(&self.http, &self.settings).await {
                Ok(session) => break Arc::new(session),
                Err(error) => delay.after(error).await?,
            }
        };
        *current = Some(Arc::clone(&session));
        Ok(session)
    }

    /// The URL of `place`.
    pub(super) fn url(&self, session: &Session, place: Place<'_>) -> Url {
        let mut url = session.storage.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            match place {
                Place::Account => {}
                Place::Container => drop(path.push(&self.settings.container)),
                Place::Object(name) => {
                    path.push(&self.settings.container).extend(name.split('/'));
                }
                Place::Info => drop(path.clear().push("info")),
            }
        }
        url
    }

    /// Asks, with a new token when the one in use is refused, and again when that may help.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Answer, SwiftError> {
        let mut delay = Delay::new(&self.settings);
        let mut renewed = false;
        let mut session = self.session().await?;
        loop {
            let error = match self.send_once(&session, ask).await {
                Ok(answer) if answer.status == 401 && !renewed => {
                    log::debug!("{}: the token was refused, getting another", answer.request);
                    renewed = true;
                    session = self.session_after(Some(&session)).await?;
                    continue;
                }
                Ok(answer) if passing(answer.status) => answer.unexpected(),
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            delay.after(error).await?;
        }
    }

    async fn send_once(&self, session: &Session, ask: &Ask<'_>) -> Result<Answer, SwiftError> {
        let mut url = self.url(session, ask.place);
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let request = described(&ask.method, &url);
        let mut builder = self
            .http
            .request(ask.method.clone(), url)
            .headers(ask.headers.clone())
            .timeout(self.settings.timeout);
        if let Some(token) = &session.token {
            builder = builder.header("x-auth-token", token);
        }
        if !ask.body.is_empty() {
            builder = builder.body(ask.body.clone());
        }
        let answer = builder.send().await;
        let answer = answer.map_err(|error| no_answer(&request, &error, self.settings.timeout))?;
        read(request, answer, self.settings.timeout).await
    }
}

/// Reads an answer to its end.
pub(super) async fn read(
    request: String,
    mut answer: reqwest::Response,
    timeout: Duration,
) -> Result<Answer, SwiftError> {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    loop {
        let part = answer.chunk().await;
        let Some(part) = part.map_err(|error| no_answer(&request, &error, timeout))? else {
            break;
        };
        if body.len() + part.len() > MOST_BYTES {
            return Err(SwiftError::Answer {
                what: "a short answer",
                url: request,
                reason: format!("it has more than {MOST_BYTES} bytes"),
            });
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer {
        request,
        status,
        headers,
        body: body.into(),
    })
}

/// Method and URL, for messages.
pub(super) fn described(method: &Method, url: &Url) -> String {
    format!("{method} {}", redacted(url))
}

pub(super) fn no_answer(request: &str, error: &reqwest::Error, timeout: Duration) -> SwiftError {
    let request = request.to_owned();
    if error.is_timeout() {
        return SwiftError::Silent { request, timeout };
    }
    SwiftError::NoAnswer {
        request,
        reason: reason(error),
    }
}

/// How often something was repeated, and how long to wait before the next time.
#[derive(Debug)]
pub(super) struct Delay {
    left: u32,
    next: Duration,
    first: Duration,
    most: u32,
}

impl Delay {
    pub(super) fn new(settings: &SwiftSettings) -> Self {
        Self {
            left: settings.max_retries,
            next: settings.retry_delay,
            first: settings.retry_delay,
            most: settings.max_retries,
        }
    }

    /// Starts counting anew: there was progress.
    pub(super) fn reset(&mut self) {
        (self.left, self.next) = (self.most, self.first);
    }

    /// Waits until it is time to try again after `error`.
    ///
    /// # Errors
    ///
    /// The error itself, when trying again does not help or was done often enough.
    pub(super) async fn after(&mut self, error: SwiftError) -> Result<(), SwiftError> {
        if self.left == 0 || !error.may_pass() {
            return Err(error);
        }
        log::warn!("{error}; trying again in {:?}", self.next);
        self.left -= 1;
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_DELAY);
        Ok(())
    }
}
