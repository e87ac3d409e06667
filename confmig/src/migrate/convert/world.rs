//! The entries of a set of files, and how their values are read.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Config, DEFAULT_GROUP, Entry, Opt, OptName, OptType, ParsedFile, references};

use super::Active;
use crate::migrate::names::Names;
use crate::pack::Pack;

/// The entries of a set of files, and how their values are read.
pub(super) struct World<'w, 'd> {
    pub(super) files: &'d [ParsedFile<'d>],
    pub(super) names: &'w Names<'w>,
    /// None when no value has anything to be replaced.
    config: Option<Config<'w>>,
    /// By key.
    entries: HashMap<&'d str, Vec<(usize, Entry<'d, 'd>)>>,
    /// The options that values refer to, with the file and the entry that does.
    pub(super) referred: BTreeMap<OptName, Vec<(usize, Entry<'d, 'd>)>>,
}

impl<'w, 'd: 'w> World<'w, 'd> {
    /// `opts` are what values are read with, where these files or `rules` have anything to be replaced.
    pub(super) fn new(
        files: &'d [ParsedFile<'d>],
        names: &'w Names<'w>,
        opts: &'w [Opt],
        rules: &[Active],
    ) -> Self {
        let mut world = World {
            files,
            names,
            config: has_dollars(files, rules).then(|| Config::new(files, opts)),
            entries: HashMap::default(),
            referred: BTreeMap::new(),
        };
        world.index();
        world
    }

    fn index(&mut self) {
        for (file, parsed) in self.files.iter().enumerate() {
            for section in parsed.document.sections() {
                let group = section.group();
                let Ok(group) = group.to_str() else { continue };
                for entry in section.entries() {
                    let Ok(key) = entry.key().to_str() else {
                        continue;
                    };
                    self.entries.entry(key).or_default().push((file, entry));
                    let value = entry.value();
                    if !value.contains(&b'$') {
                        continue;
                    }
                    for reference in references(&value) {
                        let (group, name) = self.names.target(group, reference.parts());
                        let target = OptName::new(group, name);
                        self.referred.entry(target).or_default().push((file, entry));
                    }
                }
            }
        }
    }
}

impl<'d> World<'_, 'd> {
    /// The entries of an option in all files, in the order in which they are read.
    pub(super) fn entries(&self, option: &OptName) -> Vec<(usize, Entry<'d, 'd>)> {
        self.of(option).copied().collect()
    }

    pub(super) fn is_set(&self, option: &OptName) -> bool {
        self.of(option).next().is_some()
    }

    fn of<'s>(&'s self, option: &'s OptName) -> impl Iterator<Item = &'s (usize, Entry<'d, 'd>)> {
        let named = self.entries.get(option.name()).into_iter().flatten();
        named.filter(|(_, entry)| *entry.group() == *option.group())
    }

    /// The value of an option that is set, as oslo.config reads it; `None` when it is not set or
    /// cannot be read.
    pub(super) fn value(&self, option: &OptName) -> Option<String> {
        let (_, entry) = *self.entries(option).last()?;
        self.read(entry.value().to_str().ok()?, option.group()).ok()
    }

    /// A text as the value of an option of `group` is read.
    pub(super) fn read(&self, text: &str, group: &str) -> Result<String, String> {
        if !text.contains(['$', '\\']) {
            return Ok(text.to_owned());
        }
        let Some(config) = &self.config else {
            return Ok(text.to_owned());
        };
        let read = config.substitute(text, group);
        // What is wrong would tell of the value, which may be secret; `check` says it.
        read.map_err(|_| "a value cannot be read: a reference in it leads nowhere".to_owned())
    }

    /// The sections with an option of this name.
    pub(super) fn sections_having(&self, name: &str) -> Vec<String> {
        let having = self.entries.get(name).map_or(&[][..], Vec::as_slice);
        let sections: BTreeSet<String> = having
            .iter()
            .map(|(_, entry)| entry.group().to_string())
            .collect();
        sections.into_iter().collect()
    }
}

/// Tells whether any value, or any that a rule may make, has a dollar sign or a backslash.
fn has_dollars(files: &[ParsedFile<'_>], rules: &[Active]) -> bool {
    let special = |text: &[u8]| memchr::memchr2(b'$', b'\\', text).is_some();
    let of_rule = |Active { rule, .. }: &Active| {
        rule.set.iter().any(|set| special(set.value.as_bytes()))
            || rule
                .part
                .values()
                .flat_map(|part| &part.default)
                .any(|default| special(default.as_bytes()))
            || rule
                .part
                .values()
                .flat_map(|part| part.values.values())
                .any(|value| special(value.as_bytes()))
    };
    let mut entries = files.iter().flat_map(|file| file.document.entries());
    entries.any(|entry| special(&entry.value())) || rules.iter().any(of_rule)
}

/// The options that values are read with: those that are referred to, also by rules. One that is not
/// set stands for itself.
pub(super) fn opts(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    names: &Names<'_>,
    rules: &[Active],
) -> Vec<Opt> {
    let refers = |text: &[u8]| memchr::memchr(b'$', text).is_some();
    let entries = files.iter().flat_map(|file| file.document.entries());
    let mut texts: Vec<(String, Vec<u8>)> = entries
        .filter(|entry| refers(&entry.value()))
        .map(|entry| {
            let group = entry.group().to_str_lossy().into_owned();
            (group, entry.value().to_vec())
        })
        .collect();
    for Active { rule, .. } in rules {
        let sets = rule.set.iter().map(|set| (set.option.group(), &set.value));
        let defaults = rule
            .part
            .values()
            .filter_map(|part| Some((part.option.group(), part.default.as_ref()?)));
        texts.extend(
            sets.chain(defaults)
                .filter(|(_, text)| refers(text.as_bytes()))
                .map(|(group, text)| (group.to_owned(), text.clone().into_bytes())),
        );
    }
    if texts.is_empty() {
        return Vec::new();
    }
    // A service has options in each of its groups; this one stands for them.
    let groups: BTreeSet<&str> = names.groups().collect();
    let mut opts: Vec<Opt> = groups
        .into_iter()
        .map(|group| Opt::new(group, "\u{1}", OptType::string()))
        .collect();
    let mut seen = BTreeSet::new();
    for (group, text) in &texts {
        for reference in references(text) {
            let (group, name) = names.target(group, reference.parts());
            let set = names.is_set(group, name);
            let known = set
                || names.exists(group, name)
                || pack.project.is_none() && group == DEFAULT_GROUP;
            if known && seen.insert((group.to_owned(), name.to_owned())) {
                let itself = if group == DEFAULT_GROUP {
                    name.to_owned()
                } else {
                    format!("{group}.{name}")
                };
                opts.push(
                    Opt::new(group, name, OptType::string()).with_default(format!("$${itself}")),
                );
            }
        }
    }
    opts
}
