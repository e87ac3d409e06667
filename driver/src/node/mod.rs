//! Nodes as Ironic's API returns them: read, validated, changed and written back without loss.
//!
//! A [`Node`] keeps the whole JSON object that it was read from, with unknown fields and the order
//! of keys. Deploy code can therefore read a node from the API, let the driver change it, and hand
//! it back, even if it uses more fields than this crate knows.
//!
//! ```
//! use driver::node::{Node, Section};
//!
//! let text = r#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123","resource_class":"xl",
//!               "provision_state":"active","driver_info":{"ilo_address":"192.0.2.7"}}"#;
//! let mut node = Node::from_json(text.as_bytes())?;
//! assert_eq!(node.text(Section::DriverInfo, "ilo_address"), Some("192.0.2.7"));
//! node.set(Section::DriverInternalInfo, "boot_iso_created_in_web_server", true);
//! assert!(node.to_json().contains(r#""resource_class":"xl""#));
//! # Ok::<(), driver::node::NodeError>(())
//! ```
//!
//! # Limits
//!
//! White space between tokens is not preserved, a duplicate key keeps its last value, and a number
//! outside the range of 64-bit integers becomes a floating-point number.

mod boot_mode;
mod check;
pub(crate) mod locks;
mod provision_state;
mod uuid;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::boot_mode::{BootMode, NotABootMode};
pub(crate) use self::boot_mode::{BootWish, boot_mode_of, instance_capability, truth_value};
pub use self::check::{Fault, Field, FieldKind, HOSTING, InvalidNode};
pub use self::provision_state::ProvisionState;
pub use self::uuid::{NodeUuid, NotAUuid};

/// An Ironic node.
///
/// Only the UUID is required. A section that the API omits, as its short listing does, or returns
/// as `null`, reads as empty; [`Node::validate`] reports what is missing for a given purpose.
///
/// ```
/// use driver::node::{Node, ProvisionState};
///
/// let mut node = Node::from_json(
///     br#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123","provision_state":"deploying"}"#,
/// )?;
/// node.set_provision_state(ProvisionState::WaitCallBack);
/// node.set_field("maintenance", true)?;
/// assert!(node.to_json().ends_with(r#""provision_state":"wait call-back","maintenance":true}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Node {
    uuid: NodeUuid,
    provision_state: Option<ProvisionState>,
    /// The whole object, including `uuid` and `provision_state`, in its original order.
    json: Map<String, Value>,
}

/// A part of a node with free-form fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// `driver_info`: set by the operator for the driver.
    DriverInfo,
    /// `instance_info`: requested by the user of the instance.
    InstanceInfo,
    /// `driver_internal_info`: recorded by the driver itself.
    DriverInternalInfo,
    /// `properties`: describes the hardware.
    Properties,
}

impl Section {
    const ALL: [Self; 4] = [
        Self::DriverInfo,
        Self::InstanceInfo,
        Self::DriverInternalInfo,
        Self::Properties,
    ];

    /// Returns the section's key in the node's JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DriverInfo => "driver_info",
            Self::InstanceInfo => "instance_info",
            Self::DriverInternalInfo => "driver_internal_info",
            Self::Properties => "properties",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error from reading a node.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The text is not a JSON object.
    #[error("expected a node as one JSON object, as Ironic's API returns it: {0}")]
    Json(serde_json::Error),
    /// The JSON object is not a valid node.
    #[error(transparent)]
    Invalid(#[from] InvalidNode),
}

impl Node {
    /// Reads a node from the JSON text of Ironic's API.
    ///
    /// # Errors
    ///
    /// - [`NodeError::Json`] if the text is not one JSON object.
    /// - [`NodeError::Invalid`], which names every invalid field, if `uuid` is missing or not a
    ///   UUID, `provision_state` is neither a string nor `null`, or one of the [`Section`]s is
    ///   neither an object nor `null`.
    pub fn from_json(text: &[u8]) -> Result<Self, NodeError> {
        let json: Map<String, Value> = serde_json::from_slice(text).map_err(NodeError::Json)?;
        Ok(Self::try_from(json)?)
    }

    /// Returns the node as JSON text on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Unlike serializing a type, displaying a `Value` cannot fail.
        Value::Object(self.json.clone()).to_string()
    }

    /// Returns the node's UUID.
    #[must_use]
    pub fn uuid(&self) -> NodeUuid {
        self.uuid
    }

    /// Returns the node's provision state; `None` if it is missing or `null`, which was the
    /// available state in releases before `available` existed.
    #[must_use]
    pub fn provision_state(&self) -> Option<&ProvisionState> {
        self.provision_state.as_ref()
    }

    /// Sets the node's provision state, as a service does that deploys nodes without Ironic.
    pub fn set_provision_state(&mut self, state: ProvisionState) {
        let text = Value::from(state.as_str());
        self.json.insert("provision_state".to_owned(), text);
        self.provision_state = Some(state);
    }

