//! A release of a service as a target.

use std::borrow::Cow;
use std::collections::BTreeSet;

use oslo_config::{Opt, OptName, ParsedFile};

use super::{ChangedDefault, PackTarget, Standing, Target, UpcomingRemoval, joined, name_of};
use crate::history::{self, Absence, Definition, History, NameHistory, Series};
use crate::pack::{Pack, PackError};

/// A release of a service as a target, with what it knows about the names in a set of files.
#[derive(Debug)]
pub struct ReleaseTarget<'l> {
    /// The pack of the release for the names in the files, joined with the site's rules.
    own: PackTarget,
    to: Series,
    from: Option<Series>,
    history: &'l History,
}

impl<'l> ReleaseTarget<'l> {
    /// Creates a target for a set of files that were written for the release `from`, if known.
    ///
    /// # Errors
    ///
    /// When the site's rules contradict the release.
    pub fn new(
        to: Series,
        from: Option<Series>,
        files: &[ParsedFile<'_>],
        site: Option<&Pack>,
        history: &'l History,
    ) -> Result<Self, PackError> {
        let entries = files.iter().flat_map(|file| file.document.entries());
        let names: BTreeSet<OptName> = entries.map(name_of).collect();
        let pack = joined(history::pack(to, &names, history), site)?;
        Ok(ReleaseTarget {
            own: PackTarget::new(pack),
            to,
            from,
            history,
        })
    }

    /// Returns the release.
    #[must_use]
    pub fn series(&self) -> Series {
        self.to
    }

    /// Returns the definition of an option in an older release, with its name there if it had
    /// another one; `None` when the older release does not have the option.
    fn former_definition(
        &self,
        option: &OptName,
        of_name: &NameHistory,
        from: Series,
    ) -> Option<(Option<OptName>, Definition<'static>)> {
        if let Some(definition) = of_name.definition(from) {
            return Some((None, definition));
        }
        let mut seen = BTreeSet::from([option.clone()]);
        let names = |of_name: &NameHistory| of_name.all_former().into_iter().rev();
        let mut open: Vec<OptName> = names(of_name).map(|(name, _)| name).collect();
        while let Some(name) = open.pop() {
            let Some(of_name) = self.history.of_option(&name) else {
                continue;
            };
            if let Some(definition) = of_name.definition(from) {
                return Some((Some(name), definition));
            }
            if seen.insert(name) {
                open.extend(names(&of_name).map(|(name, _)| name));
            }
        }
        None
    }

    /// Returns the definition of an option in the release.
    #[must_use]
    pub fn definition(&self, name: &OptName) -> Option<Definition<'static>> {
        self.history.of_option(name)?.definition(self.to)
    }
}

impl Target for ReleaseTarget<'_> {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.to.id())
    }

    fn own(&self) -> &PackTarget {
        &self.own
    }

    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>> {
        if let Some(opt) = self.own.own_option(name) {
            return Some(Cow::Borrowed(opt));
        }
        let opt = history::full_option(name, self.to, self.history)?;
        Some(Cow::Owned(opt))
    }

    fn readers(&self, name: &OptName) -> Vec<OptName> {
        let mut readers = self.own.readers(name);
        let of_name = self.history.of_option(name);
        let former_of = of_name
            .iter()
            .flat_map(|of_name| of_name.former_of(self.to));
        for reader in former_of {
            if !readers.contains(&reader) {
                readers.push(reader);
            }
        }
        readers
    }

    fn standing(&self, name: &OptName) -> Standing {
        if let Some(standing) = self.own.own_standing(name) {
            return standing;
        }
        match self.history.of_option(name) {
            Some(of_name) if of_name.is_option(self.to) => Standing::Option,
            Some(of_name) if of_name.is_former(self.to) => Standing::Former,
            Some(of_name) if of_name.read_in().is_some_and(|read| read.from > self.to) => {
                Standing::NotYet
            }
            Some(_) => Standing::Removed,
            // An option of a plugin, or of a library whose options are not recorded.
            None if self.own.ever_read(name) => Standing::CannotTell,
            None => Standing::Unknown,
        }
    }

    fn denial(&self, name: &OptName) -> String {
        let of_name = self.history.of_option(name);
        match of_name.and_then(|of_name| of_name.read_in()) {
            Some(read) => format!(
                "{} does not know [{}] {}: it was added in {}",
                self.to,
                name.group(),
                name.name(),
                read.from
            ),
            None => self.own.denial(name),
        }
    }

    fn absence(&self, name: &OptName) -> Absence {
        let own = self.own.own_absence(name);
        own.unwrap_or_else(|| history::absence(name, self.to, self.history))
    }

    fn successors(&self, name: &OptName) -> Vec<OptName> {
        let found = history::took_over(name, self.to, self.history);
        found.into_iter().collect()
    }

    fn upcoming_removal(&self, name: &OptName) -> Option<UpcomingRemoval> {
        if !self.definition(name)?.to_be_removed {
            return None;
        }
        let of_name = self.history.of_option(name)?;
        let removed_in = of_name.as_option()?.to.after();
        let mut later = self.to.through(self.to.service().newest());
        let taken_back = later.find(|series| {
            let definition = of_name.definition(*series);
            definition.is_some_and(|definition| !definition.to_be_removed)
        });
        let keep = taken_back.map(|release| format!("keep it: {release} no longer deprecates it"));
        let of_removal = || {
            let gone = removed_in?;
            Some(history::absence(name, gone, self.history).to_string())
        };
        Some(UpcomingRemoval {
            since: format!(" in {}", self.to),
            removed_in,
            taken_back,
            advice: keep
                .or_else(|| history::deprecation(name, self.history))
                .or_else(of_removal)
                .or_else(|| history::advice_about(name, self.to, self.history)),
        })
    }

    fn changed_defaults(&self) -> Vec<ChangedDefault> {
        let Some(from) = self.from else {
            return Vec::new();
        };
        let changed = |(option, of_name): (OptName, NameHistory)| {
            let new = of_name.definition(self.to)?;
            let (formerly, old) = self.former_definition(&option, &of_name, from)?;
            let (before, now) = (old.default(), new.default());
            if old.runtime_default || new.runtime_default || before == now {
                return None;
            }
            let has_old = |series: &Series| {
                let defined = self.former_definition(&option, &of_name, *series);
                defined.is_some_and(|(_, defined)| defined.default() == before)
            };
            let last = from.through(self.to).filter(has_old).last();
            Some(ChangedDefault {
                since: last.and_then(Series::after),
                is_list: matches!(&*new.kind, "list" | "dict"),
                option,
                formerly,
                now,
                before,
                releases: Some((from, self.to)),
            })
        };
        history::all_names(self.to.service())
            .filter_map(changed)
            .collect()
    }

    fn has_computed_default(&self, name: &OptName) -> bool {
        self.definition(name)
            .is_some_and(|definition| definition.runtime_default)
    }

    fn plugins(&self) -> Option<Series> {
        Some(self.to)
    }

    fn release(&self) -> Option<&ReleaseTarget<'_>> {
        Some(self)
    }
}
