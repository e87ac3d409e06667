//! The access to a node's BMC, from its `driver_info` and the options.

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::node::{Fault, Field, FieldKind, InvalidNode, Node, Section};
use crate::options::{Options, VerifyCa};

/// The fields needed to reach a node's iLO, as in Ironic's `ilo/common.py`.
pub const ILO_ACCESS: &[Field] = &[
    Field::required(Section::DriverInfo, "ilo_address", FieldKind::Text),
    Field::required(Section::DriverInfo, "ilo_username", FieldKind::Text),
    Field::required(Section::DriverInfo, "ilo_password", FieldKind::Secret),
    Field::optional(Section::DriverInfo, "client_port", FieldKind::Port),
    Field::optional(Section::DriverInfo, "client_timeout", FieldKind::Seconds),
];

/// The fields needed to reach a node's BMC if `driver_info` has no `ilo_address`, as in Ironic's
/// `redfish/utils.py`.
pub const REDFISH_ACCESS: &[Field] = &[
    Field::required(Section::DriverInfo, "redfish_address", FieldKind::Text),
    Field::optional(Section::DriverInfo, "redfish_username", FieldKind::Text),
    Field::optional(Section::DriverInfo, "redfish_password", FieldKind::Secret),
    Field::optional(Section::DriverInfo, "redfish_system_id", FieldKind::Text),
    Field::optional(Section::DriverInfo, "client_timeout", FieldKind::Seconds),
];

/// The address of a node's BMC and how to connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BmcAccess {
    /// Scheme, host and port, with the path `/`.
    pub address: Url,
    /// User and password; `None` for a BMC without authentication.
    pub credentials: Option<Credentials>,
    /// Which certificates are trusted.
    pub verify_ca: VerifyCa,
    /// How long a response may take, and how long an unresponsive BMC is retried.
    pub timeout: Duration,
    /// The path of the system's resource, such as `/redfish/v1/Systems/1/`; `None` if the BMC has
    /// only one system.
    pub system: Option<String>,
}

/// A user and a password. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl BmcAccess {
    /// Determines how to reach the BMC of `node`.
    ///
    /// If `driver_info` has an `ilo_address` that is not empty, the BMC is reached over HTTPS with
    /// `ilo_username`, `ilo_password`, `client_port`, `ilo_verify_ca` and the older `ca_file`;
    /// otherwise with `redfish_address`, `redfish_username`, `redfish_password`,
    /// `redfish_system_id` and `redfish_verify_ca`. The two sets are never mixed, so a password is
    /// sent only to its own address. `client_timeout` applies to both, and `options` provide the
    /// defaults.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] with every missing or invalid field. It contains no secret.
    pub fn new(node: &Node, options: &Options) -> Result<Self, InvalidNode> {
        let info = DriverInfo { node, options };
        node.validate(access_fields(node))?;
        if is_reached_by_redfish(node) {
            info.redfish()
        } else {
            info.ilo()
        }
    }
}

/// Returns the fields needed to reach the BMC of `node`.
fn access_fields(node: &Node) -> &'static [Field] {
    if is_reached_by_redfish(node) {
        REDFISH_ACCESS
    } else {
        ILO_ACCESS
    }
}

/// Whether `driver_info` has a `redfish_address` and no `ilo_address`.
fn is_reached_by_redfish(node: &Node) -> bool {
    is_set(node, "redfish_address") && !is_set(node, "ilo_address")
}