    /// Returns the value of a field of the node itself, such as `name`, `driver` or `maintenance`.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.json.get(key)
    }

    /// Sets a field of the node itself and returns the previous value. An existing field keeps its
    /// position and a new one goes to the end.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] if `value` is invalid for `uuid`, `provision_state` or a [`Section`]; the
    /// node is then unchanged.
    pub fn set_field(
        &mut self,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<Option<Value>, InvalidNode> {
        let mut json = self.json.clone();
        let previous = json.insert(key.to_owned(), value.into());
        *self = Self::try_from(json)?;
        Ok(previous)
    }

    /// Returns the value of `key` in `section`, including `null`.
    #[must_use]
    pub fn get(&self, section: Section, key: &str) -> Option<&Value> {
        self.json.get(section.as_str())?.as_object()?.get(key)
    }

    /// Returns the string value of `key` in `section`. As in Ironic, an empty string counts as
    /// unset.
    #[must_use]
    pub fn text(&self, section: Section, key: &str) -> Option<&str> {
        self.get(section, key)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    /// Returns the kernel parameters of the node's ramdisk or instance: those of its user, else of
    /// the node, else `default`, for which `%default%` stands in the others, as in Ironic.
    pub(crate) fn kernel_append_params(&self, default: &str) -> String {
        let own = [Section::InstanceInfo, Section::DriverInfo]
            .into_iter()
            .find_map(|section| self.text(section, "kernel_append_params"));
        own.map_or_else(
            || default.to_owned(),
            |own| own.replace("%default%", default),
        )
    }

    /// Sets `key` in `section` and returns the previous value. An existing key keeps its position
    /// and a new one goes to the end; a missing or `null` section is created.
    pub fn set(&mut self, section: Section, key: &str, value: impl Into<Value>) -> Option<Value> {
        let place = self.json.entry(section.as_str()).or_insert(Value::Null);
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place.as_object_mut()?.insert(key.to_owned(), value.into())
    }

    /// Removes `key` from `section` and returns its value. The other keys keep their order.
    pub fn remove(&mut self, section: Section, key: &str) -> Option<Value> {
        // Not `remove`, which moves the last key into the gap.
        self.json
            .get_mut(section.as_str())?
            .as_object_mut()?
            .shift_remove(key)
    }

    /// Returns the whole node, as it is handed back to Ironic.
    #[must_use]
    pub fn json(&self) -> &Map<String, Value> {
        &self.json
    }

    /// Checks the node's fields against `fields`: [`HOSTING`], those of a BMC, or the caller's own
    /// list.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] with every missing or invalid field, in the order of `fields`. It never
    /// contains the value of a [`FieldKind::Secret`].
    pub fn validate<'f>(
        &self,
        fields: impl IntoIterator<Item = &'f Field>,
    ) -> Result<(), InvalidNode> {
        let faults: Vec<Fault> = fields
            .into_iter()
            .filter_map(|field| field.fault(self))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(InvalidNode {
            node: Some(self.uuid.to_string()),
            faults,
        })
    }
}

impl TryFrom<Map<String, Value>> for Node {
    type Error = InvalidNode;

    fn try_from(json: Map<String, Value>) -> Result<Self, InvalidNode> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, what: String| {
            faults.push(Fault {
                field: field.to_owned(),
                what,
            });
        };
        let uuid = match json.get("uuid") {
            Some(Value::String(text)) => text
                .parse()
                .map_err(|e: NotAUuid| fault("uuid", e.to_string()))
                .ok(),
            Some(other) => {
                fault(
                    "uuid",
                    format!("expected a string, got {}", check::kind_of(other)),
                );
                None
            }
            None => {
                fault("uuid", "missing, expected the node's UUID".to_owned());
                None
            }
        };
        let provision_state = match json.get("provision_state") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(ProvisionState::from(text.as_str())),
            Some(other) => {
                let got = check::kind_of(other);
                fault(
                    "provision_state",
                    format!("expected a string or null, got {got}"),
                );
                None
            }
        };
        for section in Section::ALL {
            match json.get(section.as_str()) {
                None | Some(Value::Null | Value::Object(_)) => {}
                Some(other) => fault(
                    section.as_str(),
                    format!("expected an object or null, got {}", check::kind_of(other)),
                ),
            }
        }
        match uuid {
            Some(uuid) if faults.is_empty() => Ok(Self {
                uuid,
                provision_state,
                json,
            }),
            _ => {
                let node = json.get("uuid").and_then(Value::as_str);
                let node = node.map(|text| text.chars().take(80).collect());
                Err(InvalidNode { node, faults })
            }
        }
    }
}

impl From<Node> for Map<String, Value> {
    fn from(node: Node) -> Self {
        node.json
    }
}

/// Shows only the UUID and the state, since `driver_info` contains passwords.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("uuid", &self.uuid)
            .field("provision_state", &self.provision_state)
            .finish_non_exhaustive()
    }
}

/// Returns a node with these fields, for unit tests.
#[cfg(test)]
pub(crate) fn test_node(fields: &str) -> Node {
    let json = format!(r#"{{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123",{fields}}}"#);
    Node::from_json(json.as_bytes()).unwrap()
}
