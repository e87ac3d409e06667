//! Keystone, version 3, by way of the plugins of `openstack_sdk`: they ask and read the answer, its
//! catalogue included. Which of the catalogue's endpoints is used is chosen here, as keystoneauth does.

use std::collections::HashMap;

use openstack_sdk_auth_applicationcredential::ApplicationCredentialAuthenticator;
use openstack_sdk_auth_core::types::{CatalogEndpoint, ServiceEndpoints, TokenInfo};
use openstack_sdk_auth_core::{
    Auth, AuthError, AuthToken, AuthTokenScope, OpenStackAuthType, execute_auth_request, types,
};
use openstack_sdk_auth_password::PasswordAuthenticator;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::super::url::{BaseUrl, redacted};
use super::error::SwiftError;
use super::session::{Session, refused, storage, token, unreachable};
use super::settings::{Catalogue, CredentialName, Domain, Named, SwiftAuth, SwiftSettings};
use crate::options::Secret;

type Values = HashMap<String, SecretString>;

/// Gets a token and chooses an endpoint.
pub(super) async fn authenticate(
    http: &reqwest::Client,
    settings: &SwiftSettings,
    auth_url: &BaseUrl,
) -> Result<Session, SwiftError> {
    let url = version_3(auth_url.as_url());
    let shown = redacted(&url);
    let asked = ask(http, &url, &settings.auth);
    let asked = tokio::time::timeout(settings.timeout, asked).await;
    let found = asked
        .map_err(|_| SwiftError::Silent {
            request: format!("POST {shown}auth/tokens"),
            timeout: settings.timeout,
        })?
        .map_err(|error| meaning(&shown, error, settings))?;
    let no_token = |reason: &str| SwiftError::Answer {
        what: "a token with a catalogue",
        url: shown.clone(),
        reason: reason.to_owned(),
    };
    let info = found.auth_info.as_ref().map(|info| &info.token);
    let info = info.ok_or_else(|| no_token("it does not say what the token is good for"))?;
    Ok(Session {
        token: Some(token(found.token.expose_secret(), &shown)?),
        storage: endpoint(info, &settings.catalogue, &shown)?,
    })
}

async fn ask(http: &reqwest::Client, url: &Url, auth: &SwiftAuth) -> Result<AuthToken, AuthError> {
    let mut values = Values::new();
    let answer = match auth {
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
                    return ask_by_name(http, url, name, user, secret).await;
                }
            }
            let plugin = ApplicationCredentialAuthenticator;
            plugin.auth(http, url, &values, None, None).await?
        }
        SwiftAuth::None { .. } | SwiftAuth::V1Password { .. } => Auth::None,
    };
    match answer {
        Auth::AuthToken(found) => Ok(*found),
        _ => Err(AuthError::UnknownAuth {
            code: 200,
            message: None,
        }),
    }
}

