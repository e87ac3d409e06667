//! The lines that a change affects, in the old and the new text.

use std::collections::HashMap;

use oslo_config::{Document, OptName, SourceFile};

use crate::migrate::{Change, ChangeKind, FileMigration};
use crate::target::name_of;

/// The lines that a change affects. Lines count from 1.
pub(super) struct AffectedLines {
    /// The last line of the old entry.
    pub(super) last: usize,
    /// The lines of the new text with the resulting entries; none when the entry was removed.
    pub(super) lines: Vec<usize>,
}

/// Returns the lines that each change of a file affects.
pub(super) fn affected_lines(before: &SourceFile, after: &FileMigration) -> Vec<AffectedLines> {
    let parsed = (Document::parse(&before.text), Document::parse(&after.after));
    // Both texts of a migration have been parsed before.
    let (Ok(was), Ok(is)) = parsed else {
        let unknown = |change: &Change| AffectedLines {
            last: change.line,
            lines: Vec::new(),
        };
        return after.changes.iter().map(unknown).collect();
    };
    let entries = by_line(&was);
    let lines = NewLines::new(&is, after);
    let moved: HashMap<usize, &OptName> = after
        .changes
        .iter()
        .filter(|change| matches!(change.kind, ChangeKind::Rename | ChangeKind::Move))
        .map(|change| (change.line, &change.to))
        .collect();
    let of_change = |change: &Change| {
        let entry = entries.get(&change.line);
        let name = match change.kind {
            ChangeKind::Drop | ChangeKind::Remove => None,
            // The entry with the reference may itself have moved.
            ChangeKind::Reference => {
                let moved = moved.get(&change.line).copied();
                moved.or_else(|| entry.map(|(name, _)| name))
            }
            _ => Some(&change.to),
        };
        let found = name.map(|name| lines.of(name, change.line));
        AffectedLines {
            last: entry.map_or(change.line, |(_, last)| *last),
            lines: found.unwrap_or_default(),
        }
    };
    after.changes.iter().map(of_change).collect()
}

/// Returns the name and the last line of the entry at each line.
fn by_line(document: &Document<'_>) -> HashMap<usize, (OptName, usize)> {
    let mut found = HashMap::new();
    for entry in document.entries() {
        let lines = entry.lines();
        let last = lines.end.saturating_sub(1).max(lines.start);
        found.extend(lines.map(|line| (line, (name_of(entry), last))));
    }
    found
}

/// The lines of the new text that have entries.
struct NewLines {
    /// By name and the old line that they come from.
    by_origin: HashMap<(OptName, usize), Vec<usize>>,
    /// Those that come from no old line, by name.
    added: HashMap<OptName, Vec<usize>>,
    /// The last one of each name.
    last: HashMap<OptName, usize>,
}

impl NewLines {
    fn new(document: &Document<'_>, after: &FileMigration) -> Self {
        let mut lines = NewLines {
            by_origin: HashMap::new(),
            added: HashMap::new(),
            last: HashMap::new(),
        };
        for entry in document.entries() {
            let (name, line) = (name_of(entry), entry.line());
            let same = match after.lines.original(line) {
                Some(origin) => lines.by_origin.entry((name.clone(), origin)).or_default(),
                None => lines.added.entry(name.clone()).or_default(),
            };
            same.push(line);
            lines.last.insert(name, line);
        }
        lines
    }

    /// Returns the lines of the entries that a change of an old line resulted in: those that come
    /// from it, or else those that were added, or else the one that gives the option its value.
    fn of(&self, name: &OptName, line: usize) -> Vec<usize> {
        let from_it = self.by_origin.get(&(name.clone(), line));
        let found = from_it.or_else(|| self.added.get(name)).cloned();
        found.unwrap_or_else(|| self.last.get(name).copied().into_iter().collect())
    }
}
