//! The entries of one option in one file, and the transfers of those with former names.

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Entry, Opt, OptName};

use crate::migrate::Decision;
use crate::migrate::names::Names;
use crate::migrate::pass::Pass;
use crate::migrate::planned::Transfer;

/// The entries of each option in each file where one of its former names is in use, in order.
pub(crate) type EntriesByOption<'d> = HashMap<(usize, usize), Vec<NamedEntry<'d>>>;

/// An entry with the rank of its name among the names of an option.
#[derive(Clone, Copy)]
pub(crate) struct NamedEntry<'d> {
    /// 0 is the current name, 1 the first former name.
    rank: usize,
    entry: Entry<'d, 'd>,
    /// A renaming gives the entry the current name.
    is_renamed: bool,
}

/// Finds the entries of the options whose former names are in use.
pub(crate) fn find<'d>(pass: Pass<'_, 'd>, names: &Names<'_>) -> EntriesByOption<'d> {
    let mut found: EntriesByOption<'d> = HashMap::default();
    for (file, parsed) in pass.files.iter().enumerate() {
        for section in parsed.document.sections() {
            let group = section.group();
            let Ok(group) = group.to_str() else { continue };
            for entry in section.entries() {
                let Ok(name) = entry.key().to_str() else {
                    continue;
                };
                let current = names.index_of(group, name).map(|opt| (opt, 0, false));
                let former = match (pass.is_superseded)(file, entry.line()) {
                    true => [].iter(),
                    false => names.readers(group, name).iter(),
                };
                let former = former.map(|reader| (reader.opt, reader.rank, reader.renames));
                for (opt, rank, is_renamed) in current.into_iter().chain(former) {
                    found.entry((opt, file)).or_default().push(NamedEntry {
                        rank,
                        entry,
                        is_renamed,
                    });
                }
            }
        }
    }
    found.retain(|_, entries| entries.iter().any(|named| named.is_renamed));
    found
}

/// An entry that stays although another one of the same file hides it: the lines of both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Superseded {
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) by: usize,
}

/// The entries of one option in one file, in order.
pub(crate) struct OfOption<'f, 'd> {
    pub(crate) pass: &'f Pass<'f, 'd>,
    pub(crate) opt: &'f Opt,
    pub(crate) file: usize,
    pub(crate) entries: &'f [NamedEntry<'d>],
    pub(crate) names: &'f Names<'f>,
}

impl<'d> OfOption<'_, 'd> {
    fn former(&self) -> impl Iterator<Item = NamedEntry<'d>> + '_ {
        self.entries
            .iter()
            .copied()
            .filter(|named| named.is_renamed)
    }

    /// Returns the rank of the name that gives the option its value in this file.
    fn winner(&self) -> Option<usize> {
        self.entries.iter().map(|named| named.rank).min()
    }

    fn transfer(&self, NamedEntry { rank, entry, .. }: NamedEntry<'d>) -> Option<Transfer<'d>> {
        let (from, to) = (
            self.opt.deprecated().get(rank.checked_sub(1)?)?,
            self.opt.name(),
        );
        Some(Transfer {
            file: self.file,
            entry,
            from: from.clone(),
            to: to.clone(),
            hidden: false,
            effective: true,
            in_place: from.group() == to.group(),
            order: 0,
            before: None,
        })
    }

    /// Tells whether the old name of an entry is also the current name of an option.
    fn is_current(&self, transfer: &Transfer<'_>) -> bool {
        self.names
            .is_current(transfer.from.group(), transfer.from.name())
    }

    /// Returns the transfers of the entries of former names, or why the operator has to decide.
    pub(crate) fn transfers(&self) -> Result<Vec<Transfer<'d>>, String> {
        let name = self.opt.name();
        let mut former = self.opt.deprecated().iter();
        let shadows = |name: &OptName| self.pass.held.is_shadowed_by(name);
        match (self.pass.settings.keep_old, self.opt.is_multi()) {
            (false, _) if former.any(shadows) => Err(
                "a reference by the name of an option that was not migrated reads it, too".into(),
            ),
            (false, true) => Ok(self.multi_valued()),
            (false, false) => Ok(self.single_valued()),
            (true, true) => Err(
                "the values of both names count, so the old and the new name cannot both be kept"
                    .into(),
            ),
            (true, false) => match self.copied() {
                Some(_) if (self.pass.legacy_has)(name) => Err(format!(
                    "the legacy program reads {name}, too, so the old and the new name cannot both \
                     be kept"
                )),
                copied => Ok(copied.into_iter().collect()),
            },
        }
    }

    /// Returns the decision, with its file, for an option that is left for this reason.
    pub(crate) fn left(&self, reason: String) -> Option<(usize, Decision)> {
        let line = self.former().next()?.entry.line();
        let path = &self.pass.files[self.file].path;
        let decision = Decision::new(self.opt.name(), path, line, reason);
        Some((self.file, decision))
    }

    /// Transfers the entries of the first name that the file has; it hides the others.
    fn single_valued(&self) -> Vec<Transfer<'d>> {
        let winner = self.winner();
        let wins = |named: &NamedEntry<'_>| Some(named.rank) == winner;
        let last = self.former().filter(wins).last();
        let last = last.map(|named| named.entry.line());
        let transfers = self.former().filter_map(|named| {
            let mut transfer = self.transfer(named)?;
            transfer.hidden = !wins(&named);
            transfer.effective = Some(named.entry.line()) == last;
            // An entry that is of another option, too, stays: only the effective one is copied.
            (transfer.effective || !self.is_current(&transfer)).then_some(transfer)
        });
        transfers.collect()
    }

    /// Copies the effective entry, unless it has the current name.
    fn copied(&self) -> Option<Transfer<'d>> {
        let winner = self.winner().filter(|&winner| winner > 0)?;
        let named = self.former().filter(|named| named.rank == winner).last()?;
        self.transfer(named)
    }

    /// Returns the entries that the effective one hides.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = Superseded> + '_ {
        let winner = self.winner();
        let wins = move |named: &NamedEntry<'_>| Some(named.rank) == winner;
        let effective = self.entries.iter().rfind(|named| wins(named));
        let hidden = self.former().filter(move |named| !wins(named));
        hidden.filter_map(move |named| {
            Some(Superseded {
                file: self.file,
                line: named.entry.line(),
                by: effective?.entry.line(),
            })
        })
    }

    /// Transfers all entries: values of later-declared names come first, those of the current name
    /// last. Entries that are of another option, too, stay, and remain values of this one.
    fn multi_valued(&self) -> Vec<Transfer<'d>> {
        let mut ordered = self.entries.to_vec();
        ordered.sort_by_key(|named| std::cmp::Reverse(named.rank));
        let lines = |entries: &[NamedEntry<'_>]| -> Vec<usize> {
            entries.iter().map(|named| named.entry.line()).collect()
        };
        let in_order = lines(&ordered) == lines(self.entries);
        let current = self.entries.iter().find(|named| named.rank == 0);
        let before = current.map(|named| named.entry);
        let transfers: Vec<Transfer<'d>> = ordered
            .into_iter()
            .filter(|named| named.is_renamed)
            .filter_map(|named| self.transfer(named))
            .filter(|transfer| !self.is_current(transfer))
            .collect();
        let same_group = transfers
            .iter()
            .all(|transfer| transfer.from.group() == transfer.to.group());
        let transfers = transfers
            .into_iter()
            .enumerate()
            .map(|(order, transfer)| Transfer {
                in_place: same_group && in_order,
                order,
                before,
                ..transfer
            });
        transfers.collect()
    }
}
