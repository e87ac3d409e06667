//! Finds the entries that set an option.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::Deref;

use bstr::{BStr, ByteSlice};
use foldhash::fast::RandomState;

use super::Config;
use crate::document::Entry;
use crate::opt::{Opt, OptName};
use crate::setting::{Occurrence, Occurrences, Origin};
use crate::sources::ParsedFile;
use crate::text::group_of_section;

/// The entries of a set of files, to be found by group and key. It takes 16 bytes for each, since
/// a file may have millions.
pub(super) struct Index<'d> {
    files: Files<'d>,
    hasher: RandomState,
    entries: Vec<Indexed>,
}

/// Borrowed or owned files. A `Cow` would not let `'d` become shorter: it is invariant.
enum Files<'d> {
    Borrowed(&'d [ParsedFile<'d>]),
    Owned(Vec<ParsedFile<'d>>),
}

impl<'d> Deref for Files<'d> {
    type Target = [ParsedFile<'d>];

    fn deref(&self) -> &[ParsedFile<'d>] {
        match self {
            Files::Borrowed(files) => files,
            Files::Owned(files) => files,
        }
    }
}

/// An entry, in the order of the hashes of names, then in reading order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Indexed {
    hash: u64,
    file: u32,
    line: u32,
}

impl fmt::Debug for Index<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.len();
        f.debug_struct("Index").field("entries", &entries).finish()
    }
}

impl<'d> Index<'d> {
    pub(super) fn new(files: Cow<'d, [ParsedFile<'d>]>) -> Self {
        let files = match files {
            Cow::Borrowed(files) => Files::Borrowed(files),
            Cow::Owned(files) => Files::Owned(files),
        };
        let hasher = RandomState::default();
        let mut entries = Vec::new();
        for (at, file) in files.iter().enumerate() {
            for section in file.document.sections() {
                let group = section.group();
                entries.extend(section.entries().map(|entry| Indexed {
                    hash: hasher.hash_one((group, entry.key())),
                    file: number(at),
                    line: number(entry.line()),
                }));
            }
        }
        entries.sort_unstable();
        Index {
            files,
            hasher,
            entries,
        }
    }

    /// Iterates over the entries of a name, each with its file, in reading order.
    pub(super) fn entries<'i, 'n>(
        &'i self,
        group: &'n str,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = (usize, Entry<'i, 'i>)> + use<'i, 'n, 'd> {
        let group = group_of_section(group.as_bytes());
        let name = BStr::new(name);
        let hash = self.hasher.hash_one((BStr::new(&*group), name));
        let first = self.entries.partition_point(|known| known.hash < hash);
        let same = self.entries[first..].partition_point(|known| known.hash == hash);
        let found = self.entries[first..first + same].iter();
        found.filter_map(move |known| {
            let file = known.file as usize;
            let entry = self.files[file].document.entry_at(known.line as usize)?;
            let is_it = entry.key() == name && *entry.group() == *group;
            is_it.then_some((file, entry))
        })
    }
}

/// Files have less than 4 GiB, and so fewer lines; and there are fewer files.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether hidden occurrences are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Collect,
    Skip,
}

impl<'d> Config<'d> {
    /// Finds the occurrences of an option as if its current name were in `group`, which is what a
    /// reference by a former name looks up.
    pub(super) fn find(&self, opt: &Opt, group: &str, hidden: Hidden) -> Occurrences<'_> {
        let current = (0, (group, opt.name().name()));
        let former = opt.deprecated().iter();
        let former = former.map(|name| (name.group(), name.name()));
        let named = || std::iter::once(current).chain((1..).zip(former.clone()));
        let mut found = Occurrences::default();
        if opt.is_multi() {
            // In each file, the values of names that are declared later come first.
            let all: Vec<_> = named().collect();
            let all = all.into_iter().rev();
            found.effective = all.flat_map(|of| self.occurrences_of(of)).collect();
            found.effective.sort_by_key(|set| set.file);
            return found;
        }
        // The last file that has any of the names wins, and in it the first name.
        let last = named().filter_map(|of| self.occurrences_of(of).next_back());
        let last: Vec<Occurrence<'_>> = last.collect();
        let Some(file) = last.iter().map(|set| set.file).max() else {
            return found;
        };
        let winner = last.into_iter().find(|set| set.file == file);
        if hidden == Hidden::Skip {
            found.effective.extend(winner);
            return found;
        }
        let place = |set: &Occurrence<'_>| (set.file, set.entry.line());
        let winning = winner.as_ref().map(place);
        let all = named().flat_map(|of| self.occurrences_of(of));
        (found.effective, found.hidden) = all.partition(|set| Some(place(set)) == winning);
        found.hidden.sort_by_key(place);
        found
    }

    fn occurrences_of<'c, 'n>(
        &'c self,
        (name_index, (group, name)): (usize, (&'n str, &'n str)),
    ) -> impl DoubleEndedIterator<Item = Occurrence<'c>> + use<'c, 'n, 'd> {
        let entries = self.index.entries(group, name);
        entries.map(move |(file, entry)| Occurrence {
            file,
            path: &self.index.files[file].path,
            entry,
            name_index,
        })
    }

    /// Returns the texts that `option` is set to, before substitution, and where they come from.
    pub(super) fn texts(
        &self,
        opt: &Opt,
        option: &OptName,
        occurrences: &Occurrences<'_>,
    ) -> (Origin, Vec<String>) {
        if !self.environment.is_empty() {
            let variable = option.environment_variable();
            if let Some(text) = self.environment.get(&variable) {
                return (Origin::Environment { variable }, vec![text.clone()]);
            }
        }
        let Some(last) = occurrences.effective.last() else {
            let origin = if opt.default().is_empty() {
                Origin::Unset
            } else {
                Origin::Default
            };
            return (origin, opt.default().to_vec());
        };
        let text =
            |occurrence: &Occurrence<'_>| occurrence.entry.value().to_str_lossy().into_owned();
        let texts = occurrences.effective.iter().map(text).collect();
        (file_origin(opt, option, last), texts)
    }
}

/// Returns the entry of an option, looked up as `option`, as its origin.
pub(super) fn file_origin(opt: &Opt, option: &OptName, set: &Occurrence<'_>) -> Origin {
    let former = set.name_index.checked_sub(1);
    let former = former.and_then(|at| opt.deprecated().get(at));
    Origin::File {
        path: set.path.to_owned(),
        line: set.entry.line(),
        name: former.unwrap_or(option).clone(),
        deprecated: former.is_some(),
    }
}
