//! Which release had which option, and what it was like there.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use foldhash::HashMap;
use oslo_config::OptName;
use serde::Deserialize;
use serde_json::Value;

use super::facts::{self, Fact, Key, Run};
use super::{BuiltIn, Series, Service};
use crate::rule::Rule;

/// The lives of the names of a group, as far as they were looked up.
type OfGroup = HashMap<String, Option<Rc<Life>>>;

/// The life of a name, as the facts tell it.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// As an option: what it was like, in JSON, which is seldom asked.
    option: Vec<(Run, &'static str)>,
    /// The former names that were read for it.
    former: Vec<(Run, &'static str)>,
    /// As a former name of other options.
    former_of: Vec<(Run, Key)>,
}

/// What an option is like.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition<'t> {
    /// Its type, as in `str`, `int`, `multistr`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'t, str>,
    /// What the type is narrowed to, as in `octal`.
    #[serde(default, borrow)]
    pub subtype: Option<Cow<'t, str>>,
    /// The type of its items, when they have one.
    #[serde(default, rename = "item_type")]
    pub item: Option<Value>,
    /// Its default: a text, or a list of texts for a multi-valued option.
    #[serde(default)]
    default: Option<Value>,
    /// The default is found out on the host.
    #[serde(default)]
    pub runtime_default: bool,
    /// The allowed values.
    #[serde(default)]
    choices: Vec<Value>,
    /// The choices are compared without regard to case.
    #[serde(default)]
    pub ignore_case: bool,
    /// The regular expression, in Python's form, that must be found in it.
    #[serde(default, borrow)]
    pub regex: Option<Cow<'t, str>>,
    /// The least value.
    #[serde(default)]
    pub min: Option<f64>,
    /// The greatest value.
    #[serde(default)]
    pub max: Option<f64>,
    /// Its value must not be shown.
    #[serde(default)]
    pub secret: bool,
    /// A service does not start without it.
    #[serde(default)]
    pub required: bool,
    /// It will go.
    #[serde(default, rename = "deprecated_for_removal")]
    pub to_be_removed: bool,
}

impl Definition<'_> {
    /// The default as it would be written in a file.
    #[must_use]
    pub fn default(&self) -> Vec<String> {
        match &self.default {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values.iter().map(plain).collect(),
            Some(value) => vec![plain(value)],
        }
    }

    /// The allowed values, as they are written; empty for any.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        let set = self.choices.iter().filter(|choice| !choice.is_null());
        set.map(plain).collect()
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl Life {
    /// What the option is like in a release; `None` when it is none there.
    #[must_use]
    pub fn definition(&self, series: Series) -> Option<Definition<'static>> {
        let (_, json) = self.option.iter().find(|(run, _)| run.holds(series))?;
        // A test reads all of them.
        serde_json::from_str(json).ok()
    }

    /// Tells whether it is an option of a release.
    #[must_use]
    pub fn is_option(&self, series: Series) -> bool {
        self.option.iter().any(|(run, _)| run.holds(series))
    }

    /// The options that a release reads it for, as a former name.
    pub fn former_of(&self, series: Series) -> impl Iterator<Item = OptName> {
        let readers = self.former_of.iter();
        let readers = readers.filter(move |(run, _)| run.holds(series));
        readers.map(|(_, option)| name_of(*option))
    }

    /// The former names that a release reads for it, in the order in which they are tried.
    #[must_use]
    pub fn former(&self, series: Series) -> Vec<OptName> {
        let list = self.former.iter().find(|(run, _)| run.holds(series));
        let names = list.into_iter().flat_map(|(_, list)| facts::names(list));
        names.map(name_of).collect()
    }

    /// Every former name that a release read for it, with the first and the last one that did.
    #[must_use]
    pub fn all_former(&self) -> Vec<(OptName, Series, Series)> {
        let mut found: Vec<(OptName, Series, Series)> = Vec::new();
        for (run, list) in &self.former {
            for name in facts::names(list).map(name_of) {
                match found.iter_mut().find(|(known, ..)| *known == name) {
                    Some(known) => known.2 = run.last,
                    None => found.push((name, run.first, run.last)),
                }
            }
        }
        found
    }

    /// The options that any release read it for, each with the first and the last release.
    #[must_use]
    pub fn all_former_of(&self) -> Vec<(OptName, Series, Series)> {
        let row = |(run, option): &(Run, Key)| (name_of(*option), run.first, run.last);
        self.former_of.iter().map(row).collect()
    }

    /// Tells whether a release reads it, as an option or as a former name.
    #[must_use]
    pub fn is_read(&self, series: Series) -> bool {
        self.is_option(series) || self.former_of(series).next().is_some()
    }

    /// Tells whether a release reads it on behalf of other options only.
    #[must_use]
    pub fn is_former(&self, series: Series) -> bool {
        !self.is_option(series) && self.former_of(series).next().is_some()
    }

    /// The first release that is an option, and the last.
    #[must_use]
    pub fn as_option(&self) -> Option<(Series, Series)> {
        let (first, last) = (self.option.first()?, self.option.last()?);
        Some((first.0.first, last.0.last))
    }

    /// The first release that reads it in any way, and the last.
    #[must_use]
    pub fn span(&self) -> Option<(Series, Series)> {
        let option = self.option.iter().map(|(run, _)| run);
        let former = self.former_of.iter().map(|(run, _)| run);
        let runs: Vec<&Run> = option.chain(former).collect();
        let first = runs.iter().map(|run| run.first).min()?;
        Some((first, runs.iter().map(|run| run.last).max()?))
    }

    /// A bit for each release that reads it as a former name of options and has none of that name.
    #[must_use]
    pub fn former_releases(&self) -> u32 {
        let (former, option) = self.releases();
        former & !option
    }

    /// A bit for each release that reads it as a former name of options, or has ceased to, when it is no
    /// longer an option either.
    #[must_use]
    pub fn renaming_releases(&self) -> u32 {
        let (former, option) = self.releases();
        former | (former & option) << 1 & !option
    }

    /// A bit for each release that reads it as a former name, and for each that has it as an option.
    fn releases(&self) -> (u32, u32) {
        let former = self.former_of.iter().map(|(run, _)| run.bits());
        let option = self.option.iter().map(|(run, _)| run.bits());
        (
            former.fold(0, |all, run| all | run),
            option.fold(0, |all, run| all | run),
        )
    }
}

