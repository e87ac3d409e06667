//! From release to release: what each one changed, one after the other, on texts in memory.
//!
//! The migration over many releases is by construction what going release by release makes. A step
//! whose names are not in the files costs nothing.

mod facts;
mod leftovers;
mod renames;
mod schemas;
mod steps;
mod trail;
mod walk;

use std::collections::BTreeSet;

use bumpalo::Bump;
use foldhash::HashSet;
use oslo_config::ParsedFile;

use super::{MigrateError, Migration, Settings};
use crate::pack::Pack;
use crate::release::{self, Lives, Series};
use facts::InRelease;
use renames::renames_pack;
pub use schemas::migrate_schemas;
use steps::Interests;
use walk::Walk;

/// How often a rule may give a name that another one of the same release is about.
const LINKS_MAX: usize = 8;

/// The id under which names are reported that the release does not read.
const NOT_READ: &str = "not-read";

/// From which release to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The release that the files were written for.
    pub from: Series,
    /// The release that is to read them.
    pub to: Series,
}

/// Migrates files from one release of Ironic to another: the changes of each release after the first,
/// and what the first itself calls deprecated, in their order. The rules of `site`, if any, are
/// followed at the end.
///
/// # Errors
///
/// When the new texts cannot be made, read back, or shown to mean what they must.
pub fn migrate_releases(
    files: &[ParsedFile<'_>],
    span: Span,
    site: Option<&Pack>,
    settings: &Settings,
    lives: &Lives,
) -> Result<Migration, MigrateError> {
    let texts = Bump::new();
    let mut walk = Walk::new(files, settings, &texts);
    let mut interests = Interests::new(lives);
    interests.read(&walk.files);
    for series in span.from.through(span.to) {
        let mut scope = Scope::All;
        if series > span.from {
            let changed = walk.step(series, span.from, &scope, &mut interests)?;
            if series < span.to {
                scope = Scope::Keys(changed);
            }
        }
        // What has its name from this release only may be gone for long: who goes on from here would
        // find that at once.
        for _ in 0..LINKS_MAX {
            if scope.is_empty() {
                break;
            }
            scope = Scope::Keys(walk.step(series, series, &scope, &mut interests)?);
        }
    }
    if let Some(site) = site {
        walk.follow(site)?;
    }
    if !settings.keep_old {
        walk.leftovers(span, lives);
    }
    Ok(walk.finish())
}

/// Migrates files by a pack that has rules that do more than rename.
pub(super) fn migrate_by_rules(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    settings: &Settings,
) -> Result<Migration, MigrateError> {
    let texts = Bump::new();
    let mut walk = Walk::new(files, settings, &texts);
    walk.follow(pack)?;
    Ok(walk.finish())
}

fn release_pack(series: Series) -> Pack {
    release::pack(series, &BTreeSet::new(), &Lives::default())
}

/// What a step looks at.
enum Scope {
    /// Everything.
    All,
    /// What is about options with these names, in whatever group: those that the step before changed.
    Keys(HashSet<String>),
}

impl Scope {
    fn is_empty(&self) -> bool {
        matches!(self, Scope::Keys(keys) if keys.is_empty())
    }

    fn has_any_of<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> bool {
        match self {
            Scope::All => true,
            Scope::Keys(changed) => keys.into_iter().any(|key| changed.contains(key)),
        }
    }
}

impl Walk<'_> {
    /// Follows what a release changed, or what files that are for it may have of older ones when it is the
    /// one to go `from`. Gives the names of the options that changed.
    fn step(
        &mut self,
        series: Series,
        from: Series,
        scope: &Scope,
        interests: &mut Interests<'_>,
    ) -> Result<HashSet<String>, MigrateError> {
        self.changed.clear();
        if !interests.concern(series, from) {
            return Ok(HashSet::default());
        }
        let lives = interests.lives;
        let former = interests.renamed(series, scope);
        if !former.is_empty() {
            let pack = release::renaming(series, &former, lives);
            if self.rename(&pack, Some(series))? {
                interests.read(&self.files);
            }
        }
        let mut rules = interests.copies(series, scope);
        let mut own = interests.rules(series, from, scope);
        // What the operator has to decide is said once, and changes nothing.
        own.retain(|active| !self.is_decided(active));
        rules.extend(own);
        if !rules.is_empty() {
            let base = release_pack(series);
            let facts = InRelease { series, lives };
            let (mut changed, renames) = self.convert(rules, &base, &facts, Some(series))?;
            let pack = renames_pack(renames, base, &|option| {
                release::option(option, series, lives)
            });
            changed |= self.rename(&pack, Some(series))?;
            if changed {
                interests.read(&self.files);
            }
        }
        Ok(std::mem::take(&mut self.changed))
    }
}
