//! The options of Swift, as keystoneauth reads them.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{Opt, OptType, ParsedFile, Value, opts_as_set};

use super::OptionsError;
use super::reader::{OptionReader, Secret, texts};
use crate::http::url::redacted_text;

/// The section of the session's options, and of the credentials unless `auth_section` names
/// another.
const SWIFT: &str = "swift";

/// The section of Ironic's credentials up to Mitaka, and later the fallback if `[swift]` has none.
const LEGACY: &str = "keystone_authtoken";

/// The options of `[swift]`. Which of them are required depends on [`auth_type`](Self::auth_type),
/// and is checked when a host is created from them.
///
/// The credentials are those of `[swift]`, or of the section that `[swift] auth_section` names. If
/// that section has no `auth_type`, they are taken from `[keystone_authtoken]`, with a warning:
/// under the current names if it has an `auth_type`, or else under the former names `admin_user`,
/// `admin_password`, `admin_tenant_name` (default `admin`) and `auth_uri` or `identity_uri`.
///
/// An empty string counts as unset.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SwiftOptions {
    /// The section that the credentials come from.
    pub section: String,
    /// The kind of credentials: `password`, `v3applicationcredential`, `v1password`, `none` and so
    /// on.
    pub auth_type: Option<String>,
    /// The URL of Keystone, or of tempauth.
    pub auth_url: Option<String>,
    /// The user's name; for `v1password` with the account in front, such as `test:ironic`.
    pub username: Option<String>,
    /// The user's ID.
    pub user_id: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The ID of the domain of the user's name.
    pub user_domain_id: Option<String>,
    /// The name of that domain.
    pub user_domain_name: Option<String>,
    /// The name of the project that owns the images; for `v1password`, the account.
    pub project_name: Option<String>,
    /// The ID of that project.
    pub project_id: Option<String>,
    /// The ID of the domain of the project's name.
    pub project_domain_id: Option<String>,
    /// The name of that domain.
    pub project_domain_name: Option<String>,
    /// The ID of the domain of a user or project that names none.
    pub default_domain_id: Option<String>,
    /// The name of that domain.
    pub default_domain_name: Option<String>,
    /// The ID of an application credential.
    pub application_credential_id: Option<String>,
    /// The name of an application credential of the user above.
    pub application_credential_name: Option<String>,
    /// The secret of the application credential.
    pub application_credential_secret: Option<Secret>,
    /// Swift's URL for `auth_type = none`.
    pub endpoint: Option<String>,
    /// The region of Swift; any if unset.
    pub region_name: Option<String>,
    /// The interfaces of the catalogue in order of preference: `interface` if it is set, or else
    /// `valid_interfaces`.
    pub interfaces: Vec<String>,
    /// The service type in the catalogue.
    pub service_type: String,
    /// The service name in the catalogue; any if unset.
    pub service_name: Option<String>,
    /// Swift's URL, which overrides the catalogue. `%(project_id)s` in it stands for the project's
    /// ID.
    pub endpoint_override: Option<String>,
    /// A PEM file with the certificate authorities to trust instead of the system's.
    pub cafile: Option<PathBuf>,
    /// A PEM file with this client's certificate.
    pub certfile: Option<PathBuf>,
    /// A PEM file with the key of that certificate.
    pub keyfile: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// How long Swift or Keystone may be silent; `None` for the default.
    pub timeout: Option<Duration>,
    /// `[swift] swift_max_retries`: how many times a request is retried after a transient error.
    pub max_retries: u32,
}

/// Shows URLs without their secrets.
impl fmt::Debug for SwiftOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_deref().map(redacted_text);
        f.debug_struct("SwiftOptions")
            .field("section", &self.section)
            .field("auth_type", &self.auth_type)
            .field("auth_url", &url(&self.auth_url))
            .field("username", &self.username)
            .field("project_name", &self.project_name)
            .field("endpoint", &url(&self.endpoint))
            .field("endpoint_override", &url(&self.endpoint_override))
            .field("region_name", &self.region_name)
            .field("interfaces", &self.interfaces)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn text(group: &str, name: &str) -> Opt {
    Opt::new(group, name, OptType::string())
}

/// Returns the options that the plugins of keystoneauth read from `group`.
fn auth_opts(group: &str) -> Vec<Opt> {
    let mut opts = vec![
        text(group, "auth_type").with_deprecated(group, "auth_plugin"),
        text(group, "username").with_deprecated(group, "user-name"),
        text(group, "project_name").with_deprecated(group, "tenant-name"),
        text(group, "project_id").with_deprecated(group, "tenant-id"),
        text(group, "password").secret(),
        text(group, "application_credential_secret").secret(),
    ];
    let others = [
        "auth_url",
        "user_id",
        "user_domain_id",
        "user_domain_name",
        "project_domain_id",
        "project_domain_name",
        "default_domain_id",
        "default_domain_name",
        "application_credential_id",
        "application_credential_name",
        "endpoint",
    ];
    opts.extend(others.map(|name| text(group, name)));
    opts
}

/// Returns the options of the session and of the catalogue, which are always in `[swift]`.
fn session_opts() -> Vec<Opt> {
    let mut opts = vec![
        text(SWIFT, "auth_section"),
        text(SWIFT, "service_type").with_default("object-store"),
        Opt::new(SWIFT, "valid_interfaces", OptType::list()).with_default("internal,public"),
        Opt::new(SWIFT, "insecure", OptType::Bool)
            .with_default("False")
            .with_deprecated(LEGACY, "insecure"),
        Opt::new(SWIFT, "timeout", OptType::int()),
        Opt::new(SWIFT, "swift_max_retries", OptType::int()).with_default("2"),
    ];
    let others = [
        "interface",
        "region_name",
        "service_name",
        "endpoint_override",
    ];
    opts.extend(others.map(|name| text(SWIFT, name)));
    let files = ["cafile", "certfile", "keyfile"];
    opts.extend(files.map(|name| text(SWIFT, name).with_deprecated(LEGACY, name)));
    opts
}

