//! From planned changes to new texts.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Entry, OptName, ParsedFile};

use super::comments::travelling;
use super::draft::{Draft, Lines};
use super::effect::{Carry, Planned};
use super::names::Names;
use super::pass::{Applied, Pass};
use super::references::{Rewrite, rewrites};
use super::{Change, ChangeKind, MigrateError, finish};

/// Makes new texts of planned changes.
pub(crate) struct Applier<'a, 'd, 'm> {
    pub(crate) pass: &'a Pass<'a, 'd, 'm>,
    pub(crate) names: &'a Names<'a>,
    /// The options with a former name in use.
    pub(crate) in_use: &'a HashSet<OptName>,
}

impl<'d, 'm> Applier<'_, 'd, 'm> {
    /// Makes the new text of each file.
    pub(crate) fn apply(&self, planned: &[&Planned<'d>]) -> Result<Vec<Applied<'m>>, MigrateError> {
        let options = planned.iter().flat_map(|planned| planned.options());
        let follows: HashSet<&OptName> = options.collect();
        let files = self.pass.files.iter().enumerate();
        files
            .map(|(index, file)| {
                let in_file = FileApplier {
                    with: self,
                    file,
                    follows: &follows,
                    draft: Draft::new(&file.document),
                    replaced: HashSet::default(),
                    changes: Vec::new(),
                };
                in_file.apply(index, planned)
            })
            .collect()
    }

    /// The id of the renaming from a former name to a current one.
    fn renaming(&self, from: &OptName, to: &OptName) -> String {
        let rule = self.pass.pack.rule(from, to);
        rule.map_or_else(|| from.to_string(), |rule| rule.id.clone())
    }

    /// Tells whether old names stay, and so do references to them.
    fn keeps_old(&self) -> bool {
        self.pass.settings.keep_old
    }
}

/// Makes the new text of one file.
pub(super) struct FileApplier<'a, 'd, 'm> {
    pub(super) with: &'a Applier<'a, 'd, 'm>,
    pub(super) file: &'d ParsedFile<'d>,
    /// The options to which references follow.
    follows: &'a HashSet<&'a OptName>,
    pub(super) draft: Draft<'d>,
    /// Lines of entries whose place another option took, or whose value is another one.
    pub(super) replaced: HashSet<usize>,
    changes: Vec<Change>,
}

/// What is done with one entry of a former name.
struct Renamed<'e, 'd> {
    entry: Entry<'d, 'd>,
    /// For the options that get its value. The first takes the entry along, unless that stays.
    carried: Vec<&'e Carry<'d>>,
    /// For one of the options that have another entry.
    hidden: Option<&'e Carry<'d>>,
    /// The entry stays as it is; those that read it get copies.
    stays: bool,
}

impl Renamed<'_, '_> {
    /// How the option gets the value that is at this place in `carried`.
    fn kind(&self, at: usize) -> ChangeKind {
        match self.in_place() {
            _ if self.stays || at > 0 => ChangeKind::Copy,
            Some(_) => ChangeKind::Rename,
            None => ChangeKind::Move,
        }
    }

    /// The entry gets its new name where it stands.
    fn in_place(&self) -> Option<&Carry<'_>> {
        let first = *self.carried.first()?;
        (!self.stays && first.in_place).then_some(first)
    }

    /// The entry leaves its place: it is moved or removed.
    fn leaves(&self) -> bool {
        !self.stays && self.in_place().is_none()
    }
}

