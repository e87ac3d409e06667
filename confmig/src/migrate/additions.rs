//! Removes what steps added for the releases in between.
//!
//! A step gives a value to the options that its own release reads. Without the old names, a later
//! step moves or removes them again; with the old names kept, no step does.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Entry, LineMap, OptName, references};

use super::edit::remove;
use super::migrator::{Migrator, name_at};
use super::{Change, ChangeKind, MigrateError, finish};
use crate::diagnostic::bracketed;
use crate::target::name_of;

/// An entry that a step added: its file, its line, and the options that it refers to.
struct Added {
    file: usize,
    line: usize,
    referred: Vec<OptName>,
}

impl Migrator<'_> {
    /// Removes the entries that steps added and that the target does not read, unless a value that
    /// stays refers to such an option or a decision goes on from it.
    pub(super) fn remove_additions(
        &mut self,
        is_unread: impl Fn(&OptName) -> bool,
    ) -> Result<(), MigrateError> {
        let mut by_file: BTreeMap<usize, (HashSet<usize>, HashSet<OptName>)> = BTreeMap::new();
        for (option, entries) in self.unneeded(is_unread) {
            for added in entries {
                let (lines, options) = by_file.entry(added.file).or_default();
                lines.insert(added.line);
                options.insert(option.clone());
            }
        }
        for (at, (lines, options)) in by_file {
            let Some(document) = self.documents[at].as_ref().map(Document::borrowed) else {
                continue;
            };
            let unneeded = document.entries();
            let unneeded = unneeded.filter(|entry| lines.contains(&entry.line()));
            let edit = remove(&document, unneeded, |header| self.was_empty(at, header));
            let (document, lines) = finish(edit, &self.results[at].path)?;
            let result = &mut self.results[at];
            result.lines = result.lines.then(&lines);
            result.changes = without(std::mem::take(&mut result.changes), &options);
            self.documents[at] = Some(document);
            if result.changes.is_empty() {
                // Blank lines around what was added may be left.
                self.documents[at] = None;
                result.lines = LineMap::identity(self.before[at].document.line_count());
            }
        }
        Ok(())
    }

    /// Returns the entries that are not needed, by option.
    fn unneeded(&self, is_unread: impl Fn(&OptName) -> bool) -> HashMap<OptName, Vec<Added>> {
        let mut unneeded: HashMap<OptName, Vec<Added>> = HashMap::default();
        let mut needed: Vec<OptName> = Vec::new();
        for (at, file) in self.files().iter().enumerate() {
            for entry in file.document.entries() {
                let (group, value) = (entry.group(), entry.value());
                let referred = match value.contains(&b'$') {
                    true => references(&value),
                    false => Vec::new(),
                };
                let group = group.to_str_lossy();
                let referred = referred.iter().flat_map(|it| it.options(&group));
                let option = name_of(entry);
                if is_unread(&option) && self.is_added(at, entry) {
                    let of_option = unneeded.entry(option).or_default();
                    of_option.push(Added {
                        file: at,
                        line: entry.line(),
                        referred: referred.collect(),
                    });
                } else {
                    needed.extend(referred);
                }
            }
        }
        // A rule that cannot be accepted does not go on from there.
        let decisions = self.decisions.iter();
        for (name, decision) in decisions.filter(|(_, it)| it.rule.is_none() || it.acceptable) {
            needed.extend(decision.options.iter().chain([&decision.option]).cloned());
            // The entry may only refer to what is to be decided.
            let mut entries = unneeded.get(name).into_iter().flatten();
            if !entries.any(|added| added.referred.contains(&decision.option)) {
                needed.push(name.clone());
            }
        }
        while let Some(option) = needed.pop() {
            let entries = unneeded.remove(&option).into_iter().flatten();
            needed.extend(entries.flat_map(|added| added.referred));
        }
        unneeded
    }

    /// Tells whether an entry has another name than the one on its line in the original file.
    fn is_added(&self, file: usize, entry: Entry<'_, '_>) -> bool {
        let line = self.results[file].lines.original(entry.line());
        let own = line.and_then(|line| name_at(&self.before[file].document, line));
        own != Some(name_of(entry))
    }
}

/// Returns changes without those that added options; changes that were made from these options come
/// from the ones before them.
fn without(changes: Vec<Change>, added: &HashSet<OptName>) -> Vec<Change> {
    let (gone, mut left): (Vec<Change>, Vec<Change>) =
        (changes.into_iter()).partition(|change| added.contains(&change.to));
    let sources = gone.into_iter().map(|change| (change.to, change.from));
    let sources: HashMap<OptName, OptName> = sources.collect();
    let first = |option: &OptName| {
        let mut first = option;
        // No source is passed twice, so that this ends even if two options got each other's value.
        for _ in 0..sources.len() {
            match sources.get(first) {
                Some(source) => first = source,
                None => break,
            }
        }
        first.clone()
    };
    let named = sources.keys();
    let named = named.map(|option| (bracketed(option), bracketed(&first(option))));
    let named: HashMap<String, String> = named.collect();
    for change in &mut left {
        change.message = with_sources(&change.message, &named);
        change.from = first(&change.from);
    }
    // Only in what is added do references follow.
    let is_reference = |change: &Change| change.kind == ChangeKind::Reference;
    let others = left.iter().filter(|change| !is_reference(change));
    let lines: HashSet<usize> = others.map(|change| change.line).collect();
    left.retain(|change| !is_reference(change) || lines.contains(&change.line));
    left
}

/// Returns a message with other names in place of some options.
fn with_sources(message: &str, named: &HashMap<String, String>) -> String {
    let (mut text, mut rest) = (String::new(), message);
    while let Some(at) = rest.find('[') {
        text += &rest[..at];
        rest = &rest[at..];
        let name = rest.find("] ").map_or(rest.len(), |end| end + 2);
        let end = rest[name..].find([' ', ',', ';']);
        let end = end.map_or(rest.len(), |end| name + end);
        text += named.get(&rest[..end]).map_or(&rest[..end], String::as_str);
        rest = &rest[end..];
    }
    text + rest
}
