//! Routes: the steps of a migration, in order.

use foldhash::{HashMap, HashSet};
use oslo_config::{Opt, OptName, ParsedFile};

use super::definitions::PackDefinitions;
use super::migrator::{LINKS_MAX, Migrator};
use super::pin::Pins;
use super::read_otherwise::Compared;
use super::rules::Active;
use super::{MigrateError, Migration, Settings};
use crate::history::{History, ReleaseRange};
use crate::pack::{Pack, Renaming};
use crate::rule::{Automatic, IfSet, Rule, in_known_sections};
use crate::schema::Schema;
use crate::target::name_of;

/// The steps from the names in a set of files to those that the target reads.
///
/// ```
/// use confmig::migrate::{Route, Settings, migrate};
/// use confmig::pack::Pack;
/// use oslo_config::SourceFile;
///
/// let file = SourceFile {
///     path: "ironic.conf".into(),
///     text: b"[pxe]\nhttp_root = /srv\n".to_vec(),
/// };
/// let pack = Pack::load("standalone-ilo")?;
/// let migration = migrate(&[file.parse()?], &Route::pack(&pack), &Settings::default())?;
/// assert_eq!(migration.files[0].after, "[deploy]\nhttp_server_root = /srv\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Route<'r> {
    steps: Vec<Step<'r>>,
}

