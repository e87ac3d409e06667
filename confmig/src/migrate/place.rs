//! Where a moved entry lands.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Edit, Entry, LineKind, OptName, Section};

/// Lines to be put into a document, by the line above which they go.
pub(crate) struct Landings<'d> {
    document: &'d Document<'d>,
    /// Where each option's entries go.
    targets: HashMap<OptName, Target>,
    /// Line, then the pieces that go above it.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Sections to be made.
    new_sections: Vec<NewSection<'d>>,
    /// Header lines of sections that get an entry.
    filled: HashSet<usize>,
}

/// Where an option's entries go: the line above which they stand, and that of their section's header.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// After the commented-out placeholder.
    Placeholder { line: usize, header: usize },
    /// At the end of the section.
    End { line: usize, header: usize },
    /// There is no such section.
    New,
}

struct NewSection<'d> {
    group: String,
    /// The section that its first entry comes from.
    after: Section<'d, 'd>,
    content: Vec<u8>,
}

impl<'d> Landings<'d> {
    pub(crate) fn new(document: &'d Document<'d>) -> Self {
        Landings {
            document,
            targets: HashMap::default(),
            pieces: BTreeMap::new(),
            new_sections: Vec::new(),
            filled: HashSet::default(),
        }
    }

    /// Puts the lines of an entry where the option belongs: before the entry `before`, after the
    /// option's commented-out placeholder, at its section's end, or in a new section after the one
    /// that it comes from.
    pub(crate) fn put(
        &mut self,
        option: &OptName,
        lines: &[u8],
        from: Section<'d, 'd>,
        before: Option<Entry<'d, 'd>>,
    ) {
        if let Some(before) = before {
            self.filled.insert(before.section().line());
            self.pieces
                .entry(before.comment_lines().start)
                .or_default()
                .extend_from_slice(lines);
            return;
        }
        let document = self.document;
        let target = match self.targets.get(option) {
            Some(target) => *target,
            None => *self
                .targets
                .entry(option.clone())
                .or_insert(target(document, option)),
        };
        match target {
            Target::Placeholder { line, header } => {
                self.filled.insert(header);
                self.pieces
                    .entry(line)
                    .or_default()
                    .extend_from_slice(lines);
            }
            Target::End { line, header } => {
                self.filled.insert(header);
                self.put_at_end(line, lines);
            }
            Target::New => self.put_into_new(option.group(), lines, from),
        }
    }

    /// Puts the lines of a copy below the entry that it is a copy of.
    pub(crate) fn put_below(&mut self, entry: Entry<'d, 'd>, lines: &[u8]) {
        self.filled.insert(entry.section().line());
        self.pieces
            .entry(entry.lines().end)
            .or_default()
            .extend_from_slice(lines);
    }

    fn put_at_end(&mut self, line: usize, lines: &[u8]) {
        let above = self.document.line_kind(line - 1);
        let piece = self.pieces.entry(line).or_default();
        let first = piece.is_empty();
        let after_comment = first && above == Some(LineKind::Comment);
        let after_header = first && above == Some(LineKind::Header);
        if after_comment || (starts_comment(lines) && !after_header) {
            piece.extend_from_slice(self.document.line_end());
        }
        piece.extend_from_slice(lines);
    }

    fn put_into_new(&mut self, group: &str, lines: &[u8], from: Section<'d, 'd>) {
        let end = self.document.line_end();
        if let Some(new) = self.new_sections.iter_mut().find(|new| new.group == group) {
            if starts_comment(lines) {
                new.content.extend_from_slice(end);
            }
            new.content.extend_from_slice(lines);
            return;
        }
        let header = format!("[{group}]");
        let content = [header.as_bytes(), end, lines].concat();
        self.new_sections.push(NewSection {
            group: group.to_owned(),
            after: from,
            content,
        });
    }

    /// Makes all insertions, and takes out the sections of which nothing is left. `removed` are the
    /// lines that are taken out already.
    pub(crate) fn finish(self, edit: &mut Edit<'_, '_>, removed: &HashSet<usize>) {
        let document = self.document;
        // What ends a section comes before the new section that follows it.
        for (line, piece) in &self.pieces {
            edit.insert_lines(*line, piece.as_slice());
        }
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        let mut ends_with_gone = false;
        for section in document.sections() {
            let emptied = is_emptied(section, removed) && !self.filled.contains(&section.line());
            let of_section = |new: &&NewSection<'_>| new.after.line() == section.line();
            let replaced_by: Vec<_> = self.new_sections.iter().filter(of_section).collect();
            let content_end = section.end_of_content();
            let above = if emptied { section.line() } else { content_end };
            for (index, new) in replaced_by.iter().enumerate() {
                let lines = match (emptied, index) {
                    (true, 0) => new.content.clone(),
                    (true, _) => [document.line_end(), &new.content].concat(),
                    (false, _) => separated(document, content_end, &new.content),
                };
                edit.insert_lines(above, lines);
            }
            ends_with_gone = emptied && replaced_by.is_empty();
            if emptied {
                let blanks = if ends_with_gone {
                    after_blanks(document, content_end)
                } else {
                    content_end
                };
                gone.extend(section.line()..blanks);
            }
        }
        if ends_with_gone {
            // Blank lines above the last section separated it from what is above, and go with it.
            let blank = |line| document.line_kind(line) == Some(LineKind::Blank);
            let mut line = document.line_count();
            while line > 0 && (blank(line) || removed.contains(&line) || gone.contains(&line)) {
                gone.insert(line);
                line -= 1;
            }
        }
        for line in gone.into_iter().filter(|line| !removed.contains(line)) {
            edit.remove_lines(line..line + 1);
        }
    }
}

fn target(document: &Document<'_>, option: &OptName) -> Target {
    let mut sections = document
        .sections()
        .filter(|section| *section.group() == *option.group());
    let Some(first) = sections.next() else {
        return Target::New;
    };
    let placeholder = std::iter::once(first).chain(sections).find_map(|section| {
        let line = section.after_placeholder(option.name())?;
        Some(Target::Placeholder {
            line,
            header: section.line(),
        })
    });
    placeholder.unwrap_or(Target::End {
        line: first.end_of_content(),
        header: first.line(),
    })
}

fn starts_comment(lines: &[u8]) -> bool {
    matches!(lines.first(), Some(b'#' | b';'))
}

/// A section is emptied when something was taken out of it and nothing but blank lines is left.
fn is_emptied(section: Section<'_, '_>, removed: &HashSet<usize>) -> bool {
    let document = section.document();
    let content = || section.line() + 1..section.end_of_content();
    let blank = |line| document.line_kind(line) == Some(LineKind::Blank);
    content().any(|line| removed.contains(&line))
        && content().all(|line| removed.contains(&line) || blank(line))
}

fn after_blanks(document: &Document<'_>, mut line: usize) -> usize {
    while document.line_kind(line) == Some(LineKind::Blank) {
        line += 1;
    }
    line
}

/// A new section with blank lines around it, unless the file sets its sections without any.
fn separated(document: &Document<'_>, above: usize, content: &[u8]) -> Vec<u8> {
    let end = document.line_end();
    let none: &[u8] = b"";
    let dense = document.line_kind(above) == Some(LineKind::Header);
    let before = if dense { none } else { end };
    let after = if document.line_kind(above) == Some(LineKind::Comment) {
        end
    } else {
        none
    };
    [before, content, after].concat()
}
