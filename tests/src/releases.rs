//! Strategies for configurations of Ironic whose names are more than one option's, and what
//! oslo.config must read of each after a migration from release to release.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use confmig::history::{History, NameHistory, Series, Service, all_names, find_rule};
use confmig::migrate::{ChangeKind, Migration, Route, Settings, migrate};
use oslo_config::{Opt, OptName, OptType, ParsedFile, references};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};

use crate::cases::Tally;
use crate::generate::{Names, Set, files_plan, make_files};
use crate::migration::{self, Case, parse, read};
use crate::oracle::Oracle;

/// What a configuration of Ironic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Options are set, each under any of its names.
    Duplicates,
    /// Former names of several options are set.
    Shared,
    /// Names are set that are options, and former names of others.
    OwnSake,
    /// Options of an authentication plugin are set with hyphens and with underscores.
    Hyphens,
}

impl ReleaseKind {
    /// All kinds.
    pub const ALL: [ReleaseKind; 4] = [
        ReleaseKind::Duplicates,
        ReleaseKind::Shared,
        ReleaseKind::OwnSake,
        ReleaseKind::Hyphens,
    ];

    /// What a tally calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReleaseKind::Duplicates => "an option under several names",
            ReleaseKind::Shared => "former name of several options",
            ReleaseKind::OwnSake => "former name that is an option",
            ReleaseKind::Hyphens => "hyphens",
        }
    }
}

/// A configuration of Ironic, and the releases between which it is migrated.
#[derive(Debug, Clone)]
pub struct ReleaseCase {
    /// What it is about.
    pub kind: ReleaseKind,
    /// The files.
    pub set: Set,
    /// The release that they are written for.
    pub from: Series,
    /// The release that is to read them.
    pub to: Series,
}

/// The options of keystoneauth's plugin `password` that have former names, with these.
const AUTH: [(&str, &str, &str); 3] = [
    ("project-id", "tenant-id", "tenant_id"),
    ("project-name", "tenant-name", "tenant_name"),
    ("username", "user-name", "user_name"),
];

/// The section in which they stand.
const AUTH_GROUP: &str = "glance";

/// The first release whose plugins read these former names.
const FIRST_WITH_AUTH: usize = 7;

/// Configurations of all kinds, or of those that `ORACLE_KIND` names.
pub fn release_cases() -> impl Strategy<Value = ReleaseCase> {
    let kinds = crate::cases::wanted(ReleaseKind::ALL.to_vec(), ReleaseKind::name);
    let picked = vec(any::<Index>(), 1..4);
    let ends = (any::<Index>(), any::<Index>());
    (select(kinds), ends, picked, files_plan()).prop_map(|(kind, ends, picked, files)| {
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
}

/// The names that are set: those of a few options of the kind.
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
    let is_of_kind = |name: &OptName, life: &NameHistory| {
        let readers: BTreeSet<OptName> = life.all_former_of().into_iter().map(|of| of.0).collect();
        life.is_read(from)
            && match kind {
                ReleaseKind::Shared => readers.len() > 1,
                ReleaseKind::OwnSake => {
                    life.as_option().is_some() && readers.iter().any(|reader| reader != name)
                }
                ReleaseKind::Duplicates | ReleaseKind::Hyphens => !readers.is_empty(),
            }
    };
    let names = names();
    let chosen: Vec<&OptName> = names
        .iter()
        .filter(|(name, life)| is_of_kind(name, life))
        .map(|(name, _)| name)
        .collect();
    let plain = [OptName::new("DEFAULT", "debug")];
    if chosen.is_empty() {
        return plain.into();
    }
    let mut found: Vec<OptName> = plain.into();
    for name in picked.iter().map(|index| *index.get(&chosen)) {
        found.extend([name.clone(), name.clone()]);
        // The options that read it, and their other names.
        for (reader, ..) in names[name].all_former_of() {
            let former = names.get(&reader).map(|life| life.former(from));
            found.extend(former.unwrap_or_default());
            found.push(reader);
        }
    }
    let is_read = |name: &OptName| names.get(name).is_some_and(|life| life.is_read(from));
    found.retain(is_read);
    found
}

fn names() -> &'static BTreeMap<OptName, NameHistory> {
    static NAMES: OnceLock<BTreeMap<OptName, NameHistory>> = OnceLock::new();
    NAMES.get_or_init(|| all_names(Service::IRONIC).collect())
}

