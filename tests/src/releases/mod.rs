//! Strategies for configurations of Ironic with names that belong to several options, and checks of
//! what oslo.config reads after a migration between releases.

mod additions;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use confmig::history::{
    History, NameHistory, ReleaseRange, Series, Service, all_names, built_in_rules,
};
use confmig::migrate::{Migration, Route, Settings, migrate};
use confmig::rule::{Rule, Sections};
use oslo_config::{OptName, ParsedFile};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any};
use proptest::sample::{Index, select};

use crate::cases::Tally;
use crate::generate::{Names, Set, files_plan, make_files};
use crate::migration::{self, parse, read};
use crate::oracle::Oracle;
use values::values_hold;

/// The subject of a configuration of Ironic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Options are set, each under any of its names.
    Duplicates,
    /// Former names of several options are set.
    Shared,
    /// Names are set that are both options and former names of others.
    OwnSake,
    /// Options of an authentication plugin are set with hyphens and with underscores.
    Hyphens,
    /// Options of a rule are set, each under any of its names.
    Rules,
}

impl ReleaseKind {
    /// All kinds.
    pub const ALL: [ReleaseKind; 5] = [
        ReleaseKind::Duplicates,
        ReleaseKind::Shared,
        ReleaseKind::OwnSake,
        ReleaseKind::Hyphens,
        ReleaseKind::Rules,
    ];

    /// Returns the name for tallies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReleaseKind::Duplicates => "an option under several names",
            ReleaseKind::Shared => "former name of several options",
            ReleaseKind::OwnSake => "former name that is an option",
            ReleaseKind::Hyphens => "hyphens",
            ReleaseKind::Rules => "options of a rule",
        }
    }
}

/// A configuration of Ironic and the two releases between which it is migrated.
#[derive(Debug, Clone)]
pub struct ReleaseCase {
    /// The subject.
    pub kind: ReleaseKind,
    /// The files.
    pub set: Set,
    /// The release that the files were written for.
    pub from: Series,
    /// The release that is to read the files.
    pub to: Series,
}

/// The options of keystoneauth's plugin `password` that have former names, with their former names.
const AUTH: [(&str, &str, &str); 3] = [
    ("project-id", "tenant-id", "tenant_id"),
    ("project-name", "tenant-name", "tenant_name"),
    ("username", "user-name", "user_name"),
];

/// The section of these options.
const AUTH_GROUP: &str = "glance";

/// The first release whose plugins read these former names.
const FIRST_WITH_AUTH: usize = 7;

/// Generates configurations of all kinds, or of those that `ORACLE_KIND` selects.
pub fn release_cases() -> BoxedStrategy<ReleaseCase> {
    let kinds = crate::generate::requested_kinds(ReleaseKind::ALL.to_vec(), ReleaseKind::name);
    let picked = vec(any::<Index>(), 1..4);
    let ends = (any::<Index>(), any::<Index>());
    (select(kinds), ends, picked, files_plan())
        .prop_map(|(kind, ends, picked, files)| {
            let all: Vec<Series> = match kind {
                ReleaseKind::Hyphens => Service::IRONIC.releases().skip(FIRST_WITH_AUTH).collect(),
                _ => Service::IRONIC.releases().collect(),
            };
            let (one, other) = (*ends.0.get(&all), *ends.1.get(&all));
            let (from, to) = (one.min(other), one.max(other));
            let mut sources = make_files(&files, &Names::new(names_of(kind, from, &picked)), &[]);
            if kind == ReleaseKind::Hyphens {
                let text = format!("[{AUTH_GROUP}]\nauth_type = password\n");
                let first = crate::generate::ConfigFile {
                    name: "first.conf".into(),
                    text: text.into_bytes(),
                };
                sources.insert(0, crate::generate::ConfigSource::File(first));
            }
            let set = Set {
                sources,
                opts: Vec::new(),
                environment: Vec::new(),
            };
            ReleaseCase {
                kind,
                set,
                from,
                to,
            }
        })
        .boxed()
}

/// Returns the names to set: those of a few options of the kind.
fn names_of(kind: ReleaseKind, from: Series, picked: &[Index]) -> Vec<OptName> {
    if kind == ReleaseKind::Hyphens {
        let names = AUTH.iter().flat_map(|(current, one, other)| {
            [
                current.replace('-', "_"),
                (*one).to_owned(),
                (*other).to_owned(),
            ]
        });
        return names.map(|name| OptName::new(AUTH_GROUP, name)).collect();
    }
    if kind == ReleaseKind::Rules {
        return names_of_rules(from, picked);
    }
    let is_of_kind = |name: &OptName, name_history: &NameHistory| {
        let readers: BTreeSet<OptName> = name_history
            .all_former_of()
            .into_iter()
            .map(|of| of.0)
            .collect();
        name_history.is_read(from)
            && match kind {
                ReleaseKind::Shared => readers.len() > 1,
                ReleaseKind::OwnSake => {
                    name_history.as_option().is_some()
                        && readers.iter().any(|reader| reader != name)
                }
                _ => !readers.is_empty(),
            }
    };
    let names = names();
    let chosen: Vec<&OptName> = names
        .iter()
        .filter(|(name, name_history)| is_of_kind(name, name_history))
        .map(|(name, _)| name)
        .collect();
    let plain = [OptName::new("DEFAULT", "debug")];
    if chosen.is_empty() {
        return plain.into();
    }
    let mut found: Vec<OptName> = plain.into();
    for name in picked.iter().map(|index| *index.get(&chosen)) {
        found.extend([name.clone(), name.clone()]);
        // The options that read the name, and their other names.
        for (reader, ..) in names[name].all_former_of() {
            let former = names
                .get(&reader)
                .map(|name_history| name_history.former(from));
            found.extend(former.unwrap_or_default());
            found.push(reader);
        }
    }
    let is_read = |name: &OptName| {
        names
            .get(name)
            .is_some_and(|name_history| name_history.is_read(from))
    };
    found.retain(is_read);
    found
}

