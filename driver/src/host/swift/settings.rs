//! The settings of the Swift host.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::peer::Secrets;
use crate::http::url::{BaseUrl, BaseUrlError, redacted_text};
use crate::options::Secret;

/// The default time that Swift or Keystone may be silent: the time after which Swift itself drops a
/// silent client.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// The default lifetime of a boot ISO's temporary URL: a BMC reads a mounted ISO for hours.
const BOOT_ISO_URL_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The default age at which segments count as abandoned: no upload takes a day.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The default number of concurrent uploads.
const AT_ONCE: usize = 8;

/// A user or a project of Keystone, by ID or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its ID.
    Id(String),
    /// By its name, in a domain.
    Name {
        /// The name.
        name: String,
        /// The domain of the name.
        domain: Domain,
    },
}

/// A domain of Keystone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By its ID.
    Id(String),
    /// By its name.
    Name(String),
}

/// The authentication with Swift.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwiftAuth {
    /// No authentication, for this URL of an account: `auth_type = none`.
    None {
        /// The URL of the account.
        endpoint: BaseUrl,
    },
    /// A user of tempauth, or of another service with its protocol: `auth_type = v1password`.
    V1Password {
        /// The service's URL, such as `http://192.0.2.1:8080/auth/v1.0`.
        auth_url: BaseUrl,
        /// The user's name, such as `test:ironic`.
        username: String,
        /// The user's key.
        password: Secret,
        /// The account, if it is not the user's own.
        account: Option<String>,
    },
    /// A user of Keystone: `auth_type = password` or `v3password`.
    Password {
        /// Any URL of Keystone; that of API version 3 is derived from it.
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
        /// Any URL of Keystone; that of API version 3 is derived from it.
        auth_url: BaseUrl,
        /// The credential's ID or name.
        credential: CredentialName,
        /// The credential's secret.
        secret: Secret,
    },
}

/// An application credential, by ID or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialName {
    /// By its ID.
    Id(String),
    /// By its name.
    Name {
        /// The name.
        name: String,
        /// The user who created it.
        user: Named,
    },
}

/// The criteria for Swift's endpoint in Keystone's catalogue.
#[derive(Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The service type, `object-store`.
    pub service_type: String,
    /// The service name; `None` for any.
    pub service_name: Option<String>,
    /// The region; `None` for any.
    pub region: Option<String>,
    /// The accepted interfaces, in order of preference.
    pub interfaces: Vec<String>,
    /// Swift's URL, which overrides the catalogue. `%(project_id)s` in it stands for the project's
    /// ID.
    pub endpoint_override: Option<String>,
}

/// Shows the URL without its secrets.
impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint_override = self.endpoint_override.as_deref().map(redacted_text);
        f.debug_struct("Catalogue")
            .field("service_type", &self.service_type)
            .field("service_name", &self.service_name)
            .field("region", &self.region)
            .field("interfaces", &self.interfaces)
            .field("endpoint_override", &endpoint_override)
            .finish()
    }
}

/// The TLS settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate is accepted. An attacker on the network can then read and change
    /// everything.
    pub insecure: bool,
    /// PEM files with this client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// The settings of a [`SwiftHost`](super::SwiftHost).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwiftSettings {
    /// The authentication.
    pub auth: SwiftAuth,
    /// The criteria for Swift's endpoint.
    pub catalogue: Catalogue,
    /// The TLS settings.
    pub tls: Tls,
    /// `[ilo] swift_ilo_container`. It is created if it is missing.
    pub container: String,
    /// `[ilo] swift_object_expiry_timeout`: the lifetime of a floppy and its temporary URL, at
    /// least one second.
    pub floppy_lifetime: Duration,
    /// The lifetime of the temporary URL of a boot ISO. The default is 24 hours.
    pub boot_iso_url_lifetime: Duration,
    /// How long Swift or Keystone may be silent. The default is 60 seconds.
    pub timeout: Duration,
    /// How many times a request is retried after a transient error.
    pub max_retries: u32,
    /// The delay before the first retry, which doubles with each further one up to a minute. The
    /// default is one second.
    pub retry_delay: Duration,
    /// The size in bytes above which an image is stored in segments of this size, as a static large
    /// object. `None`, the default, is Swift's maximum object size, or 5 GiB if Swift does not
    /// report it.
    pub segment_size: Option<u64>,
    /// The age at which segments without an image count as left by a dead upload, and are removed.
    /// The default is 24 hours, far longer than any upload takes.
    pub abandoned_after: Duration,
    /// The maximum number of concurrent uploads, at least 1; further ones wait. Each takes one
    /// thread and a few MiB. The default is 8.
    pub at_once: usize,
}

/// An error in the options of Swift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwiftSettingsError {
    /// An option that this kind of credentials requires is missing.
    #[error("expected [{section}] {option}: {reason}")]
    Missing {
        /// The section.
        section: String,
        /// The option, or several of which one suffices.
        option: &'static str,
        /// Why it is required.
        reason: String,
    },
    /// The kind of credentials is not supported.
    #[error(
        "[{section}] auth_type: expected password, v3password, v3applicationcredential, v1password \
         or none, got {got:?}"
    )]
    AuthType {
        /// The section.
        section: String,
        /// The first 80 characters of the value.
        got: String,
    },
    /// A URL is invalid.
    #[error("[{section}] {option}: {cause}")]
    Url {
        /// The section.
        section: String,
        /// The option.
        option: &'static str,
        /// The cause.
        cause: BaseUrlError,
    },
    /// The container's name is invalid.
    #[error(
        "[ilo] swift_ilo_container: expected a name of 1 to 256 bytes without a slash, got {got:?}"
    )]
    Container {
        /// The first 80 characters of the value.
        got: String,
    },
    /// Floppies would expire immediately.
    #[error("[ilo] swift_object_expiry_timeout: expected at least 1 second")]
    Expiry,
}

impl SwiftSettings {
    /// Returns settings for this authentication and container, with defaults for everything else.
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

    /// Returns the secrets that are sent to Keystone or tempauth.
    pub(super) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        match &self.auth {
            SwiftAuth::None { endpoint } => secrets.add_url(endpoint.as_url()),
            SwiftAuth::V1Password {
                auth_url, password, ..
            }
            | SwiftAuth::Password {
                auth_url, password, ..
            } => {
                secrets.add_url(auth_url.as_url());
                secrets.add(password.expose());
            }
            SwiftAuth::ApplicationCredential {
                auth_url, secret, ..
            } => {
                secrets.add_url(auth_url.as_url());
                secrets.add(secret.expose());
            }
        }
        secrets
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
