//! Applies planned changes to one file: renames, moves and copies entries of former names.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Entry, OptName, ParsedFile};

use super::comments::moves_with;
use super::draft::{Draft, Lines};
use super::{Applier, WorkOnFile};
use crate::diagnostic::bracketed;
use crate::migrate::own_rules::NEIGHBOUR;
use crate::migrate::planned::{Applied, Transfer};
use crate::migrate::references::{Rewrite, replaced, rewrites};
use crate::migrate::{Change, ChangeKind, MigrateError, finish};

/// Applies planned changes to one file.
pub(super) struct FileApplier<'a, 'd> {
    pub(super) with: &'a Applier<'a, 'd>,
    pub(super) file: &'d ParsedFile<'d>,
    /// The options whose references follow.
    follows: &'a HashSet<&'a OptName>,
    pub(super) draft: Draft<'d>,
    /// Lines of entries that were given to another option or got another value.
    pub(super) replaced: HashSet<usize>,
    changes: Vec<Change>,
}

/// An entry of a former name, and what is done with it.
struct FormerEntry<'e, 'd> {
    entry: Entry<'d, 'd>,
    /// One transfer for each option that gets the value. The first moves the entry, unless that
    /// stays.
    transfers: Vec<&'e Transfer<'d>>,
    /// The transfer of an option that has another entry.
    hidden: Option<&'e Transfer<'d>>,
    /// The entry stays as it is; its readers get copies.
    stays: bool,
}

impl FormerEntry<'_, '_> {
    /// Returns the kind of change that makes the transfer at this index.
    fn kind(&self, at: usize) -> ChangeKind {
        match self.in_place() {
            _ if self.stays || at > 0 => ChangeKind::Copy,
            Some(_) => ChangeKind::Rename,
            None => ChangeKind::Move,
        }
    }

    /// Returns the transfer that renames the entry on its line, if any.
    fn in_place(&self) -> Option<&Transfer<'_>> {
        let first = *self.transfers.first()?;
        (!self.stays && first.in_place).then_some(first)
    }

    /// Tells whether the entry is moved or removed.
    fn leaves(&self) -> bool {
        !self.stays && self.in_place().is_none()
    }
}

impl<'a, 'd> FileApplier<'a, 'd> {
    pub(super) fn new(
        with: &'a Applier<'a, 'd>,
        file: &'d ParsedFile<'d>,
        follows: &'a HashSet<&'a OptName>,
    ) -> Self {
        FileApplier {
            with,
            file,
            follows,
            draft: Draft::new(&file.document),
            replaced: HashSet::default(),
            changes: Vec::new(),
        }
    }

    pub(super) fn apply(
        mut self,
        index: usize,
        work: WorkOnFile<'_, 'd>,
    ) -> Result<Applied, MigrateError> {
        let former = self.former_entries(work.transfers);
        self.rename_in_place(&former);
        self.remove_former(&former);
        self.insert_transferred(&former);
        self.record_former(&former);
        for (rule, effects) in work.rules {
            self.apply_rule(rule, &effects);
        }
        if self.changes.is_empty() {
            return Ok(Applied::default());
        }
        let pass = self.with.pass;
        let edit = self.draft.finish(|header| (pass.was_empty)(index, header));
        let (document, lines) = finish(edit, &self.file.path)?;
        self.changes.sort_by_key(|change| change.line);
        Ok(Applied {
            document: Some(document),
            changes: self.changes,
            lines,
        })
    }

