//! Checks that oslo.config reads the same values before and after.

use std::collections::BTreeMap;

use oslo_config::{Opt, OptName, SourceFile};

use super::deprecated::nothing_deprecated;
use super::legacy::{
    is_of_legacy, legacy_values, mixed_legacy_values, with_groups_in_references, with_underscores,
};
use super::registered::{marked, plain};
use super::{ValueCase, is_loop, parse, read, resolved};
use crate::generate::Set;
use crate::oracle::{Oracle, Outcome};

/// Checks that all options keep their values, and that the former names that stay belong to
/// decisions or are options themselves.
pub(crate) fn values_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>) -> Result<(), String> {
    let texts = Texts::of(case);
    let opts = [&*case.before.opts, &texts.plain(&case.before.opts)].concat();
    let (old, new) = (
        resolved(oracle, case.before, &opts)?,
        resolved(oracle, case.after, &opts)?,
    );
    // What the release reads for which the files were written.
    let by_older = match case.older {
        Some(older) => Some(by_name(oracle, case.before, older)?),
        None => None,
    };
    let mut unsure = Vec::new();
    for (index, opt) in opts.iter().enumerate() {
        if case.may_change.contains(opt.name()) {
            continue;
        }
        match (&old.options[index], &new.options[index]) {
            (Outcome::Refused { .. }, _) => unsure.push(index),
            (old, new) if old == new => {}
            (old, new) => {
                let by_older = by_older
                    .iter()
                    .flat_map(|values| under_any_name(values, opt));
                let by_older: Vec<&Outcome> = by_older.collect();
                if by_older.contains(&new) || is_same_by_rules(oracle, case, opt, old)? {
                    continue;
                }
                match by_older.into_iter().any(is_refused) {
                    true => unsure.push(index),
                    false => return Err(changed(opt.name(), old, new)),
                }
            }
        }
    }
    if !unsure.is_empty() {
        let all = [&*opts, &texts.marked(&opts)].concat();
        refused_are_kept(oracle, case, &all, &unsure)?;
    }
    match (case.keep_old, case.older) {
        (true, Some(older)) => older_are_kept(oracle, case, older),
        (true, None) => former_are_kept(oracle, case, &opts),
        (false, _) => nothing_deprecated(oracle, &new, &opts, case),
    }
}

/// Checks that a newer release reads the same values from the new files as were read before.
pub(super) fn are_read_by(
    oracle: &mut Oracle,
    case: &ValueCase<'_>,
    newer: &[Opt],
) -> Result<(), String> {
    let texts = Texts::of(case);
    let others = texts.plain(&case.before.opts);
    let old = resolved(oracle, case.before, &[&*case.before.opts, &others].concat())?;
    // In the order of those before, since the last option with a name reads it.
    let mut newer = newer.to_vec();
    newer.sort_by(|one, other| one.name().cmp(other.name()));
    // Where old names are kept, references by former names stay for the older release. The newer
    // one may not have these names.
    let read_before = resolved(oracle, case.before, &[&*newer, &others].concat())?;
    let new = resolved(oracle, case.after, &[&*newer, &others].concat())?;
    // The values of the release that the files were written for take precedence.
    let by_older = by_name(oracle, case.before, case.older.unwrap_or_default())?;
    for (at, (opt, new)) in newer.iter().zip(&new.options).enumerate() {
        let is_kept = case.keep_old && read_before.options[at] == *new;
        if is_kept || under_any_name(&by_older, opt).any(|value| value == new) {
            continue;
        }
        let known = case.before.opts.iter().zip(&old.options);
        let mut known = known.filter(|(known, _)| known.name() == opt.name());
        let Some((known, old @ Outcome::Found { .. })) = known.next() else {
            continue;
        };
        if old == new {
            continue;
        }
        // What the older release refuses may be readable by a program with the former names as
        // options.
        if under_any_name(&by_older, opt).any(is_refused) {
            let all = [&*case.before.opts, &others].concat();
            let legacy = legacy_values(oracle, case.before, &all, false)?;
            if is_of_legacy(known, new, &legacy) {
                continue;
            }
        }
        let why = changed(opt.name(), old, new);
        return Err(format!("for the newer release {why}"));
    }
    Ok(())
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { .. })
}

