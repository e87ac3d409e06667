//! What is done to files, and what it is done for.

use std::rc::Rc;

use oslo_config::{Entry, OptName};

use super::rules::Text;
use crate::rule::Rule;

/// Changes that are made together or not at all.
#[derive(Debug, Clone)]
pub(crate) struct Planned<'d> {
    pub(crate) origin: Origin,
    pub(crate) effects: Vec<Effect<'d>>,
}

/// What changes are made for.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// Options whose former names are in use: one, or several that share a former name. References to
    /// them follow.
    Options(Vec<OptName>),
    /// A rule.
    Rule(Rc<Rule>),
}

impl Planned<'_> {
    /// The options whose former names are in use.
    pub(crate) fn options(&self) -> &[OptName] {
        match &self.origin {
            Origin::Options(options) => options,
            Origin::Rule(_) => &[],
        }
    }
}

/// One thing that is done to a file.
#[derive(Debug, Clone)]
pub(crate) enum Effect<'d> {
    /// An option gets the value of an entry that has a former name of it. The entry itself takes the
    /// current name, unless something else reads it: then it is copied.
    Carry(Carry<'d>),
    /// An entry that has a former name of an option has no effect for it: another one hides it.
    Hide(Carry<'d>),
    /// An entry gets another value where it stands.
    Replace {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        value: Text,
        from: OptName,
    },
    /// An option is set that was not, near the entries that its value comes from.
    Add {
        file: usize,
        option: OptName,
        value: Text,
        from: OptName,
        sources: Vec<Entry<'d, 'd>>,
    },
    /// An entry is removed. `into` is the option that its value is part of now; none when nothing reads
    /// it.
    Remove {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        into: Option<OptName>,
        hidden: bool,
    },
}

/// An entry that has a former name of an option.
#[derive(Debug, Clone)]
pub(crate) struct Carry<'d> {
    pub(crate) file: usize,
    pub(crate) entry: Entry<'d, 'd>,
    /// The former name that the entry has.
    pub(crate) from: OptName,
    /// The option's current name.
    pub(crate) to: OptName,
    /// The entry gives the option its value in this file, or one of its values. Another entry of the
    /// same name may follow it.
    pub(crate) effective: bool,
    /// It can take its new name where it stands.
    pub(crate) in_place: bool,
    /// Its place among the values of a multi-valued option.
    pub(crate) order: usize,
    /// For a value of a multi-valued option: the first of the values that it goes before.
    pub(crate) before: Option<Entry<'d, 'd>>,
}

impl<'d> Effect<'d> {
    /// The option that is set, or removed.
    pub(crate) fn option(&self) -> &OptName {
        match self {
            Effect::Carry(carry) | Effect::Hide(carry) => &carry.to,
            Effect::Replace { option, .. }
            | Effect::Add { option, .. }
            | Effect::Remove { option, .. } => option,
        }
    }

    /// The option that it starts from.
    pub(crate) fn source(&self) -> &OptName {
        match self {
            Effect::Carry(carry) | Effect::Hide(carry) => &carry.from,
            Effect::Replace { from, .. } | Effect::Add { from, .. } => from,
            Effect::Remove { option, .. } => option,
        }
    }

    /// The file that it changes.
    pub(crate) fn file(&self) -> usize {
        match self {
            Effect::Carry(carry) | Effect::Hide(carry) => carry.file,
            Effect::Replace { file, .. }
            | Effect::Add { file, .. }
            | Effect::Remove { file, .. } => *file,
        }
    }

    /// The entry that it changes or removes; `None` for one that is added.
    pub(crate) fn entry(&self) -> Option<Entry<'d, 'd>> {
        match self {
            Effect::Carry(carry) | Effect::Hide(carry) => Some(carry.entry),
            Effect::Replace { entry, .. } | Effect::Remove { entry, .. } => Some(*entry),
            Effect::Add { .. } => None,
        }
    }
}
