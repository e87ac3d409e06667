//! What is done to files, and what it is done for.

use std::rc::Rc;

use oslo_config::{Entry, OptName};

use super::rules::Text;
use crate::rule::Rule;

/// Changes that are made together or not at all.
#[derive(Debug, Clone)]
pub(crate) enum Planned<'d> {
    /// Options get their current names: one, or several that share a former name. References to
    /// them follow.
    Options(Vec<OptName>, Vec<Carry<'d>>),
    /// A rule is followed.
    Rule(Rc<Rule>, Vec<Effect<'d>>),
}

impl<'d> Planned<'d> {
    /// Returns the options whose former names are in use.
    pub(crate) fn options(&self) -> &[OptName] {
        match self {
            Planned::Options(options, _) => options,
            Planned::Rule(..) => &[],
        }
    }

    /// Returns what is done with entries of former names.
    pub(crate) fn carries(&self) -> &[Carry<'d>] {
        match self {
            Planned::Options(_, carries) => carries,
            Planned::Rule(..) => &[],
        }
    }

    /// Returns what a rule does.
    pub(crate) fn effects(&self) -> &[Effect<'d>] {
        match self {
            Planned::Options(..) => &[],
            Planned::Rule(_, effects) => effects,
        }
    }
}

/// An entry that has a former name of an option, which gets its value. The entry itself takes the
/// current name, unless something else reads it: then it is copied.
#[derive(Debug, Clone)]
pub(crate) struct Carry<'d> {
    pub(crate) file: usize,
    pub(crate) entry: Entry<'d, 'd>,
    /// The former name that the entry has.
    pub(crate) from: OptName,
    /// The option's current name.
    pub(crate) to: OptName,
    /// Another name of the option hides the entry, which goes.
    pub(crate) hidden: bool,
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

/// One thing that a rule does to a file.
#[derive(Debug, Clone)]
pub(crate) struct Effect<'d> {
    pub(crate) file: usize,
    /// The option that it starts from.
    pub(crate) from: OptName,
    /// The option that is set, or removed.
    pub(crate) option: OptName,
    pub(crate) kind: Kind<'d>,
}

/// What a rule does with an option.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'d> {
    /// An entry gets another value where it stands.
    Replace(Entry<'d, 'd>, Text),
    /// The option is set, which it was not, near the entries that its value comes from.
    Add(Vec<Entry<'d, 'd>>, Text),
    /// An entry is removed.
    Remove(Entry<'d, 'd>, Because),
}

/// Why an entry is removed.
#[derive(Debug, Clone)]
pub(crate) enum Because {
    /// Nothing reads it.
    Unread,
    /// Its value is now part of this option's.
    PartOf(OptName),
    /// This option, which is set, too, hides it.
    HiddenBy(OptName),
}

impl<'d> Effect<'d> {
    /// Removes an entry of an option.
    pub(crate) fn remove(
        (file, entry): (usize, Entry<'d, 'd>),
        option: &OptName,
        because: Because,
    ) -> Self {
        Effect {
            file,
            from: option.clone(),
            option: option.clone(),
            kind: Kind::Remove(entry, because),
        }
    }

    /// Returns the entry that it changes or removes; `None` for one that is added.
    pub(crate) fn entry(&self) -> Option<Entry<'d, 'd>> {
        match self.kind {
            Kind::Replace(entry, _) | Kind::Remove(entry, _) => Some(entry),
            Kind::Add(..) => None,
        }
    }
}
