//! How Swift is reached, and what is kept there: from the options of ironic.conf to typed settings.

use std::path::PathBuf;
use std::time::Duration;

use super::super::url::{BaseUrl, BaseUrlError};
use crate::options::{Options, Secret, SwiftOptions};

/// How long Swift or Keystone may be silent unless the settings say otherwise. It is the time after
/// which Swift itself gives a silent client up.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A BMC reads a mounted ISO for hours.
const BOOT_ISO_URL_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// No upload takes a day.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How many images are uploaded at the same time unless the settings say otherwise.
const AT_ONCE: usize = 8;

/// A user or a project of Keystone: by its identifier, or by its name in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its identifier.
    Id(String),
    /// By its name, in a domain.
    Name {
        /// The name.
        name: String,
        /// The domain that the name is of.
        domain: Domain,
    },
}

/// A domain of Keystone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By its identifier.
    Id(String),
    /// By its name.
    Name(String),
}

/// Who asks Swift.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwiftAuth {
    /// Nobody in particular, at this URL of an account: `auth_type = none`.
    None {
        /// The URL of the account.
        endpoint: BaseUrl,
    },
    /// A user of tempauth, or of what else answers as it does: `auth_type = v1password`.
    V1Password {
        /// Its URL, such as `http://192.0.2.1:8080/auth/v1.0`.
        auth_url: BaseUrl,
        /// The user's name, such as `test:ironic`.
        username: String,
        /// The user's key.
        password: Secret,
        /// Another account than the user's own.
        account: Option<String>,
    },
    /// A user of Keystone: `auth_type = password` or `v3password`.
    Password {
        /// Keystone's URL; the one of its version 3 is found from any.
        auth_url: BaseUrl,
        /// The user.
        user: Named,
        /// The user's password.
        password: Secret,
        /// The project that owns the images.
        project: Named,
    },
    /// An application credential of Keystone: `auth_type = v3applicationcredential`.
    ApplicationCredential {
        /// Keystone's URL; the one of its version 3 is found from any.
        auth_url: BaseUrl,
        /// The credential's identifier, or its name.
        credential: CredentialName,
        /// Its secret.
        secret: Secret,
    },
}

/// What an application credential is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialName {
    /// By its identifier.
    Id(String),
    /// By its name.
    Name {
        /// The name.
        name: String,
        /// The user that made it.
        user: Named,
    },
}

/// Where in Keystone's catalogue Swift is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The type of service, `object-store`.
    pub service_type: String,
    /// The name of the service; `None` for any.
    pub service_name: Option<String>,
    /// The region; `None` for any.
    pub region: Option<String>,
    /// The interfaces that may be used, the better ones first.
    pub interfaces: Vec<String>,
    /// Swift's URL instead of the catalogue's. `%(project_id)s` in it is the project's identifier.
    pub endpoint_override: Option<String>,
}

/// How servers are known by TLS, and this client to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file of the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether certificates are taken as they are. Then anybody in between can read and change
    /// everything.
    pub insecure: bool,
    /// PEM files with the certificate that this client shows, and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// How Swift is reached, and what is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwiftSettings {
    /// Who asks.
    pub auth: SwiftAuth,
    /// Where Swift is.
    pub catalogue: Catalogue,
    /// How servers are known.
    pub tls: Tls,
    /// `[ilo] swift_ilo_container`. It is made when it is missing.
    pub container: String,
    /// `[ilo] swift_object_expiry_timeout`: how long a floppy and its temporary URL are good for, at least
    /// one second.
    pub floppy_lifetime: Duration,
    /// How long the temporary URL of a boot ISO is good for. The default is 24 hours.
    pub boot_iso_url_lifetime: Duration,
    /// How long Swift or Keystone may be silent. The default is 60 seconds.
    pub timeout: Duration,
    /// How many times a request is repeated that failed for a cause that may pass.
    pub max_retries: u32,
    /// How long the first repetition waits; each further one waits twice as long, a minute at most. The
    /// default is one second.
    pub retry_delay: Duration,
    /// An image of more bytes is a static large object of segments of this size. `None`, the default,
    /// is the largest object that Swift takes, 5 GiB where it does not tell.
    pub segment_size: Option<u64>,
    /// Segments that belong to no image are left from an upload that died once they are as old as this,
    /// and are removed then. The default is 24 hours, far longer than any upload takes.
    pub abandoned_after: Duration,
    /// How many images are uploaded at the same time, at least 1; further ones wait for their turn.
    /// Each takes one thread and a few MiB. The default is 8.
    pub at_once: usize,
}

