//! What an option is like in a release, as the facts define it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// The definition of an option in a release.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition<'t> {
    /// The type, such as `str`, `int` or `multistr`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'t, str>,
    /// The type that the service derived from it, such as `octal`.
    #[serde(default, borrow)]
    pub subtype: Option<Cow<'t, str>>,
    /// The type of the items, where it is not text.
    #[serde(default, rename = "item_type")]
    pub item: Option<Value>,
    /// The default: a text, or a list of texts for a multi-valued option.
    #[serde(default)]
    default: Option<Value>,
    /// The default is computed on the host.
    #[serde(default)]
    pub runtime_default: bool,
    /// The allowed values.
    #[serde(default)]
    choices: Vec<Value>,
    /// The choices are compared without regard to case.
    #[serde(default)]
    pub ignore_case: bool,
    /// The regular expression, in Python's syntax, that a value must match.
    #[serde(default, borrow)]
    pub regex: Option<Cow<'t, str>>,
    /// The least allowed value.
    #[serde(default)]
    pub min: Option<f64>,
    /// The greatest allowed value.
    #[serde(default)]
    pub max: Option<f64>,
    /// The option is marked as secret.
    #[serde(default)]
    pub secret: bool,
    /// The service does not start without the option.
    #[serde(default)]
    pub required: bool,
    /// The option is deprecated and will be removed.
    #[serde(default, rename = "deprecated_for_removal")]
    pub to_be_removed: bool,
}

impl Definition<'_> {
    /// Returns the default as it would be written in a file.
    #[must_use]
    pub fn default(&self) -> Vec<String> {
        match &self.default {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values.iter().map(plain).collect(),
            Some(value) => vec![plain(value)],
        }
    }

    /// Returns the allowed values as they are written; empty if any value is allowed.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        let set = self.choices.iter().filter(|choice| !choice.is_null());
        set.map(plain).collect()
    }
}

/// Returns a default or a choice as it would be written in a file.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// How a definition marks a secret.
pub(super) const SECRET_MARK: &str = "\"secret\":true";

/// Endings of the names of secrets. Releases forgot to mark some of them: SNMP communities, the
/// Kafka driver's key password, the URL of the profiler's store.
const SECRET_ENDINGS: [&str; 7] = [
    "password",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "community",
    "connection_string",
];

/// Tells whether a name ends like those of secrets.
pub(super) fn is_named_like_a_secret(name: &str) -> bool {
    let mut endings = SECRET_ENDINGS.iter();
    endings.any(|ending| {
        let rest = name.strip_suffix(ending);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']))
    })
}

/// Tells whether a definition in JSON has a type. Parsing the JSON would take ten times as long.
pub(super) fn has_kind(json: &str, kind: &str) -> bool {
    let rest = json.strip_suffix("\"}");
    let rest = rest.and_then(|json| json.strip_suffix(kind));
    rest.is_some_and(|rest| rest.ends_with("\"type\":\""))
}

/// Tells whether the value of an option with this definition must not be shown.
pub(super) fn is_secret(name: &str, json: &str) -> bool {
    let is_text = || {
        let kinds = ["str", "uri", "list", "dict", "multistr"];
        kinds.iter().any(|kind| has_kind(json, kind))
    };
    json.contains(SECRET_MARK) || is_named_like_a_secret(name) && is_text()
}
