//! Places in files: a part of a line, with secrets masked.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use oslo_config::{Entry, OptName, ParsedFile, Section};

use crate::secret::Secrets;

/// The longest line that is quoted as a whole, in bytes. Many places may be in one line.
const LONG: usize = 1000;

/// The number of bytes that are quoted of a part in a longer line, and on each side of it.
const QUOTED: usize = 200;

/// A part of a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// The line number, counted from 1.
    pub line: usize,
    /// Where the part starts, in characters counted from 1.
    pub column: usize,
    /// The line's text, with secrets masked; of a long line, the text around the part.
    pub text: String,
    /// The part's byte range in `text`.
    pub part: Range<usize>,
    /// The name of the entry that has the part.
    pub entry: Option<OptName>,
    /// A note about the part.
    pub label: Option<String>,
    /// A related earlier line: its number, its text with secrets masked, and its label.
    pub earlier: Option<(usize, String, &'static str)>,
}

impl Place {
    /// Creates a place of at most `chars` characters from `column` on.
    pub(super) fn in_line(
        path: &Path,
        line: usize,
        text: &[u8],
        column: usize,
        chars: usize,
    ) -> Self {
        LongLine::new(path, line, b"", text.to_str_lossy()).at_column(column, chars)
    }

    /// Tells whether all of the line is quoted, so that the part is at its column.
    pub(crate) fn is_whole(&self) -> bool {
        self.text.len() <= LONG && self.text[..self.part.start].chars().count() + 1 == self.column
    }
}

/// A line with any number of places in it. What they quote does not grow with the line.
pub(crate) struct LongLine<'t> {
    path: &'t Path,
    line: usize,
    /// The name of the entry that has the line.
    entry: Option<OptName>,
    /// The text as it is in the file.
    raw: &'t [u8],
    /// The text with secrets masked.
    shown: Cow<'t, str>,
    /// The number of characters shown, without white space at the end.
    shown_chars: usize,
    /// The last position that was counted up to in the file's text, in bytes and characters.
    counted: (usize, usize),
    /// The same for the text that is shown.
    counted_shown: (usize, usize),
}

impl<'t> LongLine<'t> {
    fn new(path: &'t Path, line: usize, raw: &'t [u8], shown: Cow<'t, str>) -> Self {
        LongLine {
            path,
            line,
            entry: None,
            raw,
            shown_chars: shown.trim_end().chars().count(),
            shown,
            counted: (0, 0),
            counted_shown: (0, 0),
        }
    }

    /// Returns the number of the line.
    pub(crate) fn number(&self) -> usize {
        self.line
    }

    /// Returns the place of `chars` characters from a byte of the line on. The places of one line
    /// are best asked for in order.
    pub(crate) fn at(&mut self, offset: usize, chars: usize) -> Place {
        let (bytes, counted) = match self.counted {
            (bytes, counted) if bytes <= offset => (bytes, counted),
            _ => (0, 0),
        };
        let counted = counted + self.raw[bytes..offset].chars().count();
        self.counted = (offset, counted);
        self.at_column(counted + 1, chars)
    }

    fn at_column(&mut self, column: usize, chars: usize) -> Place {
        // A masked line may be shorter than the one that was parsed.
        let column = column.min(self.shown_chars + 1);
        let start = self.offset(column - 1);
        self.counted_shown = (start, column - 1);
        let most = if self.shown.len() > LONG {
            QUOTED
        } else {
            chars
        };
        let end = self.offset((column - 1).saturating_add(chars.min(most)));
        let (text, part) = quoted(&self.shown, start..end.max(start));
        Place {
            path: self.path.to_owned(),
            line: self.line,
            column,
            text,
            part,
            entry: self.entry.clone(),
            label: None,
            earlier: None,
        }
    }

    /// Returns the byte offset of a character that is shown.
    fn offset(&self, chars: usize) -> usize {
        let (bytes, counted) = match self.counted_shown {
            (bytes, counted) if counted <= chars => (bytes, counted),
            _ => (0, 0),
        };
        let mut further = self.shown[bytes..].char_indices();
        let found = further.nth(chars - counted);
        found.map_or_else(|| self.shown.trim_end().len(), |(at, _)| bytes + at)
    }
}

/// Returns the text around a part of a line, and where the part is in it.
fn quoted(line: &str, part: Range<usize>) -> (String, Range<usize>) {
    if line.len() <= LONG {
        return (line.to_owned(), part);
    }
    let start = line.floor_char_boundary(part.start.saturating_sub(QUOTED));
    let end = line.ceil_char_boundary(part.end.saturating_add(QUOTED));
    let mark = |is_cut: bool| if is_cut { "…" } else { "" };
    let before = [mark(start > 0), &line[start..part.start]].concat();
    let after = [&line[part.end..end], mark(end < line.len())].concat();
    let text = [&before, &line[part.clone()], &after].concat();
    (text, before.len()..before.len() + part.len())
}

