//! What must hold of rules: what they do not name is as it was, and a renaming keeps the value that counts.

use std::collections::BTreeSet;

use oslo_config::{Opt, OptName, ParsedFile, references};

use super::registered::{marked, plain};
use super::{is_loop, parse, read, resolved};
use crate::generate::{IfSet, Rule, RuleCase, RuleKind, Set};
use crate::oracle::{Oracle, Outcome, Resolved};

/// The options that the rules may give another value: those that they name, and those that refer to what
/// is not only renamed, or to what a renaming gives a value or
/// finds unset.
pub(super) fn may_change(case: &RuleCase, files: &[ParsedFile<'_>]) -> BTreeSet<OptName> {
    let mut changes = case.converted();
    let given = given(case, files);
    changes.extend(case.rules.iter().filter_map(|rule| match rule {
        Rule::Rename { from, to, .. } if given.contains(from) => Some(to.clone()),
        Rule::Rename { from, .. } => Some(from.clone()),
        _ => None,
    }));
    let mut all = with_what_refers(files, &case.set.opts, changes);
    let touched = case.touched();
    for opt in &case.set.opts {
        if opt.deprecated().iter().any(|name| touched.contains(name)) {
            all.insert(opt.name().clone());
        }
    }
    all.extend(touched);
    all
}

/// The options that are renamed and set, or get a value by another renaming.
fn given(case: &RuleCase, files: &[ParsedFile<'_>]) -> BTreeSet<OptName> {
    let mut given = BTreeSet::new();
    // A chain has at most as many links as there are rules.
    for _ in &case.rules {
        for rule in &case.rules {
            if let Rule::Rename { from, to, .. } = rule
                && (given.contains(from) || is_set(files, from))
            {
                given.extend([from.clone(), to.clone()]);
            }
        }
    }
    given
}

/// The set, whose service also has the options that the rules rename: each is the same option as the one that it
/// becomes, so that a reference to it is printed in the same way.
pub(super) fn with_sources(case: &RuleCase) -> Set {
    let mut set = case.set.clone();
    for rule in &case.rules {
        let Rule::Rename { from, to, .. } = rule else {
            continue;
        };
        let is_known = |opt: &Opt| opt.name() == from || opt.deprecated().contains(from);
        let target = case.set.opts.iter().find(|opt| opt.name() == to);
        if let Some(target) = target
            && !set.opts.iter().any(is_known)
        {
            let kind = target.kind().clone();
            set.opts.push(Opt::new(from.group(), from.name(), kind));
        }
    }
    set
}

/// Names, and the options whose values refer to them, or that have them as former names; with the former
/// names of those, by which others may refer to them.
pub(crate) fn with_what_refers(
    files: &[ParsedFile<'_>],
    opts: &[Opt],
    mut names: BTreeSet<OptName>,
) -> BTreeSet<OptName> {
    loop {
        let known = names.len();
        for entry in files.iter().flat_map(|file| file.document.entries()) {
            let own = OptName::new(entry.group().to_string(), entry.key().to_string());
            // By a former name, too, a value is read in the group of the current one.
            let readers = opts.iter().filter(|opt| opt.deprecated().contains(&own));
            let read_as: Vec<&OptName> = readers.map(Opt::name).chain([&own]).collect();
            let found = references(&entry.value());
            let refers = read_as.iter().any(|option| {
                let mut targets = found.iter().flat_map(|to| to.options(option.group()));
                targets.any(|to| names.contains(&to))
            });
            if refers {
                names.insert(own);
            }
        }
        for opt in opts {
            if opt.deprecated().iter().any(|name| names.contains(name)) {
                names.insert(opt.name().clone());
            }
            if names.contains(opt.name()) {
                names.extend(opt.deprecated().iter().cloned());
            }
        }
        if names.len() == known {
            return names;
        }
    }
}

/// A renaming that nothing was left of for the operator to decide gives its target the value that counts.
pub(super) fn renaming_holds(
    oracle: &mut Oracle,
    case: &RuleCase,
    after: &Set,
    keep_old: bool,
) -> Result<(), String> {
    let Some((from, to, if_set)) = renaming(case) else {
        return Ok(());
    };
    let texts = [read(&case.set), read(after)].concat();
    let parsed = parse(&texts).map_err(|error| error.to_string())?;
    let mut opts = plain(&parsed, &[]);
    opts.extend(marked(&parsed, &opts));
    let before = Reading::of(oracle, &case.set, &opts)?;
    let new = Reading::of(oracle, after, &opts)?;
    let (was, target) = (before.value(&from), before.value(&to));
    let (old_files, new_files) = (read(&case.set), read(after));
    let is_set = |name: &OptName| sets(&old_files, name);
    let expected = match if_set {
        _ if !is_set(&from) => target,
        _ if !is_set(&to) => was,
        IfSet::Target => target,
        IfSet::Source => was,
        IfSet::Either => return either(&was, &target, &new.value(&to)),
        IfSet::Last if is_last(&old_files, &to, &from) => target,
        IfSet::Last => was,
        IfSet::Decide if was == target => target,
        IfSet::Decide => return Err(format!("{from} and {to} differ, and nothing is to decide")),
    };
    // What refers to itself has no value to keep.
    if new.value(&to) != expected && !is_loop(&expected) {
        let new = new.value(&to);
        return Err(format!("{to} should be {expected:?}\nand is {new:?}"));
    }
    if !keep_old && sets(&new_files, &from) {
        return Err(format!("{from} is still set, and nothing is to decide"));
    }
    Ok(())
}

/// The first name and the last one, when the rules are nothing but renamings from the one to the other.
fn renaming(case: &RuleCase) -> Option<(OptName, OptName, IfSet)> {
    let renames = case.rules.iter().filter_map(|rule| match rule {
        Rule::Rename { from, to, if_set } => Some((from.clone(), to.clone(), *if_set)),
        _ => None,
    });
    let renames: Vec<_> = renames.collect();
    match (case.kind, renames.as_slice()) {
        (RuleKind::Rename(_), [rename]) => Some(rename.clone()),
        (RuleKind::Chain, [(a, b, _), (c, d, if_set)]) => {
            let (first, between, last) = if b == c { (a, b, d) } else { (c, d, b) };
            // What counts of three is another question.
            let files = read(&case.set);
            let alone = !sets(&files, between) && !sets(&files, last);
            alone.then(|| (first.clone(), last.clone(), *if_set))
        }
        _ => None,
    }
}

/// Tells whether the last file that sets either of two names sets the first.
fn is_last(files: &[oslo_config::SourceFile], first: &OptName, other: &OptName) -> bool {
    let mut files = files.iter().rev().map(std::slice::from_ref);
    let last = files.find(|file| sets(file, first) || sets(file, other));
    last.is_some_and(|file| sets(file, first))
}

fn sets(files: &[oslo_config::SourceFile], name: &OptName) -> bool {
    parse(files).is_ok_and(|parsed| is_set(&parsed, name))
}

fn is_set(files: &[ParsedFile<'_>], name: &OptName) -> bool {
    let mut entries = files.iter().flat_map(|file| file.document.entries());
    entries.any(|entry| *entry.group() == *name.group() && entry.key() == name.name())
}

/// Two switches: on when either is.
fn either(was: &Outcome, target: &Outcome, new: &Outcome) -> Result<(), String> {
    let switch = |outcome: &Outcome| match outcome {
        Outcome::Found { text, .. } => match text.to_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        },
        Outcome::Refused { .. } => None,
    };
    match (switch(was), switch(target), switch(new)) {
        (Some(was), Some(target), Some(new)) if new == (was || target) => Ok(()),
        (None, ..) | (_, None, _) => Err(format!(
            "{was:?} and {target:?} are no two switches, and nothing is to decide"
        )),
        _ => Err(format!("of {was:?} and {target:?} it makes {new:?}")),
    }
}

/// The values of options by their names.
struct Reading {
    opts: Vec<Opt>,
    values: Resolved,
}

impl Reading {
    fn of(oracle: &mut Oracle, set: &Set, opts: &[Opt]) -> Result<Self, String> {
        Ok(Reading {
            opts: opts.to_vec(),
            values: resolved(oracle, set, opts)?,
        })
    }

    /// The value; that of an option that is not set, when it is not registered.
    fn value(&self, name: &OptName) -> Outcome {
        let at = self.opts.iter().position(|opt| opt.name() == name);
        let not_set = || Outcome::Found {
            value: serde_json::Value::Null,
            text: String::new(),
        };
        at.map_or_else(not_set, |at| self.values.options[at].clone())
    }
}
