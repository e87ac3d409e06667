//! Which names lead to which option, and which names there are at all.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{DEFAULT_GROUP, Opt, OptName, ParsedFile};

use crate::known::KnownNames;
use crate::pack::Pack;

/// The names of a pack, of the service, and of the entries in a set of files.
pub(crate) struct Names<'p> {
    pub(crate) opts: &'p [Opt],
    /// Former name to option.
    former: HashMap<(&'p str, &'p str), &'p Opt>,
    current: HashSet<(&'p str, &'p str)>,
    /// The keys of each group, as far as they are valid UTF-8.
    set: HashMap<Cow<'p, str>, HashSet<&'p str>>,
    known: &'static KnownNames,
}

impl<'p> Names<'p> {
    pub(crate) fn new(files: &[ParsedFile<'p>], pack: &'p Pack) -> Self {
        let key = |name: &'p OptName| (name.group(), name.name());
        let former = pack
            .opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |name| (key(name), opt)));
        let mut set: HashMap<Cow<'p, str>, HashSet<&'p str>> = HashMap::default();
        for section in files.iter().flat_map(|file| file.document.sections()) {
            let Some(group) = text_of(section.group()) else {
                continue;
            };
            let keys = section
                .entries()
                .filter_map(|entry| entry.key().to_str().ok());
            set.entry(group).or_default().extend(keys);
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
        self.set.get(group).is_some_and(|keys| keys.contains(name))
    }

    /// Every group with an entry.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        let set = self.set.iter().filter(|(_, keys)| !keys.is_empty());
        set.map(|(group, _)| &**group)
    }

    /// Every group and key that is set.
    pub(crate) fn all_set(&self) -> impl Iterator<Item = (&str, &str)> {
        let groups = self.set.iter();
        groups.flat_map(|(group, keys)| keys.iter().map(move |key| (&**group, *key)))
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

fn text_of(name: Cow<'_, BStr>) -> Option<Cow<'_, str>> {
    match name {
        Cow::Borrowed(name) => name.to_str().ok().map(Cow::Borrowed),
        Cow::Owned(name) => String::from_utf8(name.into()).ok().map(Cow::Owned),
    }
}
