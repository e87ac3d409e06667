//! The steps of a migration from release to release.

use foldhash::HashSet;

use super::MigrateError;
use super::definitions::ReleaseDefinitions;
use super::migrator::{LINKS_MAX, Migrator};
use super::names_in_use::{NamesInUse, Scope};
use crate::history::{self, History, ReleaseRange, Series};

impl<'m> Migrator<'m> {
    /// Follows the changes of each release after the first, and renames what the first release
    /// itself reads as former names.
    pub(super) fn releases(
        &mut self,
        range: ReleaseRange,
        history: &'m History,
    ) -> Result<(), MigrateError> {
        let mut names = NamesInUse::new(history);
        names.read(&self.files());
        self.older = Some(range.from);
        self.set_legacy(move |option| {
            let of_option = history.of_option(option);
            of_option.is_some_and(|of_option| of_option.is_read(range.from))
        });
        for series in range.from.through(range.to) {
            let mut scope = Scope::All;
            if series > range.from {
                let changed = self.release(series, range, &scope, &mut names)?;
                if series < range.to {
                    scope = Scope::Keys(changed);
                }
            }
            // A name that an option got in this step may have been removed long ago: a migration
            // that starts here would find that at once.
            let here = ReleaseRange {
                from: series,
                to: range.to,
            };
            for _ in 0..LINKS_MAX {
                if scope.is_empty() {
                    break;
                }
                scope = Scope::Keys(self.release(series, here, &scope, &mut names)?);
            }
            self.hold_decided(|option| {
                let of_option = history.of_option(option);
                of_option.map_or_else(Vec::new, |of_option| of_option.former(series))
            });
        }
        Ok(())
    }

    /// Follows the changes of a release; those of all older ones, too, if it is the first of the
    /// range. Returns the names of the options that changed.
    fn release(
        &mut self,
        series: Series,
        range: ReleaseRange,
        scope: &Scope,
        names: &mut NamesInUse<'_>,
    ) -> Result<HashSet<String>, MigrateError> {
        self.changed.clear();
        if !names.is_affected_by(series, range.from) {
            return Ok(HashSet::default());
        }
        let history = names.history;
        let before = series.before().filter(|_| series > range.from);
        let releases = ReleaseRange {
            from: before.unwrap_or(series),
            to: series,
        };
        let former = names.renamed(series, range.from, scope);
        if !former.is_empty() {
            let pack = history::renaming((series, range.to), before, &former, history);
            if self.rename(&pack, Some(releases))? {
                names.read(&self.files());
            }
        }
        let mut rules = names.rules(series, range.from, scope);
        // A rule that waits for the operator was reported, and changes nothing.
        rules.retain(|active| !self.awaits_decision(active));
        if !rules.is_empty() {
            let definitions = ReleaseDefinitions {
                series,
                to: range.to,
                history,
            };
            let pack = history::empty(series);
            if self.follow(rules, &pack, &definitions, Some(releases))? {
                names.read(&self.files());
            }
        }
        if !self.changed.is_empty() {
            // A decision may no longer be needed once another entry is gone.
            let decided = self.decisions.iter().map(|(_, decision)| &decision.option);
            for option in decided {
                let former = history.of_option(option);
                let former = former.into_iter().flat_map(|option| option.former(series));
                let names = former.map(|name| name.name().to_owned());
                self.changed.extend(names.chain([option.name().to_owned()]));
            }
        }
        Ok(std::mem::take(&mut self.changed))
    }
}
