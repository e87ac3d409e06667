//! The definition of an option: its names, its type and its default.

use std::fmt;
use std::str::FromStr;

use crate::types::OptType;

/// The default group of oslo.config, for options outside any group.
pub const DEFAULT_GROUP: &str = "DEFAULT";

/// The name of an option: its group and its name in the group, written `group.name`.
///
/// ```
/// use oslo_config::OptName;
///
/// let name: OptName = "deploy.http_url".parse()?;
/// assert_eq!(name, OptName::new("deploy", "http_url"));
/// assert_eq!("debug".parse::<OptName>()?.to_string(), "DEFAULT.debug");
/// # Ok::<(), oslo_config::NotAnOptName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptName {
    group: String,
    name: String,
}

impl OptName {
    /// Creates a name. The group is `DEFAULT` for options outside any group.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        OptName {
            group: group.into(),
            name: name.into(),
        }
    }

    /// Returns the group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Returns the name in the group.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the environment variable that sets an option of this name, such as
    /// `OS_DEPLOY__HTTP_URL`. It takes precedence over every file; that of a former name is never
    /// read.
    #[must_use]
    pub fn environment_variable(&self) -> String {
        format!(
            "OS_{}__{}",
            self.group.to_uppercase(),
            self.name.to_uppercase()
        )
    }
}

/// Parses `group.name`, or `name` alone for the default group.
impl FromStr for OptName {
    type Err = NotAnOptName;

    fn from_str(text: &str) -> Result<Self, NotAnOptName> {
        let (group, name) = text.split_once('.').unwrap_or((DEFAULT_GROUP, text));
        match group.is_empty() || name.is_empty() {
            true => Err(NotAnOptName(())),
            false => Ok(OptName::new(group, name)),
        }
    }
}

/// The error for a text that is not the name of an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `group.name`, or the name of an option in DEFAULT")]
pub struct NotAnOptName(());

impl fmt::Display for OptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.group, self.name)
    }
}

/// The definition of an option, as a service registers it with oslo.config.
///
/// ```
/// use oslo_config::{Opt, OptType};
///
/// let opt = Opt::new("deploy", "http_url", OptType::string())
///     .with_deprecated("pxe", "http_url");
/// assert_eq!(opt.name().to_string(), "deploy.http_url");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Opt {
    name: OptName,
    kind: OptType,
    multi: bool,
    secret: bool,
    default: Vec<String>,
    deprecated: Vec<OptName>,
    /// The name in the group as given, with its hyphens.
    registered_name: String,
}

impl Opt {
    /// Creates an option without a default and without former names.
    ///
    /// As in oslo.config, a hyphen in the name counts as an underscore everywhere.
    pub fn new(group: impl Into<String>, name: impl Into<String>, kind: OptType) -> Self {
        let name: String = name.into();
        Opt {
            name: OptName::new(group, name.replace('-', "_")),
            kind,
            multi: false,
            secret: false,
            default: Vec::new(),
            deprecated: Vec::new(),
            registered_name: name,
        }
    }

    /// Makes the option a `MultiOpt`: each assignment adds a value instead of replacing the last.
    #[must_use]
    pub fn multi(mut self) -> Self {
        self.multi = true;
        self
    }

    /// Marks the value as secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Sets the default as written in a file. For a multi-valued option, adds one value to it.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<String>) -> Self {
        if !self.multi {
            self.default.clear();
        }
        self.default.push(value.into());
        self
    }

    /// Sets the type.
    #[must_use]
    pub fn with_type(mut self, kind: OptType) -> Self {
        self.kind = kind;
        self
    }

    /// Adds a former name that is still read. Former names are tried in the order in which they are
    /// added; then those with hyphens are tried with underscores.
    #[must_use]
    pub fn with_deprecated(mut self, group: impl Into<String>, name: impl Into<String>) -> Self {
        let name = OptName::new(group, name);
        let hyphenated = |name: &OptName| name.name().contains('-');
        // The list ends with the other spelling of each name with a hyphen.
        let respelled = self
            .deprecated
            .iter()
            .filter(|name| hyphenated(name))
            .count();
        let end = self.deprecated.len() - respelled;
        if hyphenated(&name) {
            let respelled = OptName::new(name.group(), name.name().replace('-', "_"));
            self.deprecated.push(respelled);
        }
        self.deprecated.insert(end, name);
        self
    }

    /// Returns the current name.
    #[must_use]
    pub fn name(&self) -> &OptName {
        &self.name
    }

    /// Returns the type; for a multi-valued option, that of each value.
    #[must_use]
    pub fn kind(&self) -> &OptType {
        &self.kind
    }

    /// Tells whether the option is multi-valued: each assignment adds a value.
    #[must_use]
    pub fn is_multi(&self) -> bool {
        self.multi
    }

    /// Tells whether the value is secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Returns the default as written in a file: at most one value unless the option is
    /// multi-valued.
    #[must_use]
    pub fn default(&self) -> &[String] {
        &self.default
    }

    /// Returns the name in the group as given, with its hyphens.
    #[must_use]
    pub fn registered_name(&self) -> &str {
        &self.registered_name
    }

    /// Returns the former names that are still read, in the order in which they are tried.
    #[must_use]
    pub fn deprecated(&self) -> &[OptName] {
        &self.deprecated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_are_underscores_too() {
        let opt = Opt::new("swift", "user-name", OptType::string())
            .with_deprecated("swift", "admin-user")
            .with_deprecated("swift", "user")
            .with_deprecated("nova", "user-id");
        assert_eq!(opt.name().to_string(), "swift.user_name");
        assert_eq!(opt.registered_name(), "user-name");
        let former: Vec<_> = opt.deprecated().iter().map(ToString::to_string).collect();
        let written = ["swift.admin-user", "swift.user", "nova.user-id"];
        assert_eq!(former[..3], written);
        assert_eq!(former[3..], ["swift.admin_user", "nova.user_id"]);
    }
}
