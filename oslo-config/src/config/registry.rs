//! The options that a service registers, to be found by name.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::opt::{DEFAULT_GROUP, Opt, OptName};
use crate::text::group_of_section;

/// Options by their current names, their former names and their groups. It owns or borrows them,
/// and so stores their indices.
pub(super) struct Registry<'d> {
    opts: Cow<'d, [Opt]>,
    hasher: RandomState,
    /// By group in lower case and name.
    current: Indices,
    /// By group and name.
    former: Indices,
    /// By group: one option for each.
    groups: Indices,
}

/// Indices of options, in the order of the hashes of what they are found by, then ascending.
struct Indices(Vec<(u64, usize)>);

impl Indices {
    fn new(hashes: impl Iterator<Item = (u64, usize)>) -> Self {
        let mut indices: Vec<(u64, usize)> = hashes.collect();
        indices.sort_unstable();
        Indices(indices)
    }

    fn of(&self, hash: u64) -> impl DoubleEndedIterator<Item = usize> {
        let first = self.0.partition_point(|known| known.0 < hash);
        let found = self.0[first..]
            .iter()
            .take_while(move |known| known.0 == hash);
        let count = found.count();
        self.0[first..first + count].iter().map(|known| known.1)
    }
}

impl fmt::Debug for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opts = self.opts.len();
        f.debug_struct("Registry").field("opts", &opts).finish()
    }
}

impl<'d> Registry<'d> {
    pub(super) fn new(opts: Cow<'d, [Opt]>) -> Self {
        let hasher = RandomState::default();
        let numbered = || opts.iter().enumerate();
        let current = numbered().map(|(at, opt)| (normal_hash(&hasher, opt.name()), at));
        let current = Indices::new(current);
        let former = numbered().flat_map(|(at, opt)| {
            let names = opt.deprecated().iter();
            let hasher = &hasher;
            names.map(move |name| (hasher.hash_one((name.group(), name.name())), at))
        });
        let former = Indices::new(former);
        let groups = numbered().map(|(at, opt)| (hasher.hash_one(opt.name().group()), at));
        let mut groups = Indices::new(groups);
        groups.0.dedup_by(|next, first| {
            let group = |of: &(u64, usize)| opts[of.1].name().group();
            next.0 == first.0 && group(next) == group(first)
        });
        Registry {
            opts,
            hasher,
            current,
            former,
            groups,
        }
    }

    pub(super) fn opts(&self) -> &[Opt] {
        &self.opts
    }

    /// Returns the option with exactly this current name; the first one if there are several.
    pub(super) fn exact(&self, group: &str, name: &str) -> Option<&Opt> {
        self.alike(group, name)
            .find(|opt| opt.name().group() == group)
    }

    /// Returns the option that a program names: hyphens count as underscores, and groups are one
    /// if they have the same section.
    pub(super) fn named(&self, group: &str, name: &str) -> Option<&Opt> {
        let name = name.replace('-', "_");
        let exact = self.exact(group, &name);
        exact.or_else(|| self.alike(group, &name).next())
    }

    /// Iterates over the options with a name in groups that have the same section.
    fn alike(&self, group: &str, name: &str) -> impl Iterator<Item = &Opt> {
        let wanted = OptName::new(group, name);
        let found = self.current.of(normal_hash(&self.hasher, &wanted));
        found.map(|at| &self.opts[at]).filter(move |opt| {
            let section = |name: &OptName| group_of_section(name.group().as_bytes()).into_owned();
            opt.name().name() == wanted.name() && section(opt.name()) == section(&wanted)
        })
    }

    /// Returns the option with a former name, which references may still use; the last one if there
    /// are several.
    pub(super) fn former(&self, group: &str, name: &str) -> Option<&Opt> {
        let has = |opt: &&Opt| {
            let mut names = opt.deprecated().iter();
            names.any(|former| former.group() == group && former.name() == name)
        };
        let found = self.former.of(self.hasher.hash_one((group, name)));
        found.rev().map(|at| &self.opts[at]).find(has)
    }

    /// Tells whether an option is registered in a group, which is not the default one.
    pub(super) fn has_group(&self, group: &str) -> bool {
        let mut found = self.groups.of(self.hasher.hash_one(group));
        group != DEFAULT_GROUP && found.any(|at| self.opts[at].name().group() == group)
    }
}

/// Hashes a name such that groups that have the same section are one.
fn normal_hash(hasher: &RandomState, name: &OptName) -> u64 {
    hasher.hash_one((group_of_section(name.group().as_bytes()), name.name()))
}
