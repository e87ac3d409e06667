//! The differences between the schemas of two releases.

use std::collections::BTreeSet;
use std::fmt::Display;

use oslo_config::{OptName, OptType};

use super::{Deprecation, Schema, SchemaOption};
use crate::pack::names_of;

/// The differences between an older and a newer schema.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The old and new names of options that were renamed, directly or through a third name. A
    /// former name of several options is listed for each of them.
    pub renamed: Vec<(OptName, OptName)>,
    /// The names that the older schema reads and the newer one does not.
    pub removed: Vec<OptName>,
    /// The options that the older schema does not have, even under a former name.
    pub new: Vec<OptName>,
    /// The options that both have, by their old and new names, with what is different about them.
    pub changed: Vec<(OptName, OptName, Changed)>,
    /// The options that only the newer schema calls deprecated for removal.
    pub deprecated: Vec<(OptName, Deprecation)>,
}

/// A difference in the definition of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The old and new types, in the words of the generator.
    Type(String, String),
    /// The choices.
    Choices {
        /// Values that are no longer allowed.
        removed: Vec<String>,
        /// Values that are now allowed.
        added: Vec<String>,
    },
    /// The old and new bounds, in words.
    Bounds(String, String),
    /// The old and new defaults, as they would be written in a file; empty for none. Those of
    /// secret options are left out.
    Default(Vec<String>, Vec<String>),
}

/// Compares two schemas.
#[must_use]
pub fn compare(old: &Schema, new: &Schema) -> Comparison {
    let mut found = Comparison::default();
    let opts = old.options().map(|option| &option.opt);
    let names: BTreeSet<&OptName> = opts.flat_map(names_of).collect();
    for name in names {
        if let Some(now) = new.option(name) {
            if let Some(was) = old.option(name) {
                found.changes(was, now);
            }
            continue;
        }
        let successors = successors(name, Some(old), new);
        if successors.is_empty() {
            found.removed.push(name.clone());
        }
        for successor in successors {
            // A former name that both read is no difference.
            let both = |schema: &Schema| schema.readers(name).any(|reader| *reader == successor);
            if both(old) && both(new) {
                continue;
            }
            if let (Some(was), Some(now)) = (old.option(name), new.option(&successor)) {
                found.changes(was, now);
            }
            found.renamed.push((name.clone(), successor));
        }
    }
    for option in new.options() {
        if !names_of(&option.opt).any(|name| old.reads(name)) {
            found.new.push(option.opt.name().clone());
        }
    }
    found
}

/// Tells why two schemas may not be those of an older and a newer release of one service, if there
/// is a reason.
#[must_use]
pub fn doubt(old: &Schema, new: &Schema) -> Option<String> {
    let (from, to) = (&old.origin, &new.origin);
    if let (Some(one), Some(other)) = (&old.project, &new.project)
        && one != other
    {
        return Some(format!(
            "{from} is the schema of {one}, and {to} that of {other}: expected two releases of one \
             service"
        ));
    }
    // How many options of one schema the other one reads by a former name only.
    let renamed = |old: &Schema, new: &Schema| {
        let former: BTreeSet<&OptName> = new
            .options()
            .flat_map(|option| option.opt.deprecated())
            .collect();
        let names = old.options().map(|option| option.opt.name());
        let gone = names.filter(|name| new.option(name).is_none());
        gone.filter(|name| former.contains(name)).count()
    };
    let (forward, backward) = (renamed(old, new), renamed(new, old));
    if backward > forward {
        return Some(format!(
            "{from} reads {backward} options of {to} by former names, and {to} {forward} of \
             {from}: the two schemas may be swapped"
        ));
    }
    let shared = old
        .options()
        .filter(|option| new.reads(option.opt.name()))
        .count();
    let few = old.options().count().min(new.options().count()) / 4;
    (shared < few).then(|| {
        format!(
            "{from} and {to} have {shared} options in common: they may be of different services"
        )
    })
}

/// Returns the options of the newer schema that supersede a name: those that read it as a former
/// name, or that read the name by which the older schema reads it.
pub(crate) fn successors(name: &OptName, old: Option<&Schema>, new: &Schema) -> Vec<OptName> {
    let direct: Vec<OptName> = new.readers(name).cloned().collect();
    if !direct.is_empty() {
        return direct;
    }
    let between = old.into_iter().flat_map(|old| old.readers(name));
    let now = between.flat_map(|reader| match new.option(reader) {
        Some(_) => vec![reader.clone()],
        None => new.readers(reader).cloned().collect(),
    });
    let distinct: BTreeSet<OptName> = now.collect();
    distinct.into_iter().collect()
}

impl Comparison {
    fn changes(&mut self, was: &SchemaOption, now: &SchemaOption) {
        let (old, new) = (was.opt.name(), now.opt.name());
        let mut changed = |what| self.changed.push((old.clone(), new.clone(), what));
        if was.type_name != now.type_name {
            changed(Changed::Type(was.type_name.clone(), now.type_name.clone()));
        }
        let (before, after) = (choices(was.opt.kind()), choices(now.opt.kind()));
        if before != after {
            // Without choices, all values are allowed.
            let lacks = |of: &BTreeSet<String>, other: &BTreeSet<String>| {
                of.difference(other).cloned().collect::<Vec<_>>()
            };
            changed(Changed::Choices {
                removed: lacks(&before, &after),
                added: lacks(&after, &before),
            });
        }
        let (before, after) = (bounds(was.opt.kind()), bounds(now.opt.kind()));
        if before != after {
            changed(Changed::Bounds(before, after));
        }
        let unknown = was.default_is_unknown || now.default_is_unknown;
        let secret = was.opt.is_secret() || now.opt.is_secret();
        if !unknown && !secret && was.opt.default() != now.opt.default() {
            let (before, after) = (was.opt.default().to_vec(), now.opt.default().to_vec());
            changed(Changed::Default(before, after));
        }
        if let (None, Some(deprecation)) = (&was.deprecation, &now.deprecation) {
            self.deprecated.push((new.clone(), deprecation.clone()));
        }
    }
}

fn choices(kind: &OptType) -> BTreeSet<String> {
    match kind {
        OptType::Str { choices, .. } => choices.iter().cloned().collect(),
        OptType::Int { choices, .. } => choices.iter().map(ToString::to_string).collect(),
        OptType::Port { choices, .. } => choices.iter().map(ToString::to_string).collect(),
        _ => BTreeSet::new(),
    }
}

/// Returns the bounds in words.
fn bounds(kind: &OptType) -> String {
    match kind {
        OptType::Int { min, max, .. } => in_words(*min, *max),
        OptType::Float { min, max } => in_words(*min, *max),
        // The bounds of every port are not worth mentioning.
        OptType::Port { min, max, .. } => in_words(
            min.filter(|bound| *bound != 0),
            max.filter(|bound| *bound != u16::MAX),
        ),
        _ => "none".to_owned(),
    }
}

fn in_words<T: Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (None, None) => "none".to_owned(),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
    }
}
