//! The layout that people give a file: the comments of an entry, the placeholder of an option, the
//! end of a section.

use std::ops::Range;

use crate::document::{Document, Entry, Section};
use crate::parse::LineKind;
use crate::text::{trim, trim_start};

impl Entry<'_, '_> {
    /// Returns the numbers of the comment lines directly above the entry; empty if there are none.
    #[must_use]
    pub fn comment_lines(&self) -> Range<usize> {
        comments_above(self.section().document(), self.line())
    }
}

impl Section<'_, '_> {
    /// Returns the number of the line after the section's placeholder for an option, such as
    /// `#http_url = <None>` in a generated sample; `None` if there is none. A multi-valued option
    /// has a placeholder for each default value: the last one counts.
    #[must_use]
    pub fn after_placeholder(&self, option: &str) -> Option<usize> {
        let document = self.document();
        let placeholder = self.lines().rev().find(|&line| {
            document.line_kind(line) == Some(LineKind::Comment)
                && document
                    .line_text(line)
                    .is_some_and(|text| is_placeholder(text, option))
        })?;
        Some(placeholder + 1)
    }

    /// The number of the line above which a new entry goes at the section's end: after its last
    /// entry or comment. Comments that stand directly above the next section's header belong to
    /// that section, and so do the blank lines before them.
    #[must_use]
    pub fn end_of_content(&self) -> usize {
        let document = self.document();
        let lines = self.lines();
        let mut end = lines.end;
        if document.line_kind(end) == Some(LineKind::Header) {
            let above_next = comments_above(document, end);
            // Comments that fill the whole section belong to it.
            if above_next.start > self.line() + 1 {
                end = above_next.start;
            }
        }
        while end > lines.start + 1 && document.line_kind(end - 1) == Some(LineKind::Blank) {
            end -= 1;
        }
        end
    }
}

/// Returns the comment lines directly above a line.
fn comments_above(document: &Document<'_>, line: usize) -> Range<usize> {
    let mut start = line;
    while start > 1 && document.line_kind(start - 1) == Some(LineKind::Comment) {
        start -= 1;
    }
    start..line
}

/// Tells whether a comment is `#option = …`, with or without white space.
fn is_placeholder(comment: &[u8], option: &str) -> bool {
    let Some(assignment) = trim_start(&comment[1..]).strip_prefix(option.as_bytes()) else {
        return false;
    };
    matches!(trim(assignment).first(), Some(b'=' | b':'))
}
