//! The form of a schema, as `oslo-config-generator` writes it (`oslo_config/generator.py`, 10.7.0).

use std::collections::BTreeMap;

use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType};
use serde::Deserialize;
use serde_json::Value;

use super::{Deprecation, Schema, SchemaOption};
use crate::rule::group_of;

/// The first words of the namespaces of libraries.
const LIBRARIES: [&str; 5] = [
    "castellan",
    "cotyledon",
    "keystonemiddleware",
    "oslo",
    "osprofiler",
];

/// The whole text. Keys that are not needed are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    options: BTreeMap<String, GroupForm>,
    #[serde(default)]
    generator_options: GeneratorForm,
}

#[derive(Debug, Default, Deserialize)]
struct GeneratorForm {
    namespace: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct GroupForm {
    #[serde(default)]
    opts: Vec<OptForm>,
    dynamic_group_owner: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OptForm {
    name: String,
    dest: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    sample_default: Value,
    /// Pairs of a value and its help; only values in older releases.
    choices: Option<Vec<Value>>,
    min: Option<f64>,
    max: Option<f64>,
    secret: Option<bool>,
    deprecated_for_removal: Option<bool>,
    #[serde(default)]
    deprecated_reason: Value,
    #[serde(default)]
    deprecated_since: Value,
    #[serde(default)]
    deprecated_opts: Vec<FormerForm>,
}

#[derive(Debug, Deserialize)]
struct FormerForm {
    group: Option<String>,
    name: String,
}

impl Form {
    pub(super) fn into_schema(self, origin: &str) -> Schema {
        let mut options: BTreeMap<OptName, SchemaOption> = BTreeMap::new();
        let mut dynamic = Vec::new();
        for (group, form) in self.options {
            let group = group_of(&group);
            let owner = form.dynamic_group_owner.as_deref().and_then(owner);
            dynamic.extend(owner.map(|owner| (group.clone(), owner)));
            for form in form.opts {
                let option = form.into_option(&group);
                // An option of a library that several namespaces list appears more than once.
                let name = option.opt.name().clone();
                options.entry(name).or_insert(option);
            }
        }
        let namespaces = self.generator_options.namespace.unwrap_or_default();
        Schema {
            origin: origin.into(),
            project: namespaces.iter().find_map(|name| service(name)),
            options,
            dynamic,
        }
    }
}

/// Returns the service of a namespace, such as `nova` for `nova.conf`; `None` for a library.
fn service(namespace: &str) -> Option<String> {
    let head = namespace.split('.').next().unwrap_or_default();
    (!head.is_empty() && !LIBRARIES.contains(&head)).then(|| head.to_owned())
}

/// Reads the option that names the sections: `NAME` in the default group, or `GROUP.NAME`.
fn owner(text: &str) -> Option<OptName> {
    let name = text.trim();
    match name.rsplit_once('.') {
        _ if name.is_empty() => None,
        Some((group, name)) => Some(OptName::new(group_of(group), name)),
        None => Some(OptName::new(DEFAULT_GROUP, name)),
    }
}

impl OptForm {
    fn into_option(self, group: &str) -> SchemaOption {
        let type_name = self.kind.clone().unwrap_or_else(|| "unknown value".into());
        // A name with a hyphen is kept, since references do not find all such options.
        let dest = self.dest.clone();
        let other = dest.filter(|dest| *dest != self.name.replace('-', "_"));
        let name = other.unwrap_or_else(|| self.name.clone());
        let kind = self.kind();
        let is_list = matches!(kind, OptType::List { .. });
        let mut opt = Opt::new(group, &name, kind);
        // The generator writes the type of a value: `MultiOpt` is used with dictionaries, for
        // example by Nova and Cinder, and a file may then set the option more than once.
        let may_be_multi = matches!(type_name.as_str(), "multi valued" | "dict value");
        if may_be_multi || self.default.is_array() && !is_list {
            opt = opt.multi();
        }
        if self.secret == Some(true) {
            opt = opt.secret();
        }
        let default = default_texts(&self.default, opt.is_multi());
        let default_is_unknown = default.is_none() || !self.sample_default.is_null();
        if let Some(default) = default.filter(|_| !default_is_unknown) {
            opt = default.into_iter().fold(opt, Opt::with_default);
        }
        for former in &self.deprecated_opts {
            let place = former.group.as_deref().map_or(group.to_owned(), group_of);
            let known = OptName::new(&place, &former.name);
            let same = known == *opt.name();
            // A former name with a hyphen has no effect in a file.
            if !same && !former.name.contains('-') && !opt.deprecated().contains(&known) {
                opt = opt.with_deprecated(place, &former.name);
            }
        }
        let deprecation = (self.deprecated_for_removal == Some(true)).then(|| Deprecation {
            reason: text(&self.deprecated_reason).map(|reason| one_line(&reason)),
            since: text(&self.deprecated_since),
        });
        SchemaOption {
            opt,
            type_name,
            default_is_unknown,
            deprecation,
        }
    }

