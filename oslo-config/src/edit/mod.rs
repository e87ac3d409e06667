//! Edits of a document that preserve everything else byte for byte.

mod error;
mod set;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bstr::{BString, ByteSlice};
use foldhash::HashSet;

pub use self::error::EditError;
use self::set::NewSection;
use crate::document::{Document, Entry};
use crate::line_map::LineMap;
use crate::text::is_key;

/// Changes to a [`Document`] that are collected and then applied together.
///
/// All positions refer to the document as parsed. The order in which changes are added does not
/// matter, except that texts inserted at the same position keep theirs. A change that cannot be
/// made is an error of [`finish`](Edit::finish). If all bytes between a carriage return and a line
/// feed are removed, the two become one line end. Line feeds at the start of a new text below a
/// carriage return are written as carriage returns, so that they are line ends of their own.
///
/// ```
/// use oslo_config::{Document, Edit};
///
/// let document = Document::parse(b"[deploy]\nhttp_url   = http://192.0.2.1  \n# end")?;
/// let mut edit = Edit::new(&document);
/// edit.rename(document.entry("deploy", "http_url").unwrap(), "http_server_url");
/// edit.set("deploy", "http_server_root", "/httpboot");
/// edit.set("ilo", "client_port", "443");
/// assert_eq!(
///     edit.finish()?,
///     "[deploy]\nhttp_server_url   = http://192.0.2.1  \n# end\nhttp_server_root = /httpboot\n\n\
///      [ilo]\nclient_port = 443",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Edit<'d, 'a> {
    document: &'d Document<'a>,
    changes: Vec<Change>,
    /// Sections that are added at the end of the document.
    new_sections: Vec<NewSection>,
    /// The names that were set or removed.
    named: HashSet<(BString, BString)>,
    /// The first change that cannot be made.
    error: Option<EditError>,
}

#[derive(Clone)]
struct Change {
    range: Range<usize>,
    text: BString,
    /// For inserted lines, the original line of each.
    from: Option<Vec<Option<usize>>>,
}

