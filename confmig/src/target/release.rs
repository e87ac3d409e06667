//! A release of Ironic as a target.

use std::borrow::Cow;
use std::collections::BTreeSet;

use oslo_config::{Opt, OptName, ParsedFile};

use super::{ChangedDefault, Deprecation, PackTarget, Standing, Target, in_words, joined, name_of};
use crate::pack::{Pack, PackError};
use crate::release::{self, Definition, Lives, Series};

/// A release of Ironic, and what it knows of the names in a set of files.
#[derive(Debug)]
pub struct ReleaseTarget<'l> {
    /// What the release, and the site's rules, say of names in the files.
    own: PackTarget,
    to: Series,
    from: Option<Series>,
    lives: &'l Lives,
}

impl<'l> ReleaseTarget<'l> {
    /// Makes a target for files of a release, joined with the site's rules. `from` is the release that they
    /// were written for.
    ///
    /// # Errors
    ///
    /// When the site's rules contradict the release.
    pub fn new(
        to: Series,
        from: Option<Series>,
        files: &[ParsedFile<'_>],
        site: Option<&Pack>,
        lives: &'l Lives,
    ) -> Result<Self, PackError> {
        let entries = files.iter().flat_map(|file| file.document.entries());
        let names: BTreeSet<OptName> = entries.map(name_of).collect();
        let pack = joined(release::pack(to, &names, lives), site)?;
        Ok(ReleaseTarget {
            own: PackTarget::new(pack),
            to,
            from,
            lives,
        })
    }

    /// Returns the release.
    #[must_use]
    pub fn series(&self) -> Series {
        self.to
    }

    /// Returns what an option is like in the release.
    #[must_use]
    pub fn definition(&self, name: &OptName) -> Option<Definition<'static>> {
        self.lives.of_option(name)?.definition(self.to)
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
        let opt = release::option(name, self.to, self.lives)?;
        let defaults = self.definition(name)?.default().into_iter();
        let opt = defaults.fold(opt, Opt::with_default);
        let former = self.lives.of_option(name)?.former(self.to).into_iter();
        let opt = former.fold(opt, |opt, name| {
            opt.with_deprecated(name.group(), name.name())
        });
        Some(Cow::Owned(opt))
    }

    fn readers(&self, name: &OptName) -> Vec<OptName> {
        let mut readers = self.own.readers(name);
        let life = self.lives.of_option(name);
        for reader in life.iter().flat_map(|life| life.former_of(self.to)) {
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
        match self.lives.of_option(name) {
            Some(life) if life.is_option(self.to) => Standing::Option,
            Some(life) if life.is_former(self.to) => Standing::Former,
            Some(life) if life.span().is_some_and(|(first, _)| first > self.to) => Standing::NotYet,
            Some(_) => Standing::Gone,
            // Options of plugins, and of libraries that were not looked at.
            None if self.own.ever_read(name) => Standing::CannotTell,
            None => Standing::Unknown,
        }
    }

    fn denial(&self, name: &OptName) -> String {
        let life = self.lives.of_option(name);
        match life.and_then(|life| life.span()) {
            Some((first, _)) => format!(
                "{} does not know [{}] {}: it came in {first}",
                self.to,
                name.group(),
                name.name()
            ),
            None => self.own.denial(name),
        }
    }

    fn whereabouts(&self, name: &OptName) -> String {
        release::whereabouts(name, self.to, self.lives)
    }

    fn deprecation(&self, name: &OptName) -> Option<Deprecation> {
        if !self.definition(name)?.to_be_removed {
            return None;
        }
        let (_, last) = self.lives.of_option(name)?.as_option()?;
        let removed_in = last.after();
        Some(Deprecation {
            since: format!(" in {}", self.to),
            removed_in,
            advice: removed_in.map(|gone| release::whereabouts(name, gone, self.lives)),
        })
    }

    fn changed_defaults(&self) -> Vec<ChangedDefault> {
        let Some(from) = self.from else {
            return Vec::new();
        };
        let changed = |(option, life): (OptName, release::Life)| {
            let (old, new) = (life.definition(from)?, life.definition(self.to)?);
            let (before, now) = (old.default(), new.default());
            if old.runtime_default || new.runtime_default || before == now {
                return None;
            }
            let shown = |default: &[String], series| match default.len() {
                count if count > 0 && (old.secret || new.secret) => {
                    format!("{count} values in {series}")
                }
                _ => format!("{} in {series}", in_words(default)),
            };
            Some(ChangedDefault {
                option,
                now: shown(&now, self.to),
                before: shown(&before, from),
            })
        };
        release::all_names(self.to.service())
            .filter_map(changed)
            .collect()
    }

    fn plugins(&self) -> Option<Series> {
        Some(self.to)
    }

    fn release(&self) -> Option<&ReleaseTarget<'_>> {
        Some(self)
    }
}
