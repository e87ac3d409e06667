//! What an option is: its name, its type, its default, its former names.

use std::fmt;

use crate::types::OptType;

/// The default group of oslo.config: options outside any group.
pub const DEFAULT_GROUP: &str = "DEFAULT";

/// The name of an option: its group and its name in the group, written `group.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptName {
    group: String,
    name: String,
}

impl OptName {
    /// A name from its two parts. The group is `DEFAULT` for options outside any group.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        OptName {
            group: group.into(),
            name: name.into(),
        }
    }

    /// Reads `group.name`, or `name` alone for the default group. Returns `None` when a part is
    /// empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (group, name) = text.split_once('.').unwrap_or((DEFAULT_GROUP, text));
        (!group.is_empty() && !name.is_empty()).then(|| OptName::new(group, name))
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The name in the group.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The environment variable that sets an option of this name: `OS_DEPLOY__HTTP_URL`. It wins
    /// over every file; the variable of a deprecated name is never read.
    #[must_use]
    pub fn environment_variable(&self) -> String {
        format!(
            "OS_{}__{}",
            self.group.to_uppercase(),
            self.name.to_uppercase()
        )
    }
}

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
}

impl Opt {
    /// An option without default and without former names.
    pub fn new(group: impl Into<String>, name: impl Into<String>, kind: OptType) -> Self {
        Opt {
            name: OptName::new(group, name),
            kind,
            multi: false,
            secret: false,
            default: Vec::new(),
            deprecated: Vec::new(),
        }
    }

    /// Makes it a `MultiOpt`: each time it is set adds a value, instead of replacing the last.
    #[must_use]
    pub fn multi(mut self) -> Self {
        self.multi = true;
        self
    }

    /// Marks its value as one that must not be shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Sets the default, as it would be written in a file. For a multi-valued option this adds one
    /// value.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<String>) -> Self {
        if !self.multi {
            self.default.clear();
        }
        self.default.push(value.into());
        self
    }

    /// Adds a former name that is still read. They are tried in the order in which they are added.
    #[must_use]
    pub fn with_deprecated(mut self, group: impl Into<String>, name: impl Into<String>) -> Self {
        self.deprecated.push(OptName::new(group, name));
        self
    }

    /// Its current name.
    #[must_use]
    pub fn name(&self) -> &OptName {
        &self.name
    }

    /// Its type; for a multi-valued option, that of one value.
    #[must_use]
    pub fn kind(&self) -> &OptType {
        &self.kind
    }

    /// Tells whether each time it is set adds a value.
    #[must_use]
    pub fn is_multi(&self) -> bool {
        self.multi
    }

    /// Tells whether its value must not be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Its default as it would be written in a file: at most one value, unless it is multi-valued.
    #[must_use]
    pub fn default(&self) -> &[String] {
        &self.default
    }

    /// Its former names that are still read, in the order in which they are tried.
    #[must_use]
    pub fn deprecated(&self) -> &[OptName] {
        &self.deprecated
    }
}
