//! What must hold of every migration, as oslo.config itself reads the files.

mod bytes;
mod deprecated;
mod legacy;
mod registered;
mod rules;
mod values;

use std::collections::BTreeSet;

use confmig::migrate::{Decision, Migration, Settings};
use confmig::pack::Pack;
use oslo_config::{Opt, OptName, ParsedFile, SourceFile};

use crate::cases::Tally;
use crate::generate::{ConfigFile, RuleCase, ServiceCase, Set, escaped};
use crate::oracle::{ErrorKind, Oracle, Outcome, Resolved};
use crate::target::Target;
pub(crate) use bytes::bytes_are_kept;
pub(crate) use rules::with_what_refers;
pub(crate) use values::values_are_kept;

/// A configuration before and after its migration.
#[derive(Clone, Copy)]
pub(crate) struct ValueCase<'c> {
    pub(crate) before: &'c Set,
    pub(crate) after: &'c Set,
    pub(crate) migration: &'c Migration,
    pub(crate) keep_old: bool,
    /// If rules rename options: the set before with only the options that are declared.
    pub(crate) declared: Option<&'c Set>,
    /// The options whose values may change.
    pub(crate) may_change: &'c BTreeSet<OptName>,
    /// The options of the release that the files were written for, if it is not the target.
    pub(crate) older: Option<&'c [Opt]>,
}

fn resolved(oracle: &mut Oracle, set: &Set, opts: &[Opt]) -> Result<Resolved, String> {
    oracle
        .resolve(&set.sources, opts, &[])
        .map_err(|failure| format!("oslo.config refuses it: {failure:?}"))
}

/// Tells whether an outcome is the error for an unregistered option or group.
fn is_unregistered(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Refused {
            error: ErrorKind::NoSuchOption | ErrorKind::NoSuchGroup,
            ..
        }
    )
}

/// Tells whether an outcome is the error for a value that refers to itself.
fn is_loop(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Refused {
            error: ErrorKind::Recursion,
            ..
        }
    )
}

/// Migrates a set to the current names of its own options and checks the result.
///
/// # Errors
///
/// Returns what does not hold.
pub fn holds(oracle: &mut Oracle, set: &Set, keep_old: bool, tally: &Tally) -> Result<(), String> {
    let set = with_names_claimed_once(set);
    let target = Target::Pack(set.opts.clone());
    target_holds(oracle, &set, &target, keep_old, tally)
}

/// Migrates the files of a service and checks the result.
///
/// # Errors
///
/// Returns what does not hold.
pub fn service_holds(
    oracle: &mut Oracle,
    service: &ServiceCase,
    keep_old: bool,
    tally: &Tally,
) -> Result<(), String> {
    tally.count(service.kind);
    target_holds(oracle, &service.set, &service.target, keep_old, tally)
}

fn target_holds(
    oracle: &mut Oracle,
    set: &Set,
    target: &Target,
    keep_old: bool,
    tally: &Tally,
) -> Result<(), String> {
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    let files = read(set);
    let Ok(parsed) = parse(&files) else {
        tally.count("refused");
        return Ok(());
    };
    let migration = target.migrate(&parsed, &settings)?;
    let after = with_texts(set, &migration);
    count(&migration, tally);
    let mut holds = || -> Result<(), String> {
        bytes_are_kept(&parsed, &migration)?;
        let many_steps = matches!(target, Target::Schemas { .. });
        if !many_steps || migration.decisions.is_empty() {
            second_run_changes_nothing(&after, target, &settings, &migration)?;
        }
        let not_utf8 = |file: &SourceFile| std::str::from_utf8(&file.text).is_err();
        if files.iter().any(not_utf8) {
            tally.count("not UTF-8");
            return Ok(());
        }
        let older = match target {
            Target::Schemas { older, .. } => Some(older),
            _ => None,
        };
        let mut keeps = |before: &Set, after: &Set, migration: &Migration| {
            let files = read(before);
            let parsed = parse(&files).map_err(|error| error.to_string())?;
            // The newer of two releases may read the option of a decision, and what refers to it,
            // as the older one never did.
            let decided = migration.decisions.iter().filter(|_| older.is_some());
            let decided = decided.flat_map(|decision| names_of(&decision.option, &set.opts));
            let case = ValueCase {
                before,
                after,
                migration,
                keep_old,
                declared: None,
                may_change: &with_what_refers(&parsed, &set.opts, decided.collect()),
                older: older.map(Vec::as_slice),
            };
            values_are_kept(oracle, &case)?;
            if let (Target::Schemas { newer, .. }, true) = (target, migration.decisions.is_empty())
            {
                values::are_read_by(oracle, &case, newer)?;
            }
            Ok(())
        };
        keeps(set, &after, &migration)?;
        if many_steps && !migration.decisions.is_empty() {
            let migrate = |files: &[ParsedFile<'_>]| target.migrate(files, &settings);
            further_run_keeps(&after, &migration, migrate, &mut keeps)?;
        }
        Ok(())
    };
    holds().map_err(|why| format!("{why}\n{}", shown(&migration)))
}

/// Returns a name and the former names of the option that has it.
fn names_of(name: &OptName, opts: &[Opt]) -> Vec<OptName> {
    let opts = opts.iter().filter(|opt| opt.name() == name);
    let former = opts.flat_map(|opt| opt.deprecated().iter().cloned());
    former.chain([name.clone()]).collect()
}

/// Applies rules and checks that options keep their values which these do not name, or only rename.
///
/// # Errors
///
/// Returns what does not hold.
pub fn rules_hold(
    oracle: &mut Oracle,
    case: &RuleCase,
    keep_old: bool,
    tally: &Tally,
) -> Result<(), String> {
    tally.count(case.kind.name());
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    let (files, target) = (read(&case.set), Target::Rules(case.toml()));
    if Pack::parse(&case.toml(), "generated").is_err() {
        tally.count("refused rules");
        return Ok(());
    }
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let migration = target.migrate(&parsed, &settings)?;
    let after = with_texts(&case.set, &migration);
    count(&migration, tally);
    let mut holds = || -> Result<(), String> {
        bytes_are_kept(&parsed, &migration)?;
        second_run_changes_nothing(&after, &target, &settings, &migration)?;
        let kept = ValueCase {
            before: &rules::with_sources(case),
            after: &after,
            migration: &migration,
            keep_old,
            declared: Some(&case.set),
            may_change: &rules::may_change(case, &parsed),
            older: None,
        };
        values_are_kept(oracle, &kept)?;
        match migration.decisions.is_empty() {
            true => rules::renaming_holds(oracle, case, &after, keep_old),
            false => Ok(()),
        }
    };
    holds().map_err(|why| format!("{why}\n{}", shown(&migration)))
}

/// Returns the set with the new texts of a migration.
pub(crate) fn with_texts(set: &Set, migration: &Migration) -> Set {
    let mut after = set.clone();
    for (file, new) in after.files_mut().into_iter().zip(&migration.files) {
        file.text = new.after.to_vec();
    }
    after
}

/// Returns the set without options that share names, which no pack may have.
fn with_names_claimed_once(set: &Set) -> Set {
    let mut claimed: BTreeSet<OptName> = BTreeSet::new();
    let mut set = set.clone();
    set.opts.retain(|opt| {
        let names: Vec<_> = std::iter::once(opt.name())
            .chain(opt.deprecated())
            .cloned()
            .collect();
        let distinct: BTreeSet<_> = names.iter().cloned().collect();
        let free = distinct.len() == names.len() && distinct.is_disjoint(&claimed);
        if free {
            claimed.extend(names);
        }
        free
    });
    // Names that are set and belong to no option count as options, too.
    let files = read(&set);
    if let Ok(parsed) = parse(&files) {
        let others = registered::plain(&parsed, &set.opts).into_iter();
        let others = others.filter(|opt| !opt.registered_name().contains('-'));
        set.opts.extend(others);
    }
    set
}

/// Returns the files of a set in reading order.
pub(crate) fn read(set: &Set) -> Vec<SourceFile> {
    let file = |file: &&ConfigFile| SourceFile {
        path: file.name.clone().into(),
        text: file.text.clone(),
    };
    set.files().iter().map(file).collect()
}

pub(crate) fn parse(files: &[SourceFile]) -> Result<Vec<ParsedFile<'_>>, oslo_config::SourceError> {
    files.iter().map(SourceFile::parse).collect()
}

