//! An index of the entries in a set of files, and of the options that values refer to.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Config, Entry, Opt, OptName, ParsedFile, references};

use super::Active;
use super::text::Doubtful;
use crate::migrate::definitions::Definitions;
use crate::migrate::names::Names;
use crate::migrate::pass::Pass;
use crate::migrate::planned::Text;
use crate::migrate::prove::Registration;

/// An index of the entries in a set of files, and of the options that values refer to.
pub(super) struct EntryIndex<'w, 'd> {
    pub(super) files: &'d [ParsedFile<'d>],
    pub(super) names: &'w Names<'w>,
    /// Reads values; `None` when none has references or escapes.
    config: Option<Config<'w>>,
    /// The service is not known, and so any reference may be to one of its options.
    open: bool,
    /// The entries, by key.
    entries: HashMap<&'d str, Vec<(usize, Entry<'d, 'd>)>>,
    /// The options that values refer to, by any of their names, with the files and entries.
    pub(super) referred: BTreeMap<OptName, Vec<(usize, Entry<'d, 'd>)>>,
}

impl<'w, 'd: 'w> EntryIndex<'w, 'd> {
    /// Indexes the files of a pass. Values are read with `opts`.
    pub(super) fn new(
        pass: Pass<'_, 'd>,
        names: &'w Names<'w>,
        opts: &'w [Opt],
        definitions: &dyn Definitions,
    ) -> Self {
        let mut index = EntryIndex {
            files: pass.files,
            names,
            config: (!opts.is_empty()).then(|| Config::new(pass.files, opts)),
            open: pass.pack.project.is_none(),
            entries: HashMap::default(),
            referred: BTreeMap::new(),
        };
        index.index(definitions);
        index
    }

    fn index(&mut self, definitions: &dyn Definitions) {
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
                    if value.contains(&b'$') {
                        for target in self.targets(group, key, &value) {
                            let option = definitions.by_former(&target);
                            for option in option.into_iter().chain([target]) {
                                self.referred.entry(option).or_default().push((file, entry));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns the names that the references in a value resolve to.
    fn targets(&self, group: &str, key: &str, value: &[u8]) -> BTreeSet<OptName> {
        // Even under a former name, a value is read in the group of the current name.
        let readers = self.names.readers(group, key).iter();
        let readers = readers.map(|reader| self.names.opts[reader.opt].name().group());
        let groups: BTreeSet<&str> = readers.chain([group]).collect();
        let found = references(value);
        let targets = groups.iter().flat_map(|group| {
            let found = found.iter();
            found.filter_map(|reference| self.names.target_of(group, reference))
        });
        targets
            .map(|(group, name)| OptName::new(group, name))
            .collect()
    }
}

impl<'d> EntryIndex<'_, 'd> {
    /// Returns the entries of an option in all files, in the order in which they are read.
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

    /// Returns the last entry that sets an option, or else the last one that refers to it, with its
    /// file.
    pub(super) fn place(&self, option: &OptName) -> Option<(usize, Entry<'d, 'd>)> {
        let referring = || self.referred.get(option)?.last();
        self.of(option).last().or_else(referring).copied()
    }

    fn of<'s>(&'s self, option: &'s OptName) -> impl Iterator<Item = &'s (usize, Entry<'d, 'd>)> {
        let named = self.entries.get(option.name()).into_iter().flatten();
        named.filter(|(_, entry)| *entry.group() == *option.group())
    }

    /// Returns the value of an option as oslo.config reads it; `None` when the option is not set or
    /// its value cannot be read.
    pub(super) fn value(&self, option: &OptName) -> Option<String> {
        let (_, entry) = self.of(option).last()?;
        self.value_of(entry, option)
    }

    /// Returns the value of an entry as oslo.config reads it; `None` when it cannot be read.
    pub(super) fn value_of(&self, entry: &Entry<'d, 'd>, option: &OptName) -> Option<String> {
        self.read(entry.value().to_str().ok()?, option.group()).ok()
    }

    /// Reads a text as the value of an option of `group`.
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
        // The reference is not named, since the value may be secret; `check` reports it.
        Err("a value cannot be read: it refers to an unknown option".to_owned())
    }

    /// Returns the value of an option of `group`, as written and as read.
    pub(super) fn text(&self, raw: String, group: &str) -> Result<Text, Doubtful> {
        let read = self.read(&raw, group)?;
        Ok(Text { raw, read })
    }

    /// Returns the value of an entry as it is written.
    pub(super) fn raw(&self, entry: Entry<'_, '_>, option: &OptName) -> Result<String, Doubtful> {
        let value = entry.value().to_str().map(str::to_owned);
        value.map_err(|_| format!("the value of {option} is not UTF-8"))
    }

    /// Returns the sections that have an option of this name.
    pub(super) fn sections_having(&self, name: &str) -> Vec<String> {
        let having = self.entries.get(name).map_or(&[][..], Vec::as_slice);
        let sections: BTreeSet<String> = having
            .iter()
            .map(|(_, entry)| entry.group().to_string())
            .collect();
        sections.into_iter().collect()
    }
}

/// Returns the options that values are read with; none when no value has references or escapes.
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
    registration.add_files(files.iter(), |_, _| true);
    for (group, text) in made {
        registration.add_referred_in(group, text.as_bytes());
    }
    registration.into_opts()
}