/// Tells whether the value of an option that rules seem to change is the same for one of their
/// programs: the one for which files are migrated no longer has the options that they rename, so a
/// reference finds none of them; and for an older one, these may be no options of their own.
fn is_same_by_rules(
    oracle: &mut Oracle,
    case: &ValueCase<'_>,
    opt: &Opt,
    old: &Outcome,
) -> Result<bool, String> {
    let Some(declared) = case.declared else {
        return Ok(false);
    };
    let mut read_by = |set: &Set, texts: &Texts| {
        let opts = [&*declared.opts, &texts.plain(&declared.opts)].concat();
        let opts = [&*opts, &texts.marked(&opts)].concat();
        let mut values = by_name(oracle, set, &opts)?;
        Ok::<_, String>(values.remove(opt.name()))
    };
    if read_by(case.after, &Texts(read(case.after)))?.as_ref() == Some(old) {
        return Ok(true);
    }
    let texts = Texts::of(case);
    let before = read_by(case.before, &texts)?;
    Ok(before.is_some() && before == read_by(case.after, &texts)?)
}

/// Returns the values of options, and of all other names that a set sets, by name.
fn by_name(
    oracle: &mut Oracle,
    set: &Set,
    opts: &[Opt],
) -> Result<BTreeMap<OptName, Outcome>, String> {
    let opts = [opts, &Texts(read(set)).plain(opts)].concat();
    let values = resolved(oracle, set, &opts)?.options;
    let names = opts.iter().map(|opt| opt.name().clone());
    Ok(names.zip(values).collect())
}

/// Returns the values of options that have the current name of `opt` or one of its former names.
fn under_any_name<'v>(
    values: &'v BTreeMap<OptName, Outcome>,
    opt: &'v Opt,
) -> impl Iterator<Item = &'v Outcome> {
    let names = [opt.name()].into_iter().chain(opt.deprecated());
    names.filter_map(|name| values.get(name))
}

fn changed(name: &OptName, old: &Outcome, new: &Outcome) -> String {
    format!("the value of {name} was {old:?}\nand is {new:?}")
}

/// All files of a case, before and after.
struct Texts(Vec<SourceFile>);

impl Texts {
    fn of(case: &ValueCase<'_>) -> Self {
        Texts([read(case.before), read(case.after)].concat())
    }

    fn plain(&self, opts: &[Opt]) -> Vec<Opt> {
        parse(&self.0).map_or_else(|_| Vec::new(), |parsed| plain(&parsed, opts))
    }

    fn marked(&self, opts: &[Opt]) -> Vec<Opt> {
        parse(&self.0).map_or_else(|_| Vec::new(), |parsed| marked(&parsed, opts))
    }
}

