//! Tokens from Keystone v3, through the authentication plugins of `openstack_sdk`, which send the
//! request and parse the response with its catalogue.

use std::collections::HashMap;

use openstack_sdk_auth_applicationcredential::ApplicationCredentialAuthenticator;
use openstack_sdk_auth_core::{
    Auth, AuthError, AuthToken, AuthTokenScope, OpenStackAuthType, execute_auth_request, types,
};
use openstack_sdk_auth_password::PasswordAuthenticator;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::json;

use super::super::error::{SwiftError, is_transient_status};
use super::request::no_response;
use super::settings::{CredentialName, Domain, Named, SwiftAuth, SwiftSettings};
use crate::http::reason;
use crate::http::url::{BaseUrl, redacted};
use crate::options::Secret;

type Values = HashMap<String, SecretString>;

/// Requests a token. Nothing is retried here.
pub(super) async fn request_token(
    http: &reqwest::Client,
    settings: &SwiftSettings,
    auth_url: &BaseUrl,
) -> Result<Token, SwiftError> {
    let url = version_3(auth_url.as_url());
    let shown = redacted(&url);
    let sent = send(http, &url, &settings.auth);
    let sent = tokio::time::timeout(settings.timeout, sent).await;
    let token = sent
        .map_err(|_| SwiftError::Silent {
            request: format!("POST {shown}auth/tokens"),
            timeout: settings.timeout,
        })?
        .map_err(|error| to_swift_error(&shown, error, settings))?;
    Ok(Token { token, url: shown })
}

/// A token, and the URL of Keystone for messages.
pub(super) struct Token {
    pub(super) token: AuthToken,
    pub(super) url: String,
}

async fn send(http: &reqwest::Client, url: &Url, auth: &SwiftAuth) -> Result<AuthToken, AuthError> {
    let mut values = Values::new();
    let response = match auth {
        SwiftAuth::Password {
            user,
            password,
            project,
            ..
        } => {
            put(&mut values, "password", password.expose());
            put_user(&mut values, user);
            let scope = AuthTokenScope::Project(self::project(project));
            let plugin = PasswordAuthenticator;
            plugin.auth(http, url, &values, Some(&scope), None).await?
        }
        SwiftAuth::ApplicationCredential {
            credential, secret, ..
        } => {
            put(
                &mut values,
                "application_credential_secret",
                secret.expose(),
            );
            match credential {
                CredentialName::Id(id) => put(&mut values, "application_credential_id", id),
                CredentialName::Name { name, user } => {
                    return send_by_name(http, url, name, user, secret).await;
                }
            }
            let plugin = ApplicationCredentialAuthenticator;
            plugin.auth(http, url, &values, None, None).await?
        }
        SwiftAuth::None { .. } | SwiftAuth::V1Password { .. } => Auth::None,
    };
    match response {
        Auth::AuthToken(found) => Ok(*found),
        _ => Err(AuthError::UnknownAuth {
            code: 200,
            message: None,
        }),
    }
}

/// Requests a token with an application credential given by name, without the plugin: in 0.22 it
/// omits the domain of the user's name, and Keystone rejects such a request.
async fn send_by_name(
    http: &reqwest::Client,
    url: &Url,
    name: &str,
    user: &Named,
    secret: &Secret,
) -> Result<AuthToken, AuthError> {
    let user = match user {
        Named::Id(id) => json!({"id": id}),
        Named::Name { name, domain } => {
            let domain = match domain {
                Domain::Id(id) => json!({"id": id}),
                Domain::Name(name) => json!({"name": name}),
            };
            json!({"name": name, "domain": domain})
        }
    };
    let credential = json!({"name": name, "user": user, "secret": secret.expose()});
    let identity = json!({
        "methods": ["application_credential"],
        "application_credential": credential,
    });
    let body = json!({"auth": {"identity": identity}}).to_string();
    let request = http
        .post(url.join("auth/tokens")?)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .build()?;
    AuthToken::from_reqwest_response(execute_auth_request(http, request).await?).await
}

fn put(values: &mut Values, name: &str, text: &str) {
    values.insert(name.to_owned(), SecretString::from(text));
}

fn put_user(values: &mut Values, user: &Named) {
    match user {
        Named::Id(id) => put(values, "user_id", id),
        Named::Name { name, domain } => {
            put(values, "username", name);
            match domain {
                Domain::Id(id) => put(values, "user_domain_id", id),
                Domain::Name(name) => put(values, "user_domain_name", name),
            }
        }
    }
}

fn project(project: &Named) -> types::Project {
    match project {
        Named::Id(id) => types::Project {
            id: Some(id.clone()),
            ..types::Project::default()
        },
        Named::Name { name, domain } => types::Project {
            id: None,
            name: Some(name.clone()),
            domain: Some(match domain {
                Domain::Id(id) => types::Domain {
                    id: Some(id.clone()),
                    name: None,
                },
                Domain::Name(name) => types::Domain {
                    id: None,
                    name: Some(name.clone()),
                },
            }),
        },
    }
}

/// Converts an error of the plugins.
fn to_swift_error(url: &str, error: AuthError, settings: &SwiftSettings) -> SwiftError {
    match error {
        AuthError::Identity(response) => {
            let status = u16::try_from(response.code).unwrap_or(u16::MAX);
            refused(url, status, settings.secrets().show(&response.message))
        }
        AuthError::UnknownAuth { code, .. } if !(200..300).contains(&code) => {
            refused(url, code, format!("it returned {code}"))
        }
        AuthError::Reqwest { source } => unreachable(url, &source, settings),
        // The error's message may quote the response, which contains the token.
        _ => SwiftError::Answer {
            what: "a token",
            url: url.to_owned(),
            reason: "the response is not one of Keystone v3".to_owned(),
        },
    }
}

/// Converts a status that is not a success.
fn refused(url: &str, status: u16, reason: String) -> SwiftError {
    if is_transient_status(status) {
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

/// Converts an error of the HTTP client.
fn unreachable(url: &str, error: &reqwest::Error, settings: &SwiftSettings) -> SwiftError {
    if error.is_decode() {
        return SwiftError::Answer {
            what: "a token",
            url: url.to_owned(),
            reason: reason(error),
        };
    }
    no_response(&format!("POST {url}"), error, settings.timeout)
}

/// Returns the URL of API version 3, for any of Keystone's URLs, with the final slash that joining
/// needs.
fn version_3(auth_url: &Url) -> Url {
    let mut url = auth_url.clone();
    url.set_query(None);
    let mut segments: Vec<String> = url
        .path_segments()
        .map(|path| path.map(str::to_owned).collect())
        .unwrap_or_default();
    segments.retain(|segment| !segment.is_empty());
    if segments
        .last()
        .is_some_and(|last| last == "v2.0" || last == "v3")
    {
        segments.pop();
    }
    segments.push("v3".to_owned());
    url.set_path(&format!("/{}/", segments.join("/")));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_3_is_found_from_any_url() {
        for (given, expected) in [
            ("http://h:5000", "http://h:5000/v3/"),
            ("http://h:5000/", "http://h:5000/v3/"),
            ("http://h:5000/v3", "http://h:5000/v3/"),
            ("http://h:5000/v2.0/", "http://h:5000/v3/"),
            ("https://h/identity", "https://h/identity/v3/"),
            ("https://h/identity/v3/", "https://h/identity/v3/"),
        ] {
            let url = Url::parse(given).unwrap();
            assert_eq!(version_3(&url).as_str(), expected, "{given}");
        }
    }
}
