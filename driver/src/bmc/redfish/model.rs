//! The Redfish resources and properties that are used.
//!
//! BMCs differ, so every property except a link may be missing or `null`; callers check what they
//! need.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use url::Url;

use super::super::{Drive, PowerState};

/// A reference to another resource.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    #[serde(rename = "@odata.id")]
    pub(super) path: String,
}

/// `/redfish/v1/`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceRoot {
    pub(super) systems: Option<Link>,
    pub(super) managers: Option<Link>,
}

/// A page of a collection of resources.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Collection {
    #[serde(default)]
    pub(super) members: Vec<Link>,
    #[serde(rename = "Members@odata.count")]
    pub(super) count: Option<u64>,
    #[serde(
        default,
        rename = "Members@odata.nextLink",
        alias = "@odata.nextLink",
        deserialize_with = "next_page"
    )]
    pub(super) next: Option<Link>,
}

/// Reads the link to the next page: a path, or an object with one.
fn next_page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Link>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Next {
        Path(String),
        Link(Link),
    }
    let next = Option::<Next>::deserialize(deserializer)?;
    Ok(next.map(|next| match next {
        Next::Path(path) => Link { path },
        Next::Link(link) => link,
    }))
}

/// A server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct System {
    pub(super) links: Option<SystemLinks>,
    pub(super) virtual_media: Option<Link>,
    pub(super) power_state: Option<String>,
    pub(super) boot: Option<Boot>,
    pub(super) actions: Option<SystemActions>,
    oem: Option<Map<String, Value>>,
}

/// The links of a server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SystemLinks {
    pub(super) managed_by: Option<Vec<Link>>,
}

/// The boot settings of a server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Boot {
    pub(super) boot_source_override_enabled: Option<String>,
    pub(super) boot_source_override_target: Option<String>,
    pub(super) boot_source_override_mode: Option<String>,
    #[serde(rename = "BootSourceOverrideTarget@Redfish.AllowableValues")]
    pub(super) allowed_targets: Option<Vec<String>>,
    /// The same in an iLO 4.
    #[serde(rename = "BootSourceOverrideSupported")]
    pub(super) supported: Option<Vec<String>>,
}

/// The actions of a server.
#[derive(Debug, Deserialize)]
pub(super) struct SystemActions {
    #[serde(rename = "#ComputerSystem.Reset")]
    pub(super) reset: Option<Reset>,
}

/// The action that switches a server on or off.
#[derive(Debug, Deserialize)]
pub(super) struct Reset {
    pub(super) target: Option<String>,
    #[serde(rename = "ResetType@Redfish.AllowableValues")]
    pub(super) allowed: Option<Vec<String>>,
}

/// A virtual media drive.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VirtualMediaResource {
    pub(super) media_types: Option<Vec<String>>,
    inserted: Option<bool>,
    connected_via: Option<String>,
    image: Option<String>,
    actions: Option<Map<String, Value>>,
    oem: Option<Map<String, Value>>,
}

impl System {
    /// Whether this is a server of HPE, whose BMC is an iLO.
    pub(super) fn is_of_hpe(&self) -> bool {
        let oem = self.oem.as_ref();
        oem.is_some_and(|oem| OEM.iter().any(|vendor| oem.contains_key(*vendor)))
    }

    pub(super) fn power(&self) -> PowerState {
        match self.power_state.as_deref() {
            Some("On") => PowerState::On,
            Some("Off") => PowerState::Off,
            Some("PoweringOn") => PowerState::PoweringOn,
            Some("PoweringOff") => PowerState::PoweringOff,
            _ => PowerState::Unknown,
        }
    }
}

/// The keys of HPE's extensions: iLO 5 and newer, iLO 4.
pub(super) const OEM: [&str; 2] = ["Hpe", "Hp"];

impl VirtualMediaResource {
    /// Whether the drive accepts media for `drive`.
    pub(super) fn takes(&self, drive: Drive) -> bool {
        let wanted: &[&str] = match drive {
            Drive::Cd => &["cd", "dvd"],
            Drive::Floppy => &["floppy", "usbstick"],
        };
        let types = self.media_types.iter().flatten();
        types
            .map(|kind| kind.to_ascii_lowercase())
            .any(|kind| wanted.contains(&kind.as_str()))
    }

    /// Whether the drive contains a medium.
    pub(super) fn is_inserted(&self) -> bool {
        self.inserted.unwrap_or_else(|| {
            let via = self.connected_via.as_deref();
            via.is_some_and(|via| via != "NotConnected")
        })
    }

    /// Returns the URL of the medium.
    pub(super) fn image(&self) -> Option<&str> {
        self.image.as_deref().filter(|image| !image.is_empty())
    }

    /// Whether the drive contains the image at `url`. A BMC may report the URL without its query,
    /// or without user and password.
    pub(super) fn holds(&self, url: &Url) -> bool {
        let Some(reported) = self.image().and_then(|image| Url::parse(image).ok()) else {
            return false;
        };
        self.is_inserted() && (reported == *url || reported == without_secrets(url))
    }

    /// Returns the target of the standard action `InsertMedia` or `EjectMedia`.
    pub(super) fn action(&self, name: &str) -> Option<&str> {
        target(self.actions.as_ref()?, name)
    }

    /// Returns the target of HPE's own action `InsertVirtualMedia` or `EjectVirtualMedia`.
    pub(super) fn oem_action(&self, name: &str) -> Option<&str> {
        let oem = self.oem.as_ref()?;
        let of = |vendor: &&str| target(oem.get(*vendor)?.get("Actions")?.as_object()?, name);
        OEM.iter().find_map(of)
    }

    /// Returns the change with which the server boots from this CD drive at its next start, as an
    /// iLO has it.
    pub(super) fn boot_change(&self) -> Option<Value> {
        let vendor = OEM.iter().find(|vendor| self.next_boot(vendor).is_some())?;
        Some(json!({"Oem": {*vendor: {"BootOnNextServerReset": true}}}))
    }

    /// Whether the server boots from this drive at its next start by itself.
    pub(super) fn is_next_boot(&self) -> bool {
        OEM.iter()
            .any(|vendor| self.next_boot(vendor) == Some(true))
    }

    fn next_boot(&self, vendor: &str) -> Option<bool> {
        let own = self.oem.as_ref()?.get(vendor)?;
        own.get("BootOnNextServerReset")?.as_bool()
    }

    /// Returns the change of the drive itself that empties it. An iLO 4 accepts `Image` alone.
    pub(super) fn emptied(&self) -> Value {
        match self.is_of_ilo4() {
            true => json!({"Image": null}),
            false => json!({"Image": null, "Inserted": false}),
        }
    }

    fn is_of_ilo4(&self) -> bool {
        self.oem.as_ref().is_some_and(|oem| oem.contains_key("Hp"))
    }

    /// Whether changing the property `Image` inserts and ejects media, as in iLO 4.
    pub(super) fn image_is_writable(&self) -> bool {
        self.is_of_ilo4()
            || (self.action("InsertMedia").is_none()
                && self.oem_action("InsertVirtualMedia").is_none())
    }
}

/// Returns the target of the action whose key is `#Something.name`.
fn target<'a>(actions: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let named = |key: &str| key.rsplit('.').next() == Some(name);
    let action = actions.iter().find(|(key, _)| named(key));
    action?.1.get("target")?.as_str()
}

fn without_secrets(url: &Url) -> Url {
    let mut url = url.clone();
    // These fail only for URLs without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url
}
