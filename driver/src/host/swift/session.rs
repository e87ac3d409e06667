//! Getting a token, and the URL of the account that it is good for.

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::super::url::{BaseUrl, redacted};
use super::client::{described, no_answer, read};
use super::error::{SwiftError, passing};
use super::keystone;
use super::settings::{SwiftAuth, SwiftSettings};
use crate::http::reason;
use crate::options::Secret;

/// A token, unless none is needed, and the account that it is good for.
#[derive(Debug)]
pub(super) struct Session {
    /// Marked sensitive: it is not shown by `Debug`.
    pub(super) token: Option<HeaderValue>,
    /// The URL of the account.
    pub(super) storage: Url,
}

/// Gets a new token. Nothing is repeated here.
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
                session.storage = storage(url)?;
            } else if let Some(account) = account
                && let Ok(mut path) = session.storage.path_segments_mut()
            {
                path.pop_if_empty().pop().push(account);
            }
            Ok(session)
        }
        SwiftAuth::Password { auth_url, .. }
        | SwiftAuth::ApplicationCredential { auth_url, .. } => {
            keystone::authenticate(http, settings, auth_url).await
        }
    }
}

/// The token as a header's value.
pub(super) fn token(text: &str, url: &str) -> Result<HeaderValue, SwiftError> {
    let mut token = HeaderValue::from_str(text).map_err(|_| SwiftError::Answer {
        what: "a token",
        url: url.to_owned(),
        reason: "it holds characters that no token has".to_owned(),
    })?;
    token.set_sensitive(true);
    Ok(token)
}

/// The URL of an account, checked.
pub(super) fn storage(text: &str) -> Result<Url, SwiftError> {
    let url = BaseUrl::parse(text).map_err(|error| SwiftError::Endpoint {
        reason: error.to_string(),
    })?;
    Ok(url.as_url().clone())
}

/// Asks tempauth, or what else speaks its protocol.
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
            reason: "the user's name or password holds a control character".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    };
    let request = described(&reqwest::Method::GET, url);
    let answer = http
        .get(url.clone())
        .header("x-auth-user", value(username)?)
        .header("x-auth-key", value(password.expose())?)
        .timeout(settings.timeout)
        .send()
        .await
        .map_err(|error| no_answer(&request, &error, settings.timeout))?;
    let answer = read(request, answer, settings.timeout).await?;
    match answer.status {
        200..300 => {}
        401 | 403 => {
            let reason = format!("it answers with {}", answer.status);
            return Err(SwiftError::Credentials { url: shown, reason });
        }
        _ => return Err(answer.unexpected()),
    }
    let header = |names: [&str; 2], what| {
        let found = names.into_iter().find_map(|name| answer.header(name));
        found.ok_or_else(|| SwiftError::Answer {
            what,
            url: shown.clone(),
            reason: format!("the answer has no header {}", names[0]),
        })
    };
    let text = header(["x-storage-token", "x-auth-token"], "a token")?;
    let account = header(["x-storage-url", "x-storage-url"], "the URL of an account")?;
    Ok(Session {
        token: Some(token(text, &shown)?),
        storage: storage(account)?,
    })
}

/// What a status other than success of Keystone means.
pub(super) fn refused(url: &str, status: u16, reason: String) -> SwiftError {
    if passing(status) {
        return SwiftError::Status {
            request: format!("POST {url}"),
            status,
            text: reason,
        };
    }
    SwiftError::Credentials {
        url: url.to_owned(),
        reason,
    }
}

/// A failure of the client to ask Keystone.
pub(super) fn unreachable(
    url: &str,
    error: &reqwest::Error,
    settings: &SwiftSettings,
) -> SwiftError {
    if error.is_decode() {
        return SwiftError::Answer {
            what: "a token",
            url: url.to_owned(),
            reason: reason(error),
        };
    }
    no_answer(&format!("POST {url}"), error, settings.timeout)
}