/// Returns the options of `[keystone_authtoken]` before it had an `auth_type`.
fn legacy_opts() -> Vec<Opt> {
    let mut opts = vec![
        text(LEGACY, "admin_password").secret(),
        text(LEGACY, "admin_tenant_name").with_default("admin"),
    ];
    opts.extend(["admin_user", "auth_uri", "identity_uri"].map(|name| text(LEGACY, name)));
    opts
}

impl SwiftOptions {
    pub(super) fn read(
        files: &[ParsedFile<'_>],
        environment: &[(OsString, OsString)],
    ) -> Result<Self, OptionsError> {
        let mut opts = session_opts();
        opts.extend(opts_as_set(files, &opts));
        let section = OptionReader::new(files, &opts, environment).filled(SWIFT, "auth_section")?;
        let section = section.unwrap_or_else(|| SWIFT.to_owned());

        let mut opts = session_opts();
        opts.extend(auth_opts(&section));
        if section != LEGACY {
            opts.extend(auth_opts(LEGACY));
        }
        opts.extend(legacy_opts());
        opts.extend(opts_as_set(files, &opts));
        let reader = OptionReader::new(files, &opts, environment);
        let mut found = Self::session(&reader)?;
        found.credentials(&reader, &section)?;
        if found.auth_type.is_some() || section == LEGACY {
            return Ok(found);
        }
        if reader.filled(LEGACY, "auth_type")?.is_some() {
            found.credentials(&reader, LEGACY)?;
        } else if reader.filled(LEGACY, "admin_user")?.is_some() {
            found.legacy(&reader)?;
        } else {
            return Ok(found);
        }
        log::warn!(
            "[{section}] has no auth_type: using the credentials of [{LEGACY}] for Swift, which is \
             deprecated: set [{SWIFT}] auth_type and the options that it needs"
        );
        Ok(found)
    }

    fn session(reader: &OptionReader<'_>) -> Result<Self, OptionsError> {
        let interfaces = match reader.filled(SWIFT, "interface")? {
            Some(interface) => vec![interface],
            None => texts(&reader.get(SWIFT, "valid_interfaces")?.value),
        };
        let timeout = match reader.get(SWIFT, "timeout")?.value {
            Value::None => None,
            _ => Some(reader.seconds(SWIFT, "timeout")?),
        };
        Ok(Self {
            region_name: reader.filled(SWIFT, "region_name")?,
            interfaces,
            service_type: reader.text(SWIFT, "service_type")?.unwrap_or_default(),
            service_name: reader.filled(SWIFT, "service_name")?,
            endpoint_override: reader.filled(SWIFT, "endpoint_override")?,
            cafile: reader.path(SWIFT, "cafile")?,
            certfile: reader.path(SWIFT, "certfile")?,
            keyfile: reader.path(SWIFT, "keyfile")?,
            insecure: reader.get(SWIFT, "insecure")?.value.as_bool() == Some(true),
            timeout,
            max_retries: reader.number(SWIFT, "swift_max_retries", "a number, 0 or more")?,
            ..Self::default()
        })
    }

    fn credentials(
        &mut self,
        reader: &OptionReader<'_>,
        section: &str,
    ) -> Result<(), OptionsError> {
        let filled = |name| reader.filled(section, name);
        self.section = section.to_owned();
        self.auth_type = filled("auth_type")?;
        self.auth_url = filled("auth_url")?;
        self.username = filled("username")?;
        self.user_id = filled("user_id")?;
        self.password = reader.secret(section, "password")?;
        self.user_domain_id = filled("user_domain_id")?;
        self.user_domain_name = filled("user_domain_name")?;
        self.project_name = filled("project_name")?;
        self.project_id = filled("project_id")?;
        self.project_domain_id = filled("project_domain_id")?;
        self.project_domain_name = filled("project_domain_name")?;
        self.default_domain_id = filled("default_domain_id")?;
        self.default_domain_name = filled("default_domain_name")?;
        self.application_credential_id = filled("application_credential_id")?;
        self.application_credential_name = filled("application_credential_name")?;
        self.application_credential_secret =
            reader.secret(section, "application_credential_secret")?;
        self.endpoint = filled("endpoint")?;
        Ok(())
    }

    /// Reads the options of Ironic before Newton. They are for Keystone v2, whose users and
    /// projects are those of the domain `default` in v3.
    fn legacy(&mut self, reader: &OptionReader<'_>) -> Result<(), OptionsError> {
        let auth_uri = reader.filled(LEGACY, "auth_uri")?;
        self.section = LEGACY.to_owned();
        self.auth_type = Some("password".to_owned());
        self.auth_url = match auth_uri {
            Some(uri) => Some(uri),
            None => reader.filled(LEGACY, "identity_uri")?,
        };
        self.username = reader.filled(LEGACY, "admin_user")?;
        self.password = reader.secret(LEGACY, "admin_password")?;
        self.project_name = reader.filled(LEGACY, "admin_tenant_name")?;
        self.default_domain_id = Some("default".to_owned());
        Ok(())
    }
}
