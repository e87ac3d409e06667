//! What a node must hold before it can be worked on: every fault is found in one pass.

use std::fmt;

use serde_json::Value;

use super::{Node, Section};

/// What Ironic's API shows in place of a secret.
const MASKED: &str = "******";

/// One thing that a node is expected to hold, in one of its sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Where the field lives.
    pub section: Section,
    /// The field's key in that section.
    pub key: &'static str,
    /// What its value has to be.
    pub kind: FieldKind,
    /// Whether a node without it, or with an empty one, is at fault.
    pub required: bool,
}

/// What the value of a [`Field`] has to be.
///
/// Operators set `driver_info` from the command line, where everything is text: numbers and flags
/// are accepted as JSON numbers and booleans and as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A text.
    Text,
    /// A text that Ironic's API hides behind asterisks: the hidden form is a fault.
    Secret,
    /// A TCP port, 1 to 65535.
    Port,
    /// A whole number of seconds, at least 1.
    Seconds,
    /// An absolute `http` or `https` URL with a host.
    HttpUrl,
}

/// The fields that reaching a node's iLO takes, as in Ironic's `ilo/common.py`.
pub const ILO_ACCESS: &[Field] = &[
    Field::required(Section::DriverInfo, "ilo_address", FieldKind::Text),
    Field::required(Section::DriverInfo, "ilo_username", FieldKind::Text),
    Field::required(Section::DriverInfo, "ilo_password", FieldKind::Secret),
    Field::optional(Section::DriverInfo, "client_port", FieldKind::Port),
    Field::optional(Section::DriverInfo, "client_timeout", FieldKind::Seconds),
];

/// The fields that decide where a node's images are fetched from.
pub const HOSTING: &[Field] = &[Field::optional(
    Section::DriverInfo,
    "external_http_url",
    FieldKind::HttpUrl,
)];

impl Field {
    /// A field that has to be there.
    #[must_use]
    pub const fn required(section: Section, key: &'static str, kind: FieldKind) -> Self {
        Self {
            section,
            key,
            kind,
            required: true,
        }
    }

    /// A field that may be missing, and is checked when it is there.
    #[must_use]
    pub const fn optional(section: Section, key: &'static str, kind: FieldKind) -> Self {
        Self {
            section,
            key,
            kind,
            required: false,
        }
    }

    /// What is wrong with this field of `node`, if anything is.
    pub(super) fn fault(&self, node: &Node) -> Option<Fault> {
        let expected = self.kind.expected();
        let what = match node.get(self.section, self.key) {
            // Ironic's own drivers treat an empty value as one that is not set.
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
            Self::Text | Self::Secret => "a text",
            Self::Port => "a port from 1 to 65535",
            Self::Seconds => "a number of seconds, at least 1",
            Self::HttpUrl => "an http:// or https:// URL",
        }
    }

    /// Why `value` will not do. A secret's value never gets into the answer.
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
                other => Some(format!("expected a text, got {}", kind_of(other))),
            },
            Self::Port => whole(value).is_none_or(|n| !(1..=65535).contains(&n)).then(got),
            Self::Seconds => whole(value).is_none_or(|n| n == 0).then(got),
            Self::HttpUrl => match value {
                Value::String(text) => crate::http::url::BaseUrl::parse(text).err().map(|e| e.to_string()),
                _ => Some(got()),
            },
        }
    }
}

/// The whole number in `value`, written as a number or as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64(),
    }
}

/// What sort of JSON value this is, for messages that must not show the value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A short form of `value` for a message: scalars as they are, cut short, the rest by their kind.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        Value::Array(_) | Value::Object(_) => kind_of(value).to_owned(),
        scalar => scalar.to_string(),
    }
}

/// One thing wrong with a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, with its section: `driver_info.ilo_address`.
    pub field: String,
    /// What is wrong with it and what was expected.
    pub what: String,
}

/// A node that cannot be worked on, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidNode {
    /// The node's UUID as it was given, if it was a text.
    pub node: Option<String>,
    /// Every fault found, at least one, in the order of the check.
    pub faults: Vec<Fault>,
}

impl fmt::Display for InvalidNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            // It may be anything, a line break included.
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
