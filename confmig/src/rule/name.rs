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
        let group = match group {
            DEFAULT_GROUP => group.to_owned(),
            _ => group.to_lowercase(),
        };
        Ok(Name(OptName::new(group, name)))
    }
}