/// Asks with an application credential by its name: in 0.22 the plugin forgets the domain of its user's
/// name, and Keystone refuses that.
async fn ask_by_name(
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

fn meaning(url: &str, error: AuthError, settings: &SwiftSettings) -> SwiftError {
    match error {
        AuthError::Identity(said) => {
            let status = u16::try_from(said.code).unwrap_or(u16::MAX);
            refused(url, status, said.message)
        }
        AuthError::UnknownAuth { code, .. } if !(200..300).contains(&code) => {
            refused(url, code, format!("it answers with {code}"))
        }
        AuthError::Reqwest { source } => unreachable(url, &source, settings),
        // What it says may quote the answer, and that holds the token.
        _ => SwiftError::Answer {
            what: "a token",
            url: url.to_owned(),
            reason: "the answer is none of Keystone's version 3".to_owned(),
        },
    }
}

/// The URL of version 3, with the slash that joining needs: of any of Keystone's URLs.
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

/// The account's URL: the one that is set, or the first in the catalogue, by the order of interfaces.
fn endpoint(info: &TokenInfo, wanted: &Catalogue, url: &str) -> Result<Url, SwiftError> {
    let project = info
        .project
        .as_ref()
        .and_then(|project| project.id.as_deref());
    if let Some(text) = &wanted.endpoint_override {
        return storage(&with_project(text, project.unwrap_or_default()));
    }
    let services = info.catalog.as_deref().unwrap_or_default();
    let of_type: Vec<(&ServiceEndpoints, &CatalogEndpoint)> = services
        .iter()
        .filter(|service| service.service_type == wanted.service_type)
        .flat_map(|service| service.endpoints.iter().map(move |end| (service, end)))
        .collect();
    let fits = |(service, end): &&(&ServiceEndpoints, &CatalogEndpoint)| {
        let name = wanted.service_name.as_ref();
        let region = wanted.region.as_ref();
        name.is_none_or(|name| *name == service.name)
            && region.is_none_or(|region| Some(region) == end.region.as_ref())
    };
    for interface in &wanted.interfaces {
        // Keystone v2 wrote `publicURL`.
        let interface = interface.strip_suffix("URL").unwrap_or(interface);
        let mut found = of_type.iter().filter(fits);
        if let Some((_, end)) = found.find(|(_, end)| end.interface == interface) {
            return storage(&end.url);
        }
    }
    let found: Vec<String> = of_type
        .iter()
        .map(|(_, end)| {
            let region = end.region.as_deref().unwrap_or("no region");
            format!("{} in {region}", end.interface)
        })
        .collect();
    Err(SwiftError::NoEndpoint {
        url: url.to_owned(),
        wanted: format!(
            "{} with interface {}{}",
            wanted.service_type,
            wanted.interfaces.join(" or "),
            wanted
                .region
                .as_ref()
                .map(|region| format!(" in region {region}"))
                .unwrap_or_default(),
        ),
        found: if found.is_empty() {
            "none at all".to_owned()
        } else {
            found.join(", ")
        },
    })
}

/// `text` with the project's identifier in it, in either way that keystoneauth takes.
fn with_project(text: &str, project: &str) -> String {
    let places = [
        "%(project_id)s",
        "%(tenant_id)s",
        "$(project_id)s",
        "$(tenant_id)s",
    ];
    places
        .iter()
        .fold(text.to_owned(), |text, place| text.replace(place, project))
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

    fn info(endpoints: &[(&str, &str, &str)]) -> TokenInfo {
        let endpoints = endpoints
            .iter()
            .map(|(interface, region, url)| CatalogEndpoint {
                id: "1".into(),
                interface: (*interface).into(),
                region: Some((*region).into()),
                url: (*url).into(),
            });
        TokenInfo {
            catalog: Some(vec![ServiceEndpoints {
                endpoints: endpoints.collect(),
                name: "swift".into(),
                service_type: "object-store".into(),
            }]),
            project: Some(types::Project {
                id: Some("p1".into()),
                ..types::Project::default()
            }),
            ..TokenInfo::default()
        }
    }

    fn wanted(region: Option<&str>, interfaces: &[&str]) -> Catalogue {
        Catalogue {
            service_type: "object-store".into(),
            service_name: None,
            region: region.map(str::to_owned),
            interfaces: interfaces.iter().map(|text| (*text).to_owned()).collect(),
            endpoint_override: None,
        }
    }

    #[test]
    fn the_better_interface_of_the_region_is_chosen() {
        let info = info(&[
            ("public", "one", "http://public.one/v1/AUTH_p1"),
            ("internal", "one", "http://internal.one/v1/AUTH_p1"),
            ("public", "two", "http://public.two/v1/AUTH_p1"),
        ]);
        let host = |region, interfaces: &[&str]| {
            endpoint(&info, &wanted(region, interfaces), "http://k/")
                .map(|url| url.host_str().unwrap().to_owned())
        };
        assert_eq!(host(None, &["internal", "public"]).unwrap(), "internal.one");
        assert_eq!(
            host(Some("two"), &["internal", "public"]).unwrap(),
            "public.two"
        );
        assert_eq!(host(Some("one"), &["publicURL"]).unwrap(), "public.one");
        let error = host(Some("three"), &["admin"]).unwrap_err().to_string();
        assert!(error.contains("admin in region three"), "{error}");
        assert!(error.contains("public in two"), "{error}");
    }

    #[test]
    fn an_endpoint_that_is_set_wins() {
        let mut wanted = wanted(None, &["public"]);
        wanted.endpoint_override = Some("http://h:8080/v1/AUTH_%(project_id)s".into());
        let url = endpoint(&info(&[]), &wanted, "http://k/").unwrap();
        assert_eq!(url.as_str(), "http://h:8080/v1/AUTH_p1");
    }
}
