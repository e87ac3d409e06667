//! Checks what a migration adds where old names are kept.

use std::collections::{BTreeMap, BTreeSet};

use confmig::migrate::Migration;
use confmig::target::name_of;
use oslo_config::{Document, OptName, ParsedFile, references};

use super::{ReleaseCase, names};

/// The values of options, as they are written; the last one counts.
type Values = BTreeMap<OptName, Vec<Vec<u8>>>;

/// Checks that the newer release reads what is added, and that the values are those that a
/// migration without the old names sets, if that one leaves nothing to decide.
pub(super) fn hold(
    case: &ReleaseCase,
    before: &[ParsedFile<'_>],
    kept: &Migration,
    plain: &Migration,
) -> Result<(), String> {
    let set = before.iter().flat_map(|file| file.document.entries());
    let set: BTreeSet<OptName> = set.map(name_of).collect();
    let (now, without) = (values(kept)?, values(plain)?);
    let decided = kept.decisions.iter();
    let decided = decided.flat_map(|decision| decision.options.iter().chain([&decision.option]));
    let mut needed: BTreeSet<OptName> = decided.cloned().collect();
    for (option, values) in &now {
        let referred = values.iter().flat_map(|value| references(value));
        needed.extend(referred.flat_map(|it| it.options(option.group())));
    }
    for (option, values) in now.iter().filter(|(option, _)| !set.contains(option)) {
        let unread = names().get(option).is_some_and(|it| !it.is_read(case.to));
        if unread && !needed.contains(option) {
            return Err(format!(
                "{option} was added, and {} does not read it",
                case.to
            ));
        }
        let other = without.get(option).filter(|_| plain.decisions.is_empty());
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