/// Returns the names that a release reads of the options of some rules.
fn names_of_rules(from: Series, picked: &[Index]) -> Vec<OptName> {
    static RULES: OnceLock<Vec<Vec<OptName>>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let rules = built_in_rules(Service::IRONIC).filter_map(|rule| rule.rule());
        rules.map(|rule| options_of(&rule)).collect()
    });
    let read = |option: &OptName| {
        let name_history = names().get(option)?;
        let all = name_history.former(from).into_iter();
        let all = all.chain([option.clone()]).filter(|name| {
            let of_name = names().get(name);
            // A reference may also lead to `[DEFAULT] version`, which oslo.config keeps for itself.
            name.name() != "version" && of_name.is_some_and(|of_name| of_name.is_read(from))
        });
        Some(all.collect::<Vec<_>>())
    };
    let read = |options: &Vec<OptName>| -> Vec<OptName> {
        options.iter().filter_map(read).flatten().collect()
    };
    let read: Vec<Vec<OptName>> = rules.iter().map(read).filter(|it| !it.is_empty()).collect();
    let plain = vec![OptName::new("DEFAULT", "debug")];
    if read.is_empty() {
        return plain;
    }
    // One rule at a time: with the options of several, few cases set those of one.
    let of_rule = picked.first().map(|index| index.get(&read).clone());
    plain
        .into_iter()
        .chain(of_rule.into_iter().flatten())
        .collect()
}

/// Returns the options that a rule makes values from, and those that it changes.
fn options_of(rule: &Rule) -> Vec<OptName> {
    let parts = rule.part.values().map(|part| &part.option);
    let conditions = rule.when.iter().map(|condition| &condition.option);
    let taken = rule.take.iter().flatten();
    let renamed = rule.rename.iter().map(|rename| &rename.from);
    let items = rule.items.iter().flat_map(|items| &items.options);
    let removed = rule.remove.iter().flat_map(|removal| &removal.options);
    let all = parts.chain(conditions).chain(taken).chain(renamed);
    let all = all.chain(items).chain(removed);
    let sections = match &rule.sections {
        Some(Sections::These(sections)) => &sections[..],
        _ => &[],
    };
    let all = all.flat_map(|name| match name.group() {
        "{section}" => sections
            .iter()
            .map(|it| OptName::new(it, name.name()))
            .collect(),
        _ => vec![(**name).clone()],
    });
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

fn names() -> &'static BTreeMap<OptName, NameHistory> {
    static NAMES: OnceLock<BTreeMap<OptName, NameHistory>> = OnceLock::new();
    NAMES.get_or_init(|| all_names(Service::IRONIC).collect())
}

/// Migrates a configuration and checks the result.
///
/// # Errors
///
/// Returns what does not hold.
pub fn holds(
    oracle: &mut Oracle,
    case: &ReleaseCase,
    keep_old: bool,
    tally: &Tally,
) -> Result<(), String> {
    tally.count(case.kind.name());
    let settings = |keep_old| Settings {
        keep_old,
        ..Settings::default()
    };
    let files = read(&case.set);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let migrated_with = |settings: &Settings, files: &[ParsedFile<'_>], from| {
        let span = ReleaseRange { from, to: case.to };
        let history = History::new(Service::IRONIC);
        migrate(files, &Route::releases(span, &history), settings)
            .map_err(|error| format!("an error: {error}"))
    };
    let migrated = |files: &[ParsedFile<'_>], from| migrated_with(&settings(keep_old), files, from);
    let migration = migrated(&parsed, case.from)?;
    migration::count(&migration, tally);
    let after = migration::with_texts(&case.set, &migration);
    let mut holds = || -> Result<(), String> {
        migration::bytes_are_kept(&parsed, &migration)?;
        if migration.decisions.is_empty() {
            // The files are now those of the newer release.
            let again = read(&after);
            let second = parse(&again).map_err(|error| error.to_string())?;
            let second = migrated(&second, case.to)?;
            if !second.is_empty() {
                let second = migration::shown(&second);
                return Err(format!("a second run changes something:\n{second}"));
            }
        }
        let mut keeps = |before: &Set, after: &Set, migration: &Migration| {
            let case = ReleaseCase {
                set: before.clone(),
                ..case.clone()
            };
            values_hold(oracle, &case, keep_old, after, migration)
        };
        keeps(&case.set, &after, &migration)?;
        if keep_old {
            let plain = migrated_with(&settings(false), &parsed, case.from)?;
            additions::hold(case, &parsed, &migration, &plain)?;
        } else {
            additions::are_of_use(case, &parsed, &migration)?;
        }
        if !migration.decisions.is_empty() {
            let again = |files: &[ParsedFile<'_>]| migrated(files, case.from);
            migration::further_run_keeps(&after, &migration, again, keeps)?;
        }
        Ok(())
    };
    holds().map_err(|why| format!("{why}\n{}", migration::shown(&migration)))
}
