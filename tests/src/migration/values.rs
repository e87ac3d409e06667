//! Values are what they were, as oslo.config reads them.

use std::collections::BTreeMap;

use oslo_config::{Opt, OptName, SourceFile};

use super::deprecated::nothing_deprecated;
use super::legacy::{is_of_legacy, legacy_values, with_groups_in_references, with_underscores};
use super::registered::{marked, plain};
use super::{ValueCase, is_loop, parse, read, resolved};
use crate::generate::Set;
use crate::oracle::{Oracle, Outcome};

/// The values of all options are what they were, and no former name is left but those of options that
/// were left for the operator to decide, and those that are options themselves.
pub(crate) fn values_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>) -> Result<(), String> {
    let texts = Texts::of(case);
    let opts = [&*case.before.opts, &texts.plain(&case.before.opts)].concat();
    let (old, new) = (
        resolved(oracle, case.before, &opts)?,
        resolved(oracle, case.after, &opts)?,
    );
    // What the release reads that the files were written for.
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
                let is_refused = |value: &&Outcome| matches!(value, Outcome::Refused { .. });
                if by_older.contains(&new) {
                    continue;
                }
                match by_older.iter().any(is_refused) {
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

/// The values of a newer release's options, as it reads them afterwards, are those of before.
pub(super) fn are_read_by(
    oracle: &mut Oracle,
    case: &ValueCase<'_>,
    newer: &[Opt],
) -> Result<(), String> {
    let texts = Texts::of(case);
    let others = texts.plain(&case.before.opts);
    let old = resolved(oracle, case.before, &[&*case.before.opts, &others].concat())?;
    // As those of before are, by which the last one that reads a name is told.
    let mut newer = newer.to_vec();
    newer.sort_by(|one, other| one.name().cmp(other.name()));
    // A reference by a former name stays for the older one, where its names are kept; the newer one may
    // have no such name.
    let read_before = resolved(oracle, case.before, &[&*newer, &others].concat())?;
    let new = resolved(oracle, case.after, &[&*newer, &others].concat())?;
    // What the release reads that the files were written for counts first.
    let by_older = by_name(oracle, case.before, case.older.unwrap_or_default())?;
    for (at, (opt, new)) in newer.iter().zip(&new.options).enumerate() {
        let is_kept = case.keep_old && read_before.options[at] == *new;
        if is_kept || under_any_name(&by_older, opt).any(|value| value == new) {
            continue;
        }
        let known = case
            .before
            .opts
            .iter()
            .position(|old| old.name() == opt.name());
        match known.map(|at| &old.options[at]) {
            Some(old @ Outcome::Found { .. }) if old != new => {
                let why = changed(opt.name(), old, new);
                return Err(format!("for the newer release {why}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The values of options and of what else a set sets, by name.
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

/// The values of an option by its own name and its former ones, those that are the names of options there.
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

/// All texts of a case, before and after.
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

/// What has no value, since something is not registered that it refers to, is the same when all such
/// is registered. Or it is what it was when the references of values under former names have their
/// groups, as those of moved values get them; or what a program reads that knows the former names only, or
/// the release that the files were written for.
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
        // What refers to itself has no value, whoever reads it.
        (old, new) if is_loop(old) || is_loop(new) || leads_back(old) => false,
        (old, new) => old != new,
    };
    // What was left to decide and could not be read is the operator's in any case.
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
        // What leads to an option of the newer release alone had no value, and is followed.
        let is_of_older = under_any_name(&by_older, opt)
            .any(|old| old == new || leads_to_any(old, &case.before.opts));
        if *new != qualified.options[index] && !is_of_older && !is_of_legacy(opt, new, &legacy) {
            return Err(changed(opt.name(), &old.options[index], new));
        }
    }
    Ok(())
}

/// Where the old names are kept, what the older release reads is what it was.
fn older_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>, older: &[Opt]) -> Result<(), String> {
    // What is added is an option of the newer release alone.
    let before = Texts(read(case.before));
    let opts = [older, &before.plain(older)].concat();
    let old = resolved(oracle, case.before, &opts)?;
    let new = resolved(oracle, case.after, &opts)?;
    for (opt, (old, new)) in older.iter().zip(old.options.iter().zip(&new.options)) {
        // What it cannot read, a program may that has the former names as options.
        let is_read = matches!(old, Outcome::Found { .. });
        if is_read && !case.may_change.contains(opt.name()) && old != new {
            let why = changed(opt.name(), old, new);
            return Err(format!("for the older release, {why}"));
        }
    }
    Ok(())
}

/// Where the old names are kept, what a program reads by these is what it was.
fn former_are_kept(oracle: &mut Oracle, case: &ValueCase<'_>, opts: &[Opt]) -> Result<(), String> {
    let old = legacy_values(oracle, case.before, opts, false)?;
    let new = legacy_values(oracle, case.after, opts, false)?;
    let is_former = |name: &OptName| opts.iter().any(|opt| opt.deprecated().contains(name));
    for ((opt, old), (_, new)) in old.iter().flatten().zip(new.iter().flatten()) {
        let name = opt.name();
        if is_former(name) && !case.may_change.contains(name) && old != new {
            let why = changed(opt.name(), old, new);
            return Err(format!(
                "for a program that knows the old names only, {why}"
            ));
        }
    }
    Ok(())
}

/// Tells whether a value has the mark of one of these options, which were not registered.
fn leads_to_any(outcome: &Outcome, opts: &[Opt]) -> bool {
    let Outcome::Found { text, .. } = outcome else {
        return false;
    };
    opts.iter()
        .any(|opt| text.contains(&format!("<{}>", opt.name())))
}

/// Tells whether a reference by a former name led back to itself: oslo.config leaves it as it is written.
fn leads_back(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Found { text, .. } if text.contains("${"))
}
