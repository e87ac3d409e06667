//! Checks rules: options that they do not name keep their values, and a renaming keeps the right
//! value.

use std::collections::BTreeSet;

use oslo_config::{Opt, OptName, OptType, ParsedFile, references};

use super::registered::{marked, plain};
use super::{is_loop, parse, read, resolved};
use crate::generate::{IfSet, Rule, RuleCase, RuleKind, Set};
use crate::oracle::{Oracle, Outcome, Resolved};

/// Returns the options whose values the rules may change: those that they name, and those that
/// refer to options that are not only renamed, or whose renaming sets them or finds them unset.
pub(super) fn may_change(case: &RuleCase, files: &[ParsedFile<'_>]) -> BTreeSet<OptName> {
    let mut changes = case.converted();
    let given = given(case, files);
    changes.extend(case.rules.iter().filter_map(|rule| match rule {
        Rule::Rename { from, to, .. } if given.contains(from) => Some(to.clone()),
        Rule::Rename { from, .. } => Some(from.clone()),
        _ => None,
    }));
    // By a former name, a reference first finds the current key in the group of that name.
    let formers = case.set.opts.iter().flat_map(|opt| {
        let key = opt.name().name();
        let of_key = move |former: &OptName| OptName::new(former.group(), key);
        opt.deprecated().iter().map(move |it| (of_key(it), it))
    });
    let found = formers.filter(|(found, _)| changes.contains(found));
    let found: Vec<OptName> = found.map(|(_, former)| former.clone()).collect();
    changes.extend(found);
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

/// Returns the options that are renamed and are set, or get a value by another renaming.
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

/// Returns the set with the options that the rules rename, each of the type of the option that
/// already reads the name as a former one, or else of the one that it becomes, and multi-valued if
/// that is, so that references to it are printed the same way.
pub(super) fn with_sources(case: &RuleCase) -> Set {
    let mut set = case.set.clone();
    for rule in &case.rules {
        let Rule::Rename { from, to, .. } = rule else {
            continue;
        };
        if set.opts.iter().any(|opt| opt.name() == from) {
            continue;
        }
        let opts = case.set.opts.iter();
        let reader = opts.clone().find(|opt| opt.deprecated().contains(from));
        let reads = |opt: &&Opt| opt.name() == to || opt.deprecated().contains(to);
        let like = reader.or_else(|| opts.clone().find(reads));
        let kind = like.map_or_else(OptType::string, |like| like.kind().clone());
        let source = Opt::new(from.group(), from.name(), kind);
        set.opts.push(match like.is_some_and(Opt::is_multi) {
            true => source.multi(),
            false => source,
        });
    }
    set
}

/// Adds to `names` the options whose values refer to them or that have them as former names, and
/// the former names of these, by which others may refer to them.
pub(crate) fn with_what_refers(
    files: &[ParsedFile<'_>],
    opts: &[Opt],
    mut names: BTreeSet<OptName>,
) -> BTreeSet<OptName> {
    loop {
        let known = names.len();
        for entry in files.iter().flat_map(|file| file.document.entries()) {
            let own = OptName::new(entry.group().to_string(), entry.key().to_string());
            // A value is read in the group of the current name, even by a former name.
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

/// Checks that a renaming without a decision gives its target the right value.
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
        IfSet::Decide => return Err(format!("{from} and {to} differ, and there is no decision")),
    };
    // A value that refers to itself cannot be kept.
    if new.value(&to) != expected && !is_loop(&expected) {
        let new = new.value(&to);
        return Err(format!("{to} should be {expected:?}\nand is {new:?}"));
    }
    if !keep_old && sets(&new_files, &from) {
        return Err(format!("{from} is still set, and there is no decision"));
    }
    Ok(())
}

/// Returns the first and the last name of rules that only rename the one to the other.
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
            // Not if three names are set.
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

/// Checks that a switch is on if either of two was.
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
        // Of two equal values, nothing needs to be decided.
        _ if was == target && target == new => Ok(()),
        (Some(was), Some(target), Some(new)) if new == (was || target) => Ok(()),
        (None, ..) | (_, None, _) => Err(format!(
            "{was:?} and {target:?} are not two switches, and there is no decision"
        )),
        _ => Err(format!("{was:?} and {target:?} become {new:?}")),
    }
}

/// Options and their values.
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

    /// Returns the value of an option; if it is not registered, that of an option that is not set.
    fn value(&self, name: &OptName) -> Outcome {
        let at = self.opts.iter().position(|opt| opt.name() == name);
        let not_set = || Outcome::Found {
            value: serde_json::Value::Null,
            text: String::new(),
        };
        at.map_or_else(not_set, |at| self.values.options[at].clone())
    }
}