    /// Returns the type for the generator's words; text where they do not say enough.
    fn kind(&self) -> OptType {
        let whole = |bound: Option<f64>| bound.map(|bound| bound as i128);
        let port = |bound: Option<f64>| bound.map(|bound| bound as u16);
        match self.kind.as_deref().unwrap_or_default() {
            "boolean value" => OptType::Bool,
            "integer value" => OptType::Int {
                min: whole(self.min),
                max: whole(self.max),
                choices: self.numbers(),
            },
            "floating point value" => OptType::Float {
                min: self.min,
                max: self.max,
            },
            "port value" | "port" => OptType::Port {
                min: port(self.min),
                max: port(self.max),
                choices: self
                    .numbers()
                    .into_iter()
                    .filter_map(|port| port.try_into().ok())
                    .collect(),
            },
            "list value" => OptType::list(),
            "dict value" => OptType::dict(),
            "uri value" => OptType::Uri,
            "IP address value" => OptType::Ip { version: None },
            "host address value" => OptType::HostAddress { version: None },
            "string value" => OptType::Str {
                choices: self.choices().filter_map(text).collect(),
                ignore_case: true,
                max_length: None,
            },
            _ => OptType::string(),
        }
    }

    /// Returns the allowed values.
    fn choices(&self) -> impl Iterator<Item = &Value> {
        let rows = self.choices.iter().flatten();
        rows.filter_map(|row| match row {
            Value::Array(pair) => pair.first(),
            value => Some(value),
        })
    }

    fn numbers(&self) -> Vec<i128> {
        self.choices()
            .filter_map(|choice| choice.as_i64().map(i128::from))
            .collect()
    }
}

/// Returns a value as it is written in a file; `None` for null and for values of several parts.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a default as it would be written in a file, one text for each value of a multi-valued
/// option; `None` when a file cannot express it.
fn default_texts(default: &Value, multi: bool) -> Option<Vec<String>> {
    let item = |value: &Value| {
        let plain = |text: &String| !text.contains([',', '\n', '"', '\'']) && text.trim() == text;
        text(value).filter(plain)
    };
    match default {
        Value::Null => Some(Vec::new()),
        Value::Array(values) if multi => values.iter().map(text).collect(),
        Value::Array(values) => {
            let items: Option<Vec<String>> = values.iter().map(item).collect();
            Some(vec![items?.join(",")])
        }
        Value::Object(values) => {
            let pair = |(name, value): (&String, &Value)| {
                let plain = item(&Value::String(name.clone()))?;
                Some(format!("{plain}:{}", item(value)?))
            };
            let sorted = BTreeMap::from_iter(values).into_iter();
            let pairs: Option<Vec<String>> = sorted.map(pair).collect();
            Some(vec![pairs?.join(",")])
        }
        value => Some(text(value).into_iter().collect()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