/// Checks options that have no value because of an unregistered reference. They keep their values
/// if all references are registered; or if references in values of former names get their groups,
/// as those of moved values do; or as a legacy program reads them, the release that the files were
/// written for, or the program for which rules rename options.
fn refused_are_kept(
    oracle: &mut Oracle,
    case: &ValueCase<'_>,
    opts: &[Opt],
    unsure: &[usize],
) -> Result<(), String> {
    let old = resolved(oracle, case.before, opts)?;
    let new = resolved(oracle, case.after, opts)?;
    let differs = |index: &usize| match (&old.options[*index], &new.options[*index]) {
        (Outcome::Refused { .. }, Outcome::Refused { .. }) => false,
        // A value that refers to itself is an error for every reader.
        (old, new) if is_loop(old) || is_loop(new) || refers_back(old) => false,
        (old, new) => old != new,
    };
    // Decisions about values that cannot be read are left to the operator.
    let is_left = |index: &usize| {
        let mut decisions = case.migration.decisions.iter();
        decisions.any(|decision| decision.option == *opts[*index].name())
    };
    let unsure = unsure.iter().copied().filter(|index| !is_left(index));
    let differing: Vec<usize> = unsure.filter(differs).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let qualified = resolved(oracle, &with_groups_in_references(case.before, opts), opts)?;
    let mut legacy = legacy_values(oracle, case.before, opts, false)?;
    legacy.extend(legacy_values(oracle, case.before, opts, true)?);
    legacy.extend(legacy_values(
        oracle,
        &with_underscores(case.before, opts),
        opts,
        false,
    )?);
    let by_older = match case.older {
        Some(older) => {
            let texts = Texts(read(case.before));
            let older = [older, &texts.plain(older)].concat();
            by_name(
                oracle,
                case.before,
                &[&*older, &texts.marked(&older)].concat(),
            )?
        }
        None => BTreeMap::new(),
    };
    for index in differing {
        let (opt, new) = (&opts[index], &new.options[index]);
        // A reference to an option that only the newer release has had no value before.
        let is_of_older = under_any_name(&by_older, opt)
            .any(|old| old == new || has_marker_of(old, &case.before.opts));
        if *new == qualified.options[index] || is_of_older || is_of_legacy(opt, new, &legacy) {
            continue;
        }
        if is_same_by_rules(oracle, case, opt, &old.options[index])? {
            continue;
        }
        let mixed = mixed_legacy_values(oracle, case.before, opts)?;
        if !is_of_legacy(opt, new, &mixed) {
            return Err(changed(opt.name(), &old.options[index], new));
        }
    }
    Ok(())
}

/// Checks that the older release reads the same values where old names are kept.
fn older_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>, older: &[Opt]) -> Result<(), String> {
    // Only the newer release has the options that are added.
    let before = Texts(read(case.before));
    let opts = [older, &before.plain(older)].concat();
    let old = resolved(oracle, case.before, &opts)?;
    let new = resolved(oracle, case.after, &opts)?;
    for (opt, (old, new)) in older.iter().zip(old.options.iter().zip(&new.options)) {
        // A value that it cannot read may be readable by a program with the former names as
        // options.
        let is_read = matches!(old, Outcome::Found { .. });
        if is_read && !case.may_change.contains(opt.name()) && old != new {
            let why = changed(opt.name(), old, new);
            return Err(format!("for the older release, {why}"));
        }
    }
    Ok(())
}

/// Checks that a legacy program reads the same values where old names are kept, and refuses what it
/// refused before.
fn former_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>, opts: &[Opt]) -> Result<(), String> {
    let old = legacy_values(oracle, case.before, opts, false)?;
    let new = legacy_values(oracle, case.after, opts, false)?;
    let is_former = |name: &OptName| opts.iter().any(|opt| opt.deprecated().contains(name));
    for ((opt, old), (_, new)) in old.iter().flatten().zip(new.iter().flatten()) {
        let name = opt.name();
        let are_refused = matches!(
            (old, new),
            (Outcome::Refused { .. }, Outcome::Refused { .. })
        );
        if is_former(name) && !case.may_change.contains(name) && !are_refused && old != new {
            let why = changed(name, old, new);
            return Err(format!("for a legacy program, {why}"));
        }
    }
    Ok(())
}

/// Tells whether a value contains the marker of one of these options, which were not registered.
fn has_marker_of(outcome: &Outcome, opts: &[Opt]) -> bool {
    let Outcome::Found { text, .. } = outcome else {
        return false;
    };
    opts.iter()
        .any(|opt| text.contains(&format!("<{}>", opt.name())))
}

/// Tells whether a reference by a former name resolved to itself: oslo.config leaves it as written.
fn refers_back(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Found { text, .. } if text.contains("${"))
}
