//! The history of each name: which releases had it as an option, and which as a former name.

use std::cell::RefCell;
use std::rc::Rc;

use foldhash::HashMap;
use oslo_config::OptName;

use super::definition::Definition;
use super::facts::{self, Fact, Key};
use super::rules::BuiltIn;
use super::series::{ReleaseRange, Series};
use super::service::Service;
use crate::rule::Rule;

/// The histories of the names of a group that were looked up.
type OfGroup = HashMap<String, Option<Rc<NameHistory>>>;

/// The history of a name over the releases of a service.
#[derive(Debug, Clone, Default)]
pub struct NameHistory {
    /// The definitions that it had as an option, in JSON, since few of them are needed.
    option: Vec<(ReleaseRange, &'static str)>,
    /// The former names of that option, as lists.
    former: Vec<(ReleaseRange, &'static str)>,
    /// The options that read it as a former name.
    former_of: Vec<(ReleaseRange, Key)>,
}

impl NameHistory {
    /// Returns the definition of the option in a release; `None` when it is not an option there.
    #[must_use]
    pub fn definition(&self, series: Series) -> Option<Definition<'static>> {
        let (_, json) = self.option.iter().find(|(run, _)| run.contains(series))?;
        // Cannot fail: a test reads every definition.
        serde_json::from_str(json).ok()
    }

    /// Tells whether a release has the name as an option.
    #[must_use]
    pub fn is_option(&self, series: Series) -> bool {
        self.option.iter().any(|(run, _)| run.contains(series))
    }

    /// Returns the options that read the name as a former name in a release.
    pub fn former_of(&self, series: Series) -> impl Iterator<Item = OptName> {
        let readers = self.former_of.iter();
        let readers = readers.filter(move |(run, _)| run.contains(series));
        readers.map(|(_, option)| name_of(*option))
    }

    /// Returns the options that read the name as a former name in a release, and those that the
    /// release `before` read by it and that no longer are; for each, whether it lost the name.
    #[must_use]
    pub(super) fn readers(&self, series: Series, before: Option<Series>) -> Vec<(OptName, bool)> {
        let current: Vec<OptName> = self.former_of(series).collect();
        // A name that others read now was not lost, but got another meaning.
        let compared = before.filter(|before| self.is_option(*before) || !self.is_read(series));
        let older = compared.into_iter();
        let older = older.flat_map(|before| self.former_of(before));
        let lost: Vec<OptName> = older.filter(|option| !current.contains(option)).collect();
        let current = current.into_iter().map(|option| (option, false));
        let lost = lost.into_iter().map(|option| (option, true));
        current.chain(lost).collect()
    }

    /// Returns the former names of the option in a release, in the order in which they are tried.
    #[must_use]
    pub fn former(&self, series: Series) -> Vec<OptName> {
        let list = self.former.iter().find(|(run, _)| run.contains(series));
        let names = list.into_iter().flat_map(|(_, list)| facts::names(list));
        names.map(name_of).collect()
    }

    /// Returns every former name that the option ever had, with the releases that read it.
    #[must_use]
    pub fn all_former(&self) -> Vec<(OptName, ReleaseRange)> {
        let mut found: Vec<(OptName, ReleaseRange)> = Vec::new();
        for (run, list) in &self.former {
            for name in facts::names(list).map(name_of) {
                match found.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, range)) => range.to = run.to,
                    None => found.push((name, *run)),
                }
            }
        }
        found
    }

    /// Returns every option that ever read the name as a former name, with the releases.
    #[must_use]
    pub fn all_former_of(&self) -> Vec<(OptName, ReleaseRange)> {
        let row = |(run, option): &(ReleaseRange, Key)| (name_of(*option), *run);
        self.former_of.iter().map(row).collect()
    }

    /// Tells whether a release reads the name, as an option or as a former name.
    #[must_use]
    pub fn is_read(&self, series: Series) -> bool {
        self.is_option(series) || self.former_of(series).next().is_some()
    }

    /// Tells whether a release reads the name as a former name only.
    #[must_use]
    pub fn is_former(&self, series: Series) -> bool {
        !self.is_option(series) && self.former_of(series).next().is_some()
    }

    /// Returns the releases from the first to the last that have the name as an option.
    #[must_use]
    pub fn as_option(&self) -> Option<ReleaseRange> {
        let ((first, _), (last, _)) = (self.option.first()?, self.option.last()?);
        Some(ReleaseRange {
            from: first.from,
            to: last.to,
        })
    }

    /// Returns the releases from the first to the last that read the name in any way.
    #[must_use]
    pub fn read_in(&self) -> Option<ReleaseRange> {
        let option = self.option.iter().map(|(run, _)| run);
        let former = self.former_of.iter().map(|(run, _)| run);
        let runs = option.chain(former);
        Some(ReleaseRange {
            from: runs.clone().map(|run| run.from).min()?,
            to: runs.map(|run| run.to).max()?,
        })
    }

    /// Returns a bit for each release that reads the name as a former name only.
    #[must_use]
    pub fn former_releases(&self) -> u32 {
        let (former, option) = self.releases();
        former & !option
    }

    /// Returns a bit for each release that reads the name as a former name, and for each in which
    /// an option no longer reads it although the release before had it as an option, too.
    #[must_use]
    pub fn renaming_releases(&self) -> u32 {
        let (former, option) = self.releases();
        let last = self.former_of.iter().map(|(run, _)| 1 << run.to.number());
        let last = last.fold(0, |all: u32, bit| all | bit);
        former | (last & option) << 1
    }

    /// Returns a bit for each release in which the name is an option, and a former name of the same
    /// options, all of them as in the release before.
    pub(crate) fn releases_as_before(&self, history: &History) -> u32 {
        let (former, option) = self.releases();
        let both = former & option & (former & option) << 1;
        let releases = history.service().releases();
        let releases = releases.filter(|series| both & 1 << series.number() != 0);
        let as_before = releases.filter(|series| {
            series.before().is_some_and(|before| {
                let range = ReleaseRange {
                    from: before,
                    to: *series,
                };
                let readers = self
                    .former_of(*series)
                    .map(|reader| history.of_option(&reader));
                let mut readers = readers.flatten();
                self.is_same_in(range) && readers.all(|reader| reader.is_same_in(range))
            })
        });
        as_before.fold(0, |bits, series| bits | 1_u32 << series.number())
    }

    /// Tells whether two releases have the same definition and former names of the option, and the
    /// same options read the name as a former name.
    fn is_same_in(&self, ReleaseRange { from, to }: ReleaseRange) -> bool {
        let has_both = |run: &ReleaseRange| run.contains(from) && run.contains(to);
        let has_one = |run: &ReleaseRange| run.contains(from) != run.contains(to);
        let runs = self.former.iter().map(|(run, _)| run);
        let runs = runs.chain(self.former_of.iter().map(|(run, _)| run));
        self.option.iter().any(|(run, _)| has_both(run)) && !runs.into_iter().any(has_one)
    }

    /// Returns a bit for each release that reads the name as a former name, and for each that has
    /// it as an option.
    fn releases(&self) -> (u32, u32) {
        let former = self.former_of.iter().map(|(run, _)| run.bits());
        let option = self.option.iter().map(|(run, _)| run.bits());
        (
            former.fold(0, |all, run| all | run),
            option.fold(0, |all, run| all | run),
        )
    }
}

