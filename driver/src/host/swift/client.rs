//! The client of one container: it renews a refused token, and retries requests where that may
//! help.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::sync::Mutex;

use super::super::error::{SwiftError, is_transient_status};
use super::request::{Reading, Request, Resource, Response, describe, no_response};
use super::session::{Session, authenticate};
use super::settings::{SwiftSettings, Tls};
use crate::http::reason;
use crate::http::tls::{self, PemError, Trust};

/// The longest delay between two retries.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Returns the HTTP client for Keystone and Swift.
fn http_client(settings: &SwiftSettings) -> Result<reqwest::Client, SwiftError> {
    let Tls {
        ca_file,
        insecure,
        client,
    } = &settings.tls;
    let unusable = |PemError { path: file, reason }| SwiftError::Pem { file, reason };
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

/// A client for one container of one Swift.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) settings: SwiftSettings,
    /// The current session. A task that renews it holds the lock; the others wait and use the
    /// result.
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

    /// Returns the current session, or opens one.
    pub(super) async fn session(&self) -> Result<Arc<Session>, SwiftError> {
        self.session_after(None).await
    }

    /// Returns a session other than `refused`: a new one, unless another task has opened one
    /// meanwhile.
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
        let mut backoff = Backoff::new(&self.settings);
        let session = loop {
            match authenticate(&self.http, &self.settings).await {
                Ok(session) => break Arc::new(session),
                Err(error) => backoff.wait_after(error).await?,
            }
        };
        *current = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Returns the URL of `resource`.
    pub(super) fn url(&self, session: &Session, resource: Resource<'_>) -> Url {
        resource.url(&session.storage, &self.settings.container)
    }

    /// Sends a request: once more with a new token if the current one is refused, and again after
    /// errors that may pass.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Response, SwiftError> {
        let mut backoff = Backoff::new(&self.settings);
        let mut renewed = false;
        let mut session = self.session().await?;
        loop {
            let error = match self.send_once(&session, request).await {
                Ok(response) if response.status == 401 && !renewed => {
                    log::debug!(
                        "{}: the token was refused, requesting a new one",
                        response.request
                    );
                    renewed = true;
                    session = self.session_after(Some(&session)).await?;
                    continue;
                }
                Ok(response) if is_transient_status(response.status) => response.unexpected(),
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            backoff.wait_after(error).await?;
        }
    }

    async fn send_once(
        &self,
        session: &Session,
        request: &Request<'_>,
    ) -> Result<Response, SwiftError> {
        let mut url = self.url(session, request.resource);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let described = describe(&request.method, &url);
        let timeout = self.settings.timeout;
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .headers(request.headers.clone())
            .timeout(timeout);
        if let Some(token) = &session.token {
            builder = builder.header("x-auth-token", token);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let response = builder.send().await;
        let response = response.map_err(|error| no_response(&described, &error, timeout))?;
        let reading = self.reading(described, session, &request.headers);
        Response::read(reading, response).await
    }

    /// Returns what is needed to read the response to a request with these headers. `request` is
    /// its description for messages.
    pub(super) fn reading(
        &self,
        request: String,
        session: &Session,
        headers: &HeaderMap,
    ) -> Reading {
        let mut secrets = self.settings.secrets();
        secrets.add_url(&session.storage);
        let sensitive = headers.values().filter(|value| value.is_sensitive());
        for value in session.token.iter().chain(sensitive) {
            secrets.add(&String::from_utf8_lossy(value.as_bytes()));
        }
        Reading {
            request,
            timeout: self.settings.timeout,
            secrets,
        }
    }

    /// Creates the container if it is missing.
    pub(super) async fn ensure_container(&self) -> Result<(), SwiftError> {
        let head = Request::new(Method::HEAD, Resource::Container);
        let found = self.send(&head).await?;
        if found.status != 404 {
            return found.success().map(drop);
        }
        let put = Request::new(Method::PUT, Resource::Container);
        let created = self.send(&put).await?.success()?;
        log::info!("{}: the container was created", created.request);
        Ok(())
    }
}

/// The retries that are left, and the delay before the next one.
#[derive(Debug)]
pub(super) struct Backoff {
    left: u32,
    next: Duration,
    first: Duration,
    most: u32,
}

impl Backoff {
    pub(super) fn new(settings: &SwiftSettings) -> Self {
        Self {
            left: settings.max_retries,
            next: settings.retry_delay,
            first: settings.retry_delay,
            most: settings.max_retries,
        }
    }

    /// Starts over, after progress.
    pub(super) fn reset(&mut self) {
        (self.left, self.next) = (self.most, self.first);
    }

    /// Waits before the next retry after `error`.
    ///
    /// # Errors
    ///
    /// The error itself, if no retry is left or a retry cannot help.
    pub(super) async fn wait_after(&mut self, error: SwiftError) -> Result<(), SwiftError> {
        if self.left == 0 || !error.is_transient() {
            return Err(error);
        }
        log::warn!("{error}; retrying in {:?}", self.next);
        self.left -= 1;
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(MAX_DELAY);
        Ok(())
    }
}
