//! Names of options in rules.

use std::fmt;
use std::ops::Deref;

use oslo_config::{DEFAULT_GROUP, OptName};
use serde::de::{Deserialize, Deserializer, Error};

/// The name of an option as rules have it: `GROUP.OPTION`, where the last dot ends the group. The
/// group may be `{section}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub(crate) OptName);

impl Deref for Name {
    type Target = OptName;

    fn deref(&self) -> &OptName {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (group, name) = text.rsplit_once('.').unwrap_or(("", &text));
        let plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '[' || c == ']')
        };
        if !plain(group) || !plain(name) {
            return Err(D::Error::custom(format!(
                "{text:?} is no name of an option: expected GROUP.OPTION, as in \"DEFAULT.debug\""
            )));
        }
        Ok(Name(OptName::new(group_of(group), name)))
    }
}

/// The group that oslo.config looks up for a section's name: the name in lower case, except for `DEFAULT`.
pub(crate) fn group_of(section: &str) -> String {
    match section {
        DEFAULT_GROUP => section.to_owned(),
        _ => section.to_lowercase(),
    }
}

/// Reads a section's name as the group that it stands for.
pub(crate) fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(group_of(&String::deserialize(deserializer)?))
}

/// Reads the name that an option gets: with underscores, since oslo.config reads no current name that has
/// a hyphen.
pub(super) fn current<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    let name = Name::deserialize(deserializer)?;
    Ok(Name(OptName::new(
        name.group(),
        name.name().replace('-', "_"),
    )))
}
