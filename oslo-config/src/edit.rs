//! Edits of a document that preserve everything else byte for byte.

use std::ops::Range;

use bstr::BString;

use crate::document::{Document, Entry};
use crate::line_map::LineMap;

/// Changes to a [`Document`] that are collected and then applied together.
///
/// All positions refer to the document as parsed. The order in which changes are added does not
/// matter, except that texts inserted at the same position keep theirs.
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
    /// The original line of each inserted line.
    from: Vec<Option<usize>>,
}

/// The error for two changes of one [`Edit`] that touch the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two changes touch the same bytes, on line {line}: make them one change")]
pub struct EditConflict {
    line: usize,
}

impl EditConflict {
    /// Returns the number of the line that both changes touch, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl<'d, 'a> Edit<'d, 'a> {
    /// Creates an edit without changes.
    #[must_use]
    pub fn new(document: &'d Document<'a>) -> Self {
        Edit {
            document,
            changes: Vec::new(),
        }
    }

    /// Tells whether the edit has no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Changes the key of an entry in place.
    pub fn rename(&mut self, entry: Entry<'_, '_>, key: &str) {
        self.replace(entry.key_range(), key);
    }

    /// Replaces the bytes in `range`.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<BString>) {
        self.changes.push(Change {
            range,
            text: text.into(),
            from: Vec::new(),
        });
    }

    /// Removes whole lines, counted from 1.
    pub fn remove_lines(&mut self, lines: Range<usize>) {
        let range = self.document.byte_range(lines);
        self.replace(range, "");
    }

    /// Inserts whole lines above a line, counted from 1, or below the last line if there is no such
    /// line. A missing line end is added; a document without a final line end stays without one.
    pub fn insert_lines(&mut self, above: usize, text: impl Into<BString>) {
        self.insert_lines_from(above, text, Vec::new());
    }

    /// Inserts lines as [`Edit::insert_lines`] does, and records the line of the document that each
    /// of them comes from: `from` has an item for each, and those past its end come from none.
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

    /// Returns the document's text with all changes applied.
    ///
    /// # Errors
    ///
    /// Returns an error if two changes touch the same bytes.
    pub fn finish(self) -> Result<BString, EditConflict> {
        self.finish_with_lines().map(|(text, _)| text)
    }

    /// Returns the document's text with all changes applied, and the map of its lines to those of
    /// the document.
    ///
    /// # Errors
    ///
    /// Returns an error if two changes touch the same bytes.
    pub fn finish_with_lines(mut self) -> Result<(BString, LineMap), EditConflict> {
        // The sort is stable: insertions at one position keep their order, before a replacement.
        self.changes
            .sort_by_key(|change| (change.range.start, change.range.end));
        let text: &[u8] = self.document.text();
        let line_end = self.document.line_end().len();
        let new = self.changes.iter();
        let new: usize = new.map(|change| change.text.len() + line_end).sum();
        let mut output = BString::from(Vec::with_capacity(text.len() + new));
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

    /// Copies unchanged bytes to the output.
    fn keep(&self, bytes: Range<usize>, output: &mut BString, lines: &mut LineMap) {
        let text = &self.document.text()[bytes.clone()];
        let mut starting = self.document.lines_starting_in(bytes);
        // A CR and the LF of a blank line have merged into one line end.
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"[a]\r\nk = v\r\n  more\r\n# \xff\r\nl: w";

    fn edited(change: impl FnOnce(&mut Edit<'_, '_>, &[Entry<'_, '_>])) -> (BString, LineMap) {
        let document = Document::parse(TEXT).unwrap();
        let entries: Vec<_> = document.entries().collect();
        let mut edit = Edit::new(&document);
        change(&mut edit, &entries);
        edit.finish_with_lines().unwrap()
    }

    #[test]
    fn a_renamed_entry_keeps_its_spacing_and_value() {
        let (text, _) = edited(|edit, entries| edit.rename(entries[0], "key"));
        let expected = b"[a]\r\nkey = v\r\n  more\r\n# \xff\r\nl: w";
        assert_eq!(text, &expected[..]);
    }

    #[test]
    fn inserted_lines_take_the_line_end_of_the_document() {
        let (text, lines) = edited(|edit, _| edit.insert_lines(6, "m = x"));
        assert!(text.ends_with(b"\r\nl: w\r\nm = x"), "{text}");
        assert_eq!((lines.original(5), lines.original(6)), (Some(5), None));
    }

    #[test]
    fn a_moved_entry_is_traced_to_its_old_lines() {
        let (text, lines) = edited(|edit, entries| {
            edit.remove_lines(entries[0].lines());
            edit.insert_lines_from(5, "[b]\r\nk = v\r\n  more", vec![None, Some(2), Some(3)]);
        });
        assert!(
            text.ends_with(b"\xff\r\n[b]\r\nk = v\r\n  more\r\nl: w"),
            "{text}"
        );
        let original: Vec<_> = (1..=6).map(|line| lines.original(line)).collect();
        assert_eq!(
            original,
            [Some(1), Some(4), None, Some(2), Some(3), Some(5)]
        );
    }

    #[test]
    fn two_changes_of_the_same_bytes_conflict() {
        let document = Document::parse(TEXT).unwrap();
        let mut edit = Edit::new(&document);
        edit.remove_lines(2..4);
        edit.rename(document.entries().next().unwrap(), "key");
        assert_eq!(edit.finish().unwrap_err().line(), 2);
    }
}
