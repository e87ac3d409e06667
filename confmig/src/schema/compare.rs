//! What changed between two releases of a service.

use std::collections::BTreeSet;
use std::fmt::Display;

use oslo_config::{OptName, OptType};

use super::{Described, Going, Schema};
use crate::pack::names_of;

/// What changed between two schemas, an older and a newer one.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Names that have become others, at once or by way of one between: old and new. One that several
    /// options read stands here for each.
    pub renamed: Vec<(OptName, OptName)>,
    /// Names that the older one reads, as options or former names, and the newer one does not.
    pub removed: Vec<OptName>,
    /// Options that the older one neither has nor had under a former name.
    pub new: Vec<OptName>,
    /// Options of both, which are not the same.
    pub changed: Vec<(OptName, Changed)>,
    /// Options that the newer one calls deprecated for removal, and the older one does not.
    pub going: Vec<(OptName, Going)>,
}

/// What is different about an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Its type: the old one and the new one, in the words of the generator.
    Type(String, String),
    /// Values that are not allowed any more, and values that are allowed since.
    Choices {
        /// Not any more.
        gone: Vec<String>,
        /// Since.
        new: Vec<String>,
    },
    /// Its bounds, old and new, in words.
    Bounds(String, String),
    /// Its default, old and new, as they would be written in a file; empty for none. Those of secret
    /// options are left out.
    Default(Vec<String>, Vec<String>),
}

/// Compares two schemas.
#[must_use]
pub fn compare(old: &Schema, new: &Schema) -> Comparison {
    let mut found = Comparison::default();
    let opts = old.options().map(|described| &described.opt);
    let names: BTreeSet<&OptName> = opts.flat_map(names_of).collect();
    for name in names {
        if let Some(now) = new.option(name) {
            if let Some(was) = old.option(name) {
                found.changes(name, was, now);
            }
            continue;
        }
        let successors = successors(name, Some(old), new);
        if successors.is_empty() {
            found.removed.push(name.clone());
        }
        for successor in successors {
            // A former name that both read is nothing new.
            let both = |schema: &Schema| schema.readers(name).any(|reader| *reader == successor);
            if both(old) && both(new) {
                continue;
            }
            if let (Some(was), Some(now)) = (old.option(name), new.option(&successor)) {
                found.changes(&successor, was, now);
            }
            found.renamed.push((name.clone(), successor));
        }
    }
    for described in new.options() {
        if !names_of(&described.opt).any(|name| old.reads(name)) {
            found.new.push(described.opt.name().clone());
        }
    }
    found
}

/// The options of the newer schema that a name stands for now: those that read it as a former name, or as
/// one that it had in between by the older schema.
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
    fn changes(&mut self, name: &OptName, was: &Described, now: &Described) {
        let mut changed = |what| self.changed.push((name.clone(), what));
        if was.type_name != now.type_name {
            changed(Changed::Type(was.type_name.clone(), now.type_name.clone()));
        }
        let (before, after) = (choices(was.opt.kind()), choices(now.opt.kind()));
        if before != after {
            // No choices means that all values are allowed.
            let lacks = |of: &BTreeSet<String>, other: &BTreeSet<String>| {
                of.difference(other).cloned().collect::<Vec<_>>()
            };
            changed(Changed::Choices {
                gone: lacks(&before, &after),
                new: lacks(&after, &before),
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
        if let (None, Some(going)) = (&was.going, &now.going) {
            self.going.push((name.clone(), going.clone()));
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

/// The bounds in words.
fn bounds(kind: &OptType) -> String {
    match kind {
        OptType::Int { min, max, .. } => in_words(*min, *max),
        OptType::Float { min, max } => in_words(*min, *max),
        // A port has bounds of its own.
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
