//! The service catalogue: which of its endpoints is Swift's, chosen as keystoneauth does.

use openstack_sdk_auth_core::types::{CatalogEndpoint, ServiceEndpoints, TokenInfo};
use reqwest::Url;

use super::super::error::SwiftError;
use super::settings::Catalogue;
use crate::http::peer::one_line;
use crate::http::url::BaseUrl;

/// Parses the URL of an account.
pub(super) fn account_url(text: &str) -> Result<Url, SwiftError> {
    let url = BaseUrl::parse(text).map_err(|error| SwiftError::Endpoint {
        reason: error.to_string(),
    })?;
    Ok(url.as_url().clone())
}

/// Returns the account's URL: `endpoint_override` if it is set, or the first endpoint of the
/// catalogue that matches, in the order of `interfaces`.
pub(super) fn endpoint(info: &TokenInfo, wanted: &Catalogue, url: &str) -> Result<Url, SwiftError> {
    let project = info
        .project
        .as_ref()
        .and_then(|project| project.id.as_deref());
    if let Some(text) = &wanted.endpoint_override {
        return account_url(&with_project(text, project.unwrap_or_default()));
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
            return account_url(&end.url);
        }
    }
    Err(no_endpoint(&of_type, wanted, url))
}

/// Returns the error that lists what the catalogue offers instead.
fn no_endpoint(
    of_type: &[(&ServiceEndpoints, &CatalogEndpoint)],
    wanted: &Catalogue,
    url: &str,
) -> SwiftError {
    let found: Vec<String> = of_type
        .iter()
        .map(|(_, end)| {
            let region = end.region.as_deref().unwrap_or("no region");
            format!("{} in {region}", end.interface)
        })
        .collect();
    SwiftError::NoEndpoint {
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
            one_line(&found.join(", "))
        },
    }
}

/// Replaces the placeholders of the project's ID in `text`, in all spellings that keystoneauth
/// accepts.
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
    use openstack_sdk_auth_core::types::Project;

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
            project: Some(Project {
                id: Some("p1".into()),
                ..Project::default()
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