    /// Returns the entries of former names, in order.
    fn former_entries<'e>(&self, transfers: Vec<&'e Transfer<'d>>) -> Vec<FormerEntry<'e, 'd>> {
        let mut found: BTreeMap<usize, FormerEntry<'e, 'd>> = BTreeMap::new();
        for transfer in transfers {
            let (from, with) = (&transfer.from, self.with);
            let former = found.entry(transfer.entry.line());
            let former = former.or_insert_with(|| FormerEntry {
                entry: transfer.entry,
                transfers: Vec::new(),
                hidden: None,
                stays: with.keeps_old()
                    || with.names.is_current(from.group(), from.name())
                    || self.is_left(transfer.entry),
            });
            match transfer.hidden {
                true => former.hidden = Some(transfer),
                false => former.transfers.push(transfer),
            }
        }
        for former in found.values_mut().filter(|former| !former.stays) {
            let transfers = &mut former.transfers;
            if let Some(in_place) = transfers.iter().position(|transfer| transfer.in_place) {
                transfers[..=in_place].rotate_right(1);
            }
            // If the name is set again below, copies are made of that entry.
            let mut is_first = true;
            transfers.retain(|transfer| std::mem::take(&mut is_first) || transfer.effective);
        }
        found.into_values().collect()
    }

    /// Renames entries on their lines, and references in entries that are not moved.
    fn rename_in_place(&mut self, former: &[FormerEntry<'_, 'd>]) {
        let moved = former.iter().filter(|former| former.leaves());
        let moved: HashSet<usize> = moved.map(|former| former.entry.line()).collect();
        let document = &self.file.document;
        // With both names kept, the old entries are for the legacy program.
        if !self.with.keeps_old() && !self.follows.is_empty() && document.text().contains(&b'$') {
            for entry in document.entries() {
                if !moved.contains(&entry.line()) && !self.is_left(entry) {
                    for rewrite in self.rewrites(entry, None) {
                        self.draft
                            .edit
                            .replace(rewrite.range.clone(), rewrite.new_name.as_str());
                        self.record_reference(entry, &rewrite);
                    }
                }
            }
        }
        for former in former {
            if let Some(transfer) = former.in_place() {
                self.draft.edit.rename(former.entry, transfer.to.name());
            }
        }
    }

    /// Tells whether an entry belongs to an option that is left to decide, and so must not change.
    fn is_left(&self, entry: Entry<'_, '_>) -> bool {
        let (group, key) = (entry.group(), entry.key());
        let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
            return false;
        };
        let names = self.with.names;
        let mut readers = names.readers(group, key).iter();
        let is_left = readers.any(|reader| {
            let option = names.opts[reader.opt].name();
            let is_in_use = self.with.in_use.contains(option) && !self.follows.contains(option);
            is_in_use || (self.with.pass.is_undecided)(option)
        });
        is_left || self.with.pass.is_held(group, key)
    }

    fn rewrites(&self, entry: Entry<'d, 'd>, transfer: Option<&Transfer<'d>>) -> Vec<Rewrite> {
        let follows = |option: &OptName| self.follows.contains(option);
        let moved = transfer.map(|transfer| (&transfer.from, &transfer.to));
        rewrites(entry, moved, self.with.names, &follows)
    }

    /// Removes entries that are moved or hidden.
    fn remove_former(&mut self, former: &[FormerEntry<'_, 'd>]) {
        for former in former.iter().filter(|former| former.leaves()) {
            let entry = former.entry;
            let lines = match former.transfers.is_empty() {
                true => entry.lines(),
                false => moves_with(entry, self.with.names).start..entry.lines().end,
            };
            self.draft.remove(lines);
        }
    }

    /// Inserts moved and copied entries in the order of their lines; those of a multi-valued option
    /// in the order of the plan.
    fn insert_transferred(&mut self, former: &[FormerEntry<'_, 'd>]) {
        let mut first_line: HashMap<&OptName, usize> = HashMap::default();
        let mut inserted: Vec<(&Transfer<'d>, bool)> = Vec::new();
        for former in former {
            for (at, transfer) in former.transfers.iter().enumerate() {
                first_line
                    .entry(&transfer.to)
                    .or_insert(transfer.entry.line());
                let kind = former.kind(at);
                if kind != ChangeKind::Rename {
                    inserted.push((transfer, kind == ChangeKind::Copy));
                }
            }
        }
        inserted.sort_by_key(|(transfer, _)| (first_line.get(&transfer.to), transfer.order));
        for (transfer, is_copy) in inserted {
            let lines = self.transferred_lines(transfer, is_copy);
            if is_copy && transfer.in_place {
                self.draft.insert_below(transfer.entry, &lines);
            } else {
                let section = transfer.entry.section();
                self.draft
                    .insert(&transfer.to, &lines, section, transfer.before);
            }
        }
    }

    /// Returns the lines of a moved or copied entry, with its key and references renamed.
    fn transferred_lines(&mut self, transfer: &Transfer<'d>, is_copy: bool) -> Lines {
        let entry = transfer.entry;
        let document = &self.file.document;
        let first = match is_copy {
            true => entry.line(),
            false => moves_with(entry, self.with.names).start,
        };
        let lines = first..entry.lines().end;
        let range = document.byte_range(lines.clone());
        let found = self.rewrites(entry, Some(transfer));
        let mut replacements = vec![(entry.key_range(), transfer.to.name())];
        for rewrite in &found {
            replacements.push((rewrite.range.clone(), &rewrite.new_name));
            self.record_reference(entry, rewrite);
        }
        let mut text = replaced(document.text(), range, replacements);
        if !text.ends_with_str("\n") && !text.ends_with_str("\r") {
            text.extend_from_slice(document.line_end());
        }
        Lines {
            text,
            from: lines.map(Some).collect(),
        }
    }

    fn record_former(&mut self, former: &[FormerEntry<'_, 'd>]) {
        for former in former {
            for (at, transfer) in former.transfers.iter().enumerate() {
                self.record_transfer(transfer, former.kind(at));
            }
            if former.transfers.is_empty()
                && !former.stays
                && let Some(hidden) = former.hidden
            {
                self.record_transfer(hidden, ChangeKind::Drop);
            }
        }
    }

    fn record_transfer(&mut self, transfer: &Transfer<'d>, kind: ChangeKind) {
        let (from, to) = (&transfer.from, &transfer.to);
        let (old, new) = (bracketed(from), bracketed(to));
        let message = match kind {
            ChangeKind::Rename => format!(
                "renamed from {} to {} in [{}]",
                from.name(),
                to.name(),
                to.group()
            ),
            ChangeKind::Move => format!("moved from {old} to {new}"),
            ChangeKind::Copy => format!("copied from {old} to {new}"),
            _ => format!("removed {old}, hidden by another entry for {new} in this file"),
        };
        let id = self.with.renaming(from, to);
        self.record(&id, transfer.entry.line(), (from, to), (kind, message));
    }

    fn record_reference(&mut self, entry: Entry<'_, '_>, rewrite: &Rewrite) {
        let key = crate::secret::first_word(entry.key());
        let (from, to) = (&rewrite.from, &rewrite.to);
        let (id, message) = match rewrite.followed {
            true => (
                self.with.renaming(from, to),
                format!("the reference in {key} follows {from} to {to}"),
            ),
            false => (
                NEIGHBOUR.into(),
                format!(
                    "the reference in {key} names its group: ${}",
                    rewrite.new_name
                ),
            ),
        };
        let change = (ChangeKind::Reference, message);
        self.record(&id, entry.line(), (from, to), change);
    }

    pub(super) fn record(
        &mut self,
        rule: &str,
        line: usize,
        (from, to): (&OptName, &OptName),
        (kind, message): (ChangeKind, String),
    ) {
        self.changes.push(Change {
            rule: rule.to_owned(),
            kind,
            line,
            from: from.clone(),
            to: to.clone(),
            message,
            release: None,
        });
    }
}
