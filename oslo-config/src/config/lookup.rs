//! Finds the entries that set an option.

use std::borrow::Cow;
use std::path::Path;

use bstr::{BStr, ByteSlice};
use foldhash::HashMap;

use super::Config;
use crate::document::Entry;
use crate::opt::{Opt, OptName};
use crate::setting::{Occurrence, Occurrences, Origin};
use crate::sources::ParsedFile;
use crate::text::group_of_section;

/// A file's entries by group and key, in file order.
#[derive(Debug)]
pub(super) struct FileIndex<'d> {
    path: &'d Path,
    groups: HashMap<Cow<'d, [u8]>, Keys<'d>>,
}

type Keys<'d> = HashMap<&'d [u8], Vec<Entry<'d, 'd>>>;

impl<'d> FileIndex<'d> {
    pub(super) fn new(file: &'d ParsedFile<'d>) -> Self {
        let mut groups: HashMap<Cow<'d, [u8]>, Keys<'d>> = HashMap::default();
        for section in file.document.sections() {
            let name: &'d BStr = section.name();
            let keys = groups.entry(group_of_section(name)).or_default();
            for entry in section.entries() {
                keys.entry(entry.key()).or_default().push(entry);
            }
        }
        FileIndex {
            path: file.path,
            groups,
        }
    }

    fn entries(&self, group: &str, name: &str) -> &[Entry<'d, 'd>] {
        let group = group_of_section(group.as_bytes());
        let entries = self
            .groups
            .get(&*group)
            .and_then(|keys| keys.get(name.as_bytes()));
        entries.map_or(&[], Vec::as_slice)
    }
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
    pub(super) fn find(&self, opt: &Opt, group: &str, hidden: Hidden) -> Occurrences<'d> {
        let current = (group, opt.name().name());
        let former = opt
            .deprecated()
            .iter()
            .map(|name| (name.group(), name.name()));
        let names: Vec<(&str, &str)> = std::iter::once(current).chain(former).collect();
        let mut found = Occurrences::default();
        // The last file that has any of the names wins, and in it the first name.
        for (file, index) in self.files.iter().enumerate().rev() {
            for (name_index, (group, name)) in names.iter().enumerate() {
                let entries = index.entries(group, name).iter();
                let mut set = entries.map(|&entry| Occurrence {
                    file,
                    path: index.path,
                    entry,
                    name_index,
                });
                if opt.is_multi() {
                    let mut set: Vec<_> = set.collect();
                    set.append(&mut found.effective);
                    found.effective = set;
                } else {
                    if found.effective.is_empty() {
                        found.effective.extend(set.next_back());
                    }
                    if hidden == Hidden::Collect {
                        found.hidden.extend(set);
                    }
                }
            }
        }
        found
            .hidden
            .sort_by_key(|hidden| (hidden.file, hidden.entry.line()));
        found
    }

    /// Returns the texts that `option` is set to, before substitution, and where they come from.
    pub(super) fn texts(
        &self,
        opt: &Opt,
        option: &OptName,
        occurrences: &Occurrences<'d>,
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
        let deprecated = last
            .name_index
            .checked_sub(1)
            .and_then(|at| opt.deprecated().get(at));
        let origin = Origin::File {
            path: last.path.to_owned(),
            line: last.entry.line(),
            name: deprecated.cloned().unwrap_or_else(|| option.clone()),
            deprecated: deprecated.is_some(),
        };
        let text =
            |occurrence: &Occurrence<'d>| occurrence.entry.value().to_str_lossy().into_owned();
        (origin, occurrences.effective.iter().map(text).collect())
    }
}
