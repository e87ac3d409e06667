//! A file before and after, side by side.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use minijinja::value::Serde;
use minijinja::{Value, context};
use oslo_config::SourceFile;
use serde::Serialize;
use similar::DiffTag;

use super::affected_lines::{AffectedLines, affected_lines};
use super::shown_bytes;
use crate::difference::difference;
use crate::lines::{Lines, in_common, split_end};
use crate::migrate::{Change, FileMigration};
use crate::report::diff::CONTEXT;
use crate::secret::Secrets;

/// A line in three parts: the middle one differs from the other side.
#[derive(Serialize)]
struct Side {
    line: usize,
    start: String,
    differs: String,
    end: String,
    /// The numbers of the changes that affect the line.
    changes: Vec<usize>,
    /// Whether the file ends here without a line end.
    unended: bool,
}

/// The numbers of the changes that affect each line. Lines count from 1.
type Marks = BTreeMap<usize, BTreeSet<usize>>;

/// Two lines shown side by side, by their indices in the old and the new text, from 0.
#[derive(Clone, Copy)]
struct Pair {
    changed: bool,
    old: Option<usize>,
    new: Option<usize>,
}

/// Returns the blocks of adjacent lines shown of a file. `first` is the number of its first change.
pub(super) fn blocks(
    before: &SourceFile,
    after: &FileMigration,
    first: usize,
    secrets: &Secrets<'_>,
) -> Vec<Value> {
    let (old, new) = (Lines::new(&before.text), Lines::new(&after.after));
    let affected_lines = affected_lines(before, after);
    let mut beside: HashMap<usize, Vec<usize>> = HashMap::new();
    for (change, affected) in after.changes.iter().zip(&affected_lines) {
        beside
            .entry(change.line)
            .or_default()
            .extend(&affected.lines);
    }
    let mut pairs = Vec::new();
    for op in difference(&old, &new, &after.lines) {
        let ranges = (op.old_range(), op.new_range());
        if op.tag() == DiffTag::Equal || ranges.0.len() == ranges.1.len() {
            let changed = op.tag() != DiffTag::Equal;
            pairs.extend(ranges.0.zip(ranges.1).map(|(old, new)| Pair {
                changed,
                old: Some(old),
                new: Some(new),
            }));
        } else {
            pair_up(ranges, [&old, &new], &beside, &mut pairs);
        }
    }
    let shown = Shown {
        old: secrets.lines(&before.text),
        new: secrets.lines(&after.after),
        marks: marks(&after.changes, &affected_lines, &pairs, first),
    };
    shown.blocks(&pairs)
}

/// Pairs up old and new lines: an entry with what became of it, and its continuation lines with
/// theirs.
fn pair_up(
    (was, is): (Range<usize>, Range<usize>),
    [old, new]: [&Lines<'_>; 2],
    beside: &HashMap<usize, Vec<usize>>,
    pairs: &mut Vec<Pair>,
) {
    let pair = |old, new| Pair {
        changed: true,
        old,
        new,
    };
    let continues = |line: &[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
    let (mut at, mut in_entry) = (is.start, false);
    for line in was {
        let became = beside.get(&(line + 1)).into_iter().flatten();
        let mut became = became.map(|line| line - 1);
        let found = became
            .find(|found| (at..is.end).contains(found))
            .or_else(|| {
                let further =
                    in_entry && at < is.end && continues(&old[line]) && continues(&new[at]);
                further.then_some(at)
            });
        in_entry = found.is_some();
        if let Some(found) = found {
            pairs.extend((at..found).map(|new| pair(None, Some(new))));
            at = found + 1;
        }
        pairs.push(pair(Some(line), found));
    }
    pairs.extend((at..is.end).map(|new| pair(None, Some(new))));
}

/// The changes that affect the lines of each side, and those listed below an old line.
#[derive(Default)]
struct AllMarks {
    old: Marks,
    new: Marks,
    notes: Marks,
}

fn marks(
    changes: &[Change],
    affected_lines: &[AffectedLines],
    pairs: &[Pair],
    first: usize,
) -> AllMarks {
    let opposite: HashMap<usize, usize> = pairs
        .iter()
        .filter_map(|pair| Some((pair.old? + 1, pair.new? + 1)))
        .collect();
    let mut all = AllMarks::default();
    for (number, (change, affected)) in (first..).zip(changes.iter().zip(affected_lines)) {
        all.old.entry(change.line).or_default().insert(number);
        all.notes.entry(affected.last).or_default().insert(number);
        // Of several entries of one name, mark the one opposite; without one, mark all.
        let same = opposite.get(&change.line);
        let same = same.filter(|line| affected.lines.contains(line));
        for line in same.map_or(affected.lines.as_slice(), std::slice::from_ref) {
            all.new.entry(*line).or_default().insert(number);
        }
    }
    all
}

/// The masked lines of both texts.
struct Shown<'t> {
    old: Vec<Cow<'t, [u8]>>,
    new: Vec<Cow<'t, [u8]>>,
    marks: AllMarks,
}

impl Shown<'_> {
    fn blocks(&self, pairs: &[Pair]) -> Vec<Value> {
        let marks = &self.marks;
        let is_in =
            |marks: &Marks, at: Option<usize>| at.is_some_and(|at| marks.contains_key(&(at + 1)));
        let is_marked = |pair: &Pair| {
            is_in(&marks.old, pair.old)
                || is_in(&marks.new, pair.new)
                || is_in(&marks.notes, pair.old)
        };
        let mut visible = vec![false; pairs.len()];
        for (at, pair) in pairs.iter().enumerate() {
            if pair.changed || is_marked(pair) {
                let end = (at + CONTEXT + 1).min(pairs.len());
                visible[at.saturating_sub(CONTEXT)..end].fill(true);
            }
        }
        let lines: Vec<(&Pair, bool)> = pairs.iter().zip(visible).collect();
        lines
            .chunk_by(|(_, one), (_, other)| one == other)
            .filter(|chunk| chunk.iter().all(|(_, visible)| *visible))
            .map(|chunk| {
                context! {
                    before => in_words(chunk.iter().filter_map(|(pair, _)| pair.old)),
                    after => in_words(chunk.iter().filter_map(|(pair, _)| pair.new)),
                    rows => chunk.iter().map(|(pair, _)| self.row(pair)).collect::<Vec<_>>(),
                }
            })
            .collect()
    }

    fn row(&self, pair: &Pair) -> Value {
        let mut before = side(&self.old, &self.marks.old, pair.old);
        let mut after = side(&self.new, &self.marks.new, pair.new);
        if let (Some(before), Some(after)) = (&mut before, &mut after) {
            highlight(before, after);
        }
        context! {
            changed => pair.changed,
            before => before.map(Serde),
            after => after.map(Serde),
            // The changes listed below the row.
            notes => numbers(&self.marks.notes, pair.old),
        }
    }
}

