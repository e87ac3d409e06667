//! The names of options, and the options that read each name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{
    DEFAULT_GROUP, Entry, LineKind, Opt, OptName, ParsedFile, Reference, references,
};

use crate::history::{KnownNames, ReleaseRange};
use crate::pack::Pack;

/// The names of the options of a target and of its service, and of the entries in a set of files.
pub(crate) struct Names<'p> {
    pub(crate) opts: &'p [Opt],
    /// The options that read a former name, in the order in which they are registered.
    former: HashMap<(&'p str, &'p str), Vec<Reader>>,
    current: HashMap<(&'p str, &'p str), usize>,
    /// The groups and keys that are set, as far as they are valid UTF-8.
    set: HashSet<(&'p str, &'p str)>,
    /// The groups with an entry that is masked out.
    masked: HashSet<&'p str>,
    /// If the options of the service are not known: those that references name.
    referred: HashSet<OptName>,
    known: &'static KnownNames,
    /// The releases whose options exist; all if `None`.
    releases: Option<ReleaseRange>,
}

/// An option that reads a former name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The index of the option.
    pub(crate) opt: usize,
    /// The rank of the name: 1 is the option's first former name.
    pub(crate) rank: usize,
    /// A renaming of the pack gives the option its current name.
    pub(crate) renames: bool,
}

