//! The layout of a changed document: where entries are inserted, and what happens to sections and
//! blank lines where lines were removed.

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bstr::BStr;
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Edit, Entry, LineKind, OptName, Section};

/// The changes of a document, which preserve its layout.
pub(crate) struct Draft<'d> {
    document: &'d Document<'d>,
    /// The changes within lines.
    pub(crate) edit: Edit<'d, 'd>,
    removed: BTreeSet<usize>,
    /// The lines to insert, by the line that they precede.
    insertions: BTreeMap<usize, Lines>,
    /// Sections to insert.
    new_sections: Vec<NewSection<'d>>,
    /// The sections of the document by group.
    groups: OnceCell<HashMap<&'d BStr, Group<'d>>>,
    /// The header lines of sections that get an entry.
    filled: HashSet<usize>,
}

/// Lines to insert, each with the line of the document that it comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    pub(crate) from: Vec<Option<usize>>,
}

impl Lines {
    /// Creates one line, which includes its line end.
    pub(crate) fn one(text: &[u8], from: Option<usize>) -> Self {
        Lines {
            text: text.to_vec(),
            from: vec![from],
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn push(&mut self, lines: &Lines) {
        self.text.extend_from_slice(&lines.text);
        self.from.extend_from_slice(&lines.from);
    }

    pub(crate) fn push_blank(&mut self, line_end: &[u8]) {
        self.text.extend_from_slice(line_end);
        self.from.push(None);
    }

    fn starts_with_comment(&self) -> bool {
        matches!(self.text.first(), Some(b'#' | b';'))
    }
}

/// The sections of a group.
struct Group<'d> {
    first: Section<'d, 'd>,
    /// The placeholders in the first section that has any for the key: that section, and the line
    /// of the last one.
    placeholders: HashMap<&'d BStr, (Section<'d, 'd>, usize)>,
}

struct NewSection<'d> {
    group: String,
    /// The section below which it goes; at the end of a document without sections.
    after: Option<Section<'d, 'd>>,
    content: Lines,
}

impl<'d> Draft<'d> {
    pub(crate) fn new(document: &'d Document<'d>) -> Self {
        Draft {
            document,
            edit: Edit::new(document),
            removed: BTreeSet::new(),
            insertions: BTreeMap::new(),
            new_sections: Vec::new(),
            groups: OnceCell::new(),
            filled: HashSet::default(),
        }
    }

    /// Removes lines.
    pub(crate) fn remove(&mut self, lines: Range<usize>) {
        self.edit.remove_lines(lines.clone());
        self.removed.extend(lines);
    }

    /// Tells whether a line was removed.
    pub(crate) fn removes(&self, line: usize) -> bool {
        self.removed.contains(&line)
    }

    /// Inserts the lines of an entry where the option belongs: before the entry `before`, after the
    /// option's placeholder, at the end of its section, or in a new section after the one that it
    /// comes from.
    pub(crate) fn insert(
        &mut self,
        option: &OptName,
        lines: &Lines,
        from: Section<'d, 'd>,
        before: Option<Entry<'d, 'd>>,
    ) {
        if let Some(before) = before {
            self.filled.insert(before.section().line());
            return self.insert_above(before.comment_lines().start, lines);
        }
        if self.insert_into_known(option, lines).is_none() {
            self.insert_into_new(option.group(), lines, Some(from));
        }
    }

    /// Inserts the lines of an option that is set by no entry so far: after its placeholder, at the
    /// end of its section, or in a new section below the last one. Returns the line that they
    /// follow.
    pub(crate) fn append(&mut self, option: &OptName, lines: &Lines) -> usize {
        if let Some(above) = self.insert_into_known(option, lines) {
            return above;
        }
        let last = self.document.sections().last();
        self.insert_into_new(option.group(), lines, last);
        last.map_or(self.document.line_count(), |last| last.end_of_content() - 1)
    }

