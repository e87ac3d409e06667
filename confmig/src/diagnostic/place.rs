//! Places in files: a part of a line, with secrets masked.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use oslo_config::{Entry, ParsedFile, Section};

use crate::secret::Secrets;

/// A part of a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// The line number, counted from 1.
    pub line: usize,
    /// Where the part starts, in characters counted from 1.
    pub column: usize,
    /// The line's text, with secrets masked.
    pub text: String,
    /// The part's byte range in `text`.
    pub part: Range<usize>,
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
        let text = text.to_str_lossy().into_owned();
        let offset = |chars: usize| {
            text.char_indices()
                .nth(chars)
                .map_or(text.trim_end().len(), |(at, _)| at)
        };
        // A masked line may be shorter than the one that was parsed.
        let column = column.min(text.trim_end().chars().count() + 1);
        let start = offset(column - 1);
        let part = start..offset((column - 1).saturating_add(chars)).max(start);
        Place {
            path: path.to_owned(),
            line,
            column,
            text,
            part,
            label: None,
            earlier: None,
        }
    }
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
        Place::in_line(
            path,
            entry.line(),
            text.as_bytes(),
            column,
            entry.key().chars().count(),
        )
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
        let column = document.text()[start..offset].chars().count() + 1;
        let text = self.shown(entry, line);
        Place::in_line(path, line, text.as_bytes(), column, chars)
    }

    /// Returns the place of a section's header.
    pub(crate) fn header(&self, file: &ParsedFile<'_>, section: Section<'_, '_>) -> Place {
        let line = section.line();
        let text = file.document.line_text(line).unwrap_or_default();
        Place::in_line(
            file.path,
            line,
            &self.secrets.lines(text).concat(),
            1,
            usize::MAX,
        )
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
            Place::in_line(file.path, index + 1, text, 1, usize::MAX)
        })
    }

    /// Returns a line of an entry, masked.
    fn shown(&self, entry: Entry<'_, '_>, line: usize) -> String {
        let text = entry.section().document().line_text(line);
        let text = text.unwrap_or_default();
        let shown = self.secrets.line_of(entry, text, line == entry.line());
        shown.to_str_lossy().into_owned()
    }
}
