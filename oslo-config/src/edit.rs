//! Changing a document: what is not named in an edit comes out byte for byte.

use std::ops::Range;

use bstr::BString;

use crate::document::{Document, Entry};
use crate::line_map::LineMap;

/// Changes to a [`Document`], collected and then made at once.
///
/// Places are those of the document as it was parsed; the order in which changes are added does not
/// matter, except that texts inserted at the same place keep theirs.
///
/// ```
/// use oslo_config::{Document, Edit};
///
/// let document = Document::parse(b"[deploy]\nhttp_url   = http://192.0.2.1  \n# end")?;
/// let entry = document.entries().next().unwrap();
/// let mut edit = Edit::new(&document);
/// edit.rename(entry, "http_server_url");
/// assert_eq!(edit.finish()?, "[deploy]\nhttp_server_url   = http://192.0.2.1  \n# end");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Edit<'d, 'a> {
    document: &'d Document<'a>,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Change {
    range: Range<usize>,
    text: BString,
    /// For inserted lines: the line that each comes from.
    from: Vec<Option<usize>>,
}

/// Two changes of one [`Edit`] touch the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two changes touch the same bytes, on line {line}: make them one change")]
pub struct EditConflict {
    line: usize,
}

impl EditConflict {
    /// The line that both changes touch, the first being 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl<'d, 'a> Edit<'d, 'a> {
    /// An edit that changes nothing yet.
    #[must_use]
    pub fn new(document: &'d Document<'a>) -> Self {
        Edit {
            document,
            changes: Vec::new(),
        }
    }

    /// Tells whether nothing has been changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Gives an entry another key, where it stands.
    pub fn rename(&mut self, entry: Entry<'_, '_>, key: &str) {
        self.replace(entry.key_range(), key);
    }

    /// Puts `text` in place of the bytes in `range`.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<BString>) {
        self.changes.push(Change {
            range,
            text: text.into(),
            from: Vec::new(),
        });
    }

    /// Removes whole lines. Line numbers start at 1.
    pub fn remove_lines(&mut self, lines: Range<usize>) {
        let range = self.document.byte_range(lines);
        self.replace(range, "");
    }

    /// Inserts whole lines above the line of this number (the first is 1; past the end: below the
    /// last). A missing line end is added; a document without a final one stays without.
    pub fn insert_lines(&mut self, above: usize, text: impl Into<BString>) {
        self.insert_lines_from(above, text, Vec::new());
    }

    /// As [`Edit::insert_lines`], and records for each inserted line which line of the document it
    /// comes from. Lines past the end of `from` come from none.
    pub fn insert_lines_from(
        &mut self,
        above: usize,
        text: impl Into<BString>,
        from: Vec<Option<usize>>,
    ) {
        let at = self.document.byte_range(above..above).start;
        let mut text = text.into();
        if !ends_line(&text) {
            text.extend_from_slice(self.document.line_end());
        }
        self.changes.push(Change {
            range: at..at,
            text,
            from,
        });
    }

    /// Returns the document's text with all changes made.
    ///
    /// # Errors
    ///
    /// When two changes touch the same bytes.
    pub fn finish(self) -> Result<BString, EditConflict> {
        self.finish_with_lines().map(|(text, _)| text)
    }

    /// Returns the document's text with all changes made, and which line of it was which line of the
    /// document.
    ///
    /// # Errors
    ///
    /// When two changes touch the same bytes.
    pub fn finish_with_lines(mut self) -> Result<(BString, LineMap), EditConflict> {
        // A stable sort: insertions at one place keep their order, and come before what is replaced.
        self.changes
            .sort_by_key(|change| (change.range.start, change.range.end));
        let text: &[u8] = self.document.text();
        let mut output = BString::from(Vec::with_capacity(text.len() + 256));
        let mut lines = LineMap::default();
        let mut kept = 0;
        let mut ends_with_new = false;
        for Change {
            range,
            text: new,
            from,
        } in &self.changes
        {
            if range.start < kept {
                return Err(EditConflict {
                    line: self.document.line_at(range.start),
                });
            }
            ends_with_new &= range.start == kept;
            self.keep(kept..range.start, &mut output, &mut lines);
            if !new.is_empty() {
                if range.start == text.len() && !ends_line(&output) {
                    output.extend_from_slice(self.document.line_end());
                }
                let replaced = (!range.is_empty()).then(|| self.document.line_at(range.start));
                lines.add(new, ends_line(&output), |at| {
                    replaced.or_else(|| from.get(at).copied().flatten())
                });
                output.extend_from_slice(new);
                ends_with_new = true;
            } else if ends_line(&output) && !self.document.starts_line(range.end) {
                let line = self.document.line_at(range.start);
                lines.keep(line..line + 1);
            }
            kept = range.end;
        }
        ends_with_new &= kept == text.len();
        self.keep(kept..text.len(), &mut output, &mut lines);
        if ends_with_new && !ends_line(text) {
            let end = crate::parse::split_line_end(&output).0.len();
            output.truncate(end);
        }
        Ok((output, lines))
    }

    /// Adds bytes that stay as they are.
    fn keep(&self, bytes: Range<usize>, output: &mut BString, lines: &mut LineMap) {
        let text = &self.document.text()[bytes.clone()];
        let mut starting = self.document.lines_starting_in(bytes);
        // A CR and the LF of a blank line have become one line end.
        if output.ends_with(b"\r") && text.starts_with(b"\n") {
            starting.start += 1;
        }
        lines.keep(starting);
        output.extend_from_slice(text);
    }
}

/// Tells whether a text is empty or ends with a line end.
fn ends_line(text: &[u8]) -> bool {
    matches!(text.last(), None | Some(b'\n' | b'\r'))
}