/// Looks up a name; `None` when no release knows it.
pub(super) fn look_up(service: Service, group: &str, name: &str) -> Option<NameHistory> {
    let readers = facts::readers(service, group, name).iter();
    let former_of = readers
        .filter_map(|reader| Some((ReleaseRange::parse(service, reader.run)?, reader.option)));
    let mut history = NameHistory {
        former_of: former_of.collect(),
        ..NameHistory::default()
    };
    for fact in facts::of(service, group, name) {
        match fact {
            Fact::Definition(run, json) => history.option.push((run, json)),
            Fact::Formerly(run, list) => history.former.push((run, list)),
            Fact::Between => {}
        }
    }
    let is_known = !history.option.is_empty() || !history.former_of.is_empty();
    is_known.then_some(history)
}

/// The history of a service: its names and rules, each looked up once.
#[derive(Debug)]
pub struct History {
    service: Service,
    /// The rules that were looked up, by their places.
    rules: RefCell<HashMap<usize, Option<Rc<Rule>>>>,
    names: RefCell<HashMap<String, OfGroup>>,
}

impl History {
    /// Creates the history of a service; nothing is looked up yet.
    #[must_use]
    pub fn new(service: Service) -> Self {
        History {
            service,
            rules: RefCell::default(),
            names: RefCell::default(),
        }
    }