    /// Inserts lines into the sections of the option's group, and returns the line that they
    /// follow; `None` when there is no such section.
    fn insert_into_known(&mut self, option: &OptName, lines: &Lines) -> Option<usize> {
        let group = self.groups().get(BStr::new(option.group()))?;
        let first = group.first;
        match group.placeholders.get(BStr::new(option.name())).copied() {
            Some((section, line)) => {
                self.filled.insert(section.line());
                self.insert_above(line + 1, lines);
                Some(line)
            }
            None => {
                self.filled.insert(first.line());
                let end = first.end_of_content();
                self.insert_at_end(end, lines);
                Some(end - 1)
            }
        }
    }

    /// Returns the sections of the document by group. Each is read once, however many entries are
    /// inserted.
    fn groups(&self) -> &HashMap<&'d BStr, Group<'d>> {
        self.groups.get_or_init(|| {
            let mut groups: HashMap<&'d BStr, Group<'d>> = HashMap::default();
            for section in self.document.sections() {
                let group = groups.entry(section.group()).or_insert_with(|| Group {
                    first: section,
                    placeholders: HashMap::default(),
                });
                for (key, line) in section.placeholders() {
                    let known = group.placeholders.entry(key).or_insert((section, line));
                    if known.0.line() == section.line() {
                        known.1 = line;
                    }
                }
            }
            groups
        })
    }

    /// Inserts lines above a line, or at the end if there is no such line.
    pub(crate) fn insert_above(&mut self, line: usize, lines: &Lines) {
        self.insertions.entry(line).or_default().push(lines);
    }

    /// Inserts lines directly below an entry.
    pub(crate) fn insert_below(&mut self, entry: Entry<'d, 'd>, lines: &Lines) {
        self.filled.insert(entry.section().line());
        self.insert_above(entry.lines().end, lines);
    }

    fn insert_at_end(&mut self, line: usize, lines: &Lines) {
        let above = self.document.line_kind(line - 1);
        let inserted = self.insertions.entry(line).or_default();
        let first = inserted.is_empty();
        let after_comment = first && above == Some(LineKind::Comment);
        let after_header = first && above == Some(LineKind::Header);
        if after_comment || (lines.starts_with_comment() && !after_header) {
            inserted.push_blank(self.document.line_end());
        }
        inserted.push(lines);
    }

    fn insert_into_new(&mut self, group: &str, lines: &Lines, after: Option<Section<'d, 'd>>) {
        let end = self.document.line_end();
        if let Some(new) = self.new_sections.iter_mut().find(|new| new.group == group) {
            if lines.starts_with_comment() {
                new.content.push_blank(end);
            }
            new.content.push(lines);
            return;
        }
        let header = [format!("[{group}]").as_bytes(), end].concat();
        let mut content = Lines::one(&header, None);
        content.push(lines);
        self.new_sections.push(NewSection {
            group: group.to_owned(),
            after,
            content,
        });
    }

    /// Makes all insertions, and removes the sections that were emptied, except those for whose
    /// header line `was_empty` holds.
    pub(crate) fn finish(mut self, was_empty: impl Fn(usize) -> bool) -> Edit<'d, 'd> {
        // First, so that entries at the end of a section precede a new section below it.
        for (line, lines) in &self.insertions {
            let text = lines.text.as_slice();
            self.edit.insert_lines_from(*line, text, lines.from.clone());
        }
        let mut inserted: BTreeSet<usize> = self.insertions.keys().copied().collect();
        let mut gone = self.replace_sections(was_empty, &mut inserted);
        self.join_blanks(&inserted, &mut gone);
        for line in gone.difference(&self.removed) {
            self.edit.remove_lines(*line..line + 1);
        }
        self.edit
    }

