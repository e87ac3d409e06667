//! Validation of a node's fields, which reports all faults at once.

use std::fmt;

use serde_json::Value;

use super::{Node, Section};
use crate::http::url::BaseUrl;

/// The text that Ironic's API shows in place of a secret.
const MASKED: &str = "******";

/// A field that a node is expected to have, in one of its sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The section of the field.
    pub section: Section,
    /// The field's key in that section.
    pub key: &'static str,
    /// The kind of its value.
    pub kind: FieldKind,
    /// Whether it must be present and not empty.
    pub required: bool,
}

/// The kind of value that a [`Field`] must have.
///
/// Operators set `driver_info` on the command line, where everything is text, so numbers are
/// accepted as JSON numbers and as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A string.
    Text,
    /// A string that Ironic's API masks with asterisks. The masked form is a fault.
    Secret,
    /// A TCP port, 1 to 65535.
    Port,
    /// A whole number of seconds, at least 1.
    Seconds,
    /// An absolute `http` or `https` URL with a host.
    HttpUrl,
}

/// The fields that determine where a node's images are fetched from.
pub const HOSTING: &[Field] = &[Field::optional(
    Section::DriverInfo,
    "external_http_url",
    FieldKind::HttpUrl,
)];

impl Field {
    /// Creates a required field.
    #[must_use]
    pub const fn required(section: Section, key: &'static str, kind: FieldKind) -> Self {
        Self {
            section,
            key,
            kind,
            required: true,
        }
    }

    /// Creates an optional field, which is checked if it is present.
    #[must_use]
    pub const fn optional(section: Section, key: &'static str, kind: FieldKind) -> Self {
        Self {
            section,
            key,
            kind,
            required: false,
        }
    }

    /// Returns the fault in this field of `node`, if there is one.
    pub(super) fn fault(&self, node: &Node) -> Option<Fault> {
        let expected = self.kind.expected();
        let what = match node.get(self.section, self.key) {
            // Ironic's own drivers treat an empty value as unset.
            None | Some(Value::Null) => self
                .required
                .then(|| format!("missing, expected {expected}")),
            Some(Value::String(text)) if text.is_empty() => {
                self.required.then(|| format!("empty, expected {expected}"))
            }
            Some(value) => self.kind.refuse(value),
        }?;
        Some(Fault {
            field: format!("{}.{}", self.section, self.key),
            what,
        })
    }
}

impl FieldKind {
    fn expected(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "a string",
            Self::Port => "a port from 1 to 65535",
            Self::Seconds => "a number of seconds, at least 1",
            Self::HttpUrl => "an http:// or https:// URL",
        }
    }

    /// Returns the reason to refuse `value`, if there is one. It never contains a secret's value.
    fn refuse(self, value: &Value) -> Option<String> {
        let got = || format!("expected {}, got {}", self.expected(), shown(value));
        match self {
            Self::Text => (!value.is_string()).then(got),
            Self::Secret => match value {
                Value::String(text) if text == MASKED => Some(
                    "masked by Ironic's API, expected the secret itself: read the node with a role \
                     that the policy show_password allows"
                        .to_owned(),
                ),
                Value::String(_) => None,
                other => Some(format!("expected a string, got {}", kind_of(other))),
            },
            Self::Port => whole(value).is_none_or(|n| !(1..=65535).contains(&n)).then(got),
            Self::Seconds => whole(value).is_none_or(|n| n == 0).then(got),
            Self::HttpUrl => match value {
                Value::String(text) => BaseUrl::parse(text).err().map(|e| e.to_string()),
                _ => Some(got()),
            },
        }
    }
}

/// Returns the unsigned integer in `value`, written as a number or as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64(),
    }
}

/// Returns the kind of a JSON value, for messages that must not show the value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Returns a short form of `value` for a message: a truncated scalar, or the kind of any other
/// value.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        Value::Array(_) | Value::Object(_) => kind_of(value).to_owned(),
        scalar => scalar.to_string(),
    }
}

/// A fault in a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field with its section, such as `driver_info.ilo_address`.
    pub field: String,
    /// The fault, and what was expected.
    pub what: String,
}

/// An unusable node, with all of its faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidNode {
    /// The node's UUID as given, if it is a string.
    pub node: Option<String>,
    /// All faults, at least one, in the order of the check.
    pub faults: Vec<Fault>,
}

impl fmt::Display for InvalidNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            // The UUID is not validated and may contain anything, even a line break.
            Some(uuid) => write!(f, "node {} cannot be used: ", uuid.escape_debug())?,
            None => f.write_str("node cannot be used: ")?,
        }
        for (i, Fault { field, what }) in self.faults.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {what}")?;
        }
        Ok(())
    }
}
