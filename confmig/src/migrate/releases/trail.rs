//! Where entries stood at first, while they get other names and places.

use std::collections::HashMap;

use bstr::ByteSlice;
use oslo_config::{Document, OptName};

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

    /// The line at first of what stands in a line now.
    pub(super) fn first_line(&self, document: &Document<'_>, line: usize) -> usize {
        if !self.changed {
            return line;
        }
        let found = document.entries().find(|entry| entry.lines().contains(&line));
        let Some(entry) = found else { return line };
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        let now = by_name(document);
        let at = now.get(&name).and_then(|lines| lines.iter().position(|known| *known == entry.line()));
        self.line(&name, at.unwrap_or_default()).unwrap_or(line)
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
        let now = by_name(document);
        let at_line: HashMap<usize, (&OptName, usize)> = now
            .iter()
            .flat_map(|(name, lines)| lines.iter().enumerate().map(move |(at, line)| (*line, (name, at))))
            .collect();
        let mut told = Vec::new();
        let mut moved: Vec<(OptName, OptName, usize, bool)> = Vec::new();
        for change in changes {
            let entry = at_line.get(&change.line);
            let line = entry.and_then(|(name, at)| self.line(name, *at)).unwrap_or(change.line);
            told.push(Change { line, ..change.clone() });
            if let Some((name, _)) = entry
                && change.kind != ChangeKind::Reference
            {
                let goes = matches!(change.kind, ChangeKind::Rename | ChangeKind::Move);
                moved.push(((*name).clone(), change.to.clone(), line, goes));
            }
        }
        for (from, to, line, goes) in moved {
            if goes && let Some(lines) = self.lines.get_mut(&from) {
                lines.retain(|known| *known != line);
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
    let mut lines: HashMap<OptName, Vec<usize>> = HashMap::new();
    for entry in document.entries() {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        lines.entry(name).or_default().push(entry.line());
    }
    lines
}
