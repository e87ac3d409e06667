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
    let lines = by_name(&is);
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
        let found = name.and_then(|name| lines.get(name));
        AffectedLines {
            last: entry.map_or(change.line, |(_, last)| *last),
            lines: found.cloned().unwrap_or_default(),
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

/// Returns the lines of all entries by name.
fn by_name(document: &Document<'_>) -> HashMap<OptName, Vec<usize>> {
    let mut found: HashMap<OptName, Vec<usize>> = HashMap::new();
    for entry in document.entries() {
        found.entry(name_of(entry)).or_default().push(entry.line());
    }
    found
}