/// Creates places in parsed files, with secrets masked.
#[derive(Debug)]
pub(crate) struct Places<'s, 'p> {
    pub(crate) secrets: &'s Secrets<'p>,
}

impl Places<'_, '_> {
    /// Returns the place of an entry's key.
    pub(crate) fn key(&self, path: &Path, entry: Entry<'_, '_>) -> Place {
        let document = entry.section().document();
        let start = document.byte_range(entry.line()..entry.line()).start;
        let before = &document.text()[start..entry.key_range().start];
        let column = before.chars().count() + 1;
        let text = self.shown(entry, entry.line());
        let chars = entry.key().chars().count();
        Place {
            entry: Some(self.name_of(entry)),
            ..Place::in_line(path, entry.line(), text.as_bytes(), column, chars)
        }
    }

    /// Returns the place of `chars` characters of an entry's value, from a byte offset in the
    /// document on.
    pub(crate) fn in_value(
        &self,
        path: &Path,
        entry: Entry<'_, '_>,
        offset: usize,
        chars: usize,
    ) -> Place {
        let document = entry.section().document();
        let line = document.line_at(offset);
        let start = document.byte_range(line..line).start;
        self.line_of(path, entry, line).at(offset - start, chars)
    }

    /// Returns a line of an entry, in which any number of places may be.
    pub(crate) fn line_of<'t>(
        &self,
        path: &'t Path,
        entry: Entry<'t, '_>,
        line: usize,
    ) -> LongLine<'t> {
        let document = entry.section().document();
        let raw = document.line_text(line).unwrap_or_default();
        let mut long = LongLine::new(path, line, raw, self.shown(entry, line).into());
        long.entry = Some(self.name_of(entry));
        long
    }

    /// Returns the place of a section's header.
    pub(crate) fn header(&self, file: &ParsedFile<'_>, section: Section<'_, '_>) -> Place {
        let line = section.line();
        let text = file.document.line_text(line).unwrap_or_default();
        Place::in_line(
            &file.path,
            line,
            &self.secrets.lines(text).concat(),
            1,
            usize::MAX,
        )
    }

    /// Returns the place of a line of a file, whose masked lines are `shown`.
    pub(crate) fn line(
        &self,
        file: &ParsedFile<'_>,
        number: usize,
        shown: &[Cow<'_, [u8]>],
    ) -> Place {
        let text = crate::lines::content(shown, number);
        Place::in_line(&file.path, number, text, 1, usize::MAX)
    }

    /// Returns the places of all lines of a file that satisfy a predicate.
    pub(crate) fn lines(
        &self,
        file: &ParsedFile<'_>,
        predicate: impl Fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = Place> {
        let shown = self.secrets.lines(file.document.text());
        let lines = crate::lines::split(file.document.text())
            .zip(shown)
            .enumerate();
        let matching = lines.filter(move |(_, (line, _))| predicate(line));
        matching.map(|(index, (_, shown))| {
            let text = crate::lines::split_end(&shown).0;
            Place::in_line(&file.path, index + 1, text, 1, usize::MAX)
        })
    }

    /// Returns the name of an entry as it is written, masked like its line: what follows a missing
    /// separator is part of the key.
    fn name_of(&self, entry: Entry<'_, '_>) -> OptName {
        let group = entry.group();
        OptName::new(
            self.secrets.section(group.as_bstr()),
            self.secrets.key(entry),
        )
    }

    /// Returns a line of an entry, masked.
    fn shown(&self, entry: Entry<'_, '_>, line: usize) -> String {
        let text = entry.section().document().line_text(line);
        let text = text.unwrap_or_default();
        let shown = self.secrets.line_of(entry, text, line == entry.line());
        shown.to_str_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_places_quote_grows_with_their_number_only() {
        let line = |count: usize| "é $x".repeat(count);
        let quoted = |count: usize| {
            let text = line(count);
            let mut line = LongLine::new("a.conf".as_ref(), 1, text.as_bytes(), (&*text).into());
            let offsets = memchr::memchr_iter(b'$', text.as_bytes());
            let places = offsets.map(|offset| {
                let place = line.at(offset, 2);
                assert_eq!(&place.text[place.part.clone()], "$x");
                let before = text[..offset].chars().count();
                assert_eq!(place.column, before + 1);
                place.text.len()
            });
            places.sum::<usize>()
        };
        assert!(quoted(4000) < 4000 * 500);
        assert!(quoted(4000) < 3 * quoted(2000));
    }

    #[test]
    fn a_long_part_is_quoted_in_part() {
        let text = "x".repeat(5000);
        let place = Place::in_line("a.conf".as_ref(), 1, text.as_bytes(), 3, usize::MAX);
        assert_eq!((place.column, place.part.len()), (3, QUOTED));
        assert_eq!(place.text.chars().count(), 2 + 2 * QUOTED + 1);
        assert!(!place.text.starts_with('…') && place.text.ends_with('…'));
    }
}