    /// Inserts new sections, and adds the lines that they precede to `inserted`. Returns the lines
    /// of the sections that were emptied.
    fn replace_sections(
        &mut self,
        was_empty: impl Fn(usize) -> bool,
        inserted: &mut BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let document = self.document;
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        let mut ends_with_gone = false;
        let mut new_after: HashMap<usize, Vec<&NewSection<'_>>> = HashMap::default();
        for new in &self.new_sections {
            let after = new.after.map_or(0, |after| after.line());
            new_after.entry(after).or_default().push(new);
        }
        for section in document.sections() {
            let emptied = self.is_emptied(section)
                && !self.filled.contains(&section.line())
                && !was_empty(section.line());
            let replaced_by = new_after.remove(&section.line()).unwrap_or_default();
            let content_end = section.end_of_content();
            let above = if emptied { section.line() } else { content_end };
            for (index, new) in replaced_by.iter().enumerate() {
                let mut lines = Lines::default();
                match (emptied, index) {
                    (true, 0) => lines.push(&new.content),
                    (true, _) => {
                        lines.push_blank(document.line_end());
                        lines.push(&new.content);
                    }
                    (false, _) => {
                        let blank_above = index == 0 && self.is_blank_above(content_end);
                        separated(document, content_end, &new.content, blank_above, &mut lines);
                    }
                }
                self.edit.insert_lines_from(above, lines.text, lines.from);
                inserted.insert(above);
            }
            ends_with_gone = emptied && replaced_by.is_empty();
            if emptied {
                let blanks = match ends_with_gone {
                    true => after_blanks(document, content_end),
                    false => content_end,
                };
                gone.extend(section.line()..blanks);
            }
        }
        for new in new_after.remove(&0).unwrap_or_default() {
            let mut lines = Lines::default();
            if document.line_count() > 0 || inserted.contains(&1) {
                lines.push_blank(document.line_end());
            }
            lines.push(&new.content);
            let end = document.line_count() + 1;
            self.edit.insert_lines_from(end, lines.text, lines.from);
            inserted.insert(end);
        }
        if ends_with_gone {
            // Blank lines above the last section are removed with it.
            let is_out = |line: &usize| {
                is_blank(document, *line) || self.removes(*line) || gone.contains(line)
            };
            let blanks = (1..=document.line_count()).rev().take_while(is_out);
            let blanks: Vec<usize> = blanks.collect();
            gone.extend(blanks);
        }
        gone
    }

    /// Tells whether removed lines above a line leave a blank line there.
    fn is_blank_above(&self, line: usize) -> bool {
        let mut above = (1..line)
            .rev()
            .take_while(|above| !self.insertions.contains_key(&(above + 1)));
        above
            .find(|above| !self.removes(*above))
            .is_some_and(|above| above + 1 < line && is_blank(self.document, above))
    }

    /// Tells whether lines were removed from a section and only blank ones are left.
    fn is_emptied(&self, section: Section<'_, '_>) -> bool {
        let (first, end) = (section.line() + 1, section.end_of_content());
        // A comment directly above the next header may have been one of this section.
        (first..section.lines().end).any(|line| self.removes(line))
            && (first..end).all(|line| self.removes(line) || is_blank(self.document, line))
    }

    /// Merges two blank lines into one where the block between them was removed.
    fn join_blanks(&self, inserted: &BTreeSet<usize>, gone: &mut BTreeSet<usize>) {
        let document = self.document;
        let lines: Vec<usize> = self.removed.iter().copied().collect();
        let runs = lines.chunk_by(|one, next| one + 1 == *next);
        // The last line above the run that stays, and the line up to which that is known.
        let (mut above, mut known) = (0, 1);
        for run in runs {
            if gone.contains(&run[0]) {
                continue;
            }
            let is_out = |line: &usize| self.removes(*line) || gone.contains(line);
            let (first, below) = (run[0], run[run.len() - 1] + 1);
            above = (known..first)
                .rev()
                .find(|line| !is_out(line))
                .unwrap_or(above);
            known = first;
            let blanks = is_blank(document, above) && is_blank(document, below) && !is_out(&below);
            if blanks && inserted.range(above + 1..=below).next().is_none() {
                gone.insert(below);
            }
        }
    }
}

fn is_blank(document: &Document<'_>, line: usize) -> bool {
    document.line_kind(line) == Some(LineKind::Blank)
}

fn after_blanks(document: &Document<'_>, mut line: usize) -> usize {
    while is_blank(document, line) {
        line += 1;
    }
    line
}

/// Adds a new section with blank lines around it, unless the file has none between sections.
fn separated(
    document: &Document<'_>,
    above: usize,
    content: &Lines,
    blank_above: bool,
    lines: &mut Lines,
) {
    let end = document.line_end();
    if document.line_kind(above) != Some(LineKind::Header) && !blank_above {
        lines.push_blank(end);
    }
    lines.push(content);
    if document.line_kind(above) == Some(LineKind::Comment) {
        lines.push_blank(end);
    }
}
