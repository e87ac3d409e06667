//! What a legacy program reads, which knows the former names only.

use oslo_config::{DEFAULT_GROUP, Document, Opt, OptName, OptType, references};
use serde_json::Value as Json;

use super::registered::{groups, is_group};
use super::resolved;
use crate::generate::Set;
use crate::oracle::{Oracle, Outcome};
use crate::target::of_name;

/// Returns the set with groups added to the references to options of the same group in the values
/// of former names.
pub(super) fn with_groups_in_references(set: &Set, opts: &[Opt]) -> Set {
    let mut set = set.clone();
    let is_known = |group: &str, name: &str| {
        let names = opts
            .iter()
            .flat_map(|opt| [opt.name()].into_iter().chain(opt.deprecated()));
        names
            .into_iter()
            .any(|known| known.group() == group && known.name() == name)
    };
    for file in set.files_mut() {
        let Ok(document) = Document::parse(&file.text) else {
            continue;
        };
        let mut text = file.text.clone();
        let mut entries: Vec<_> = document.entries().collect();
        // From the last one on, so that ranges stay valid.
        entries.reverse();
        for entry in entries {
            let name = OptName::new(entry.group().to_string(), entry.key().to_string());
            let former = opts.iter().any(|opt| opt.deprecated().contains(&name));
            if !former || name.group() == DEFAULT_GROUP {
                continue;
            }
            let mut ranges: Vec<_> = entry.value_ranges().collect();
            ranges.reverse();
            for range in ranges {
                let value = &document.text()[range.clone()];
                for found in references(value).iter().rev() {
                    let (None, key) = found.parts() else { continue };
                    let at = range.start + found.range().start..range.start + found.range().end;
                    if is_known(name.group(), key) {
                        let braced = text[at.start - 1] == b'{';
                        let whole = format!("{}.{key}", name.group());
                        let whole = if braced {
                            whole
                        } else {
                            format!("{{{whole}}}")
                        };
                        text.splice(at, whole.into_bytes());
                    }
                }
            }
        }
        file.text = text;
    }
    set
}

/// Returns the set with underscores instead of hyphens in former names, as options are registered.
pub(super) fn with_underscores(set: &Set, opts: &[Opt]) -> Set {
    let former = opts.iter().flat_map(Opt::deprecated);
    let hyphens = || former.clone().filter(|name| name.name().contains('-'));
    let mut set = set.clone();
    for file in set.files_mut() {
        let Ok(text) = std::str::from_utf8(&file.text) else {
            continue;
        };
        let lines = text.split_inclusive('\n').map(|line| {
            let name = hyphens().find(|name| line.starts_with(name.name()));
            name.map_or(line.to_owned(), |name| {
                line.replacen(name.name(), &name.name().replace('-', "_"), 1)
            })
        });
        file.text = lines.collect::<String>().into_bytes();
    }
    set
}

/// A program's options and what it reads for each.
pub(super) type Program = Vec<(Opt, Outcome)>;

/// Tells whether a legacy program read this value by one of the former names, or by the current
/// one.
pub(super) fn is_of_legacy(opt: &Opt, new: &Outcome, programs: &[Program]) -> bool {
    programs.iter().any(|program| reads(program, opt, new))
}

fn reads(legacy: &Program, opt: &Opt, new: &Outcome) -> bool {
    let mut names = opt.deprecated().iter().chain([opt.name()]);
    if !opt.is_multi() {
        return names.any(|name| {
            let mut read = legacy.iter().filter(|(read, _)| read.name() == name);
            read.any(|(_, value)| value == new)
        });
    }
    // The values of all names, in any order.
    let values = |outcome: &Outcome| match outcome {
        Outcome::Found {
            value: Json::Array(values),
            ..
        } => values.iter().map(Json::to_string).collect(),
        _ => Vec::new(),
    };
    let of_name = |name: &OptName| {
        let read = legacy
            .iter()
            .find(|(read, _)| read.name() == name && read.is_multi());
        read.map(|(_, outcome)| values(outcome)).unwrap_or_default()
    };
    let mut expected: Vec<String> = names.flat_map(of_name).collect();
    let mut found = values(new);
    expected.sort();
    found.sort();
    expected == found
}

/// Returns what legacy programs read: former names are options of their own. There are several
/// programs if a name belongs to several options, one for each. With `knows_current`, they also
/// have the options by their current names.
pub(super) fn legacy_values(
    oracle: &mut Oracle,
    set: &Set,
    opts: &[Opt],
    knows_current: bool,
) -> Result<Vec<Program>, String> {
    let mut programs: Vec<Vec<Opt>> = vec![Vec::new()];
    for opt in legacy(opts, knows_current) {
        let has_not =
            |program: &&mut Vec<Opt>| program.iter().all(|known| known.name() != opt.name());
        match programs.iter_mut().find(has_not) {
            Some(program) => program.push(opt),
            None => programs.push(vec![opt]),
        }
    }
    // All programs have the remaining options, so that values may refer to them.
    let (first, others) = programs.split_at_mut(1);
    for other in others {
        *other = completed(std::mem::take(other), &first[0]);
    }
    values(oracle, set, programs)
}

/// Returns what legacy programs read that have a name as one of several options, or as one of text,
/// and other such names as the options of another program.
pub(super) fn mixed_legacy_values(
    oracle: &mut Oracle,
    set: &Set,
    opts: &[Opt],
) -> Result<Vec<Program>, String> {
    let mut all = legacy(opts, true);
    let former = opts.iter().flat_map(Opt::deprecated);
    let texts = former.map(|name| Opt::new(name.group(), name.name(), OptType::string()));
    all.extend(texts);
    let is_shared = |opt: &&Opt| {
        let mut others = all.iter();
        others.any(|other| other.name() == opt.name() && other != *opt)
    };
    let programs = all.iter().filter(is_shared).flat_map(|opt| {
        let first = completed(vec![opt.clone()], &all);
        let last = completed(vec![opt.clone()], all.iter().rev());
        [first, last]
    });
    values(oracle, set, programs.collect())
}

/// Adds the options whose names a program does not have yet.
fn completed<'o>(mut program: Vec<Opt>, opts: impl IntoIterator<Item = &'o Opt>) -> Vec<Opt> {
    for opt in opts {
        if program.iter().all(|known| known.name() != opt.name()) {
            program.push(opt.clone());
        }
    }
    program
}

/// Returns what programs with these options read.
fn values(oracle: &mut Oracle, set: &Set, programs: Vec<Vec<Opt>>) -> Result<Vec<Program>, String> {
    let mut found = Vec::new();
    for program in programs {
        let values = resolved(oracle, set, &program)?;
        found.push(program.into_iter().zip(values.options).collect());
    }
    Ok(found)
}

fn legacy(opts: &[Opt], knows_current: bool) -> Vec<Opt> {
    let mut found: Vec<Opt> = Vec::new();
    for opt in opts {
        // No option is read by a name with a hyphen; the spelling with underscores is also listed.
        let readable = |name: &&OptName| !name.name().contains('-');
        let former = opt.deprecated().iter().filter(readable);
        found.extend(former.map(|name| of_name(opt, name)));
        let is_former = || {
            opts.iter()
                .any(|other| other.deprecated().contains(opt.name()))
        };
        if knows_current || opt.deprecated().is_empty() || is_former() {
            found.push(of_name(opt, opt.name()));
        }
    }
    let groups = groups(&found);
    let mut program: Vec<Opt> = Vec::new();
    for opt in &found {
        if !is_group(opt.name(), &groups) && !program.contains(opt) {
            program.push(opt.clone());
        }
    }
    program
}
