//! The settings from the options of ironic.conf, and the options that each kind of credentials
//! requires.

use std::path::PathBuf;

use super::settings::{
    Catalogue, CredentialName, Domain, Named, SwiftAuth, SwiftSettings, SwiftSettingsError,
    TIMEOUT, Tls,
};
use crate::http::url::BaseUrl;
use crate::options::{Options, SwiftOptions};

impl SwiftSettings {
    /// Reads the settings from `options`.
    ///
    /// # Errors
    ///
    /// [`SwiftSettingsError`] if an option is missing or invalid.
    pub fn from_options(options: &Options) -> Result<Self, SwiftSettingsError> {
        let swift = &options.swift;
        let mut settings = Self::new(auth(swift)?, &options.swift_ilo_container);
        settings.catalogue = Catalogue {
            service_type: swift.service_type.clone(),
            service_name: swift.service_name.clone(),
            region: swift.region_name.clone(),
            interfaces: swift.interfaces.clone(),
            endpoint_override: swift.endpoint_override.clone(),
        };
        settings.tls = Tls {
            ca_file: swift.cafile.clone(),
            insecure: swift.insecure,
            client: client_certificate(swift)?,
        };
        settings.floppy_lifetime = options.swift_object_expiry_timeout;
        settings.timeout = swift.timeout.unwrap_or(TIMEOUT);
        settings.max_retries = swift.max_retries;
        settings.check()?;
        Ok(settings)
    }
}

/// Returns the credentials for `[swift] auth_type`.
fn auth(options: &SwiftOptions) -> Result<SwiftAuth, SwiftSettingsError> {
    let Some(auth_type) = &options.auth_type else {
        let reason = "it says how to authenticate with Swift, which hosts the images unless [ilo] \
                      use_http_web_server_for_images is True";
        return Err(missing(options, "auth_type", reason));
    };
    match auth_type.as_str() {
        "none" => {
            let endpoint = options
                .endpoint_override
                .as_ref()
                .or(options.endpoint.as_ref());
            let option = "endpoint_override";
            let endpoint = endpoint.ok_or_else(|| missing(options, option, "auth_type is none"))?;
            let endpoint = parse_url(options, option, endpoint)?;
            Ok(SwiftAuth::None { endpoint })
        }
        "v1password" => Ok(SwiftAuth::V1Password {
            auth_url: auth_url(options)?,
            username: required(options, "username", options.username.as_ref())?,
            password: required(options, "password", options.password.as_ref())?,
            account: options.project_name.clone(),
        }),
        "password" | "v3password" => Ok(SwiftAuth::Password {
            auth_url: auth_url(options)?,
            user: user(options)?,
            password: required(options, "password", options.password.as_ref())?,
            project: project(options)?,
        }),
        "v3applicationcredential" => Ok(SwiftAuth::ApplicationCredential {
            auth_url: auth_url(options)?,
            credential: credential(options)?,
            secret: required(
                options,
                "application_credential_secret",
                options.application_credential_secret.as_ref(),
            )?,
        }),
        other => Err(SwiftSettingsError::AuthType {
            section: options.section.clone(),
            got: other.chars().take(80).collect(),
        }),
    }
}

fn credential(options: &SwiftOptions) -> Result<CredentialName, SwiftSettingsError> {
    if let Some(id) = &options.application_credential_id {
        return Ok(CredentialName::Id(id.clone()));
    }
    let option = "application_credential_id, or application_credential_name and its user";
    Ok(CredentialName::Name {
        name: required(
            options,
            option,
            options.application_credential_name.as_ref(),
        )?,
        user: user(options)?,
    })
}

fn user(options: &SwiftOptions) -> Result<Named, SwiftSettingsError> {
    if let Some(id) = &options.user_id {
        return Ok(Named::Id(id.clone()));
    }
    let name = required(options, "username", options.username.as_ref())?;
    let (id, domain) = (&options.user_domain_id, &options.user_domain_name);
    let domain = domain_of(options, id.as_ref(), domain.as_ref(), "user_domain_name")?;
    Ok(Named::Name { name, domain })
}

fn project(options: &SwiftOptions) -> Result<Named, SwiftSettingsError> {
    if let Some(id) = &options.project_id {
        return Ok(Named::Id(id.clone()));
    }
    let name = required(options, "project_name", options.project_name.as_ref())?;
    let (id, domain) = (&options.project_domain_id, &options.project_domain_name);
    let domain = domain_of(options, id.as_ref(), domain.as_ref(), "project_domain_name")?;
    Ok(Named::Name { name, domain })
}

/// Returns the domain by its ID or name, or else the default domain of the options.
fn domain_of(
    options: &SwiftOptions,
    id: Option<&String>,
    name: Option<&String>,
    option: &'static str,
) -> Result<Domain, SwiftSettingsError> {
    let given = |id: Option<&String>, name: Option<&String>| {
        let id = id.map(|id| Domain::Id(id.clone()));
        id.or_else(|| name.map(|name| Domain::Name(name.clone())))
    };
    given(id, name)
        .or_else(|| {
            given(
                options.default_domain_id.as_ref(),
                options.default_domain_name.as_ref(),
            )
        })
        .ok_or_else(|| missing(options, option, "a name requires a domain"))
}

fn client_certificate(
    options: &SwiftOptions,
) -> Result<Option<(PathBuf, PathBuf)>, SwiftSettingsError> {
    match (&options.certfile, &options.keyfile) {
        (Some(certificate), Some(key)) => Ok(Some((certificate.clone(), key.clone()))),
        // One file may hold both.
        (Some(both), None) => Ok(Some((both.clone(), both.clone()))),
        (None, Some(_)) => Err(missing(options, "certfile", "keyfile is set")),
        (None, None) => Ok(None),
    }
}

fn auth_url(options: &SwiftOptions) -> Result<BaseUrl, SwiftSettingsError> {
    let url = required(options, "auth_url", options.auth_url.as_ref())?;
    parse_url(options, "auth_url", &url)
}

fn parse_url(
    options: &SwiftOptions,
    option: &'static str,
    text: &str,
) -> Result<BaseUrl, SwiftSettingsError> {
    BaseUrl::parse(text).map_err(|cause| SwiftSettingsError::Url {
        section: options.section.clone(),
        option,
        cause,
    })
}

fn required<T: Clone>(
    options: &SwiftOptions,
    option: &'static str,
    value: Option<&T>,
) -> Result<T, SwiftSettingsError> {
    let auth_type = options.auth_type.as_deref().unwrap_or_default();
    value
        .cloned()
        .ok_or_else(|| missing(options, option, &format!("auth_type is {auth_type}")))
}

fn missing(options: &SwiftOptions, option: &'static str, reason: &str) -> SwiftSettingsError {
    SwiftSettingsError::Missing {
        section: options.section.clone(),
        option,
        reason: reason.to_owned(),
    }
}
