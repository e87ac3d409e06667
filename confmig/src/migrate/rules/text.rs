//! Values as texts: as they are written, as they are read, and what they say.

use oslo_config::{Opt, OptType, references};

/// A value as it is written in a file, and as oslo.config reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) raw: String,
    pub(crate) read: String,
}

impl Text {
    /// A value of which every character counts as it is.
    pub(super) fn literal(read: String) -> Self {
        Text {
            raw: read.replace('$', "$$"),
            read,
        }
    }

    /// Tells whether the value has no references: then it can be looked into.
    pub(super) fn is_plain(&self) -> bool {
        references(self.raw.as_bytes()).is_empty()
    }
}

/// What is to be decided before a value can be made, in words.
pub(super) type Doubtful = String;

/// The items of a list.
pub(super) fn split<'t>(text: &'t str, at: Option<&str>) -> Vec<&'t str> {
    let items: Vec<&str> = match at {
        None => text.split([',', '\n']).collect(),
        Some(" ") => text.split_whitespace().collect(),
        Some(at) => text.split(at).collect(),
    };
    items
        .into_iter()
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

/// What oslo.config takes a switch for.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Tells whether a value is what a rule names, as a switch or as it is.
pub(super) fn says(value: &str, named: &str) -> bool {
    value.trim() == named.trim()
        || matches!((switch(value), switch(named)), (Some(value), Some(named)) if value == named)
}

/// Tells whether two values of an option are the same. Only those of a switch may be written in several
/// ways: `1` and `true` are not the same number.
pub(super) fn same(option: &Opt, one: &str, other: &str) -> bool {
    match option.kind() {
        OptType::Bool => says(one, other),
        _ => one.trim() == other.trim(),
    }
}
