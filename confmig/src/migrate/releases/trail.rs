//! Where entries stood at first, while they get other names and places.

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Document, Entry, OptName};

use crate::migrate::{Change, ChangeKind};

/// The lines of a file as it was at first, by the names that its entries have now.
#[derive(Debug)]
pub(super) struct Trail {
    lines: HashMap<OptName, Vec<usize>>,
    changed: bool,
}

impl Trail {
    pub(super) fn new(document: &Document<'_>) -> Self {
        Trail {
            lines: by_name(document),
            changed: false,
        }
    }

    /// The line at first of what stands in a line now, of a file with these entries.
    pub(super) fn first_line(&self, entries: &[Entry<'_, '_>], line: usize) -> usize {
        if !self.changed {
            return line;
        }
        self.of_line(entries, line).map_or(line, |(_, first)| first)
    }

    /// The name of the entry in a line, and the line where it stood at first.
    fn of_line(&self, entries: &[Entry<'_, '_>], line: usize) -> Option<(OptName, usize)> {
        let at = entries.partition_point(|entry| entry.lines().end <= line);
        let entry = entries
            .get(at)
            .filter(|entry| entry.lines().contains(&line))?;
        let same =
            |other: &&Entry<'_, '_>| other.key() == entry.key() && other.group() == entry.group();
        let before = entries[..at].iter().filter(same).count();
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        let first = self.line(&name, before)?;
        Some((name, first))
    }

    fn line(&self, name: &OptName, at: usize) -> Option<usize> {
        let lines = self.lines.get(name)?;
        lines.get(at).or(lines.last()).copied()
    }

    /// The changes of a step with the lines at first; remembers what became of the entries.
    pub(super) fn follow(&mut self, document: &Document<'_>, changes: &[Change]) -> Vec<Change> {
        if changes.is_empty() {
            return Vec::new();
        }
        let entries: Vec<Entry<'_, '_>> = document.entries().collect();
        let mut told = Vec::new();
        let mut moved: Vec<(OptName, OptName, usize, ChangeKind)> = Vec::new();
        for change in changes {
            let entry = self.of_line(&entries, change.line);
            let line = entry.as_ref().map_or(change.line, |(_, line)| *line);
            told.push(Change {
                line,
                ..change.clone()
            });
            if let Some((name, _)) = entry
                && change.kind != ChangeKind::Reference
            {
                moved.push((name, change.to.clone(), line, change.kind));
            }
        }
        for (from, to, line, kind) in moved {
            let goes = matches!(
                kind,
                ChangeKind::Rename | ChangeKind::Move | ChangeKind::Drop
            );
            if goes && let Some(lines) = self.lines.get_mut(&from) {
                lines.retain(|known| *known != line);
            }
            // What was hidden by another entry did not become part of that one.
            if kind == ChangeKind::Drop {
                continue;
            }
            let lines = self.lines.entry(to).or_default();
            if !lines.contains(&line) {
                lines.push(line);
                lines.sort_unstable();
            }
        }
        self.changed = true;
        told
    }
}

fn by_name(document: &Document<'_>) -> HashMap<OptName, Vec<usize>> {
    let mut lines: HashMap<OptName, Vec<usize>> = HashMap::default();
    for entry in document.entries() {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        lines.entry(name).or_default().push(entry.line());
    }
    lines
}