impl<'d, 'm> FileApplier<'_, 'd, 'm> {
    fn apply(
        mut self,
        index: usize,
        planned: &[&Planned<'d>],
    ) -> Result<Applied<'m>, MigrateError> {
        let renamed = self.renamed(index, planned);
        self.follow_in_place(&renamed);
        self.remove_renamed(&renamed);
        self.insert_carried(&renamed);
        self.record_renamed(&renamed);
        for planned in planned {
            if let Planned::Rule(rule, effects) = planned {
                self.apply_rule(index, rule, effects);
            }
        }
        if self.changes.is_empty() {
            return Ok(Applied::default());
        }
        let pass = self.with.pass;
        let edit = self.draft.finish(|header| (pass.was_empty)(index, header));
        let (document, lines) = finish(edit, self.file.path, pass.texts)?;
        self.changes.sort_by_key(|change| change.line);
        Ok(Applied {
            document: Some(document),
            changes: self.changes,
            lines,
        })
    }

    /// The entries of former names, in their order.
    fn renamed<'e>(&self, index: usize, planned: &[&'e Planned<'d>]) -> Vec<Renamed<'e, 'd>> {
        let mut found: BTreeMap<usize, Renamed<'e, 'd>> = BTreeMap::new();
        let carries = planned.iter().flat_map(|planned| planned.carries());
        for carry in carries.filter(|carry| carry.file == index) {
            let (from, with) = (&carry.from, self.with);
            let renamed = found.entry(carry.entry.line()).or_insert_with(|| Renamed {
                entry: carry.entry,
                carried: Vec::new(),
                hidden: None,
                stays: with.keeps_old()
                    || with.names.is_current(from.group(), from.name())
                    || self.is_left(carry.entry),
            });
            match carry.hidden {
                true => renamed.hidden = Some(carry),
                false => renamed.carried.push(carry),
            }
        }
        for renamed in found.values_mut().filter(|renamed| !renamed.stays) {
            let carried = &mut renamed.carried;
            if let Some(in_place) = carried.iter().position(|carry| carry.in_place) {
                carried[..=in_place].rotate_right(1);
            }
            // One that is set again below has a value to copy from there.
            let mut is_first = true;
            carried.retain(|carry| std::mem::take(&mut is_first) || carry.effective);
        }
        found.into_values().collect()
    }

    /// Renames where entries stand, and gives references in entries that stay their new names.
    fn follow_in_place(&mut self, renamed: &[Renamed<'_, 'd>]) {
        let moved: HashSet<usize> = renamed
            .iter()
            .filter(|renamed| renamed.leaves())
            .map(|renamed| renamed.entry.line())
            .collect();
        let document = &self.file.document;
        // With both names kept, the old entries are for a program that knows the old ones.
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
        for renamed in renamed {
            if let Some(carry) = renamed.in_place() {
                self.draft.edit.rename(renamed.entry, carry.to.name());
            }
        }
    }

    /// Tells whether an entry is of an option that is left as it is, and so stays in every byte.
    fn is_left(&self, entry: Entry<'_, '_>) -> bool {
        let (group, key) = (entry.group(), entry.key());
        let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
            return false;
        };
        let names = self.with.names;
        let mut readers = names.readers(group, key).iter();
        let is_left = readers.any(|reader| {
            let option = names.opts[reader.opt].name();
            self.with.in_use.contains(option) && !self.follows.contains(option)
        });
        is_left || self.with.pass.holds(group, key)
    }

    fn rewrites(&self, entry: Entry<'d, 'd>, carry: Option<&Carry<'d>>) -> Vec<Rewrite> {
        let follows = |option: &OptName| self.follows.contains(option);
        rewrites(entry, carry, self.with.names, &follows)
    }

    /// Removes entries that are moved or hidden.
    fn remove_renamed(&mut self, renamed: &[Renamed<'_, 'd>]) {
        for renamed in renamed.iter().filter(|renamed| renamed.leaves()) {
            let entry = renamed.entry;
            let lines = match renamed.carried.is_empty() {
                true => entry.lines(),
                false => travelling(entry, self.with.names).start..entry.lines().end,
            };
            self.draft.remove(lines);
        }
    }

    /// Puts moved and copied entries where they belong, in the order in which they stood, except
    /// that the values of a multi-valued option keep the order of the plan.
    fn insert_carried(&mut self, renamed: &[Renamed<'_, 'd>]) {
        let mut first_line: HashMap<&OptName, usize> = HashMap::default();
        let mut inserted: Vec<(&Carry<'d>, bool)> = Vec::new();
        for renamed in renamed {
            for (at, carry) in renamed.carried.iter().enumerate() {
                // The entries come in the order of their lines.
                first_line.entry(&carry.to).or_insert(carry.entry.line());
                let kind = renamed.kind(at);
                if kind != ChangeKind::Rename {
                    inserted.push((carry, kind == ChangeKind::Copy));
                }
            }
        }
        inserted.sort_by_key(|(carry, _)| (first_line.get(&carry.to), carry.order));
        for (carry, is_copy) in inserted {
            let lines = self.carried_lines(carry, is_copy);
            if is_copy && carry.in_place {
                self.draft.insert_below(carry.entry, &lines);
            } else {
                let section = carry.entry.section();
                self.draft.insert(&carry.to, &lines, section, carry.before);
            }
        }
    }

    /// The lines of a moved entry: its comments as they are, its key and references renamed.
    fn carried_lines(&mut self, carry: &Carry<'d>, is_copy: bool) -> Lines {
        let entry = carry.entry;
        let document = &self.file.document;
        let first = match is_copy {
            true => entry.line(),
            false => travelling(entry, self.with.names).start,
        };
        let lines = first..entry.lines().end;
        let range = document.byte_range(lines.clone());
        let found = self.rewrites(entry, Some(carry));
        let mut replacements = vec![(entry.key_range(), carry.to.name())];
        for rewrite in &found {
            replacements.push((rewrite.range.clone(), &rewrite.new_name));
            self.record_reference(entry, rewrite);
        }
        let mut text = Vec::new();
        let mut kept = range.start;
        for (replaced, new) in replacements {
            text.extend_from_slice(&document.text()[kept..replaced.start]);
            text.extend_from_slice(new.as_bytes());
            kept = replaced.end;
        }
        text.extend_from_slice(&document.text()[kept..range.end]);
        if !text.ends_with_str("\n") && !text.ends_with_str("\r") {
            text.extend_from_slice(document.line_end());
        }
        Lines {
            text,
            from: lines.map(Some).collect(),
        }
    }

    fn record_renamed(&mut self, renamed: &[Renamed<'_, 'd>]) {
        for renamed in renamed {
            for (at, carry) in renamed.carried.iter().enumerate() {
                self.record_carry(carry, renamed.kind(at));
            }
            if renamed.carried.is_empty()
                && !renamed.stays
                && let Some(hidden) = renamed.hidden
            {
                self.record_carry(hidden, ChangeKind::Drop);
            }
        }
    }

    fn record_carry(&mut self, carry: &Carry<'d>, kind: ChangeKind) {
        let (from, to) = (&carry.from, &carry.to);
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
            _ => format!("removed {old}, which another entry of this file for {new} hides"),
        };
        let id = self.with.renaming(from, to);
        self.record(&id, kind, carry.entry.line(), (from, to), message);
    }

    fn record_reference(&mut self, entry: Entry<'_, '_>, rewrite: &Rewrite) {
        let key = entry.key();
        let (from, to) = (&rewrite.from, &rewrite.to);
        let (id, message) = match rewrite.followed {
            true => (
                self.with.renaming(from, to),
                format!("the reference in {key} follows {from} to {to}"),
            ),
            false => (
                "neighbour-reference".into(),
                format!(
                    "the reference in {key} names its group: ${}",
                    rewrite.new_name
                ),
            ),
        };
        let kind = ChangeKind::Reference;
        self.record(&id, kind, entry.line(), (from, to), message);
    }

    pub(super) fn record(
        &mut self,
        rule: &str,
        kind: ChangeKind,
        line: usize,
        (from, to): (&OptName, &OptName),
        message: String,
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

/// An option as it is set: its section, and its key.
pub(super) fn bracketed(option: &OptName) -> String {
    format!("[{}] {}", option.group(), option.name())
}