/// Migrates, and holds the result to what a migration must keep.
///
/// # Errors
///
/// What does not hold.
pub fn holds(
    oracle: &mut Oracle,
    case: &ReleaseCase,
    keep_old: bool,
    tally: &Tally,
) -> Result<(), String> {
    tally.count(case.kind.name());
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    let files = read(&case.set);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let migrated = |files: &[ParsedFile<'_>], from| {
        let span = ReleaseRange { from, to: case.to };
        migrate(
            files,
            &Route::releases(span, &History::new(Service::IRONIC)),
            &settings,
        )
        .map_err(|error| format!("an error: {error}"))
    };
    let migration = migrated(&parsed, case.from)?;
    migration::count(&migration, tally);
    let after = migration::with_texts(&case.set, &migration);
    let mut holds = || -> Result<(), String> {
        migration::bytes_are_kept(&parsed, &migration)?;
        if migration.decisions.is_empty() {
            // The files are those of the newer release.
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
        if !migration.decisions.is_empty() {
            let again = |files: &[ParsedFile<'_>]| migrated(files, case.from);
            migration::further_run_keeps(&after, &migration, again, keeps)?;
        }
        Ok(())
    };
    holds().map_err(|why| format!("{why}\n{}", migration::shown(&migration)))
}

/// The values of a migrated set are what they were.
fn values_hold(
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
        // No reference leads by a former name to an option that is registered with a hyphen, which the
        // facts do not tell.
        let plugin = AUTH
            .iter()
            .map(|(.., name)| OptName::new(AUTH_GROUP, *name));
        may_change.extend(plugin);
        let kept = Case {
            before: &before,
            after,
            migration,
            keep_old,
            may_change: &migration::with_what_refers(&parsed, &before.opts, may_change),
            older: Some(&older),
        };
        migration::values_are_kept(oracle, &kept)
    };
    let on_the_way = kept(Former::OnTheWay);
    // Where old names stay, the newer release may also count them as it declares them itself.
    match keep_old {
        true => on_the_way.or_else(|why| kept(Former::Declared).map_err(|_| why)),
        false => on_the_way,
    }
}

/// The migration with decisions that are about all names that any release has for their options.
fn with_former_names(migration: &Migration) -> Migration {
    let mut migration = migration.clone();
    for decision in &mut migration.decisions {
        let life = names().get(&decision.option);
        let former = life.into_iter().flat_map(NameHistory::all_former);
        decision.options.extend(former.map(|(name, ..)| name));
    }
    migration
}

/// What a rule changes that does more than follow a former name, and what was left to decide.
fn converted(kind: ReleaseKind, migration: &Migration) -> BTreeSet<OptName> {
    let mut found = BTreeSet::new();
    for change in migration.files.iter().flat_map(|file| &file.changes) {
        // A renaming of an option of a plugin is one that the plugin makes, too.
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

/// Names of Ironic that are none of the newer release's options, nor lead to one.
fn only_on_the_way(opts: &[Opt]) -> BTreeSet<OptName> {
    let known: BTreeSet<&OptName> = opts
        .iter()
        .flat_map(|opt| opt.deprecated().iter().chain([opt.name()]))
        .collect();
    let others = names().keys().filter(|name| !known.contains(name));
    others.cloned().collect()
}

/// Names that are options of the newer release, and only former names of another before.
fn other_options(case: &ReleaseCase) -> BTreeSet<OptName> {
    let is_other = |life: &NameHistory| {
        let only_former = |series: Series| life.is_former(series) && !life.is_option(series);
        life.is_option(case.to) && case.from.through(case.to).any(only_former)
    };
    let others = names().iter().filter(|(_, life)| is_other(life));
    others.map(|(name, _)| name.clone()).collect()
}

/// Which former names an option has, and in which order they count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Former {
    /// Those of any release on the way.
    OnTheWay,
    /// Those that the newer release declares.
    Declared,
}

/// The options of the newer release that are set, or referred to, by any name that a release on the way
/// reads for them.
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
        if let Some(life) = names().get(&name)
            && wanted.insert(name)
        {
            open.extend(life.all_former_of().into_iter().map(|of| of.0));
        }
    }
    let mut opts: Vec<Opt> = wanted
        .iter()
        .filter_map(|name| option(name, case, which))
        .collect();
    if case.kind == ReleaseKind::Hyphens {
        // The plugin that is chosen has no options of these former names.
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

/// An option of the newer release as a text, with every former name that a release on the way reads for it.
fn option(name: &OptName, case: &ReleaseCase, which: Former) -> Option<Opt> {
    let life = names().get(name)?;
    let definition = life.definition(case.to)?;
    let opt = Opt::new(name.group(), name.name(), OptType::string());
    let opt = match definition.kind == "multistr" {
        true => opt.multi(),
        false => opt,
    };
    let mut former = match which {
        Former::OnTheWay => read_for(name, case.from, Some(case.to)),
        Former::Declared => life.former(case.to),
    };
    former.retain(|known| known != name);
    let with = |opt: Opt, name: &OptName| opt.with_deprecated(name.group(), name.name());
    Some(former.iter().fold(opt, with))
}

/// The names whose values an option has after the steps from one release to another, in the order in which
/// they count. What an earlier step moves to an option counts where that option does.
fn read_for(name: &OptName, from: Series, to: Option<Series>) -> Vec<OptName> {
    let Some(to) = to.filter(|to| *to >= from) else {
        return vec![name.clone()];
    };
    let mut found = read_for(name, from, to.before());
    let moved = |former: &OptName| {
        let life = names().get(former);
        let mut earlier = from.through(to).filter(|series| *series < to);
        life.is_some_and(|life| earlier.any(|series| life.is_former(series)))
    };
    let former = names().get(name).map(|life| life.former(to));
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
