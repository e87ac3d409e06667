//! Which release had which option, and what it was like there.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use foldhash::HashMap;
use oslo_config::OptName;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{BuiltIn, Series};
use crate::rule::Rule;

/// Made by `data/generate.py`: `group name JSON`, sorted.
const HISTORY: &str = include_str!("../../data/ironic-history.txt");

/// Groups and names.
type Names<'t> = Vec<(&'t str, &'t str)>;

/// The lives of the names of a group, as far as they were looked up.
type OfGroup = HashMap<String, Option<Rc<Life>>>;

/// The life of a name, as the facts tell it.
pub type Life = LifeIn<'static>;

/// The life of a name, in a text.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct LifeIn<'t> {
    /// As an option: the first and the last release, and what it was like, which is seldom asked.
    #[serde(default, borrow, rename = "o")]
    option: Vec<(u8, u8, &'t RawValue)>,
    /// The former names that were read for it.
    #[serde(default, borrow, rename = "a")]
    former: Vec<(u8, u8, Names<'t>)>,
    /// As a former name of other options.
    #[serde(default, borrow, rename = "f")]
    former_of: Vec<(u8, u8, &'t str, &'t str)>,
}

/// What an option is like.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition<'t> {
    /// Its type, as in `str`, `int`, `multistr`.
    #[serde(borrow, rename = "t")]
    pub kind: Cow<'t, str>,
    /// What the type is narrowed to, as in `octal`.
    #[serde(default, borrow, rename = "u")]
    pub subtype: Option<Cow<'t, str>>,
    /// The type of its items, when they have one.
    #[serde(default, rename = "i")]
    pub item: Option<Value>,
    /// Its default: a text, or a list of texts for a multi-valued option.
    #[serde(default, rename = "d")]
    default: Option<Value>,
    /// The default is found out on the host.
    #[serde(default, rename = "rt")]
    pub runtime_default: bool,
    /// The allowed values.
    #[serde(default, rename = "c")]
    choices: Vec<Value>,
    /// The choices are compared without regard to case.
    #[serde(default, rename = "ic")]
    pub ignore_case: bool,
    /// The regular expression, in Python's form, that must be found in it.
    #[serde(default, borrow, rename = "r")]
    pub regex: Option<Cow<'t, str>>,
    /// The least value.
    #[serde(default, rename = "n")]
    pub min: Option<f64>,
    /// The greatest value.
    #[serde(default, rename = "x")]
    pub max: Option<f64>,
    /// Its value must not be shown.
    #[serde(default, rename = "s")]
    pub secret: bool,
    /// A service does not start without it.
    #[serde(default, rename = "q")]
    pub required: bool,
    /// It will go.
    #[serde(default, rename = "dr")]
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
        let run = self.option.iter().find(|run| holds(run.0, run.1, series))?;
        // The text is made by a program, and a test reads all of it.
        serde_json::from_str(run.2.get()).ok()
    }

    /// Tells whether it is an option of a release.
    #[must_use]
    pub fn is_option(&self, series: Series) -> bool {
        self.option.iter().any(|run| holds(run.0, run.1, series))
    }

    /// The options that a release reads it for, as a former name.
    pub fn former_of(&self, series: Series) -> impl Iterator<Item = OptName> {
        let runs = self.former_of.iter();
        runs.filter(move |run| holds(run.0, run.1, series))
            .map(|run| OptName::new(run.2, run.3))
    }

    /// The former names that a release reads for it, in the order in which they are tried.
    #[must_use]
    pub fn former(&self, series: Series) -> Vec<OptName> {
        let runs = self.former.iter().find(|run| holds(run.0, run.1, series));
        let names = runs.into_iter().flat_map(|run| &run.2);
        names
            .map(|(group, name)| OptName::new(*group, *name))
            .collect()
    }

    /// Every former name that a release read for it, with the first and the last one that did.
    #[must_use]
    pub fn all_former(&self) -> Vec<(OptName, Series, Series)> {
        let mut found: Vec<(OptName, Series, Series)> = Vec::new();
        for (first, last, names) in &self.former {
            for (group, name) in names {
                let name = OptName::new(*group, *name);
                match found.iter_mut().find(|(known, ..)| *known == name) {
                    Some(known) => known.2 = Series::from_number(*last),
                    None => found.push((
                        name,
                        Series::from_number(*first),
                        Series::from_number(*last),
                    )),
                }
            }
        }
        found
    }

    /// The options that any release read it for, each with the first and the last release.
    #[must_use]
    pub fn all_former_of(&self) -> Vec<(OptName, Series, Series)> {
        let row = |run: &(u8, u8, &'static str, &'static str)| {
            let name = OptName::new(run.2, run.3);
            (name, Series::from_number(run.0), Series::from_number(run.1))
        };
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
        Some((Series::from_number(first.0), Series::from_number(last.1)))
    }

    /// The first release that reads it in any way, and the last.
    #[must_use]
    pub fn span(&self) -> Option<(Series, Series)> {
        let options = self.option.iter().map(|run| (run.0, run.1));
        let runs = || {
            options
                .clone()
                .chain(self.former_of.iter().map(|run| (run.0, run.1)))
        };
        let first = runs().map(|run| run.0).min()?;
        let last = runs().map(|run| run.1).max()?;
        Some((Series::from_number(first), Series::from_number(last)))
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
        let bits = |first: u8, last: u8| (first..=last).fold(0, |bits, at| bits | 1_u32 << at);
        let former = self.former_of.iter().map(|run| bits(run.0, run.1));
        let option = self.option.iter().map(|run| bits(run.0, run.1));
        (
            former.fold(0, |all, run| all | run),
            option.fold(0, |all, run| all | run),
        )
    }
}