/// Why the options do not tell how Swift is reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwiftSettingsError {
    /// An option is missing that the chosen kind of credentials needs.
    #[error("expected [{section}] {option}: {reason}")]
    Missing {
        /// The section.
        section: String,
        /// The option, or several of which one is enough.
        option: &'static str,
        /// What it is needed for.
        reason: String,
    },
    /// The kind of credentials is not known here.
    #[error(
        "[{section}] auth_type: expected password, v3password, v3applicationcredential, v1password or \
         none, got {got:?}"
    )]
    AuthType {
        /// The section.
        section: String,
        /// What it is.
        got: String,
    },
    /// A URL is not usable.
    #[error("[{section}] {option}: {source}")]
    Url {
        /// The section.
        section: String,
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        source: BaseUrlError,
    },
    /// The container's name cannot be one.
    #[error(
        "[ilo] swift_ilo_container: expected a name of 1 to 256 bytes without a slash, got {got:?}"
    )]
    Container {
        /// What it is, cut to its first 80 characters.
        got: String,
    },
    /// Floppies would expire at once.
    #[error("[ilo] swift_object_expiry_timeout: expected at least 1 second")]
    Expiry,
}

impl SwiftSettings {
    /// Settings for `container` of whoever `auth` is, and the defaults for all else.
    #[must_use]
    pub fn new(auth: SwiftAuth, container: impl Into<String>) -> Self {
        Self {
            auth,
            catalogue: Catalogue {
                service_type: "object-store".to_owned(),
                service_name: None,
                region: None,
                interfaces: vec!["internal".to_owned(), "public".to_owned()],
                endpoint_override: None,
            },
            tls: Tls::default(),
            container: container.into(),
            floppy_lifetime: Duration::from_secs(900),
            boot_iso_url_lifetime: BOOT_ISO_URL_LIFETIME,
            timeout: TIMEOUT,
            max_retries: 2,
            retry_delay: Duration::from_secs(1),
            segment_size: None,
            abandoned_after: ABANDONED_AFTER,
            at_once: AT_ONCE,
        }
    }

    /// The settings in `options`.
    ///
    /// # Errors
    ///
    /// [`SwiftSettingsError`] when an option is missing or cannot be used.
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

    pub(super) fn check(&self) -> Result<(), SwiftSettingsError> {
        let name = &self.container;
        if !(1..=256).contains(&name.len()) || name.contains('/') || matches!(&**name, "." | "..") {
            let got = name.chars().take(80).collect();
            return Err(SwiftSettingsError::Container { got });
        }
        if self.floppy_lifetime < Duration::from_secs(1) {
            return Err(SwiftSettingsError::Expiry);
        }
        Ok(())
    }
}

/// The credentials that `[swift] auth_type` asks for.
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
            username: needed(options, "username", options.username.as_ref())?,
            password: needed(options, "password", options.password.as_ref())?,
            account: options.project_name.clone(),
        }),
        "password" | "v3password" => Ok(SwiftAuth::Password {
            auth_url: auth_url(options)?,
            user: user(options)?,
            password: needed(options, "password", options.password.as_ref())?,
            project: project(options)?,
        }),
        "v3applicationcredential" => Ok(SwiftAuth::ApplicationCredential {
            auth_url: auth_url(options)?,
            credential: credential(options)?,
            secret: needed(
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
        name: needed(
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
    let name = needed(options, "username", options.username.as_ref())?;
    let (id, domain) = (&options.user_domain_id, &options.user_domain_name);
    let domain = domain_of(options, id.as_ref(), domain.as_ref(), "user_domain_name")?;
    Ok(Named::Name { name, domain })
}

fn project(options: &SwiftOptions) -> Result<Named, SwiftSettingsError> {
    if let Some(id) = &options.project_id {
        return Ok(Named::Id(id.clone()));
    }
    let name = needed(options, "project_name", options.project_name.as_ref())?;
    let (id, domain) = (&options.project_domain_id, &options.project_domain_name);
    let domain = domain_of(options, id.as_ref(), domain.as_ref(), "project_domain_name")?;
    Ok(Named::Name { name, domain })
}

/// The domain by its identifier or name, else the default one that the options name.
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
        .ok_or_else(|| missing(options, option, "names are names in a domain"))
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
    let url = needed(options, "auth_url", options.auth_url.as_ref())?;
    parse_url(options, "auth_url", &url)
}

fn parse_url(
    options: &SwiftOptions,
    option: &'static str,
    text: &str,
) -> Result<BaseUrl, SwiftSettingsError> {
    BaseUrl::parse(text).map_err(|source| SwiftSettingsError::Url {
        section: options.section.clone(),
        option,
        source,
    })
}

fn needed<T: Clone>(
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
