//! A file before and after, side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::ByteSlice;
use oslo_config::{Document, OptName, ParsedFile, SourceFile};
use serde::Serialize;
use similar::{DiffOp, DiffTag, TextDiff};

use super::shown;
use crate::migrate::{Change, ChangeKind, FileMigration};
use crate::secret::Secrets;

/// How many lines are shown around what changes.
const CONTEXT: usize = 3;

/// Lines that are shown together.
#[derive(Serialize)]
pub(super) struct Block {
    /// How many lines of the old text before it are not shown.
    pub(super) skipped: usize,
    pub(super) rows: Vec<Row>,
}

#[derive(Serialize)]
pub(super) struct Row {
    pub(super) changed: bool,
    pub(super) before: Option<Side>,
    pub(super) after: Option<Side>,
}

/// A line.
#[derive(Serialize)]
pub(super) struct Side {
    pub(super) line: usize,
    pub(super) text: String,
    /// The numbers of the changes that it has to do with.
    pub(super) changes: Vec<usize>,
    /// The file ends here, without a line end.
    pub(super) unended: bool,
}

/// Which changes a line has to do with, by the line.
type Marks = BTreeMap<usize, BTreeSet<usize>>;

/// Lines by their places in the old and the new text, from 0.
struct Pair {
    changed: bool,
    old: Option<usize>,
    new: Option<usize>,
}

/// What is shown of a file, and how many lines are left at its end. `first` is the number of its first
/// change.
pub(super) fn blocks(
    before: &SourceFile,
    after: &FileMigration,
    first: usize,
    secrets: &Secrets<'_>,
) -> (Vec<Block>, usize) {
    let old: Vec<&[u8]> = crate::lines::split(&before.text).collect();
    let new: Vec<&[u8]> = crate::lines::split(&after.after).collect();
    let pairs: Vec<Pair> = TextDiff::from_slices(&old, &new)
        .ops()
        .iter()
        .flat_map(pairs)
        .collect();
    let (old_marks, new_marks) = marks(before, after, first, &pairs);
    let old_lines = secrets.lines(&before.text);
    let new_lines = secrets.lines(&after.after);
    let is_marked =
        |marks: &Marks, at: Option<usize>| at.is_some_and(|at| marks.contains_key(&(at + 1)));
    let mut visible = vec![false; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        if pair.changed || is_marked(&old_marks, pair.old) || is_marked(&new_marks, pair.new) {
            let end = (at + CONTEXT + 1).min(pairs.len());
            visible[at.saturating_sub(CONTEXT)..end].fill(true);
        }
    }
    let side = |lines: &[std::borrow::Cow<'_, [u8]>], marks: &Marks, at: usize| {
        let (content, end) = crate::lines::split_end(lines.get(at)?);
        Some(Side {
            line: at + 1,
            text: shown(&content.to_str_lossy()),
            changes: marks
                .get(&(at + 1))
                .into_iter()
                .flatten()
                .copied()
                .collect(),
            unended: end.is_empty(),
        })
    };
    let mut blocks: Vec<Block> = Vec::new();
    let (mut skipped, mut open) = (0, false);
    for (pair, is_visible) in pairs.iter().zip(visible) {
        if !is_visible {
            skipped += usize::from(pair.old.is_some());
            open = false;
            continue;
        }
        let row = Row {
            changed: pair.changed,
            before: pair.old.and_then(|at| side(&old_lines, &old_marks, at)),
            after: pair.new.and_then(|at| side(&new_lines, &new_marks, at)),
        };
        match blocks.last_mut().filter(|_| open) {
            Some(block) => block.rows.push(row),
            None => blocks.push(Block {
                skipped: std::mem::take(&mut skipped),
                rows: vec![row],
            }),
        }
        open = true;
    }
    (blocks, skipped)
}

/// The lines of an operation beside each other.
fn pairs(op: &DiffOp) -> impl Iterator<Item = Pair> + use<> {
    let (old, new) = (op.old_range(), op.new_range());
    let changed = op.tag() != DiffTag::Equal;
    (0..old.len().max(new.len())).map(move |at| Pair {
        changed,
        old: (at < old.len()).then_some(old.start + at),
        new: (at < new.len()).then_some(new.start + at),
    })
}

/// Which changes the lines of the old text have to do with, and those of the new one.
fn marks(
    before: &SourceFile,
    after: &FileMigration,
    first: usize,
    pairs: &[Pair],
) -> (Marks, Marks) {
    let (mut old, mut new) = (Marks::new(), Marks::new());
    let text = SourceFile {
        path: after.path.clone(),
        text: after.after.clone().into(),
    };
    // A migration is made of files that were parsed, and read back.
    let (Ok(was), Ok(is)) = (before.parse(), text.parse()) else {
        return (old, new);
    };
    let lines = by_name(&is.document);
    let beside: HashMap<usize, usize> = pairs
        .iter()
        .filter_map(|pair| pair.old.zip(pair.new))
        .collect();
    for (at, change) in after.changes.iter().enumerate() {
        let number = first + at;
        old.entry(change.line).or_default().insert(number);
        let found = match successor(change, &after.changes, &was) {
            Some(name) => lines.get(&name).cloned().unwrap_or_default(),
            None => Vec::new(),
        };
        // Of several entries of one name, the one in its place; else all.
        let opposite = beside.get(&(change.line - 1)).map(|at| at + 1);
        let same: Vec<usize> = found
            .iter()
            .copied()
            .filter(|line| opposite == Some(*line))
            .collect();
        for line in if same.is_empty() { found } else { same } {
            new.entry(line).or_default().insert(number);
        }
    }
    (old, new)
}

/// The name under which the new text has what a change is about; `None` when it is taken out.
fn successor(change: &Change, all: &[Change], was: &ParsedFile<'_>) -> Option<OptName> {
    match change.kind {
        ChangeKind::Drop | ChangeKind::Remove => None,
        ChangeKind::Reference => {
            let moved = all.iter().rev().find(|other| {
                other.line == change.line
                    && matches!(other.kind, ChangeKind::Rename | ChangeKind::Move)
            });
            moved.map(|other| other.to.clone()).or_else(|| {
                let mut entries = was.document.entries();
                let entry = entries.find(|entry| entry.lines().contains(&change.line))?;
                Some(OptName::new(
                    entry.group().to_str_lossy(),
                    entry.key().to_str_lossy(),
                ))
            })
        }
        _ => Some(change.to.clone()),
    }
}

/// The lines of all entries, by their names.
fn by_name(document: &Document<'_>) -> BTreeMap<OptName, Vec<usize>> {
    let mut found: BTreeMap<OptName, Vec<usize>> = BTreeMap::new();
    for entry in document.entries() {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        found.entry(name).or_default().push(entry.line());
    }
    found
}