/// Whether a field of `driver_info` has a value: neither `null` nor an empty string.
fn is_set(node: &Node, key: &str) -> bool {
    match node.get(Section::DriverInfo, key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

struct DriverInfo<'a> {
    node: &'a Node,
    options: &'a Options,
}

impl DriverInfo<'_> {
    fn ilo(&self) -> Result<BmcAccess, InvalidNode> {
        let port = match self.whole("client_port") {
            Some(port) => u16::try_from(port).unwrap_or(self.options.client_port),
            None => self.options.client_port,
        };
        let host = self.text("ilo_address").unwrap_or_default();
        let address = ilo_url(host, port).ok_or_else(|| {
            self.fault(
                "ilo_address",
                "expected a host name or an IP address, without scheme, port or path",
            )
        })?;
        // As in Ironic, the older setting takes precedence.
        let verify_ca = match self.text("ca_file") {
            Some(file) => VerifyCa::Path(file.into()),
            None => self.verify_ca("ilo_verify_ca")?,
        };
        Ok(BmcAccess {
            address,
            credentials: self.credentials("ilo_username", "ilo_password"),
            verify_ca,
            timeout: self.timeout(),
            system: None,
        })
    }

    fn redfish(&self) -> Result<BmcAccess, InvalidNode> {
        let text = self.text("redfish_address").unwrap_or_default();
        let address = redfish_url(text).ok_or_else(|| {
            self.fault(
                "redfish_address",
                "expected a host, or an http:// or https:// URL with a host, without user, path or \
                 query",
            )
        })?;
        let system = self.text("redfish_system_id").map(str::to_owned);
        if system.as_deref().is_some_and(|path| !is_path(path)) {
            return Err(self.fault(
                "redfish_system_id",
                "expected a path like /redfish/v1/Systems/1",
            ));
        }
        Ok(BmcAccess {
            address,
            credentials: self.credentials("redfish_username", "redfish_password"),
            verify_ca: self.verify_ca("redfish_verify_ca")?,
            timeout: self.timeout(),
            system,
        })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.node.text(Section::DriverInfo, key)
    }

    /// Returns a validated number, given as a number or as text.
    fn whole(&self, key: &str) -> Option<u64> {
        let value = self.node.get(Section::DriverInfo, key)?;
        value
            .as_u64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    }

    fn timeout(&self) -> Duration {
        self.whole("client_timeout")
            .map_or(self.options.client_timeout, Duration::from_secs)
    }

    fn credentials(&self, username: &str, password: &str) -> Option<Credentials> {
        Some(Credentials {
            username: self.text(username)?.to_owned(),
            password: self.text(password).unwrap_or_default().to_owned(),
        })
    }

    fn verify_ca(&self, key: &str) -> Result<VerifyCa, InvalidNode> {
        match self.node.get(Section::DriverInfo, key) {
            None | Some(Value::Null) => Ok(self.options.bmc.verify_ca.clone()),
            Some(Value::Bool(true)) => Ok(VerifyCa::System),
            Some(Value::Bool(false)) => Ok(VerifyCa::No),
            Some(Value::String(text)) if text.is_empty() => Ok(self.options.bmc.verify_ca.clone()),
            Some(Value::String(text)) => Ok(VerifyCa::from(text.as_str())),
            Some(_) => Err(self.fault(key, "expected True, False, or a path")),
        }
    }

    fn fault(&self, key: &str, what: &str) -> InvalidNode {
        InvalidNode {
            node: Some(self.node.uuid().to_string()),
            faults: vec![Fault {
                field: format!("{}.{key}", Section::DriverInfo),
                what: what.to_owned(),
            }],
        }
    }
}

/// Returns `https://host:port/`, unless `host` is more than a host.
fn ilo_url(host: &str, port: u16) -> Option<Url> {
    let host = match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    };
    let mut url = bare(&format!("https://{host}"))?;
    if url.port().is_some() {
        return None;
    }
    url.set_port(Some(port)).ok()?;
    Some(url)
}

fn redfish_url(text: &str) -> Option<Url> {
    if text.contains("://") {
        bare(text)
    } else if let Ok(address) = text.parse::<Ipv6Addr>() {
        bare(&format!("https://[{address}]"))
    } else {
        bare(&format!("https://{text}"))
    }
}

/// Returns the URL if it consists of scheme, host and port alone.
fn bare(text: &str) -> Option<Url> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    is_bare.then_some(url)
}

/// Whether `text` is an absolute path on the BMC, which cannot lead to another host.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['\\', '#'])
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ilos() {
        let url = |host| ilo_url(host, 443).map(String::from);
        assert_eq!(url("192.0.2.7").as_deref(), Some("https://192.0.2.7/"));
        assert_eq!(
            url("ilo-7.example").as_deref(),
            Some("https://ilo-7.example/")
        );
        assert_eq!(
            url("2001:db8::7").as_deref(),
            Some("https://[2001:db8::7]/")
        );
        assert_eq!(
            ilo_url("192.0.2.7", 8443).map(String::from).as_deref(),
            Some("https://192.0.2.7:8443/")
        );
        for wrong in [
            "",
            "https://h",
            "h/redfish",
            "h:8443",
            "user@h",
            "h?x",
            "h h",
        ] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_of_redfish() {
        let url = |text| redfish_url(text).map(String::from);
        assert_eq!(url("192.0.2.7").as_deref(), Some("https://192.0.2.7/"));
        assert_eq!(
            url("http://[::1]:8000/").as_deref(),
            Some("http://[::1]:8000/")
        );
        for wrong in ["ftp://h", "http://h/redfish/v1", "http://u:p@h", ""] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn paths_stay_on_the_bmc() {
        assert!(is_path("/redfish/v1/Systems/1/"));
        for wrong in [
            "",
            "redfish",
            "//evil.example/x",
            "/\\evil",
            "http://h/",
            "/a b",
            "/a\nb",
        ] {
            assert!(!is_path(wrong), "{wrong}");
        }
    }
}
