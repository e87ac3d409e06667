//! The names that are in use in a set of files, and which releases change them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{OptName, ParsedFile, references};

use super::rules::Active;
use super::view::DollarLines;
use crate::history::{BuiltIn, History, Series, triggered_by};
use crate::rule::{Automatic, Removal, Rule};

/// The names that a pass looks at.
pub(super) enum Scope {
    /// All names.
    All,
    /// These names, in any group: those that the pass before changed.
    Keys(HashSet<String>),
}

impl Scope {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Scope::Keys(keys) if keys.is_empty())
    }

    fn has_any_of<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> bool {
        match self {
            Scope::All => true,
            Scope::Keys(changed) => keys.into_iter().any(|key| changed.contains(key)),
        }
    }
}

/// A name that is set or referred to.
struct NameInUse {
    name: OptName,
    /// A bit for each release whose step may rename it.
    renaming: u32,
    /// The same without the releases for which the step before has done so.
    newly_renaming: u32,
    rules: &'static [BuiltIn],
    /// The last reading that found it.
    last_seen: Cell<usize>,
    /// The last reading that found a reference to it.
    last_referred: Cell<usize>,
}

impl NameInUse {
    /// Tells whether the step of a release may rename it.
    fn is_renamed(&self, series: Series, from: Series) -> bool {
        let releases = match series > from {
            true => self.newly_renaming,
            false => self.renaming,
        };
        releases & 1 << series.number() != 0
    }
}

/// The names that are in use in a set of files.
pub(super) struct NamesInUse<'l> {
    pub(super) history: &'l History,
    /// All names that any reading found, by group and name.
    all: HashMap<Vec<u8>, HashMap<Vec<u8>, NameInUse>>,
    /// The number of readings.
    readings: usize,
}

impl<'l> NamesInUse<'l> {
    pub(super) fn new(history: &'l History) -> Self {
        NamesInUse {
            history,
            all: HashMap::default(),
            readings: 0,
        }
    }

    /// Replaces the names with those in these files.
    pub(super) fn read(&mut self, files: &[ParsedFile<'_>]) {
        self.readings += 1;
        for file in files {
            let dollars = DollarLines::new(&file.document);
            for section in file.document.sections() {
                let Ok(group) = section.group().to_str() else {
                    continue;
                };
                let keys = section.entries().map(|entry| entry.key().as_bytes());
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
        names: impl IntoIterator<Item = &'n [u8]>,
        is_referred: bool,
    ) {
        // No release has anything to do with the names of a group that none knows.
        if !self.history.has_group(group) {
            return;
        }
        let mut of_group = self.all.remove(group.as_bytes()).unwrap_or_default();
        for name in names {
            let known = match of_group.get(name) {
                Some(known) => known,
                None => {
                    let Ok(text) = name.to_str() else { continue };
                    let looked_up = self.look_up(group, text);
                    of_group.entry(name.to_owned()).or_insert(looked_up)
                }
            };
            known.last_seen.set(self.readings);
            if is_referred {
                known.last_referred.set(self.readings);
            }
        }
        self.all.insert(group.into(), of_group);
    }

    fn see_referred(&mut self, group: &str, value: &[u8]) {
        for reference in references(value) {
            for option in reference.options(group) {
                if self.history.of_option(&option).is_some() {
                    self.see(option.group(), [option.name().as_bytes()], true);
                }
            }
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<&NameInUse> {
        let found = self.all.get(group.as_bytes())?.get(name.as_bytes())?;
        self.is_there(found).then_some(found)
    }

    fn is_there(&self, name: &NameInUse) -> bool {
        name.last_seen.get() == self.readings
    }

    fn look_up(&self, group: &str, name: &str) -> NameInUse {
        let of_name = self.history.of(group, name);
        let name = OptName::new(group, name);
        let rules = triggered_by(self.history.service(), &name.to_string());
        // A rule that is always followed, or claims it, changes a name that is an option, too.
        let has_rule = || {
            let mut rules = rules.iter().filter_map(|rule| self.history.rule(rule));
            rules.any(|it| it.automatic == Automatic::Yes || it.claims().contains(&&name))
        };
        let renaming = of_name.as_ref().map_or(0, |of_name| {
            let all = of_name.renaming_releases();
            let former = of_name.former_releases();
            if all == former || has_rule() {
                former
            } else {
                all
            }
        });
        let as_before = of_name.map_or(0, |of_name| of_name.releases_as_before(self.history));
        NameInUse {
            renaming,
            newly_renaming: renaming & !as_before,
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

    /// Tells whether the step of a release may change any of the names.
    pub(super) fn is_affected_by(&self, series: Series, from: Series) -> bool {
        self.each().any(|name| {
            name.is_renamed(series, from)
                || name.rules.iter().any(|rule| is_active(rule, series, from))
        })
    }

    /// Returns the names that the step of a release may rename.
    pub(super) fn renamed(&self, series: Series, from: Series, scope: &Scope) -> BTreeSet<OptName> {
        let renamed = self.each().filter(|name| {
            // The other spelling of a name with a hyphen counts, too.
            let key = name.name.name();
            let in_scope = || scope.has_any_of([key, &key.replace('-', "_")]);
            let is_referred = || name.last_referred.get() == self.readings;
            name.is_renamed(series, from) && (in_scope() || is_referred())
        });
        renamed.map(|name| name.name.clone()).collect()
    }

    /// Returns the rules that apply in the step of a release.
    pub(super) fn rules(&self, series: Series, from: Series, scope: &Scope) -> Vec<Active> {
        let mut found: Vec<(Series, Active)> = Vec::new();
        let triggered = self.each().flat_map(|name| name.rules);
        let mut active: Vec<&BuiltIn> = triggered
            .filter(|rule| is_active(rule, series, from))
            .collect();
        active.sort_unstable_by_key(|rule| rule.place());
        active.dedup_by_key(|rule| rule.place());
        for built_in in active {
            let Some(rule) = self.history.rule(built_in) else {
                continue;
            };
            if !scope.has_any_of(rule.keys()) {
                continue;
            }
            // A removal does not apply while the release still reads all of the options.
            let is_removed = |option: &OptName| {
                let of_option = self.history.of_option(option);
                of_option.is_none_or(|of_option| !of_option.is_read(series))
            };
            let applies = |removal: &Removal| removal.options.iter().any(|it| is_removed(it));
            if rule
                .remove
                .as_ref()
                .is_some_and(|removal| !applies(removal))
            {
                continue;
            }
            let active = self.active(built_in, rule, series, from);
            found.extend(active.map(|active| (built_in.last, active)));
        }
        found.sort_by(|one, other| (one.0, &one.1.rule.id).cmp(&(other.0, &other.1.rule.id)));
        found.into_iter().map(|(_, active)| active).collect()
    }

    /// Returns how a rule applies; `None` when it does not. Files of the first release may have
    /// options that it has long ignored.
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
            let of_option = self.history.of_option(option);
            is_set && of_option.is_some_and(|of_option| !of_option.is_read(from))
        };
        let is_old = rule.items.is_none() && rule.claims().iter().any(unread);
        is_old.then(|| Active {
            doubt: Some(format!(
                "nothing reads it since {last}, and following the rule would make {from} read its \
                 value: {}",
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
