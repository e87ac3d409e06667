//! Strategies for services whose defaults change, and the check that pinned defaults are read as
//! the older release read them.

use std::collections::{BTreeSet, HashMap};

use confmig::migrate::{Change, ChangeKind, Migration, Pins, Route, Settings, migrate};
use confmig::pack::Pack;
use confmig::schema::Schema;
use confmig::secret::Secrets;
use confmig::target::{SchemaTarget, Schemas};
use oslo_config::{Opt, OptName, ParsedFile};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use serde_json::json;

use crate::cases::Tally;
use crate::generate::{Given, ServiceCase, Set, services};
use crate::migration::{parse, read, shown, with_texts};
use crate::oracle::{Oracle, Outcome};
use crate::target::{Target, as_in_schema, schema};

/// A configuration, and two releases of its service with different defaults.
#[derive(Debug, Clone)]
pub struct PinCase {
    /// The files.
    pub set: Set,
    /// The options of the release that the files were written for.
    pub older: Vec<Opt>,
    /// The options of the release that is to read them.
    pub newer: Vec<Opt>,
}

/// The default of an option.
#[derive(Debug, Clone)]
enum DefaultPlan {
    /// That of the service, mostly none.
    Own,
    Plain(&'static str),
    /// A reference to one of the names, with or without its group.
    Reference {
        to: Index,
        bare: bool,
    },
}

const PLAIN: [&str; 12] = [
    "old",
    "new",
    "",
    "a,b",
    "$$",
    " spaced ",
    "\"quoted\"",
    "'",
    "# x",
    "x = y",
    "[s]",
    "$nowhere",
];

fn default_plan() -> BoxedStrategy<DefaultPlan> {
    let reference = (any::<Index>(), any::<bool>());
    prop_oneof![
        1 => select(&[DefaultPlan::Own][..]),
        4 => select(&PLAIN[..]).prop_map(DefaultPlan::Plain),
        2 => reference.prop_map(|(to, bare)| DefaultPlan::Reference { to, bare }),
    ]
    .boxed()
}

/// Generates services of two releases with different defaults.
pub fn pin_cases() -> BoxedStrategy<PinCase> {
    let defaults = || vec(default_plan(), 5);
    (services(Given::Schemas), defaults(), defaults())
        .prop_map(|(service, old, new)| {
            let ServiceCase { set, target, .. } = service;
            let Target::Schemas { older, newer } = target else {
                panic!("a target with two schemas, not {target:?}");
            };
            let opts = older.iter().chain(&newer);
            let names = opts.flat_map(|opt| opt.deprecated().iter().chain([opt.name()]));
            let names: BTreeSet<OptName> = names.cloned().collect();
            let names: Vec<OptName> = names.into_iter().collect();
            PinCase {
                older: with_defaults(&older, &old, &names),
                newer: with_defaults(&newer, &new, &names),
                set,
            }
        })
        .boxed()
}

fn with_defaults(opts: &[Opt], plans: &[DefaultPlan], names: &[OptName]) -> Vec<Opt> {
    let opts = opts.iter().zip(plans.iter().cycle());
    let opts = opts.map(|(opt, plan)| match plan {
        DefaultPlan::Own => opt.clone(),
        DefaultPlan::Plain(text) => opt.clone().with_default(*text),
        DefaultPlan::Reference { to, bare } => {
            let name = to.get(names);
            opt.clone().with_default(match bare {
                true => format!("${}", name.name()),
                false => format!("${{{name}}}/x"),
            })
        }
    });
    opts.collect()
}

/// The schemas of a case.
struct Releases {
    older: Schema,
    newer: Schema,
    variables: HashMap<String, String>,
}

impl Releases {
    fn new(case: &PinCase) -> Self {
        Releases {
            older: schema(&case.older, "older"),
            newer: schema(&case.newer, "newer"),
            variables: case.set.environment.iter().cloned().collect(),
        }
    }

