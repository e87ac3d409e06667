//! How a node's BMC is reached, as its `driver_info` and the options say.

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::node::{Fault, Field, FieldKind, ILO_ACCESS, InvalidNode, Node, Section};
use crate::options::{Options, VerifyCa};

/// The fields that reaching a node's BMC takes when `driver_info` has no `ilo_address`, as in
/// Ironic's `redfish/utils.py`.
pub const REDFISH_ACCESS: &[Field] = &[
    Field::required(Section::DriverInfo, "redfish_address", FieldKind::Text),
    Field::optional(Section::DriverInfo, "redfish_username", FieldKind::Text),
    Field::optional(Section::DriverInfo, "redfish_password", FieldKind::Secret),
    Field::optional(Section::DriverInfo, "redfish_system_id", FieldKind::Text),
    Field::optional(Section::DriverInfo, "client_timeout", FieldKind::Seconds),
];

/// How a node's BMC is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BmcAccess {
    /// Scheme, host and port, with the path `/`.
    pub address: Url,
    /// User and password; `None` for a BMC that asks for none.
    pub credentials: Option<Credentials>,
    /// Which certificates are trusted.
    pub verify_ca: VerifyCa,
    /// How long one answer may take, and how long a BMC that does not answer is tried.
    pub timeout: Duration,
    /// The path of the system's resource, such as `/redfish/v1/Systems/1/`; `None` when the BMC has
    /// one system only.
    pub system: Option<String>,
}

/// A user and a password. Neither is ever shown.
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
    /// How the BMC of `node` is reached.
    ///
    /// With `ilo_address` in `driver_info`, that is by HTTPS with `ilo_username`, `ilo_password`,
    /// `client_port`, `ilo_verify_ca` and the older `ca_file`; otherwise by `redfish_address`,
    /// `redfish_username`, `redfish_password`, `redfish_system_id` and `redfish_verify_ca`. The two
    /// are never mixed: a password goes to no address but its own. `client_timeout` serves both,
    /// and `options` say what the node does not.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] with every field that is missing or wrong. No secret is part of it.
    pub fn new(node: &Node, options: &Options) -> Result<Self, InvalidNode> {
        let by_ilo = node.get(Section::DriverInfo, "ilo_address").is_some()
            || node.get(Section::DriverInfo, "redfish_address").is_none();
        let info = DriverInfo { node, options };
        if by_ilo {
            node.validate(ILO_ACCESS)?;
            info.ilo()
        } else {
            node.validate(REDFISH_ACCESS)?;
            info.redfish()
        }
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
        // As in Ironic, the older setting wins.
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
                "expected a host, or http:// or https:// and a host, without user, path or query",
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

    /// A number that was checked already, as a number or as text.
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

/// `https://host:port/`, unless `host` is more than a host.
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

/// A URL of scheme, host and port alone.
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

/// Whether `text` is an absolute path on the BMC, and cannot lead to another host.
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
