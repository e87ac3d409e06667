//! The entries of a set of files, and how their values are read.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Config, Entry, Opt, OptName, ParsedFile, references};

use super::text::{Doubtful, Text};
use super::{Active, Facts};
use crate::migrate::names::Names;
use crate::migrate::pass::Pass;
use crate::migrate::registration::Registration;

/// The entries of a set of files, and how their values are read.
pub(super) struct World<'w, 'd> {
    pub(super) files: &'d [ParsedFile<'d>],
    pub(super) names: &'w Names<'w>,
    /// None when no value has anything to be replaced.
    config: Option<Config<'w>>,
    /// It is not known which options the service has: a reference may lead to one of them.
    open: bool,
    /// By key.
    entries: HashMap<&'d str, Vec<(usize, Entry<'d, 'd>)>>,
    /// The options that values refer to, by whichever of their names, with the file and the entry that does.
    pub(super) referred: BTreeMap<OptName, Vec<(usize, Entry<'d, 'd>)>>,
}

impl<'w, 'd: 'w> World<'w, 'd> {
    /// `opts` are what values are read with.
    pub(super) fn new(
        pass: Pass<'_, 'd, '_>,
        names: &'w Names<'w>,
        opts: &'w [Opt],
        facts: &dyn Facts,
    ) -> Self {
        let mut world = World {
            files: pass.files,
            names,
            config: (!opts.is_empty()).then(|| Config::new(pass.files, opts)),
            open: pass.pack.project.is_none(),
            entries: HashMap::default(),
            referred: BTreeMap::new(),
        };
        world.index(facts);
        world
    }

    fn index(&mut self, facts: &dyn Facts) {
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
                    // By a former name, too, a value is read in the group of the current one.
                    let readers = self.names.readers(group, key).iter();
                    let readers = readers.map(|reader| self.names.opts[reader.opt].name().group());
                    let groups: BTreeSet<&str> = readers.chain([group]).collect();
                    let found = references(&value);
                    let found = groups.iter().flat_map(|group| {
                        let targets = found.iter().map(|to| to.parts());
                        targets.map(|to| self.names.target(group, to))
                    });
                    for (group, name) in found.collect::<BTreeSet<_>>() {
                        let target = OptName::new(group, name);
                        for target in facts.by_former(&target).into_iter().chain([target]) {
                            self.referred.entry(target).or_default().push((file, entry));
                        }
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

    /// Tells whether an option is set, or a value refers to it.
    pub(super) fn is_in_use(&self, option: &OptName) -> bool {
        self.is_set(option) || self.referred.contains_key(option)
    }

    /// The file and the entry that sets an option at last, or that refers to it when none does.
    pub(super) fn place(&self, option: &OptName) -> Option<(usize, Entry<'d, 'd>)> {
        let referring = || self.referred.get(option)?.last();
        self.of(option).last().or_else(referring).copied()
    }

    fn of<'s>(&'s self, option: &'s OptName) -> impl Iterator<Item = &'s (usize, Entry<'d, 'd>)> {
        let named = self.entries.get(option.name()).into_iter().flatten();
        named.filter(|(_, entry)| *entry.group() == *option.group())
    }

    /// The value of an option that is set, as oslo.config reads it; `None` when it is not set or
    /// cannot be read.
    pub(super) fn value(&self, option: &OptName) -> Option<String> {
        let (_, entry) = self.of(option).last()?;
        self.value_of(entry, option)
    }

    /// The value of an entry of an option, as [`World::value`].
    pub(super) fn value_of(&self, entry: &Entry<'d, 'd>, option: &OptName) -> Option<String> {
        self.read(entry.value().to_str().ok()?, option.group()).ok()
    }

    /// A text as the value of an option of `group` is read.
    pub(super) fn read(&self, text: &str, group: &str) -> Result<String, Doubtful> {
        if !text.contains(['$', '\\']) {
            return Ok(text.to_owned());
        }
        let Some(config) = &self.config else {
            return Ok(text.to_owned());
        };
        let (read, unresolved) = config.substitute_known(text, group);
        if unresolved.is_empty() || self.open {
            return Ok(read);
        }
        // What is wrong would tell of the value, which may be secret; `check` says it.
        Err("a value cannot be read: a reference in it leads nowhere".to_owned())
    }

    /// The value of an option of `group`, as it is written and as it is read.
    pub(super) fn text(&self, raw: String, group: &str) -> Result<Text, Doubtful> {
        let read = self.read(&raw, group)?;
        Ok(Text { raw, read })
    }

    /// The value of an entry of an option, as it is written.
    pub(super) fn raw(&self, entry: Entry<'_, '_>, option: &OptName) -> Result<String, Doubtful> {
        let value = entry.value().to_str().map(str::to_owned);
        value.map_err(|_| format!("the value of {option} is not UTF-8"))
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

/// The options that values are read with; none where nothing has a reference.
pub(super) fn opts(files: &[ParsedFile<'_>], names: &Names<'_>, rules: &[Active]) -> Vec<Opt> {
    let special = |text: &[u8]| memchr::memchr2(b'$', b'\\', text).is_some();
    let made: Vec<(&str, &str)> = rules
        .iter()
        .flat_map(|active| active.rule.made_texts())
        .collect();
    let mut entries = files.iter().flat_map(|file| file.document.entries());
    if !entries.any(|entry| special(&entry.value()))
        && !made.iter().any(|(_, text)| special(text.as_bytes()))
    {
        return Vec::new();
    }
    let mut registration = Registration::new(names);
    registration.add_files(files.iter(), |_| true);
    for (group, text) in made {
        registration.add_referred_in(group, text.as_bytes());
    }
    registration.into_opts()
}
