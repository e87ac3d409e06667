//! Sessions: a token, and the URL of the account that it is valid for.

use std::fmt;

use openstack_sdk_auth_core::types::TokenInfo;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use super::super::error::SwiftError;
use super::catalogue::{account_url, endpoint};
use super::keystone::{Token, request_token};
use super::request::{Reading, Response, describe, no_response};
use super::settings::{SwiftAuth, SwiftSettings};
use crate::http::url::{BaseUrl, redacted};
use crate::options::Secret;

/// A token, unless none is needed, and the account that it is valid for.
pub(super) struct Session {
    /// Marked as sensitive: `Debug` does not show it.
    pub(super) token: Option<HeaderValue>,
    /// The URL of the account.
    pub(super) storage: Url,
}

/// Shows the URL without its secrets, and not the token.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("storage", &redacted(&self.storage))
            .finish_non_exhaustive()
    }
}

/// Opens a new session. Nothing is retried here.
pub(super) async fn authenticate(
    http: &reqwest::Client,
    settings: &SwiftSettings,
) -> Result<Session, SwiftError> {
    match &settings.auth {
        SwiftAuth::None { endpoint } => Ok(Session {
            token: None,
            storage: endpoint.as_url().clone(),
        }),
        SwiftAuth::V1Password {
            auth_url,
            username,
            password,
            account,
        } => {
            let mut session = v1_password(http, settings, auth_url, username, password).await?;
            if let Some(url) = &settings.catalogue.endpoint_override {
                session.storage = account_url(url)?;
            } else if let Some(account) = account
                && let Ok(mut path) = session.storage.path_segments_mut()
            {
                path.pop_if_empty().pop().push(account);
            }
            Ok(session)
        }
        SwiftAuth::Password { auth_url, .. }
        | SwiftAuth::ApplicationCredential { auth_url, .. } => {
            with_keystone(http, settings, auth_url).await
        }
    }
}

/// Requests a token from Keystone, and chooses Swift's endpoint from the catalogue.
async fn with_keystone(
    http: &reqwest::Client,
    settings: &SwiftSettings,
    auth_url: &BaseUrl,
) -> Result<Session, SwiftError> {
    let Token { token, url } = request_token(http, settings, auth_url).await?;
    let info: Option<&TokenInfo> = token.auth_info.as_ref().map(|info| &info.token);
    let info = info.ok_or_else(|| SwiftError::Answer {
        what: "a token with a catalogue",
        url: url.clone(),
        reason: "the response does not describe the token".to_owned(),
    })?;
    Ok(Session {
        token: Some(token_header(token.token.expose_secret(), &url)?),
        storage: endpoint(info, &settings.catalogue, &url)?,
    })
}

/// Requests a token from tempauth, or from another service with its protocol.
async fn v1_password(
    http: &reqwest::Client,
    settings: &SwiftSettings,
    auth_url: &BaseUrl,
    username: &str,
    password: &Secret,
) -> Result<Session, SwiftError> {
    let url = auth_url.as_url();
    let shown = redacted(url);
    let value = |text: &str| {
        let value = HeaderValue::from_str(text);
        let mut value = value.map_err(|_| SwiftError::Credentials {
            url: shown.clone(),
            reason: "the user name or password contains a control character".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    };
    let request = describe(&reqwest::Method::GET, url);
    let response = http
        .get(url.clone())
        .header("x-auth-user", value(username)?)
        .header("x-auth-key", value(password.expose())?)
        .timeout(settings.timeout)
        .send()
        .await
        .map_err(|error| no_response(&request, &error, settings.timeout))?;
    let reading = Reading {
        request,
        timeout: settings.timeout,
        secrets: settings.secrets(),
    };
    let response = Response::read(reading, response).await?;
    match response.status {
        200..300 => {}
        401 | 403 => {
            let reason = format!("it returned {}", response.status);
            return Err(SwiftError::Credentials { url: shown, reason });
        }
        _ => return Err(response.unexpected()),
    }
    let header = |names: [&str; 2], what| {
        let found = names.into_iter().find_map(|name| response.header(name));
        found.ok_or_else(|| SwiftError::Answer {
            what,
            url: shown.clone(),
            reason: format!("the response has no header {}", names[0]),
        })
    };
    let text = header(["x-storage-token", "x-auth-token"], "a token")?;
    let account = header(["x-storage-url", "x-storage-url"], "the URL of an account")?;
    Ok(Session {
        token: Some(token_header(text, &shown)?),
        storage: account_url(account)?,
    })
}

/// Returns the token as a header value.
fn token_header(text: &str, url: &str) -> Result<HeaderValue, SwiftError> {
    let mut token = HeaderValue::from_str(text).map_err(|_| SwiftError::Answer {
        what: "a token",
        url: url.to_owned(),
        reason: "it contains characters that no token has".to_owned(),
    })?;
    token.set_sensitive(true);
    Ok(token)
}
