//! What is planned for a set of files, and what comes of it.

use std::rc::Rc;

use oslo_config::{Document, Entry, LineMap, OptName, references};

use super::Change;
use crate::rule::Rule;

/// Changes that are made together or not at all.
#[derive(Debug, Clone)]
pub(crate) enum Planned<'d> {
    /// Options get their current names: one, or several that share a former name. References to
    /// them follow.
    Options(Vec<OptName>, Vec<Transfer<'d>>),
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
    pub(crate) fn transfers(&self) -> &[Transfer<'d>] {
        match self {
            Planned::Options(_, transfers) => transfers,
            Planned::Rule(..) => &[],
        }
    }

    /// Returns the effects of a rule.
    pub(crate) fn effects(&self) -> &[Effect<'d>] {
        match self {
            Planned::Options(..) => &[],
            Planned::Rule(_, effects) => effects,
        }
    }
}

/// The transfer of a value from an entry of a former name to the option's current name. The entry
/// itself is renamed or moved, unless something else reads it: then it is copied.
#[derive(Debug, Clone)]
pub(crate) struct Transfer<'d> {
    pub(crate) file: usize,
    pub(crate) entry: Entry<'d, 'd>,
    /// The former name that the entry has.
    pub(crate) from: OptName,
    /// The option's current name.
    pub(crate) to: OptName,
    /// Another name of the option hides the entry, which is removed.
    pub(crate) hidden: bool,
    /// The entry gives the option its value in this file, or one of its values; not so if another
    /// entry of the same name follows it.
    pub(crate) effective: bool,
    /// The entry can be renamed on its line.
    pub(crate) in_place: bool,
    /// The position among the values of a multi-valued option.
    pub(crate) order: usize,
    /// For a value of a multi-valued option: the first of the values that it precedes.
    pub(crate) before: Option<Entry<'d, 'd>>,
}

/// One effect of a rule on a file.
#[derive(Debug, Clone)]
pub(crate) struct Effect<'d> {
    pub(crate) file: usize,
    /// The option that the value comes from.
    pub(crate) from: OptName,
    /// The option that is set or removed.
    pub(crate) option: OptName,
    pub(crate) kind: EffectKind<'d>,
}

/// What a rule does with an option.
#[derive(Debug, Clone)]
pub(crate) enum EffectKind<'d> {
    /// An entry gets another value.
    Replace(Entry<'d, 'd>, Text),
    /// The option, which was not set, is set near the entries that its value comes from.
    Add(Vec<Entry<'d, 'd>>, Text),
    /// An entry is removed.
    Remove(Entry<'d, 'd>, RemovalReason),
}

/// Why an entry is removed.
#[derive(Debug, Clone)]
pub(crate) enum RemovalReason {
    /// Nothing reads it.
    Unread,
    /// Its value is now part of this option's value.
    PartOf(OptName),
    /// This option, which is set, too, hides it.
    HiddenBy(OptName),
}

impl<'d> Effect<'d> {
    /// Creates the removal of an entry of an option.
    pub(crate) fn remove(
        (file, entry): (usize, Entry<'d, 'd>),
        option: &OptName,
        reason: RemovalReason,
    ) -> Self {
        Effect {
            file,
            from: option.clone(),
            option: option.clone(),
            kind: EffectKind::Remove(entry, reason),
        }
    }

    /// Returns the entry that is changed or removed; `None` for one that is added.
    pub(crate) fn entry(&self) -> Option<Entry<'d, 'd>> {
        match self.kind {
            EffectKind::Replace(entry, _) | EffectKind::Remove(entry, _) => Some(entry),
            EffectKind::Add(..) => None,
        }
    }

    /// Returns the file and the line of the entry that is changed or removed.
    pub(crate) fn place(&self) -> Option<(usize, usize)> {
        Some((self.file, self.entry()?.line()))
    }
}

/// An option that is not set, to be set below a comment.
#[derive(Debug)]
pub(crate) struct Addition<'p> {
    pub(crate) option: &'p OptName,
    /// The name of the option in the older release.
    pub(crate) former: &'p OptName,
    /// One text for each value.
    pub(crate) values: &'p [String],
    /// The text of the comment.
    pub(crate) comment: String,
    /// The description of the change.
    pub(crate) message: String,
}

/// A value as it is written in a file, and as oslo.config reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Text {
    pub(crate) raw: String,
    pub(crate) read: String,
}

impl Text {
    /// Creates a value that is read literally.
    pub(crate) fn literal(read: String) -> Self {
        Text {
            raw: read.replace('$', "$$"),
            read,
        }
    }

    /// Tells whether the value has no references, so that its meaning is known.
    pub(crate) fn is_plain(&self) -> bool {
        references(self.raw.as_bytes()).is_empty()
    }
}

/// The outcome of planned changes for one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    /// The new text, with nothing masked out; `None` when nothing changes.
    pub(crate) document: Option<Document<'static>>,
    pub(crate) changes: Vec<Change>,
    /// Which line of the old text each line of the new one comes from.
    pub(crate) lines: LineMap,
}
