//! The layout that people give a file: the comments of an entry, the placeholder of an option, the
//! end of a section.

use std::ops::Range;

use bstr::{BStr, ByteSlice};

use crate::document::{Document, Entry, Section};
use crate::parse::LineKind;
use crate::text::trim;

impl Entry<'_, '_> {
    /// Returns the numbers of the comment lines directly above the entry; empty if there are none.
    #[must_use]
    pub fn comment_lines(&self) -> Range<usize> {
        comments_above(self.section().document(), self.line())
    }
}

impl<'d> Section<'d, '_> {
    /// Iterates over the section's placeholders, such as `#http_url = <None>` in a generated
    /// sample: the keys, each with the number of its line. A multi-valued option has one for each
    /// default value.
    pub fn placeholders(&self) -> impl Iterator<Item = (&'d BStr, usize)> {
        let document = self.document();
        let is_comment = move |line: &usize| document.line_kind(*line) == Some(LineKind::Comment);
        let comments = self.lines().filter(is_comment);
        comments.filter_map(move |line| Some((placeholder(document.line_text(line)?)?, line)))
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

/// Returns the key of a comment that is `#key = …`, with or without white space.
fn placeholder(comment: &BStr) -> Option<&BStr> {
    let separator = comment.find_byteset(b"=:")?;
    Some(trim(&comment[1..separator]).as_bstr())
}