pub(crate) fn count(migration: &Migration, tally: &Tally) {
    tally.count(if migration.is_empty() {
        "nothing to do"
    } else {
        "migrated"
    });
    for change in migration.files.iter().flat_map(|file| &file.changes) {
        tally.count(change.kind.as_str());
    }
    for _ in &migration.decisions {
        tally.count("decision");
    }
}

pub(crate) fn shown(migration: &Migration) -> String {
    let mut text = String::new();
    for file in &migration.files {
        text += &format!("{}: {}\n", file.path.display(), escaped(&file.after));
        for change in &file.changes {
            text += &format!("  line {}: {}\n", change.line, change.message);
        }
    }
    for decision in &migration.decisions {
        text += &format!("decision: {}: {}\n", decision.option, decision.reason);
    }
    text
}

/// Checks a further run: of several steps, a later one may resolve what an earlier one left to
/// decide. A second run then continues and keeps the values, and a third one changes nothing.
pub(crate) fn further_run_keeps(
    after: &Set,
    first: &Migration,
    migrate: impl Fn(&[ParsedFile<'_>]) -> Result<Migration, String>,
    mut keeps: impl FnMut(&Set, &Set, &Migration) -> Result<(), String>,
) -> Result<(), String> {
    let run = |set: &Set| -> Result<Migration, String> {
        let files = read(set);
        let parsed = parse(&files).map_err(|error| format!("the text does not parse: {error}"))?;
        migrate(&parsed)
    };
    let mut second = run(after)?;
    if second.is_empty() {
        return Ok(());
    }
    second.decisions.extend(first.decisions.iter().cloned());
    let again = with_texts(after, &second);
    keeps(after, &again, &second)
        .map_err(|why| format!("in a second run, {why}\n{}", shown(&second)))?;
    let third = run(&again)?;
    match third.is_empty() {
        true => Ok(()),
        false => Err(format!("a third run changes something:\n{}", shown(&third))),
    }
}

/// Checks that a second run changes nothing and leaves the same decisions.
fn second_run_changes_nothing(
    after: &Set,
    target: &Target,
    settings: &Settings,
    first: &Migration,
) -> Result<(), String> {
    let files = read(after);
    let parsed = parse(&files).map_err(|error| format!("the new text does not parse: {error}"))?;
    let second = target
        .migrate(&parsed, settings)
        .map_err(|error| format!("a second run fails: {error}"))?;
    // These findings compare a run's result with its input, which a second run does not share.
    let is_left = |decision: &&Decision| decision.rule.as_deref() != Some("read-otherwise");
    let left = |migration: &Migration| -> BTreeSet<OptName> {
        let decisions = migration.decisions.iter().filter(is_left);
        decisions.map(|decision| decision.option.clone()).collect()
    };
    if !second.is_empty() {
        return Err(format!(
            "a second run changes something:\n{}",
            shown(&second)
        ));
    }
    if left(&second) != left(first) {
        return Err(format!(
            "a second run leaves {:?}, not {:?}",
            left(&second),
            left(first)
        ));
    }
    Ok(())
}
