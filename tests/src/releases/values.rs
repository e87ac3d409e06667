//! Checks that oslo.config reads the same values before and after a migration between releases.

use std::collections::BTreeSet;

use confmig::history::{NameHistory, Series, find_rule};
use confmig::migrate::{ChangeKind, Migration};
use oslo_config::{Opt, OptName, OptType, references};

use super::{AUTH, AUTH_GROUP, ReleaseCase, ReleaseKind, names};
use crate::generate::Set;
use crate::migration::{self, ValueCase, parse, read};
use crate::oracle::Oracle;

/// Checks that a migrated set has the same values as before.
pub(super) fn values_hold(
    oracle: &mut Oracle,
    case: &ReleaseCase,
    keep_old: bool,
    after: &Set,
    migration: &Migration,
) -> Result<(), String> {
    let files = read(&case.set);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let texts = [read(&case.set), read(after)].concat();
    let migration = &with_former_names(migration);
    let older = ReleaseCase {
        to: case.from,
        ..case.clone()
    };
    let older = options(&older, &texts, Former::OnTheWay);
    let mut kept = |names| {
        let before = Set {
            opts: options(case, &texts, names),
            ..case.set.clone()
        };
        let mut may_change = converted(case.kind, migration);
        may_change.extend(only_on_the_way(&before.opts));
        may_change.extend(other_options(case));
        // A reference by a former name does not resolve to an option that is registered with a
        // hyphen, which the history does not record.
        let plugin = AUTH
            .iter()
            .map(|(.., name)| OptName::new(AUTH_GROUP, *name));
        may_change.extend(plugin);
        let kept = ValueCase {
            before: &before,
            after,
            migration,
            keep_old,
            declared: None,
            may_change: &migration::with_what_refers(&parsed, &before.opts, may_change),
            older: Some(&older),
        };
        migration::values_are_kept(oracle, &kept)
    };
    let on_the_way = kept(Former::OnTheWay);
    // Where old names stay, the newer release may also read them in the order that it declares.
    match keep_old {
        true => on_the_way.or_else(|why| kept(Former::Declared).map_err(|_| why)),
        false => on_the_way,
    }
}

/// Returns the migration with all names that any release has for the options of its decisions.
fn with_former_names(migration: &Migration) -> Migration {
    let mut migration = migration.clone();
    for decision in &mut migration.decisions {
        let name_history = names().get(&decision.option);
        let former = name_history.into_iter().flat_map(NameHistory::all_former);
        decision.options.extend(former.map(|(name, ..)| name));
    }
    migration
}

/// Returns the options that rules change beyond renamings, and those of decisions.
fn converted(kind: ReleaseKind, migration: &Migration) -> BTreeSet<OptName> {
    let mut found = BTreeSet::new();
    for change in migration.files.iter().flat_map(|file| &file.changes) {
        // The plugin itself also renames its options.
        let of_plugin = kind == ReleaseKind::Hyphens && change.rule.starts_with("auth-");
        let by_rule = find_rule(&change.rule).is_some() && !of_plugin;
        if by_rule || matches!(change.kind, ChangeKind::Convert | ChangeKind::Remove) {
            found.extend([change.from.clone(), change.to.clone()]);
        }
    }
    for decision in &migration.decisions {
        found.insert(decision.option.clone());
        found.extend(decision.options.iter().cloned());
    }
    found
}

/// Returns the names of Ironic that no option of the newer release has, now or formerly.
fn only_on_the_way(opts: &[Opt]) -> BTreeSet<OptName> {
    let known: BTreeSet<&OptName> = opts
        .iter()
        .flat_map(|opt| opt.deprecated().iter().chain([opt.name()]))
        .collect();
    let others = names().keys().filter(|name| !known.contains(name));
    others.cloned().collect()
}