fn holds(first: u8, last: u8, series: Series) -> bool {
    (first..=last).contains(&series.number())
}

/// Looks a name up; `None` when no release knows it.
#[must_use]
pub fn life(group: &str, name: &str) -> Option<Life> {
    let line = find(group, name)?;
    // The text is made by a program, and a test reads all of it.
    serde_json::from_str(line).ok()
}

/// What follows a name on its line.
fn find(group: &str, name: &str) -> Option<&'static str> {
    let wanted = format!("{group} {name} ");
    let (mut low, mut high) = (0, HISTORY.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = memchr::memrchr(b'\n', &HISTORY.as_bytes()[..middle]).map_or(0, |at| at + 1);
        let line = &HISTORY[start..];
        let end = memchr::memchr(b'\n', line.as_bytes()).unwrap_or(line.len());
        let key = &line.as_bytes()[..wanted.len().min(end)];
        match key.cmp(wanted.as_bytes()) {
            std::cmp::Ordering::Equal => return Some(&line[wanted.len()..end]),
            std::cmp::Ordering::Less => low = start + end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// Lives and rules that were looked up, each once.
#[derive(Debug, Default)]
pub struct Lives {
    /// By their places.
    rules: RefCell<HashMap<usize, Option<Rc<Rule>>>>,
    known: RefCell<HashMap<String, OfGroup>>,
}

impl Lives {
    /// The life of a name; `None` when no release knows it.
    pub fn of(&self, group: &str, name: &str) -> Option<Rc<Life>> {
        let mut known = self.known.borrow_mut();
        if let Some(found) = known.get(group).and_then(|names| names.get(name)) {
            return found.clone();
        }
        let found = life(group, name).map(Rc::new);
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

/// Every name that any release read, with its life.
pub fn all() -> impl Iterator<Item = (OptName, Life)> {
    HISTORY.lines().filter_map(|line| {
        let (group, rest) = line.split_once(' ')?;
        let (name, json) = rest.split_once(' ')?;
        Some((OptName::new(group, name), serde_json::from_str(json).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_found() {
        let mut count = 0;
        for (line, (name, life)) in HISTORY.lines().zip(all()) {
            assert!(line.starts_with(&format!("{} {} ", name.group(), name.name())));
            assert!(life.span().is_some());
            for run in &life.option {
                serde_json::from_str::<Definition<'_>>(run.2.get()).unwrap();
            }
            assert!(find(name.group(), name.name()).is_some(), "{name}");
            count += 1;
        }
        assert_eq!(count, HISTORY.lines().count());
        assert!(find("deploy", "http").is_none() && find("zzz", "z").is_none());
    }

    #[test]
    fn an_option_has_a_life() {
        let life = life("pxe", "http_url").unwrap();
        let [juno, liberty, newton] =
            ["juno", "liberty", "newton"].map(|series| Series::parse(series).unwrap());
        assert!(life.is_option(juno) && life.is_former(liberty) && !life.is_read(newton));
        let of: Vec<_> = life.former_of(liberty).collect();
        assert_eq!(of, [OptName::new("deploy", "http_url")]);
    }
}
