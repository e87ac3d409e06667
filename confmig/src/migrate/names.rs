//! Which names lead to which option, and which names there are at all.

use std::collections::{HashMap, HashSet};

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, ParsedFile};

use crate::known::KnownNames;
use crate::pack::Pack;

/// The names of a pack, of the service, and of the entries in a set of files.
pub(crate) struct Names<'p> {
    pub(crate) opts: &'p [Opt],
    /// Former name to option.
    former: HashMap<(&'p str, &'p str), &'p Opt>,
    current: HashSet<(&'p str, &'p str)>,
    /// Group and key of each entry that is valid UTF-8.
    set: HashSet<(String, String)>,
    known: &'static KnownNames,
}

impl<'p> Names<'p> {
    pub(crate) fn new(files: &[ParsedFile<'_>], pack: &'p Pack) -> Self {
        let key = |name: &'p OptName| (name.group(), name.name());
        let former = pack
            .opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |name| (key(name), opt)));
        let mut set = HashSet::new();
        for section in files.iter().flat_map(|file| file.document.sections()) {
            let group = section.group();
            let Ok(group) = group.to_str() else { continue };
            for entry in section.entries() {
                if let Ok(name) = entry.key().to_str() {
                    set.insert((group.to_owned(), name.to_owned()));
                }
            }
        }
        Names {
            opts: &pack.opts,
            former: former.collect(),
            current: pack.opts.iter().map(|opt| key(opt.name())).collect(),
            set,
            known: KnownNames::of(pack),
        }
    }

    /// The option that has this as a former name.
    pub(crate) fn by_former(&self, group: &str, name: &str) -> Option<&'p Opt> {
        self.former.get(&(group, name)).copied()
    }

    /// Tells whether it is the current name of one of the pack's options.
    pub(crate) fn is_current(&self, group: &str, name: &str) -> bool {
        self.current.contains(&(group, name))
    }

    /// Tells whether there is such an option: one of the pack's, one that the service knows, or one
    /// that is set.
    pub(crate) fn exists(&self, group: &str, name: &str) -> bool {
        self.is_current(group, name)
            || self.by_former(group, name).is_some()
            || self.known.has(group, name)
            || self.is_set(group, name)
    }

    /// Tells whether an entry of this name stands in any of the files.
    pub(crate) fn is_set(&self, group: &str, name: &str) -> bool {
        // Sets hold owned pairs; most look-ups come from short names in references.
        self.set.contains(&(group.to_owned(), name.to_owned()))
    }

    /// Every group and key that is set.
    pub(crate) fn all_set(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set
            .iter()
            .map(|(group, name)| (group.as_str(), name.as_str()))
    }

    /// The group and name that a reference leads to, from a value of an option of `group`.
    pub(crate) fn target<'n>(
        &self,
        group: &'n str,
        (named_group, name): (Option<&'n str>, &'n str),
    ) -> (&'n str, &'n str) {
        match named_group {
            Some(named) => (named, name),
            None if group == DEFAULT_GROUP || !self.exists(group, name) => (DEFAULT_GROUP, name),
            None => (group, name),
        }
    }
}