/// A step of a route.
#[derive(Debug, Clone, Copy)]
enum Step<'r> {
    /// The renamings and rules of a pack.
    Pack(&'r Pack),
    /// The former names that a schema declares, and those by which an older one read options of it.
    Schema(&'r Schema, Option<&'r Schema>),
    /// The changes of each release after the first, and the former names of the first.
    Releases(ReleaseRange, &'r History),
    /// Sets options that are not set to the defaults of the older release.
    Pin(&'r Pins<'r>),
    /// Reports what the newer of two schemas no longer reads, refuses, or reads differently.
    Outcome(&'r Schema, &'r Schema),
    /// Reports what the last release does not read.
    Unread(ReleaseRange, &'r History),
}

impl<'r> Route<'r> {
    /// Creates the route to the names of a pack.
    #[must_use]
    pub fn pack(pack: &'r Pack) -> Self {
        Route {
            steps: vec![Step::Pack(pack)],
        }
    }

    /// Creates the route from one release of a service to another.
    #[must_use]
    pub fn releases(range: ReleaseRange, history: &'r History) -> Self {
        Route {
            steps: vec![Step::Releases(range, history), Step::Unread(range, history)],
        }
    }

    /// Creates the route to the names of a schema, through those of an older one if given.
    #[must_use]
    pub fn schemas(from: Option<&'r Schema>, to: &'r Schema) -> Self {
        let first = from.map(|from| Step::Schema(from, None));
        let outcome = from.map(|from| Step::Outcome(from, to));
        let steps = first.into_iter().chain([Step::Schema(to, from)]);
        Route {
            steps: steps.chain(outcome).collect(),
        }
    }

    /// Adds the rules of a site, which are followed before the reports.
    #[must_use]
    pub fn with_site(mut self, site: &'r Pack) -> Self {
        let is_later =
            |step: &Step<'_>| matches!(step, Step::Pin(_) | Step::Outcome(..) | Step::Unread(..));
        self.insert_before(is_later, Step::Pack(site));
        self
    }

    /// Adds old defaults that stay, which are set after the rules of a site and before the reports.
    #[must_use]
    pub fn with_pins(mut self, pins: &'r Pins<'r>) -> Self {
        let is_report = |step: &Step<'_>| matches!(step, Step::Outcome(..) | Step::Unread(..));
        self.insert_before(is_report, Step::Pin(pins));
        self
    }

    /// Inserts a step before the first one for which `is_later` holds, or at the end.
    fn insert_before(&mut self, is_later: impl Fn(&Step<'_>) -> bool, step: Step<'r>) {
        let at = self.steps.iter().position(is_later);
        self.steps.insert(at.unwrap_or(self.steps.len()), step);
    }
}

/// Migrates `files`, given in the order in which they are read, along a route: plans, applies and
/// proves each step in memory.
///
/// A migration over many releases has the same result as one migration per release, except that
/// later steps leave alone what an earlier one left to decide. Steps whose names are not in the
/// files cost nothing.
///
/// # Errors
///
/// When a new text cannot be made or parsed.
pub fn migrate<'m>(
    files: &'m [ParsedFile<'m>],
    route: &Route<'m>,
    settings: &'m Settings,
) -> Result<Migration, MigrateError> {
    let mut migrator = Migrator::new(files, settings);
    for step in &route.steps {
        match step {
            Step::Pack(pack) => {
                migrator.set_legacy(|_| false);
                migrator.pack(pack)?;
                if settings.keep_old {
                    let passed_on = passed_on(pack, settings);
                    migrator.remove_additions(|option| passed_on.contains_key(option))?;
                    migrator.drop_passed_on(pack, &passed_on);
                }
            }
            Step::Schema(schema, older) => {
                let mut pack = schema.pack(&migrator.files());
                if let Some(older) = older {
                    add_lost_names(&mut pack, older, schema);
                }
                migrator.pack(&pack)?;
                if let Some(older) = older {
                    migrator.read_otherwise_by_schema(older, schema, Compared::Plain);
                }
                migrator.set_legacy(reads_as_set(&pack, files));
                migrator.hold_decided(|option| {
                    let mut opts = pack.opts.iter();
                    let opt = opts.find(|opt| opt.name() == option);
                    opt.map_or_else(Vec::new, |opt| opt.deprecated().to_vec())
                });
            }
            Step::Releases(range, history) => migrator.releases(*range, history)?,
            Step::Pin(pins) => {
                let others = route.steps.iter();
                let others = others.filter(|step| !matches!(step, Step::Pin(_)));
                let others = Route {
                    steps: others.copied().collect(),
                };
                migrator.pin(pins, |files| migrate(files, &others, settings))?;
            }
            Step::Unread(range, history) => migrator.unread(*range, history)?,
            Step::Outcome(from, to) => {
                migrator.read_otherwise_by_schema(from, to, Compared::Referring);
                migrator.unread_by_schema(from, to)?;
                if !settings.keep_old {
                    migrator.refused(to);
                }
            }
        }
    }
    migrator.finish()
}

/// Returns the options that rules rename on any condition, each with its new name and whether that
/// keeps a value of its own: without the old names, none of them stays.
fn passed_on(pack: &Pack, settings: &Settings) -> HashMap<OptName, (OptName, bool)> {
    let is_followed = |rule: &&Rule| {
        let is_accepted =
            rule.automatic == Automatic::Yes || settings.accept_rules.contains(&rule.id);
        let has_doubt = !rule.decide.is_empty() || rule.if_target_set == IfSet::Decide;
        is_accepted && rule.when.is_empty() && !has_doubt
    };
    let rules = pack.rules.iter().filter(is_followed);
    let renames = rules.flat_map(in_known_sections).flat_map(|rule| {
        let keeps = rule.if_target_set == IfSet::Target;
        let renames = rule.rename.into_iter();
        renames.map(move |rename| (rename.from.0, (rename.to.0, keeps)))
    });
    renames.collect()
}

/// Adds the names by which the older of two schemas read options that the newer one no longer reads
/// by them, unless they have become other options there.
fn add_lost_names(pack: &mut Pack, older: &Schema, newer: &Schema) {
    let mut lost: Vec<(OptName, OptName)> = Vec::new();
    for opt in older.options().map(|option| &option.opt) {
        let newer_opt = newer.option(opt.name()).map(|option| &option.opt);
        let still = newer_opt.map_or(&[][..], Opt::deprecated);
        let former = opt.deprecated().iter().filter(|name| {
            let was_option = older.option(name).is_some();
            (was_option || !newer.reads(name)) && !still.contains(name)
        });
        lost.extend(former.map(|former| (former.clone(), opt.name().clone())));
    }
    for (from, to) in lost {
        let Some(opt) = pack.opts.iter_mut().find(|opt| *opt.name() == to) else {
            continue;
        };
        *opt = opt.clone().with_deprecated(from.group(), from.name());
        pack.renamings.push(Renaming {
            id: format!("{}-{}", from.group(), from.name()),
            from,
            to,
            why: format!("{} reads it as a former name", older.name()),
            proof: Some(older.origin.clone()),
        });
    }
}

/// Returns a predicate: whether a program with the options of a pack reads an option by its current
/// name. It may read everything that is set, too, for options that are not known.
fn reads_as_set(pack: &Pack, files: &[ParsedFile<'_>]) -> impl Fn(&OptName) -> bool + use<> {
    let mut read: HashSet<OptName> = pack.opts.iter().map(|opt| opt.name().clone()).collect();
    let entries = files.iter().flat_map(|file| file.document.entries());
    read.extend(entries.map(name_of));
    move |option| read.contains(option)
}

impl<'m> Migrator<'m> {
    /// Follows the renamings and rules of a pack until nothing changes: rules may trigger others,
    /// but never in a circle, and a decision may no longer be needed once another entry is gone.
    fn pack(&mut self, pack: &Pack) -> Result<(), MigrateError> {
        let decided = self.decisions.len();
        let superseded = self.superseded.clone();
        for _ in 0..pack.rules.len() + LINKS_MAX {
            // Each pass starts like a new run: only the decisions of the last one remain.
            self.decisions.truncate(decided);
            self.superseded.clone_from(&superseded);
            let mut changed = self.rename(pack, None)?;
            let rules = pack.rules.iter().map(|rule| Active {
                rule: std::rc::Rc::new(rule.clone()),
                doubt: None,
            });
            changed |= self.follow(rules.collect(), pack, &PackDefinitions(pack), None)?;
            let nothing_left = self.settings.keep_old || self.decisions.len() == decided;
            if !changed || pack.rules.is_empty() && nothing_left {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_site_precede_the_reports() {
        let text = r#"{"options": {"a": {"opts": [{"name": "x", "type": "string value"}]}}}"#;
        let (schema, site) = (Schema::parse(text, "schema.json").unwrap(), Pack::default());
        let route = Route::schemas(Some(&schema), &schema).with_site(&site);
        assert!(matches!(
            route.steps[..],
            [
                Step::Schema(_, None),
                Step::Schema(_, Some(_)),
                Step::Pack(_),
                Step::Outcome(..)
            ]
        ));
    }
}
