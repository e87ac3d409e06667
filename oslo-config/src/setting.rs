//! The result of a lookup: value, origin, or error.

use std::path::Path;

use crate::document::Entry;
use crate::opt::OptName;
use crate::types::TypeError;
use crate::value::Value;

/// An entry that sets an option.
#[derive(Debug, Clone, Copy)]
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
pub struct Occurrences<'d> {
    /// Those that give the value: one, or all of a multi-valued option, in the order of its values.
    pub effective: Vec<Occurrence<'d>>,
    /// Those that are hidden by them, in reading order.
    pub hidden: Vec<Occurrence<'d>>,
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The option is not set and has no default.
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

/// The value of an option and its origin.
#[derive(Debug, Clone)]
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

/// The reason why an option has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// No such option is registered; it was looked up or referred to.
    #[error("no option {name} is known: check the name and the reference to it")]
    NoSuchOption {
        /// The option as looked up or referred to.
        name: String,
    },
    /// A value refers to an option in an unknown group.
    #[error("no group {group} is known: check the reference to an option in it")]
    NoSuchGroup {
        /// The group.
        group: String,
    },
    /// A value refers to a whole group: `$deploy`.
    #[error("{name} is a group: refer to one of its options, as in ${name}.option")]
    GroupReference {
        /// The group.
        name: String,
    },
    /// A value refers to itself, directly or indirectly.
    #[error("the value of {option} refers to itself: break the loop")]
    ReferenceLoop {
        /// An option in the loop.
        option: OptName,
    },
    /// A value takes too many references: a chain of more than 200, where oslo.config gives up
    /// after about 120, or more than 10,000 in all, where oslo.config has no limit.
    #[error("{option} is reached through too many references: shorten the chain")]
    TooDeep {
        /// The option at which evaluation stopped.
        option: OptName,
    },
    /// The references in a value add more than 64 KiB to it. oslo.config has no limit.
    #[error("the reference to {option} makes the value too long: shorten what it refers to")]
    TooLong {
        /// The option that is referred to where evaluation stopped.
        option: OptName,
    },
    /// The text does not fit the option's type.
    #[error("the value of {option} is not valid: {cause}")]
    Invalid {
        /// The option.
        option: OptName,
        /// What was expected.
        #[source]
        cause: TypeError,
    },
}
