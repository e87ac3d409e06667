//! The steps of a migration: one for a pack or a schema, one for each release on the way to another.

use bumpalo::Bump;
use foldhash::HashSet;
use oslo_config::{OptName, ParsedFile};

use super::facts::{InPack, InRelease};
use super::migrator::Migrator;
use super::rules::Active;
use super::steps::NamesInUse;
use super::{MigrateError, Migration, Settings};
use crate::pack::Pack;
use crate::release::{self, Lives, Series};
use crate::schema::Schema;
use crate::target::name_of;

/// How often a rule may give a name that another one of the same release is about.
const LINKS_MAX: usize = 8;

/// From which release to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The release that the files were written for.
    pub from: Series,
    /// The release that is to read them.
    pub to: Series,
}

/// The way from the names that files have to those that their target reads.
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

/// One part of a route.
#[derive(Debug, Clone, Copy)]
enum Step<'r> {
    /// The renamings and rules of a pack.
    Pack(&'r Pack),
    /// The former names that a schema declares.
    Schema(&'r Schema),
    /// What each release changed after the first, and what the first itself calls deprecated.
    Releases(Span, &'r Lives),
    /// Reports what the older of two schemas reads and the newer one does not, refuses, or reads otherwise.
    Outcome(&'r Schema, &'r Schema),
    /// Reports what the last release does not read.
    Unread(Span, &'r Lives),
}

impl<'r> Route<'r> {
    /// The names of a pack.
    #[must_use]
    pub fn pack(pack: &'r Pack) -> Self {
        Route {
            steps: vec![Step::Pack(pack)],
        }
    }

    /// From one release of Ironic to another.
    #[must_use]
    pub fn releases(span: Span, lives: &'r Lives) -> Self {
        Route {
            steps: vec![Step::Releases(span, lives), Step::Unread(span, lives)],
        }
    }

    /// The names of a schema, after those of an older one when there is one.
    #[must_use]
    pub fn schemas(from: Option<&'r Schema>, to: &'r Schema) -> Self {
        let steps = from.into_iter().chain([to]).map(Step::Schema);
        let outcome = from.map(|from| Step::Outcome(from, to));
        Route {
            steps: steps.chain(outcome).collect(),
        }
    }

    /// Adds the rules of a site, which are followed before what is unread is reported.
    #[must_use]
    pub fn with_site(mut self, site: &'r Pack) -> Self {
        let is_report = |step: &Step<'_>| matches!(step, Step::Outcome(..) | Step::Unread(..));
        let at = self.steps.iter().position(is_report);
        self.steps
            .insert(at.unwrap_or(self.steps.len()), Step::Pack(site));
        self
    }
}

/// Migrates `files`, in the order in which they are read, along a route: plans, applies and proves each
/// of its steps in memory.
///
/// A migration over many releases is by construction what going release by release makes, but for what a
/// release leaves to decide: later ones leave it, too. A step whose names are not in the files costs nothing.
///
/// # Errors
///
/// When new texts cannot be made or read back.
pub fn migrate<'m>(
    files: &'m [ParsedFile<'m>],
    route: &Route<'m>,
    settings: &'m Settings,
) -> Result<Migration, MigrateError> {
    let texts = Bump::new();
    let mut migrator = Migrator::new(files, settings, &texts);
    for step in &route.steps {
        match step {
            Step::Pack(pack) => {
                migrator.keep_for(|_| false);
                migrator.pack(pack)?;
            }
            Step::Schema(schema) => {
                let pack = schema.pack(&migrator.files);
                migrator.pack(&pack)?;
                migrator.keep_for(reads_as_set(&pack, files));
                migrator.hold_decided(|option| {
                    let mut opts = pack.opts.iter();
                    let opt = opts.find(|opt| opt.name() == option);
                    opt.map_or_else(Vec::new, |opt| opt.deprecated().to_vec())
                });
            }
            Step::Releases(span, lives) => migrator.releases(*span, lives)?,
            Step::Unread(span, lives) if !settings.keep_old => migrator.unread(*span, lives),
            Step::Unread(..) => {}
            Step::Outcome(from, to) => {
                migrator.read_otherwise(from, to);
                if !settings.keep_old {
                    migrator.unread_by_schema(from, to);
                    migrator.refused(to);
                }
            }
        }
    }
    migrator.finish()
}

/// What tells whether a program with the options of a pack reads an option by its own name: one of these,
/// or one that is set for what is not known here.
fn reads_as_set(pack: &Pack, files: &[ParsedFile<'_>]) -> impl Fn(&OptName) -> bool + use<> {
    let mut read: HashSet<OptName> = pack.opts.iter().map(|opt| opt.name().clone()).collect();
    let entries = files.iter().flat_map(|file| file.document.entries());
    read.extend(entries.map(name_of));
    move |option| read.contains(option)
}

/// What a step looks at.
pub(super) enum Scope {
    /// Everything.
    All,
    /// What is about options with these names, in whatever group: those that the step before changed.
    Keys(HashSet<String>),
}

impl Scope {
    fn is_empty(&self) -> bool {
        matches!(self, Scope::Keys(keys) if keys.is_empty())
    }

    pub(super) fn has_any_of<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> bool {
        match self {
            Scope::All => true,
            Scope::Keys(changed) => keys.into_iter().any(|key| changed.contains(key)),
        }
    }
}

impl<'m> Migrator<'m> {
    /// The renamings and rules of a pack, until there is nothing left to do: a rule may give others
    /// something to do, and none does so in a circle; and what was left to decide may be clear once
    /// another entry is gone.
    fn pack(&mut self, pack: &Pack) -> Result<(), MigrateError> {
        let decided = self.decisions.len();
        let superseded = self.superseded.clone();
        for _ in 0..pack.conversions.len() + LINKS_MAX {
            // Each look starts as another run would: what is left to decide is what the last one leaves.
            self.decisions.truncate(decided);
            self.superseded.clone_from(&superseded);
            let mut changed = self.rename(pack, None)?;
            let rules = pack.conversions.iter().map(|rule| Active {
                rule: std::rc::Rc::new(rule.clone()),
                doubt: None,
            });
            changed |= self.follow(rules.collect(), pack, &InPack(pack), None)?;
            let nothing_left = self.settings.keep_old || self.decisions.len() == decided;
            if !changed || pack.conversions.is_empty() && nothing_left {
                break;
            }
        }
        Ok(())
    }

    /// The changes of each release after the first, and what the first itself calls deprecated.
    fn releases(&mut self, span: Span, lives: &'m Lives) -> Result<(), MigrateError> {
        let mut names = NamesInUse::new(lives);
        names.read(&self.files);
        // Files that both releases read must not get what the first one reads otherwise.
        self.keep_for(move |option| {
            let life = lives.of_option(option);
            life.is_some_and(|life| life.is_read(span.from))
        });
        for series in span.from.through(span.to) {
            let mut scope = Scope::All;
            if series > span.from {
                let changed = self.release(series, span, &scope, &mut names)?;
                if series < span.to {
                    scope = Scope::Keys(changed);
                }
            }
            // What has its name from this release only may be gone for long: who goes on from here would
            // find that at once.
            let here = Span {
                from: series,
                to: span.to,
            };
            for _ in 0..LINKS_MAX {
                if scope.is_empty() {
                    break;
                }
                scope = Scope::Keys(self.release(series, here, &scope, &mut names)?);
            }
            self.hold_decided(|option| {
                let life = lives.of_option(option);
                life.map_or_else(Vec::new, |life| life.former(series))
            });
        }
        Ok(())
    }

    /// Follows what a release changed, or what files that are for it may have of older ones when it is the
    /// first of the span. Returns the names of the options that changed.
    fn release(
        &mut self,
        series: Series,
        span: Span,
        scope: &Scope,
        names: &mut NamesInUse<'_>,
    ) -> Result<HashSet<String>, MigrateError> {
        self.changed.clear();
        if !names.is_affected_by(series, span.from) {
            return Ok(HashSet::default());
        }
        let lives = names.lives;
        let before = series.before().filter(|_| series > span.from);
        let former = names.renamed(series, scope);
        if !former.is_empty() {
            let pack = release::renaming(series, before, &former, lives);
            if self.rename(&pack, Some(series))? {
                names.read(&self.files);
            }
        }
        let mut rules = names.rules(series, span.from, scope);
        // What the operator has to decide is said once, and changes nothing.
        rules.retain(|active| !self.is_decided(active));
        if !rules.is_empty() {
            let facts = InRelease {
                series,
                to: span.to,
                lives,
            };
            if self.follow(rules, &release::empty(series), &facts, Some(series))? {
                names.read(&self.files);
            }
        }
        if !self.changed.is_empty() {
            // What was left to decide may be clear once another entry is gone.
            let decided = self.decisions.iter().map(|(_, decision)| &decision.option);
            for option in decided {
                let former = lives.of_option(option);
                let former = former.into_iter().flat_map(|life| life.former(series));
                let names = former.map(|name| name.name().to_owned());
                self.changed.extend(names.chain([option.name().to_owned()]));
            }
        }
        Ok(std::mem::take(&mut self.changed))
    }
}
