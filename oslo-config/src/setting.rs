//! The result of a lookup: the value and its origin.

use std::fmt;
use std::path::Path;

use crate::document::Entry;
use crate::opt::OptName;
use crate::value::Value;

/// An entry that sets an option.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Occurrence<'d> {
    /// The index of the file in reading order.
    pub file: usize,
    /// The file's path.
    pub path: &'d Path,
    /// The entry.
    pub entry: Entry<'d, 'd>,
    /// Which of the option's names the entry has: 0 for the current one, 1 for the first former
    /// name.
    pub name_index: usize,
}

/// All entries that set an option.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Occurrences<'d> {
    /// Those that give the value: one, or all of a multi-valued option, in the order of its values.
    pub effective: Vec<Occurrence<'d>>,
    /// Those that are hidden by them, in reading order.
    pub hidden: Vec<Occurrence<'d>>,
}

/// The origin of a value. It is printed as in messages: `/etc/ironic/ironic.conf:12`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// The option is not set and has no default.
    #[default]
    Unset,
    /// The option's default.
    Default,
    /// An environment variable.
    Environment {
        /// The variable's name.
        variable: String,
    },
    /// A file; that of the last value if the option is multi-valued.
    File {
        /// The file's path.
        path: std::path::PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The name of the entry.
        name: OptName,
        /// Whether this is a former name.
        deprecated: bool,
    },
}

impl Origin {
    /// Returns the former name that gave the value; `None` if it has another origin.
    #[must_use]
    pub fn deprecated_name(&self) -> Option<&OptName> {
        match self {
            Origin::File {
                name,
                deprecated: true,
                ..
            } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Unset => f.write_str("not set"),
            Origin::Default => f.write_str("default"),
            Origin::Environment { variable } => write!(f, "environment variable {variable}"),
            Origin::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// The value of an option and its origin.
///
/// ```
/// use oslo_config::{Config, Document, Opt, OptType, ParsedFile};
///
/// let document = Document::parse(b"[pxe]\nhttp_url = http://192.0.2.1\n")?;
/// let files = vec![ParsedFile::new("ironic.conf", document)];
/// let opts = vec![Opt::new("deploy", "url", OptType::Uri).with_deprecated("pxe", "http_url")];
/// let config = Config::new(files, opts);
/// let setting = config.setting("deploy", "url")?;
/// assert_eq!(setting.value.as_str(), Some("http://192.0.2.1"));
/// assert_eq!(setting.origin.to_string(), "ironic.conf:2");
/// assert_eq!(setting.origin.deprecated_name().unwrap().to_string(), "pxe.http_url");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Setting<'d> {
    /// The value converted to the option's type.
    pub value: Value,
    /// The texts that it was converted from, after substitution: one, or one for each value of a
    /// multi-valued option; empty if the option is not set and has no default.
    pub texts: Vec<String>,
    /// The origin of the value.
    pub origin: Origin,
    /// The entries that set the option.
    pub occurrences: Occurrences<'d>,
}