/// Shows no text, which may be secret.
impl fmt::Debug for Edit<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit")
            .field("changes", &self.changes.len())
            .field("new_sections", &self.new_sections.len())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<'d, 'a> Edit<'d, 'a> {
    /// Creates an edit without changes.
    #[must_use]
    pub fn new(document: &'d Document<'a>) -> Self {
        Edit {
            document,
            changes: Vec::new(),
            new_sections: Vec::new(),
            named: HashSet::default(),
            error: None,
        }
    }

    /// Tells whether the edit has no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.new_sections.is_empty() && self.error.is_none()
    }

    /// Changes the key of an entry in place.
    pub fn rename(&mut self, entry: Entry<'_, '_>, key: impl AsRef<[u8]>) {
        let key = key.as_ref();
        if !entry.section().document().is_same(self.document) {
            self.fail(EditError::OtherDocument);
        } else if !is_key(key) {
            self.fail(EditError::Key { key: key.into() });
        } else {
            self.replace(entry.key_range(), key);
        }
    }

    /// Replaces the bytes in `range`.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<BString>) {
        if range.start > range.end || range.end > self.document.text().len() {
            let Range { start, end } = range;
            return self.fail(EditError::Range { start, end });
        }
        self.changes.push(Change {
            range,
            text: text.into(),
            from: None,
        });
    }

    /// Removes whole lines, counted from 1.
    pub fn remove_lines(&mut self, lines: Range<usize>) {
        let Range { start, end } = lines;
        if start == 0 || start > end || end > self.document.line_count() + 1 {
            return self.fail(EditError::Range { start, end });
        }
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
        if above == 0 {
            return self.fail(EditError::Range { start: 0, end: 0 });
        }
        let at = self.document.byte_range(above..above).start;
        let mut text = text.into();
        if !ends_line(&text) {
            text.extend_from_slice(self.document.line_end());
        }
        self.changes.push(Change {
            range: at..at,
            text,
            from: Some(from),
        });
    }

    /// Records a change that cannot be made.
    fn fail(&mut self, error: EditError) {
        self.error.get_or_insert(error);
    }

    /// Returns the document's text with all changes applied.
    ///
    /// # Errors
    ///
    /// Returns an error if a change cannot be made, if two changes touch the same bytes, or if the
    /// new text cannot be parsed.
    pub fn finish(self) -> Result<BString, EditError> {
        let (document, _) = self.finish_with_lines()?;
        Ok(document.into_text().into_owned().into())
    }

    /// Returns the document with all changes applied, and the map of its lines to those of this
    /// one.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`finish`](Edit::finish).
    pub fn finish_with_lines(mut self) -> Result<(Document<'static>, LineMap), EditError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let sections = std::mem::take(&mut self.new_sections);
        self.add_sections(sections);
        // The sort is stable: insertions at one position keep their order, before a replacement.
        // What extends the last line comes before lines that are inserted below it.
        let text = self.document.text();
        let open_end = (!ends_line(text)).then_some(text.len());
        self.changes.sort_by_key(|Change { range, from, .. }| {
            let is_below = from.is_some() && Some(range.start) == open_end;
            (range.start, range.end, is_below)
        });
        let (text, lines) = self.apply()?;
        match Document::parse_owned(text) {
            Ok(document) => Ok((document, lines)),
            Err(errors) => Err(EditError::Syntax { errors }),
        }
    }

    /// Applies the sorted changes.
    fn apply(&self) -> Result<(BString, LineMap), EditError> {
        let text: &[u8] = self.document.text();
        let line_end = self.document.line_end().len();
        let new = self.changes.iter();
        let new: usize = new.map(|change| change.text.len() + line_end).sum();
        let mut output = BString::from(Vec::with_capacity(text.len() + new));
        let mut lines = LineMap::default();
        let mut kept = 0;
        let mut ends_with_new = false;
        for (at, change) in self.changes.iter().enumerate() {
            let Change {
                range,
                text: new,
                from,
            } = change;
            if range.start < kept {
                return Err(EditError::Overlap {
                    line: self.document.line_at(range.start),
                });
            }
            ends_with_new &= range.start == kept;
            self.keep(kept..range.start, at > 0, &mut output, &mut lines)?;
            if !new.is_empty() {
                if from.is_some() && !ends_line(&output) {
                    output.extend_from_slice(self.document.line_end());
                }
                let new = with_own_line_ends(new, &output);
                let replaced = (!range.is_empty()).then(|| self.document.line_at(range.start));
                lines.add(&new, ends_line(&output), |at| {
                    replaced.or_else(|| from.as_ref()?.get(at).copied().flatten())
                });
                output.extend_from_slice(&new);
                ends_with_new = from.is_some();
            } else if ends_line(&output) && !self.document.starts_line(range.end) {
                let line = self.document.line_at(range.start);
                lines.keep(line..line + 1);
            }
            kept = range.end;
        }
        ends_with_new &= kept == text.len();
        let changed = !self.changes.is_empty();
        self.keep(kept..text.len(), changed, &mut output, &mut lines)?;
        if ends_with_new && !ends_line(text) {
            let end = crate::parse::split_line_end(&output).0.len();
            output.truncate(end);
        }
        Ok((output, lines))
    }

    /// Copies unchanged bytes to the output. They are below a change if `changed` is true.
    fn keep(
        &self,
        bytes: Range<usize>,
        changed: bool,
        output: &mut BString,
        lines: &mut LineMap,
    ) -> Result<(), EditError> {
        let text = &self.document.text()[bytes.clone()];
        if changed && self.document.starts_line(bytes.start) && continues_value(text) {
            return Err(EditError::SplitValue {
                line: self.document.line_at(bytes.start),
            });
        }
        let mut starting = self.document.lines_starting_in(bytes);
        // A CR and the LF of a blank line have merged into one line end.
        if output.ends_with(b"\r") && text.starts_with(b"\n") {
            starting.start += 1;
        }
        lines.keep(starting);
        output.extend_from_slice(text);
        Ok(())
    }
}

/// Returns a text that is added below `above`, with line ends of its own: a line feed at its start
/// would be one with a carriage return above it.
fn with_own_line_ends<'t>(text: &'t BString, above: &[u8]) -> Cow<'t, BString> {
    let mut text = Cow::Borrowed(text);
    let feeds = text.iter().take_while(|byte| **byte == b'\n').count();
    if feeds > 0 && above.ends_with(b"\r") {
        text.to_mut()[..feeds].fill(b'\r');
    }
    text
}

/// Tells whether a text is empty or ends with a line end.
fn ends_line(text: &[u8]) -> bool {
    matches!(text.last(), None | Some(b'\n' | b'\r'))
}

/// Tells whether the first line of a text continues the value above it.
fn continues_value(text: &[u8]) -> bool {
    let line = text.find_byteset(b"\r\n").map_or(text, |end| &text[..end]);
    matches!(line.first(), Some(b' ' | b'\t')) && !crate::text::trim(line).is_empty()
}
