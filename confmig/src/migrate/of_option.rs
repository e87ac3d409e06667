//! The entries of one option in one file, and what is done with those of former names.

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Entry, Opt};

use super::Decision;
use super::effect::Carry;
use super::names::Names;
use super::pass::Pass;

/// By option and file, where a former name is in use: the entries in the order in which they stand.
pub(crate) type Found<'d> = HashMap<(usize, usize), Vec<Named<'d>>>;

/// An entry, and which of an option's names it has.
#[derive(Clone, Copy)]
pub(crate) struct Named<'d> {
    /// 0 is the current name, 1 the first former one.
    rank: usize,
    entry: Entry<'d, 'd>,
    /// It is to have the current name.
    is_renamed: bool,
}

/// Finds the entries of the target's options.
pub(crate) fn find<'d>(pass: Pass<'_, 'd, '_>, names: &Names<'_>) -> Found<'d> {
    let mut found: Found<'d> = HashMap::default();
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
                    found.entry((opt, file)).or_default().push(Named {
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

/// The entries of one option in one file, in the order in which they stand.
pub(crate) struct OfOption<'f, 'd> {
    pub(crate) pass: &'f Pass<'f, 'd, 'f>,
    pub(crate) opt: &'f Opt,
    pub(crate) file: usize,
    pub(crate) entries: &'f [Named<'d>],
    pub(crate) names: &'f Names<'f>,
}

impl<'d> OfOption<'_, 'd> {
    fn former(&self) -> impl Iterator<Item = Named<'d>> + '_ {
        self.entries
            .iter()
            .copied()
            .filter(|named| named.is_renamed)
    }

    /// The first name, in the order in which they are tried, that the file has.
    fn winner(&self) -> Option<usize> {
        self.entries.iter().map(|named| named.rank).min()
    }

    fn carry(&self, Named { rank, entry, .. }: Named<'d>) -> Option<Carry<'d>> {
        let (from, to) = (
            self.opt.deprecated().get(rank.checked_sub(1)?)?,
            self.opt.name(),
        );
        Some(Carry {
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

    /// Tells whether the target reads an entry for its own sake.
    fn is_current(&self, carry: &Carry<'_>) -> bool {
        self.names.is_current(carry.from.group(), carry.from.name())
    }

    /// Returns what is done with the entries of former names, or why the operator has to decide.
    pub(crate) fn carries(&self) -> Result<Vec<Carry<'d>>, String> {
        let name = self.opt.name();
        let meets = |name| self.pass.held.meets(name);
        match (self.pass.settings.keep_old, self.opt.is_multi()) {
            (false, _) if self.opt.deprecated().iter().any(meets) => Err(
                "a reference by the name of an option that was not migrated reads it, too".into(),
            ),
            (false, true) => Ok(self.multi_valued()),
            (false, false) => Ok(self.single_valued()),
            (true, true) => Err(
                "each name adds values of its own, so the old and the new name cannot both be kept"
                    .into(),
            ),
            (true, false) => match self.copied() {
                Some(_) if (self.pass.is_old)(name) => Err(format!(
                    "the older program reads {name} as well, so the old and the new name cannot \
                     both be kept"
                )),
                copied => Ok(copied.into_iter().collect()),
            },
        }
    }

    /// The decision, with its file, that the option is left to.
    pub(crate) fn left(&self, reason: String) -> Option<(usize, Decision)> {
        let line = self.former().next()?.entry.line();
        let path = self.pass.files[self.file].path;
        let decision = Decision::new(self.opt.name(), path, line, reason);
        Some((self.file, decision))
    }

    /// The first name that the file has wins; the others are hidden by it.
    fn single_valued(&self) -> Vec<Carry<'d>> {
        let winner = self.winner();
        let wins = |named: &Named<'_>| Some(named.rank) == winner;
        let last = self.former().filter(wins).last();
        let last = last.map(|named| named.entry.line());
        let carried = self.former().filter_map(|named| {
            let mut carry = self.carry(named)?;
            carry.hidden = !wins(&named);
            carry.effective = Some(named.entry.line()) == last;
            // What the target reads for its own sake stays: only what gives the value is copied.
            (carry.effective || !self.is_current(&carry)).then_some(carry)
        });
        carried.collect()
    }

    /// The entry that gives the value is copied, unless the current name stands there already.
    fn copied(&self) -> Option<Carry<'d>> {
        let winner = self.winner().filter(|&winner| winner > 0)?;
        let named = self.former().filter(|named| named.rank == winner).last()?;
        self.carry(named)
    }

    /// The entries that are hidden by the one that gives the value.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let winner = self.winner();
        let hidden = self
            .former()
            .filter(move |named| Some(named.rank) != winner);
        hidden.map(|named| (self.file, named.entry.line()))
    }

    /// Later-declared names' values come first, the current name's last. What the target reads for its
    /// own sake stays, and goes on to be one of the values.
    fn multi_valued(&self) -> Vec<Carry<'d>> {
        let mut ordered = self.entries.to_vec();
        ordered.sort_by_key(|named| std::cmp::Reverse(named.rank));
        let lines = |entries: &[Named<'_>]| -> Vec<usize> {
            entries.iter().map(|named| named.entry.line()).collect()
        };
        let in_order = lines(&ordered) == lines(self.entries);
        let current = self.entries.iter().find(|named| named.rank == 0);
        let before = current.map(|named| named.entry);
        let carried: Vec<Carry<'d>> = ordered
            .into_iter()
            .filter(|named| named.is_renamed)
            .filter_map(|named| self.carry(named))
            .filter(|carry| !self.is_current(carry))
            .collect();
        let same_group = carried
            .iter()
            .all(|carry| carry.from.group() == carry.to.group());
        let carried = carried.into_iter().enumerate().map(|(order, carry)| Carry {
            in_place: same_group && in_order,
            order,
            before,
            ..carry
        });
        carried.collect()
    }
}