fn numbers(marks: &Marks, at: Option<usize>) -> Vec<usize> {
    let found = at.and_then(|at| marks.get(&(at + 1)));
    found.into_iter().flatten().copied().collect()
}

fn side(lines: &[Cow<'_, [u8]>], marks: &Marks, at: Option<usize>) -> Option<Side> {
    let (content, end) = split_end(lines.get(at?)?);
    Some(Side {
        line: at? + 1,
        start: shown_bytes(content),
        differs: String::new(),
        end: String::new(),
        changes: numbers(marks, at),
        unended: end.is_empty(),
    })
}

/// Splits two lines around the part that differs, unless that is most of the line.
fn highlight(before: &mut Side, after: &mut Side) {
    let (start, end) = in_common(&before.start, &after.start);
    if before.start == after.start || (start + end) * 3 < before.start.len().max(after.start.len())
    {
        return;
    }
    for side in [before, after] {
        side.end = side.start.split_off(side.start.len() - end);
        side.differs = side.start.split_off(start);
    }
}

/// Describes a range of lines, given their indices.
fn in_words(mut lines: impl DoubleEndedIterator<Item = usize>) -> String {
    match (lines.next(), lines.next_back()) {
        (None, _) => "no lines".to_owned(),
        (Some(only), None) => format!("line {}", only + 1),
        (Some(first), Some(last)) => format!("lines {} to {}", first + 1, last + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_paired_with_what_became_of_them() {
        let old = Lines::new(b"gone = 1\nold = a\n  b\ngone_too = 2\n");
        let new = Lines::new(b"other = 0\nnew = a\n  b\n");
        let became = [(2, vec![2])].into();
        let mut pairs = Vec::new();
        pair_up((0..4, 0..3), [&old, &new], &became, &mut pairs);
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.old, pair.new)).collect();
        assert_eq!(
            pairs,
            [
                (Some(0), None),
                (None, Some(0)),
                (Some(1), Some(1)),
                (Some(2), Some(2)),
                (Some(3), None),
            ]
        );
    }

    #[test]
    fn lines_are_split_around_their_difference() {
        let split = |one: &str, other: &str| {
            let of = |text: &str| side(&[text.as_bytes().into()], &Marks::new(), Some(0)).unwrap();
            let (mut one, mut other) = (of(one), of(other));
            highlight(&mut one, &mut other);
            [one, other].map(|side| [side.start, side.differs, side.end].join("|"))
        };
        assert_eq!(
            split("url = é", "server_url = é"),
            ["||url = é", "|server_|url = é"]
        );
        assert_eq!(split("a = ä", "a = ö"), ["a = |ä|", "a = |ö|"]);
        assert_eq!(split("aaaa", "aaa"), ["aaa|a|", "aaa||"]);
        // These have almost nothing in common.
        assert_eq!(split("[pxe]", "ab]"), ["[pxe]||", "ab]||"]);
    }
}