/// Looks a name up; `None` when no release knows it.
#[must_use]
pub fn life(service: Service, group: &str, name: &str) -> Option<Life> {
    let readers = facts::readers(service, group, name).iter();
    let former_of =
        readers.filter_map(|reader| Some((Run::parse(service, reader.run)?, reader.option)));
    let mut life = Life {
        former_of: former_of.collect(),
        ..Life::default()
    };
    for fact in facts::of(service, group, name) {
        match fact {
            Fact::Definition(run, json) => life.option.push((run, json)),
            Fact::Formerly(run, list) => life.former.push((run, list)),
            Fact::Between => {}
        }
    }
    let is_known = !life.option.is_empty() || !life.former_of.is_empty();
    is_known.then_some(life)
}

/// The lives of a service's names and its rules that were looked up, each once.
#[derive(Debug)]
pub struct Lives {
    service: Service,
    /// By their places.
    rules: RefCell<HashMap<usize, Option<Rc<Rule>>>>,
    known: RefCell<HashMap<String, OfGroup>>,
}

impl Lives {
    /// Returns the lives of a service's names, of which none was looked up.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Lives {
            service,
            rules: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// Returns the service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// The life of a name; `None` when no release knows it.
    pub fn of(&self, group: &str, name: &str) -> Option<Rc<Life>> {
        let mut known = self.known.borrow_mut();
        if let Some(found) = known.get(group).and_then(|names| names.get(name)) {
            return found.clone();
        }
        let found = life(self.service, group, name).map(Rc::new);
        known
            .entry(group.to_owned())
            .or_default()
            .insert(name.to_owned(), found.clone());
        found
    }

    /// A rule of the history.
    #[must_use]
    pub fn rule(&self, built_in: &BuiltIn) -> Option<Rc<Rule>> {
        let mut rules = self.rules.borrow_mut();
        let found = rules
            .entry(built_in.place())
            .or_insert_with(|| built_in.rule().map(Rc::new));
        found.clone()
    }

    /// As [`Lives::of`].
    pub fn of_option(&self, name: &OptName) -> Option<Rc<Life>> {
        self.of(name.group(), name.name())
    }
}

/// Every name that any release of a service read, with its life.
pub fn all(service: Service) -> impl Iterator<Item = (OptName, Life)> {
    let lives = facts::all_names(service)
        .into_iter()
        .map(move |(group, name)| {
            let life = life(service, group, name)?;
            Some((OptName::new(group, name), life))
        });
    lives.flatten()
}

fn name_of((group, name): Key) -> OptName {
    OptName::new(group, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_read() {
        for (name, life) in Service::all().flat_map(all) {
            assert!(life.span().is_some());
            for (_, json) in life.option {
                serde_json::from_str::<Definition<'_>>(json)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    #[test]
    fn an_option_has_a_life() {
        let life = life(Service::IRONIC, "pxe", "http_url").unwrap();
        let [juno, liberty, newton] = ["juno", "liberty", "newton"]
            .map(|series| Series::parse(Service::IRONIC, series).unwrap());
        assert!(life.is_option(juno) && life.is_former(liberty) && !life.is_read(newton));
        let of: Vec<_> = life.former_of(liberty).collect();
        assert_eq!(of, [OptName::new("deploy", "http_url")]);
    }
}
