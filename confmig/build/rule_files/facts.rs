//! The releases of a service, and which options each of them has.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::Value;

use super::read;

/// The releases and options of a service.
pub(super) struct Facts {
    /// The name of the service as it is written in prose.
    title: String,
    /// The series and the code name of each release, oldest first.
    releases: Vec<[String; 2]>,
    /// The releases that have an option, by group and name; none for a former name.
    options: BTreeMap<(String, String), Vec<RangeInclusive<usize>>>,
}

impl Facts {
    /// Reads the texts in a service's folder.
    pub(super) fn read(service: &Path) -> Result<Self, String> {
        let about = service.join("service.toml");
        let table: Value = toml::from_str(&read(&about)?)
            .map_err(|error| format!("{}: {error}", about.display()))?;
        let Some(title) = table["title"].as_str() else {
            return Err(format!("{}: expected `title`", about.display()));
        };
        let mut facts = Facts {
            title: title.to_owned(),
            releases: Vec::new(),
            options: BTreeMap::new(),
        };
        for line in read(&service.join("releases.txt"))?.lines() {
            let mut words = line.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            facts.releases.push([word(), word()]);
        }
        for line in read(&service.join("options.txt"))?.lines() {
            facts.add(line);
        }
        Ok(facts)
    }

    /// Adds `GROUP NAME RUN JSON`, or `GROUP NAME RUN formerly GROUP.NAME,…`.
    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let [group, name, run, fact] = words[..] else {
            return;
        };
        let key = |group: &str, name: &str| (group.to_owned(), name.to_owned());
        if let Some(former) = fact.strip_prefix("formerly ") {
            for (group, name) in former.split(',').filter_map(|name| name.rsplit_once('.')) {
                self.options.entry(key(group, name)).or_default();
            }
        } else if let Some(run) = self.run(run) {
            self.options.entry(key(group, name)).or_default().push(run);
        }
    }

    /// Reads `FIRST..LAST`, or `FIRST..` for a range up to the newest release.
    fn run(&self, text: &str) -> Option<RangeInclusive<usize>> {
        let (first, last) = text.split_once("..")?;
        let last = match last {
            "" => Some(self.newest()),
            last => self.number(last),
        };
        Some(self.number(first)?..=last?)
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Returns the number of a release, counted from the oldest.
    pub(super) fn number(&self, series: &str) -> Option<usize> {
        self.releases.iter().position(|[known, _]| known == series)
    }

    pub(super) fn newest(&self) -> usize {
        self.releases.len().saturating_sub(1)
    }

    /// Returns the name of a release's series.
    pub(super) fn series(&self, number: usize) -> &str {
        &self.releases[number][0]
    }

    /// Lists the names of all series.
    pub(super) fn all_series(&self) -> String {
        let series = self.releases.iter().map(|[series, _]| series.as_str());
        series.collect::<Vec<_>>().join(", ")
    }

    /// Tells whether a word is the series or the code name of a release.
    pub(super) fn is_release(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.releases.iter().any(|names| names.contains(&word))
    }

    /// Tells whether any release reads a name.
    pub(super) fn is_known(&self, group: &str, name: &str) -> bool {
        let key = (group.to_owned(), name.to_owned());
        self.options.contains_key(&key)
    }

    /// Tells whether a release has an option.
    pub(super) fn has(&self, group: &str, name: &str, series: usize) -> bool {
        let runs = self.options.get(&(group.to_owned(), name.to_owned()));
        runs.is_some_and(|runs| runs.iter().any(|run| run.contains(&series)))
    }

    /// Lists the groups in which any release reads a name.
    pub(super) fn groups_with(&self, name: &str) -> impl Iterator<Item = &str> {
        let keys = self.options.keys();
        keys.filter(move |(_, known)| known == name)
            .map(|(group, _)| group.as_str())
    }

    /// Returns the name that was probably meant: one of the same group, or the same name in the
    /// only other group that has it.
    pub(super) fn similar(&self, group: &str, name: &str) -> Option<String> {
        let in_group = self.options.keys().filter(|(known, _)| known == group);
        let near = in_group
            .map(|(_, known)| (strsim::osa_distance(name, known), known))
            .filter(|(distance, _)| *distance <= 2)
            .min();
        if let Some((_, known)) = near {
            return Some(format!("{group}.{known}"));
        }
        let mut groups = self.groups_with(name);
        let only = groups.next().filter(|_| groups.next().is_none());
        only.map(|group| format!("{group}.{name}"))
    }
}