    /// Migrates files, and pins all old defaults if `pinned`.
    fn migrate(&self, files: &[ParsedFile<'_>], pinned: bool) -> Result<Migration, String> {
        let (from, to) = (Some(&self.older), &self.newer);
        let target = SchemaTarget::new(Schemas { from, to }, files, None);
        let older = Schemas {
            from: None,
            to: &self.older,
        };
        let (target, older) = (
            target.map_err(|error| error.to_string())?,
            SchemaTarget::new(older, files, None).map_err(|error| error.to_string())?,
        );
        let pack = Pack::default();
        let secrets = Secrets::hidden(&pack);
        let pins = Pins::new([&older, &target], |_| true, &secrets, &self.variables);
        let route = Route::schemas(from, to);
        let route = if pinned {
            route.with_pins(&pins)
        } else {
            route
        };
        migrate(files, &route, &Settings::default()).map_err(|error| format!("an error: {error}"))
    }
}

/// Pins the old defaults of a configuration, and checks the result with oslo.config.
///
/// # Errors
///
/// Returns what does not hold.
pub fn holds(oracle: &mut Oracle, case: &PinCase, tally: &Tally) -> Result<(), String> {
    let releases = Releases::new(case);
    let files = read(&case.set);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let migration = releases.migrate(&parsed, true)?;
    let pins: Vec<&Change> = changes(&migration).collect();
    tally.count(if pins.is_empty() { "no pin" } else { "pinned" });
    if !migration.not_pinned.is_empty() {
        tally.count("not pinned");
    }
    let after = with_texts(&case.set, &migration);
    let unpinned = with_texts(&case.set, &releases.migrate(&parsed, false)?);
    let again = read(&after);
    let again = parse(&again).map_err(|error| error.to_string())?;
    let again = releases.migrate(&again, true)?;
    let mut holds = || -> Result<(), String> {
        // What the first run left out may be possible once references have current names.
        let left_out = |change: &&Change| {
            let mut not_pinned = migration.not_pinned.iter();
            not_pinned.any(|it| it.option == change.to)
        };
        if let Some(change) = changes(&again).find(|change| !left_out(change)) {
            return Err(format!("a second run: {}", change.message));
        }
        // As in the schemas, which have no former names with hyphens.
        let [older, newer] = [&case.older, &case.newer]
            .map(|opts| opts.iter().map(as_in_schema).collect::<Vec<Opt>>());
        let was = outcomes(oracle, &case.set, &older)?;
        let is = outcomes(oracle, &after, &newer)?;
        for pin in &pins {
            pin_holds(pin, (&older, &was), (&newer, &is), tally)?;
        }
        // Everything else is read as if the newer release had the old defaults.
        let kept: Vec<Opt> = newer.iter().map(|opt| kept(opt, &pins, &older)).collect();
        let expected = outcomes(oracle, &unpinned, &kept)?;
        for (opt, (expected, now)) in newer.iter().zip(expected.iter().zip(&is)) {
            if expected != now {
                let name = opt.name();
                return Err(format!("{name}: read as {now:?} and not {expected:?}"));
            }
        }
        Ok(())
    };
    holds().map_err(|why| format!("{why}\n{}", shown(&migration)))
}

fn outcomes(oracle: &mut Oracle, set: &Set, opts: &[Opt]) -> Result<Vec<Outcome>, String> {
    let resolved = oracle.resolve(&set.sources, opts, &set.environment);
    resolved
        .map(|it| it.options)
        .map_err(|why| format!("{why:?}"))
}

/// Checks that the newer release reads a pinned option as the older one read it.
fn pin_holds(
    pin: &Change,
    (older, was): (&[Opt], &[Outcome]),
    (newer, is): (&[Opt], &[Outcome]),
    tally: &Tally,
) -> Result<(), String> {
    let find = |opts: &[Opt], name: &OptName| opts.iter().position(|opt| opt.name() == name);
    let (Some(old), Some(new)) = (find(older, &pin.from), find(newer, &pin.to)) else {
        return Err(format!("no release has {} or {}", pin.from, pin.to));
    };
    if newer[new].is_multi() {
        tally.count("multi-valued");
    }
    if older[old].default().iter().any(|text| text.contains('$')) {
        tally.count("reference");
    }
    let same = match (&was[old], &is[new]) {
        // A single value has become one of several, or the only one of several a single one.
        (Outcome::Found { value: before, .. }, Outcome::Found { value: now, .. })
            if newer[new].is_multi() != older[old].is_multi() =>
        {
            match newer[new].is_multi() {
                true => *now == json!([before]),
                false => *before == json!([now]),
            }
        }
        (_, Outcome::Found { .. }) => was[old] == is[new],
        (_, Outcome::Refused { .. }) => false,
    };
    match same {
        true => Ok(()),
        false => Err(format!(
            "{}: oslo.config reads {:?}, and read {:?} as {}",
            pin.to, is[new], was[old], pin.from
        )),
    }
}

/// Returns the changes that pin a default.
fn changes(migration: &Migration) -> impl Iterator<Item = &Change> {
    let changes = migration.files.iter().flat_map(|file| &file.changes);
    changes.filter(|change| change.kind == ChangeKind::Pin)
}

/// Returns an option with its old default if it is pinned.
fn kept(opt: &Opt, pins: &[&Change], older: &[Opt]) -> Opt {
    let Some(pin) = pins.iter().find(|pin| pin.to == *opt.name()) else {
        return opt.clone();
    };
    let old = older.iter().find(|old| *old.name() == pin.from);
    let registered = OptName::new(opt.name().group(), opt.registered_name());
    let bare = Opt::new(registered.group(), registered.name(), opt.kind().clone());
    let bare = if opt.is_multi() { bare.multi() } else { bare };
    let former = opt.deprecated().iter();
    let bare = former.fold(bare, |bare, name| {
        bare.with_deprecated(name.group(), name.name())
    });
    let defaults = old.into_iter().flat_map(|old| old.default());
    defaults.fold(bare, Opt::with_default)
}
