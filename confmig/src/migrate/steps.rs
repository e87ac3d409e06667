//! What each release has to do with the names in a set of files.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{OptName, ParsedFile, references};

use super::route::Scope;
use super::rules::Active;
use super::view::Dollars;
use crate::release::{BuiltIn, Lives, Series, triggered_by};
use crate::rule::Rule;

/// A name that is set or referred to.
struct NameInUse {
    name: OptName,
    /// The releases whose step may give it another name, a bit for each.
    renaming: u32,
    rules: &'static [BuiltIn],
    /// The last reading that found it, and the last that found a reference to it.
    last_seen: Cell<usize>,
    last_referred: Cell<usize>,
}

/// The names in a set of files.
pub(super) struct NamesInUse<'l> {
    pub(super) lives: &'l Lives,
    /// By group and name: these, and those that earlier readings found.
    all: HashMap<String, HashMap<String, NameInUse>>,
    /// How often files were read.
    readings: usize,
}

impl<'l> NamesInUse<'l> {
    pub(super) fn new(lives: &'l Lives) -> Self {
        NamesInUse {
            lives,
            all: HashMap::default(),
            readings: 0,
        }
    }

    /// Has the names in these files from now on.
    pub(super) fn read(&mut self, files: &[ParsedFile<'_>]) {
        self.readings += 1;
        for file in files {
            let dollars = Dollars::new(&file.document);
            for section in file.document.sections() {
                let group = section.group();
                let Ok(group) = group.to_str() else { continue };
                let keys = section
                    .entries()
                    .filter_map(|entry| entry.key().to_str().ok());
                self.see(group, keys, false);
                if dollars.has_any_in(section.lines()) {
                    for entry in section.entries().filter(|entry| dollars.has(entry)) {
                        self.see_referred(group, &entry.value());
                    }
                }
            }
        }
    }

    fn see<'n>(
        &mut self,
        group: &str,
        names: impl IntoIterator<Item = &'n str>,
        is_referred: bool,
    ) {
        let mut of_group = self.all.remove(group).unwrap_or_default();
        for name in names {
            let known = match of_group.get(name) {
                Some(known) => known,
                None => {
                    let looked_up = self.look_up(group, name);
                    of_group.entry(name.to_owned()).or_insert(looked_up)
                }
            };
            known.last_seen.set(self.readings);
            if is_referred {
                known.last_referred.set(self.readings);
            }
        }
        self.all.insert(group.to_owned(), of_group);
    }

    fn see_referred(&mut self, group: &str, value: &[u8]) {
        for reference in references(value) {
            for option in reference.options(group) {
                if self.lives.of_option(&option).is_some() {
                    self.see(option.group(), [option.name()], true);
                }
            }
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<&NameInUse> {
        let found = self.all.get(group)?.get(name)?;
        self.is_there(found).then_some(found)
    }

    fn is_there(&self, name: &NameInUse) -> bool {
        name.last_seen.get() == self.readings
    }

    fn look_up(&self, group: &str, name: &str) -> NameInUse {
        let life = self.lives.of(group, name);
        let name = OptName::new(group, name);
        let rules = triggered_by(self.lives.service(), &name.to_string());
        let renaming = life.as_ref().map_or(0, |life| match rules {
            [] => life.renaming_releases(),
            // Rules say what becomes of a name that is an option as well.
            _ => life.former_releases(),
        });
        NameInUse {
            renaming,
            rules,
            name,
            last_seen: Cell::new(self.readings),
            last_referred: Cell::new(0),
        }
    }

    fn each(&self) -> impl Iterator<Item = &NameInUse> {
        let all = self.all.values().flat_map(HashMap::values);
        all.filter(|name| self.is_there(name))
    }

    /// Tells whether a release has anything to do with them.
    pub(super) fn is_affected_by(&self, series: Series, from: Series) -> bool {
        self.each().any(|name| {
            name.renaming & 1 << series.number() != 0
                || name.rules.iter().any(|rule| is_active(rule, series, from))
        })
    }

    /// The names that a release reads for other options.
    pub(super) fn renamed(&self, series: Series, scope: &Scope) -> BTreeSet<OptName> {
        let renamed = self.each().filter(|name| {
            // Another spelling of a name with a hyphen counts, too.
            let key = name.name.name();
            let in_scope = || scope.has_any_of([key, &key.replace('-', "_")]);
            let is_referred = || name.last_referred.get() == self.readings;
            name.renaming & 1 << series.number() != 0 && (in_scope() || is_referred())
        });
        renamed.map(|name| name.name.clone()).collect()
    }

    /// The rules of a release.
    pub(super) fn rules(&self, series: Series, from: Series, scope: &Scope) -> Vec<Active> {
        let mut found: Vec<(Series, Active)> = Vec::new();
        let triggered = self.each().flat_map(|name| name.rules);
        let mut active: Vec<&BuiltIn> = triggered
            .filter(|rule| is_active(rule, series, from))
            .collect();
        active.sort_unstable_by_key(|rule| rule.place());
        active.dedup_by_key(|rule| rule.place());
        for built_in in active {
            let Some(rule) = self.lives.rule(built_in) else {
                continue;
            };
            if !scope.has_any_of(rule.keys()) {
                continue;
            }
            // While the release reads what is to go, there is nothing to do.
            let goes = |removal: &crate::rule::Removal| {
                removal.options.iter().any(|option| {
                    self.lives
                        .of_option(option)
                        .is_none_or(|life| !life.is_read(series))
                })
            };
            if rule.remove.as_ref().is_some_and(|removal| !goes(removal)) {
                continue;
            }
            let active = self.active(built_in, rule, series, from);
            found.extend(active.map(|active| (built_in.last, active)));
        }
        found.sort_by(|one, other| (one.0, &one.1.rule.id).cmp(&(other.0, &other.1.rule.id)));
        found.into_iter().map(|(_, active)| active).collect()
    }

    /// A rule as it is to be followed; `None` when it has nothing to do with the release any more.
    /// In the first release there may be what it has ignored for long.
    fn active(
        &self,
        built_in: &BuiltIn,
        rule: Rc<Rule>,
        series: Series,
        from: Series,
    ) -> Option<Active> {
        let last = built_in.last;
        if series > from
            || last > from
            || built_in.lasting
            || rule.remove.is_some()
            || rule.items.is_some() && last == from
        {
            return Some(Active { rule, doubt: None });
        }
        let unread = |option: &&OptName| {
            let is_set = self.find(option.group(), option.name()).is_some();
            let life = self.lives.of_option(option);
            is_set && life.is_some_and(|life| !life.is_read(from))
        };
        let is_old = rule.items.is_none() && rule.claims().iter().any(unread);
        is_old.then(|| Active {
            doubt: Some(format!(
                "{from} has not read it since {last}, and would again: {}",
                rule.why
            )),
            rule,
        })
    }
}

fn is_active(rule: &BuiltIn, series: Series, from: Series) -> bool {
    let in_window = (rule.first..=rule.last).contains(&series);
    in_window || series == from && rule.first <= series
}