    /// Returns the service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// Tells whether any release knows a name in this group.
    #[must_use]
    pub fn has_group(&self, group: &str) -> bool {
        self.service.known_names().has_group(group)
    }

    /// Returns the history of a name; `None` when no release knows it.
    pub fn of(&self, group: &str, name: &str) -> Option<Rc<NameHistory>> {
        let mut names = self.names.borrow_mut();
        if let Some(found) = names.get(group).and_then(|names| names.get(name)) {
            return found.clone();
        }
        if !self.has_group(group) {
            return None;
        }
        let found = look_up(self.service, group, name).map(Rc::new);
        names
            .entry(group.to_owned())
            .or_default()
            .insert(name.to_owned(), found.clone());
        found
    }

    /// Returns a built-in rule.
    #[must_use]
    pub fn rule(&self, built_in: &BuiltIn) -> Option<Rc<Rule>> {
        let mut rules = self.rules.borrow_mut();
        let found = rules
            .entry(built_in.place())
            .or_insert_with(|| built_in.rule().map(Rc::new));
        found.clone()
    }

    /// Returns the history of an option's name, like [`History::of`].
    pub fn of_option(&self, name: &OptName) -> Option<Rc<NameHistory>> {
        self.of(name.group(), name.name())
    }

    /// Returns the former names of other options by which a reference finds `option` in a release,
    /// each with the option that has it.
    pub(crate) fn also_found_by(
        &self,
        option: &OptName,
        series: Series,
    ) -> Vec<(OptName, OptName)> {
        let readers = facts::readers_with_other_keys(self.service).iter();
        let found = (option.group(), option.name());
        let leading = readers.filter(|reader| (reader.former.0, reader.option.1) == found);
        let reads =
            |run| ReleaseRange::parse(self.service, run).is_some_and(|run| run.contains(series));
        leading
            .filter(|reader| reads(reader.run))
            .map(|reader| (name_of(reader.former), name_of(reader.option)))
            .collect()
    }
}

/// Returns every name that any release of a service read, with its history.
pub fn all_names(service: Service) -> impl Iterator<Item = (OptName, NameHistory)> {
    let names = facts::all_names(service).into_iter();
    names.filter_map(move |(group, name)| {
        let history = look_up(service, group, name)?;
        Some((OptName::new(group, name), history))
    })
}

fn name_of((group, name): Key) -> OptName {
    OptName::new(group, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_read() {
        for (name, history) in Service::all().flat_map(all_names) {
            assert!(history.read_in().is_some());
            for (_, json) in history.option {
                serde_json::from_str::<Definition<'_>>(json)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    #[test]
    fn an_option_becomes_a_former_name_and_is_dropped() {
        let url = look_up(Service::IRONIC, "pxe", "http_url").unwrap();
        let [juno, liberty, newton] = ["juno", "liberty", "newton"]
            .map(|series| Series::parse(Service::IRONIC, series).unwrap());
        assert!(url.is_option(juno) && url.is_former(liberty) && !url.is_read(newton));
        let of: Vec<_> = url.former_of(liberty).collect();
        assert_eq!(of, [OptName::new("deploy", "http_url")]);
    }

    #[test]
    fn releases_are_as_before_while_the_facts_stay() {
        let history = History::new(Service::IRONIC);
        let as_before = |group: &str, name: &str| {
            let of_name = history.of(group, name).unwrap();
            let bits = of_name.releases_as_before(&history);
            let releases = Service::IRONIC.releases();
            let same = releases.filter(|series| bits & 1 << series.number() != 0);
            same.map(Series::id).collect::<Vec<&str>>()
        };
        // Both an option and a former name from Queens to 2026.1.
        let auth_uri = as_before("keystone_authtoken", "auth_uri");
        assert_eq!(auth_uri.first(), Some(&"rocky"));
        assert_eq!(auth_uri.last(), Some(&"2026.1"));
        assert!(as_before("pxe", "http_url").is_empty());
    }
}