/// Returns the names of options of the newer release that were only former names of others before.
fn other_options(case: &ReleaseCase) -> BTreeSet<OptName> {
    let is_other = |name_history: &NameHistory| {
        let only_former =
            |series: Series| name_history.is_former(series) && !name_history.is_option(series);
        name_history.is_option(case.to) && case.from.through(case.to).any(only_former)
    };
    let others = names()
        .iter()
        .filter(|(_, name_history)| is_other(name_history));
    others.map(|(name, _)| name.clone()).collect()
}

/// Which former names an option has, and their order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Former {
    /// Those of all releases in between.
    OnTheWay,
    /// Those that the newer release declares.
    Declared,
}

/// Returns the options of the newer release that are set or referred to, by any name that a release
/// in between reads for them.
fn options(case: &ReleaseCase, files: &[oslo_config::SourceFile], which: Former) -> Vec<Opt> {
    let mut wanted: BTreeSet<OptName> = BTreeSet::new();
    let parsed = parse(files).unwrap_or_default();
    let mut open: Vec<OptName> = Vec::new();
    for entry in parsed.iter().flat_map(|file| file.document.entries()) {
        let (group, key) = (entry.group().to_string(), entry.key().to_string());
        let found = references(&entry.value());
        open.extend(found.iter().flat_map(|reference| reference.options(&group)));
        open.push(OptName::new(group, key));
    }
    while let Some(name) = open.pop() {
        if let Some(name_history) = names().get(&name)
            && wanted.insert(name)
        {
            open.extend(name_history.all_former_of().into_iter().map(|of| of.0));
        }
    }
    let mut opts: Vec<Opt> = wanted
        .iter()
        .filter_map(|name| option(name, case, which))
        .collect();
    if case.kind == ReleaseKind::Hyphens {
        // The plugin has no options with these former names.
        let is_former = |opt: &Opt| {
            let mut former = AUTH.iter().map(|(_, former, _)| former.replace('-', "_"));
            opt.name().group() == AUTH_GROUP && former.any(|former| opt.name().name() == former)
        };
        opts.retain(|opt| !is_former(opt));
        for (name, former, _) in AUTH {
            let opt = Opt::new(AUTH_GROUP, name, OptType::string());
            opts.retain(|known| known.name() != opt.name());
            opts.push(opt.with_deprecated(AUTH_GROUP, former));
        }
    }
    opts
}

/// Returns an option of the newer release as a string option with its default and all former names
/// that a release in between reads for it.
fn option(name: &OptName, case: &ReleaseCase, which: Former) -> Option<Opt> {
    let name_history = names().get(name)?;
    let definition = name_history.definition(case.to)?;
    let opt = Opt::new(name.group(), name.name(), OptType::string());
    let opt = match definition.kind == "multistr" {
        true => opt.multi(),
        false => opt,
    };
    let mut former = match which {
        Former::OnTheWay => read_for(name, case.from, Some(case.to)),
        Former::Declared => name_history.former(case.to),
    };
    former.retain(|known| known != name);
    // A reference by a former name finds the default if only the current name is set.
    let opt = match definition.runtime_default {
        true => opt,
        false => definition
            .default()
            .into_iter()
            .fold(opt, Opt::with_default),
    };
    let with = |opt: Opt, name: &OptName| opt.with_deprecated(name.group(), name.name());
    Some(former.iter().fold(opt, with))
}

/// Returns the names whose values an option may have after the steps between two releases, in order
/// of precedence. A value that an earlier step moves to an option has the precedence of that
/// option.
fn read_for(name: &OptName, from: Series, to: Option<Series>) -> Vec<OptName> {
    let Some(to) = to.filter(|to| *to >= from) else {
        return vec![name.clone()];
    };
    let mut found = read_for(name, from, to.before());
    let moved = |former: &OptName| {
        let name_history = names().get(former);
        let mut earlier = from.through(to).filter(|series| *series < to);
        name_history
            .is_some_and(|name_history| earlier.any(|series| name_history.is_former(series)))
    };
    let former = names()
        .get(name)
        .map(|name_history| name_history.former(to));
    for former in former.unwrap_or_default() {
        if !moved(&former) {
            for name in read_for(&former, from, to.before()) {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
    }
    found
}
