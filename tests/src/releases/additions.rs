//! Checks what a migration adds.

use std::collections::{BTreeMap, BTreeSet};

use confmig::migrate::Migration;
use confmig::target::name_of;
use oslo_config::{Document, OptName, ParsedFile, references};

use super::{ReleaseCase, names};

/// The values of options, as they are written; the last one counts.
type Values = BTreeMap<OptName, Vec<Vec<u8>>>;

/// Checks that the newer release reads what is added, and that the values are those that a
/// migration without the old names sets, if neither leaves the option to decide.
pub(super) fn hold(
    case: &ReleaseCase,
    before: &[ParsedFile<'_>],
    kept: &Migration,
    plain: &Migration,
) -> Result<(), String> {
    let (now, without) = (values(kept)?, values(plain)?);
    let open = kept.decisions.iter();
    let open = open.filter(|decision| decision.rule.is_none() || decision.acceptable);
    let decided = open.flat_map(|decision| decision.options.iter().chain([&decision.option]));
    let decided: BTreeSet<&OptName> = decided.collect();
    let referred: BTreeSet<OptName> = referred(&now).collect();
    for (option, values) in added(before, &now) {
        if is_unread(option, case) && !decided.contains(option) && !referred.contains(option) {
            return Err(format!(
                "{option} was added, and {} does not read it",
                case.to
            ));
        }
        let is_settled = plain.decisions.is_empty() && !decided.contains(option);
        let other = without.get(option).filter(|_| is_settled);
        let (Some(value), Some(other)) = (values.last(), other.and_then(|other| other.last()))
        else {
            continue;
        };
        if other != value && !value.contains(&b'$') {
            let (value, other) = (value.escape_ascii(), other.escape_ascii());
            return Err(format!(
                "{option} was set to {value}, and without the old names to {other}"
            ));
        }
    }
    Ok(())
}

/// Checks that no value is given both to an option that the newer release reads and to one that it
/// does not.
pub(super) fn are_of_use(
    case: &ReleaseCase,
    before: &[ParsedFile<'_>],
    plain: &Migration,
) -> Result<(), String> {
    let now = values(plain)?;
    // A rule may still go on from there.
    let decided = plain
        .decisions
        .iter()
        .filter(|decision| decision.acceptable);
    let decided = decided.flat_map(|decision| decision.options.iter().cloned());
    let needed: BTreeSet<OptName> = decided.chain(referred(&now)).collect();
    // Other values may be the same by chance.
    let is_unique = |value: &&Vec<u8>| value.starts_with(b"v") && !value.contains(&b'$');
    let (unread, read): (Vec<_>, Vec<_>) =
        added(before, &now).partition(|(option, _)| is_unread(option, case));
    for (option, values) in unread.into_iter().filter(|(it, _)| !needed.contains(it)) {
        let has = |value: &Vec<u8>| read.iter().find(|(_, values)| values.contains(value));
        if let Some((other, _)) = values.iter().filter(is_unique).find_map(has) {
            return Err(format!(
                "{option} was added beside {other}, and {} does not read it",
                case.to
            ));
        }
    }
    Ok(())
}

fn is_unread(option: &OptName, case: &ReleaseCase) -> bool {
    names().get(option).is_some_and(|it| !it.is_read(case.to))
}

/// Iterates over the options that were not set before.
fn added<'v>(
    before: &[ParsedFile<'_>],
    now: &'v Values,
) -> impl Iterator<Item = (&'v OptName, &'v Vec<Vec<u8>>)> {
    let set = before.iter().flat_map(|file| file.document.entries());
    let set: BTreeSet<OptName> = set.map(name_of).collect();
    now.iter().filter(move |(option, _)| !set.contains(option))
}

/// Iterates over the options that values refer to.
fn referred(now: &Values) -> impl Iterator<Item = OptName> {
    now.iter().flat_map(|(option, values)| {
        let found = values.iter().flat_map(|value| references(value));
        found.flat_map(|it| it.options(option.group()))
    })
}

fn values(migration: &Migration) -> Result<Values, String> {
    let mut values = Values::new();
    for file in &migration.files {
        let document = Document::parse(&file.after).map_err(|error| error.to_string())?;
        for entry in document.entries() {
            let of_option = values.entry(name_of(entry)).or_default();
            of_option.push(entry.value().to_vec());
        }
    }
    Ok(values)
}
