//! Puts back comments of entries that were moved to another section and then removed there.
//!
//! A comment moves with its entry. If a later step removes the entry, or moves its value on, the
//! comment is left in a section that it has nothing to do with: it goes to where the entry is now,
//! or else back to where it was in the original file.

use std::collections::BTreeMap;

use bstr::{BStr, ByteSlice};
use foldhash::HashSet;
use oslo_config::{Document, Edit, Entry, LineKind, LineMap};

use super::draft::{Draft, Lines};

/// Puts back comments that were left alone in another section than their original one; `None` when
/// there are none.
pub(in crate::migrate) fn put_back<'t>(
    first: &'t Document<'t>,
    now: &'t Document<'t>,
    lines: &LineMap,
) -> Option<Edit<'t, 't>> {
    let traced = Traced::new(now, lines);
    let alone: Vec<Entry<'_, '_>> = first
        .entries()
        .filter(|entry| traced.has_lost(*entry))
        .collect();
    if alone.is_empty() {
        return None;
    }
    let last_entries = traced.last_entries();
    let mut draft = Draft::new(now);
    let mut headers: HashSet<usize> = HashSet::default();
    for entry in alone {
        let comments: Vec<usize> = entry
            .comment_lines()
            .filter_map(|line| traced.now.get(&line).copied())
            .collect();
        let mut block = Lines::default();
        let header = entry.section().line();
        let now_at = traced.now.get(&entry.line()).copied();
        let place = now_at.or_else(|| traced.place(entry));
        let is_new = place.is_none() && headers.insert(header);
        if is_new {
            block.push(&line_of(first, header, None));
        }
        for line in &comments {
            block.push(&line_of(now, *line, Some(*line)));
        }
        if is_new {
            block.push_blank(now.line_end());
        }
        let above = place.unwrap_or_else(|| traced.place_of_section(header, &last_entries));
        draft.insert_above(above, &block);
        for line in comments {
            draft.remove(line..line + 1);
        }
    }
    Some(draft.finish(|header| {
        let own = lines
            .original(header)
            .and_then(|line| first.section_at(line));
        own.is_some_and(|own| own.entries().next().is_none())
    }))
}

/// The current lines of a file, by its original lines.
struct Traced<'t> {
    document: &'t Document<'t>,
    /// The current line, by the original one.
    now: BTreeMap<usize, usize>,
}

impl<'t> Traced<'t> {
    fn new(document: &'t Document<'t>, lines: &LineMap) -> Self {
        let all = 1..=document.line_count();
        let now = all
            .rev()
            .filter_map(|line| Some((lines.original(line)?, line)));
        Traced {
            document,
            now: now.collect(),
        }
    }

    /// Returns the group that a line is in; `None` above the first section.
    fn group(&self, line: usize) -> Option<&'t BStr> {
        Some(self.document.section_at(line)?.group())
    }

    /// Tells whether the comment of an entry was left alone in another section.
    fn has_lost(&self, entry: Entry<'_, '_>) -> bool {
        let mut comments = entry.comment_lines().rev();
        let Some(last) = comments.find_map(|line| self.now.get(&line)) else {
            return false;
        };
        let moved = self.group(*last) != Some(entry.group());
        let mut below = (last + 1..).map(|line| self.document.line_kind(line));
        let next = below
            .find(|kind| *kind != Some(LineKind::Comment))
            .flatten();
        moved && !matches!(next, Some(LineKind::Assignment | LineKind::Hidden))
    }

    /// Returns the line above which the comments of an entry belong: below the last line of its
    /// section that was above them and is still there; `None` when there is none.
    fn place(&self, entry: Entry<'_, '_>) -> Option<usize> {
        let section = entry.section().line()..entry.comment_lines().start;
        let group = entry.group();
        let mut above = self.now.range(section).rev().map(|(_, now)| *now);
        let here = |line: &usize| self.group(*line) == Some(group);
        above.find(here).map(|line| line + 1)
    }

    /// Returns the line above which a section was; below the entries of the section that is there
    /// now, which would otherwise belong to the other one.
    fn place_of_section(&self, header: usize, last_entries: &[usize]) -> usize {
        let above = self.now.range(..header).next_back();
        let above = above.map_or(0, |(_, line)| *line);
        last_entries[above].max(above) + 1
    }

    /// Returns the last line of an entry below each line in its section; 0 if there is none. The
    /// first is that of the line above the document.
    fn last_entries(&self) -> Vec<usize> {
        let count = self.document.line_count();
        let (mut last_entries, mut last) = (vec![0; count + 1], 0);
        for line in (1..=count).rev() {
            last_entries[line] = last;
            match self.document.line_kind(line) {
                Some(LineKind::Header) => last = 0,
                Some(LineKind::Blank | LineKind::Comment) | None => {}
                Some(_) => last = last.max(line),
            }
        }
        last_entries[0] = last;
        last_entries
    }
}

/// Returns a line of a document, with a line end.
fn line_of(document: &Document<'_>, line: usize, from: Option<usize>) -> Lines {
    let text = document.line_text(line).unwrap_or_default();
    Lines::one(&[text.as_bytes(), document.line_end()].concat(), from)
}