impl<'p> Names<'p> {
    /// Creates the names of the options of a pack and of its service in some releases, or in all of
    /// them, and of the entries in files.
    pub(crate) fn new(
        files: &'p [ParsedFile<'_>],
        pack: &'p Pack,
        releases: Option<ReleaseRange>,
    ) -> Self {
        let key = |name: &'p OptName| (name.group(), name.name());
        let renamings = pack.renamings.iter();
        let renamings = renamings.map(|renaming| (spelling(&renaming.from), &renaming.to));
        let renamings: HashSet<_> = renamings.collect();
        let exact = pack.renamings.iter();
        let exact: HashSet<_> = exact
            .map(|renaming| (&renaming.from, &renaming.to))
            .collect();
        let current: HashMap<_, _> = pack
            .opts
            .iter()
            .enumerate()
            .map(|(at, opt)| (key(opt.name()), at))
            .collect();
        // A name with a hyphen is read with an underscore, too, unless that is another option.
        let is_renamed = |from: &'p OptName, to: &'p OptName| {
            renamings.contains(&(spelling(from), to))
                && (!current.contains_key(&key(from)) || exact.contains(&(from, to)))
        };
        let mut former: HashMap<_, Vec<Reader>> = HashMap::default();
        for (opt, definition) in pack.opts.iter().enumerate() {
            for (at, name) in definition.deprecated().iter().enumerate() {
                let readers = former.entry(key(name)).or_default();
                // An option may declare both spellings of a name with a hyphen.
                if readers.last().is_none_or(|reader| reader.opt != opt) {
                    readers.push(Reader {
                        opt,
                        rank: at + 1,
                        renames: is_renamed(name, definition.name()),
                    });
                }
            }
        }
        let known = KnownNames::of(pack);
        let mut names = Names {
            opts: &pack.opts,
            former,
            current,
            set: HashSet::default(),
            masked: HashSet::default(),
            referred: HashSet::default(),
            known,
            releases,
        };
        names.add_files(files);
        if known.is_empty() {
            names.add_referred(files);
        }
        names
    }

    fn add_files(&mut self, files: &'p [ParsedFile<'_>]) {
        for section in files.iter().flat_map(|file| file.document.sections()) {
            let Some(group) = section.group().to_str().ok() else {
                continue;
            };
            let keys = section
                .entries()
                .filter_map(|entry| entry.key().to_str().ok());
            let mut lines = section.lines();
            if lines.any(|line| section.document().line_kind(line) == Some(LineKind::Hidden)) {
                self.masked.insert(group);
            }
            self.set.extend(keys.map(|key| (group, key)));
        }
    }

    /// Adds the options that defaults and values name: those of the service are not known.
    fn add_referred(&mut self, files: &[ParsedFile<'_>]) {
        let defaults = self.opts.iter().flat_map(Opt::default);
        let in_defaults = defaults.flat_map(|text| references(text.as_bytes()));
        for reference in in_defaults {
            if let (Some(group), name) = reference.parts() {
                self.referred.insert(OptName::new(group, name));
            }
        }
        for (entry, reference) in references_in(files) {
            let (group, name) = reference.parts();
            let is_own = || self.is_set(&entry.group().to_str_lossy(), name);
            // One without its group is last looked for in the default group.
            if group.is_some() || !is_own() {
                let option = OptName::new(group.unwrap_or(DEFAULT_GROUP), name);
                self.referred.insert(option);
            }
        }
    }

    /// Returns the options that read a name as a former name.
    pub(crate) fn readers<'n>(&'n self, group: &'n str, name: &'n str) -> &'n [Reader] {
        self.former.get(&(group, name)).map_or(&[], Vec::as_slice)
    }

    /// Tells whether a renaming of the pack replaces a name.
    pub(crate) fn is_renamed(&self, name: &OptName) -> bool {
        let mut readers = self.readers(name.group(), name.name()).iter();
        readers.any(|reader| reader.renames)
    }

    /// Returns the option that a reference by a former name resolves to: oslo.config finds the one
    /// that was registered last.
    pub(crate) fn by_former(&self, group: &str, name: &str) -> Option<&'p Opt> {
        let reader = self.readers(group, name).last()?;
        (!self.is_current(group, name)).then(|| &self.opts[reader.opt])
    }

    /// Returns the options that share a former name to which a value refers.
    pub(crate) fn referred_readers(&self, files: &[ParsedFile<'_>]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        if self.former.values().all(|readers| readers.len() < 2) {
            return found;
        }
        for (entry, reference) in references_in(files) {
            for option in reference.options(&entry.group().to_str_lossy()) {
                let readers = self.readers(option.group(), option.name());
                if readers.len() > 1 && !self.is_current(option.group(), option.name()) {
                    found.extend(readers.iter().map(|reader| reader.opt));
                }
            }
        }
        found
    }

    /// Tells whether one of the options has this current name.
    pub(crate) fn is_current(&self, group: &str, name: &str) -> bool {
        self.current.contains_key(&(group, name))
    }

    /// Returns the index of the option with this current name.
    pub(crate) fn index_of(&self, group: &str, name: &str) -> Option<usize> {
        self.current.get(&(group, name)).copied()
    }

    /// Tells whether one of the options has this name, current or former.
    pub(crate) fn has(&self, group: &str, name: &str) -> bool {
        self.is_current(group, name) || !self.readers(group, name).is_empty()
    }

    /// Tells whether there is an option of this name: in the target, in the releases of the service
    /// that count, or in a file.
    pub(crate) fn exists(&self, group: &str, name: &str) -> bool {
        let is_of_service = || match self.releases {
            Some(releases) => self.known.has_in(releases, group, name),
            None => self.known.has(group, name),
        };
        self.has(group, name)
            || is_of_service()
            || self.is_set(group, name)
            || !self.referred.is_empty() && self.referred.contains(&OptName::new(group, name))
    }

    /// Tells whether there is an option of this name, or was one in any release.
    pub(crate) fn ever_existed(&self, group: &str, name: &str) -> bool {
        self.exists(group, name) || self.known.has(group, name)
    }

    /// Tells whether options are known from references only.
    pub(crate) fn has_referred(&self) -> bool {
        !self.referred.is_empty()
    }

    /// Tells whether an option is known from references only.
    pub(crate) fn is_only_referred(&self, option: &OptName) -> bool {
        let (group, name) = (option.group(), option.name());
        self.referred.contains(option) && !self.has(group, name) && !self.is_set(group, name)
    }

    /// Tells whether any of the files has an entry of this name.
    pub(crate) fn is_set(&self, group: &str, name: &str) -> bool {
        self.set.contains(&(group, name))
    }

    /// Returns the groups that are known to have options: those with an entry that is not of a
    /// former name only, and those of former names in which the service has other options.
    pub(crate) fn groups(&self) -> HashSet<&str> {
        let set = self.set.iter().filter(|(group, name)| {
            self.is_current(group, name) || self.readers(group, name).is_empty()
        });
        let former = self.opts.iter().flat_map(Opt::deprecated);
        let former = former.map(OptName::group);
        let known = former.filter(|group| self.known.has_group(group));
        let masked = self.masked.iter().copied();
        set.map(|(group, _)| *group)
            .chain(known)
            .chain(masked)
            .collect()
    }

    /// Returns the groups in which references name a former name and that are not known to have
    /// options.
    pub(crate) fn referred_groups(&self, files: &[ParsedFile<'_>]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (_, reference) in references_in(files) {
            if let (Some(group), name) = reference.parts()
                && self.by_former(group, name).is_some()
            {
                found.insert(group.to_owned());
            }
        }
        if !found.is_empty() {
            let known = self.groups();
            found.retain(|group| !known.contains(group.as_str()));
        }
        found
    }

    /// Returns the group and name that a reference in a value of an option of `group` resolves to;
    /// `None` for one that names the default group, which oslo.config refuses.
    pub(crate) fn target_of<'n>(
        &self,
        group: &'n str,
        reference: &'n Reference,
    ) -> Option<(&'n str, &'n str)> {
        match reference.parts() {
            (Some(DEFAULT_GROUP), _) => None,
            (Some(named), name) => Some((named, name)),
            (None, name) => Some(self.target(group, name)),
        }
    }

    /// Returns the group and name that `$name` in a value of an option of `group` resolves to.
    pub(crate) fn target<'n>(&self, group: &'n str, name: &'n str) -> (&'n str, &'n str) {
        match group == DEFAULT_GROUP || !self.exists(group, name) {
            true => (DEFAULT_GROUP, name),
            false => (group, name),
        }
    }
}

/// Returns the spelling of a former name with underscores, by which it is read, too.
fn spelling(name: &OptName) -> (&str, Cow<'_, str>) {
    let key = match name.name().contains('-') {
        true => name.name().replace('-', "_").into(),
        false => name.name().into(),
    };
    (name.group(), key)
}

/// Returns the references in values, each with its entry.
fn references_in<'f>(
    files: &'f [ParsedFile<'f>],
) -> impl Iterator<Item = (Entry<'f, 'f>, Reference)> {
    let entries = files.iter().flat_map(|file| file.document.entries());
    entries.flat_map(|entry| {
        let found = references(&entry.value()).into_iter();
        found.map(move |reference| (entry, reference))
    })
}
