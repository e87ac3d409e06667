//! What each release has to do with the names in a set of files.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{OptName, ParsedFile, references};

use super::Scope;
use crate::migrate::convert::Active;
use crate::migrate::view::Dollars;
use crate::release::{BuiltIn, Life, Lives, Series, triggered_by};
use crate::rule::Rule;

/// A name that is set or referred to.
struct Interest {
    name: OptName,
    life: Option<Rc<Life>>,
    /// The releases that read it as a former name only, a bit for each.
    former: u32,
    rules: &'static [BuiltIn],
    /// The last reading that met it.
    met: Cell<usize>,
}

/// The names in a set of files.
pub(super) struct Interests<'l> {
    pub(super) lives: &'l Lives,
    /// By group and name: these, and those that earlier readings met.
    all: HashMap<String, HashMap<String, Interest>>,
    /// How often files were read.
    readings: usize,
}

impl<'l> Interests<'l> {
    pub(super) fn new(lives: &'l Lives) -> Self {
        Interests {
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
                self.meet(group, keys);
                if dollars.has_any_in(section.lines()) {
                    for entry in section.entries().filter(|entry| dollars.has(entry)) {
                        self.meet_referred(group, &entry.value());
                    }
                }
            }
        }
    }

    fn meet<'n>(&mut self, group: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut of_group = self.all.remove(group).unwrap_or_default();
        for name in names {
            match of_group.get(name) {
                Some(interest) => interest.met.set(self.readings),
                None => {
                    of_group.insert(name.to_owned(), self.look_up(group, name));
                }
            }
        }
        self.all.insert(group.to_owned(), of_group);
    }

    fn meet_referred(&mut self, group: &str, value: &[u8]) {
        for reference in references(value) {
            for option in reference.options(group) {
                if self.lives.of_option(&option).is_some() {
                    self.meet(option.group(), [option.name()]);
                }
            }
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<&Interest> {
        let interest = self.all.get(group)?.get(name)?;
        self.is_there(interest).then_some(interest)
    }

    fn is_there(&self, interest: &Interest) -> bool {
        interest.met.get() == self.readings
    }

    fn look_up(&self, group: &str, name: &str) -> Interest {
        let life = self.lives.of(group, name);
        let name = OptName::new(group, name);
        Interest {
            former: life.as_ref().map_or(0, |life| life.former_releases()),
            life,
            rules: triggered_by(&name.to_string()),
            name,
            met: Cell::new(self.readings),
        }
    }

    fn each(&self) -> impl Iterator<Item = &Interest> {
        let all = self.all.values().flat_map(HashMap::values);
        all.filter(|interest| self.is_there(interest))
    }

    /// Tells whether a release has anything to do with them.
    pub(super) fn concern(&self, series: Series, from: Series) -> bool {
        self.each().any(|interest| {
            interest.former & 1 << series.number() != 0
                || interest
                    .rules
                    .iter()
                    .any(|rule| is_active(rule, series, from))
        })
    }

    fn former(&self, series: Series, scope: &Scope) -> impl Iterator<Item = &Interest> {
        let former = move |interest: &&Interest| interest.former & 1 << series.number() != 0;
        self.each()
            .filter(former)
            .filter(|interest| scope.has_any_of([interest.name.name()]))
    }

    /// The names that a release reads for one option.
    pub(super) fn renamed(&self, series: Series, scope: &Scope) -> BTreeSet<OptName> {
        self.former(series, scope)
            .map(|interest| interest.name.clone())
            .collect()
    }

    /// A rule for each name that a release reads for several options: each gets the value.
    pub(super) fn copies(&self, series: Series, scope: &Scope) -> Vec<Active> {
        let rule = |interest: &Interest| {
            let readers: Vec<OptName> = interest.life.as_ref()?.former_of(series).collect();
            if readers.len() < 2 {
                return None;
            }
            let rule = Rule {
                release: Some(series.id().to_owned()),
                ..Rule::copying(&interest.name, &readers, &series.to_string())?
            };
            Some(Active {
                rule: Rc::new(rule),
                doubt: None,
            })
        };
        let mut former: Vec<_> = self.former(series, scope).collect();
        former.sort_by(|one, other| one.name.cmp(&other.name));
        former.into_iter().filter_map(rule).collect()
    }

    /// The rules of a release.
    pub(super) fn rules(&self, series: Series, from: Series, scope: &Scope) -> Vec<Active> {
        let mut found: Vec<(Series, Active)> = Vec::new();
        let triggered = self.each().flat_map(|interest| interest.rules);
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
            match self.standing(built_in, &rule, series, from) {
                Standing::Followed => found.push((built_in.last, Active { rule, doubt: None })),
                Standing::Doubtful => {
                    let gone = built_in.last;
                    let doubt = format!(
                        "{from} has not read it since {gone}, and would again: {}",
                        rule.why
                    );
                    found.push((
                        built_in.last,
                        Active {
                            rule,
                            doubt: Some(doubt),
                        },
                    ));
                }
                Standing::Past => {}
            }
        }
        found.sort_by(|one, other| (one.0, &one.1.rule.id).cmp(&(other.0, &other.1.rule.id)));
        found.into_iter().map(|(_, active)| active).collect()
    }

    /// In the first release there may be what it does not read itself.
    fn standing(&self, built_in: &BuiltIn, rule: &Rule, series: Series, from: Series) -> Standing {
        if series > from || built_in.last > from || built_in.lasting {
            return Standing::Followed;
        }
        if rule.remove.is_some() || rule.items.is_some() && built_in.last == from {
            return Standing::Followed;
        }
        let unread = |option: &&OptName| {
            let set = self.find(option.group(), option.name()).is_some();
            set && self
                .lives
                .of_option(option)
                .is_some_and(|life| !life.is_read(from))
        };
        let old = rule.items.is_none() && rule.claims().iter().any(unread);
        if old {
            Standing::Doubtful
        } else {
            Standing::Past
        }
    }
}

enum Standing {
    /// It is followed.
    Followed,
    /// The release has ignored for long what it is about.
    Doubtful,
    /// It has nothing to do with the release any more.
    Past,
}

fn is_active(rule: &BuiltIn, series: Series, from: Series) -> bool {
    let in_window = (rule.first..=rule.last).contains(&series);
    in_window || series == from && rule.first <= series
}
