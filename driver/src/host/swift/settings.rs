//! How Swift is reached, and what is kept there.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::url::{BaseUrl, BaseUrlError};
use crate::options::Secret;

/// How long Swift or Keystone may be silent unless the settings say otherwise. It is the time after
/// which Swift itself gives a silent client up.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

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
    /// `[ilo] swift_object_expiry_timeout`: how long a floppy and its temporary URL are good for,
    /// at least one second.
    pub floppy_lifetime: Duration,
    /// How long the temporary URL of a boot ISO is good for. The default is 24 hours.
    pub boot_iso_url_lifetime: Duration,
    /// How long Swift or Keystone may be silent. The default is 60 seconds.
    pub timeout: Duration,
    /// How many times a request is repeated that failed for a cause that may pass.
    pub max_retries: u32,
    /// How long the first repetition waits; each further one waits twice as long, a minute at most.
    /// The default is one second.
    pub retry_delay: Duration,
    /// An image of more bytes is a static large object of segments of this size. `None`, the
    /// default, is the largest object that Swift takes, 5 GiB where it does not tell.
    pub segment_size: Option<u64>,
    /// Segments that belong to no image are left from an upload that died once they are as old as
    /// this, and are removed then. The default is 24 hours, far longer than any upload takes.
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
        "[{section}] auth_type: expected password, v3password, v3applicationcredential, v1password \
         or none, got {got:?}"
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
