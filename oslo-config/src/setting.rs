//! What there is to know of an option's value: the value, where it comes from, or why there is none.

use std::path::Path;

use crate::document::Entry;
use crate::opt::OptName;
use crate::types::TypeError;
use crate::value::Value;

/// A place where an option is set.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'d> {
    /// Which file, counted from 0 in the order in which they are read.
    pub file: usize,
    /// The file's path.
    pub path: &'d Path,
    /// The entry.
    pub entry: Entry<'d, 'd>,
    /// Which of the option's names the entry has: 0 is the current one, 1 its first former name.
    pub name_index: usize,
}

/// All places where an option is set.
#[derive(Debug, Clone, Default)]
pub struct Occurrences<'d> {
    /// Those that give the value: one, or for a multi-valued option all, in the order of its values.
    pub effective: Vec<Occurrence<'d>>,
    /// Those that are hidden by them, in the order in which the files are read.
    pub hidden: Vec<Occurrence<'d>>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is set nowhere, and the option has no default.
    Unset,
    /// The option's default.
    Default,
    /// An environment variable.
    Environment {
        /// The variable's name.
        variable: String,
    },
    /// A file. For a multi-valued option: the last of its values.
    File {
        /// The file's path.
        path: std::path::PathBuf,
        /// The line, the first being 1.
        line: usize,
        /// The name that the entry has.
        name: OptName,
        /// The name is a former one.
        deprecated: bool,
    },
}

impl Origin {
    /// The former name by which the value was found; `None` when it has another origin.
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

/// The value of an option, and where it comes from.
#[derive(Debug, Clone)]
pub struct Setting<'d> {
    /// The value, converted to the option's type.
    pub value: Value,
    /// The texts that it was converted from, references replaced: one, or one for each value of a
    /// multi-valued option; empty when nothing is set and there is no default.
    pub texts: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The places in files where it is set.
    pub occurrences: Occurrences<'d>,
}

/// Why an option has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// No such option is registered, or a value refers to one that is not.
    #[error("no option {name} is known: check the name and the reference to it")]
    NoSuchOption {
        /// The option, as it was asked for or referred to.
        name: String,
    },
    /// A value refers to an option in a group that has none.
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
    /// A value refers to itself, directly or through others.
    #[error("the value of {option} refers to itself: break the circle")]
    ReferenceLoop {
        /// An option in the circle.
        option: OptName,
    },
    /// A value takes more references than anybody means: a chain of more than 200, where oslo.config
    /// gives up after some 120, or more than 10,000 in all, where oslo.config goes on.
    #[error("{option} is reached through too many references: shorten the chain")]
    TooDeep {
        /// The option where the chain was left.
        option: OptName,
    },
    /// The text is not of the option's type.
    #[error("the value of {option} is not valid: {cause}")]
    Invalid {
        /// The option.
        option: OptName,
        /// What was expected.
        #[source]
        cause: TypeError,
    },
}
