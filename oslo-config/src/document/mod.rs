//! The lossless document: sections, entries, comments, blank lines, every byte of a file.

mod entry;
mod section;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

pub use self::entry::Entry;
pub use self::section::Section;
use crate::error::SyntaxErrors;
use crate::parse::{self, Line, LineKind, split_line_end};
use crate::text::{group_of_section, trim_end};

/// A parsed configuration file.
///
/// A document borrows its text, unless it is made [owned](Document::into_owned), and stores 8 bytes
/// per line, and 4 per section. [`Section`] and [`Entry`] are views into it. To change a document,
/// use [`Edit`](crate::Edit).
///
/// ```
/// use oslo_config::Document;
///
/// let document = Document::parse(b"[pxe]\nhttp_url = http://192.0.2.1:8080\n")?;
/// let entry = document.entry("pxe", "http_url").unwrap();
/// assert_eq!(&*entry.value(), "http://192.0.2.1:8080");
/// assert_eq!(entry.line(), 2);
///
/// let section = document.section("pxe").unwrap();
/// let keys: Vec<_> = section.entries().map(|entry| entry.key()).collect();
/// assert_eq!(keys, ["http_url"]);
/// # Ok::<(), oslo_config::SyntaxErrors>(())
/// ```
#[derive(Clone)]
pub struct Document<'a> {
    text: Cow<'a, [u8]>,
    /// Shared by clones, since most are only read.
    lines: Arc<Vec<Line>>,
    /// The indices of the header lines, so that sections are found without reading all lines.
    headers: Arc<[u32]>,
    /// The groups of the sections that have another one than their name, by the indices of their
    /// header lines.
    groups: Arc<[(u32, BString)]>,
}

impl<'a> Document<'a> {
    /// Parses a text by oslo.config's rules. Bytes that are not UTF-8 are kept, where Python would
    /// refuse the file.
    ///
    /// # Errors
    ///
    /// Returns all lines that break the file format. The first is the one that oslo.config reports.
    pub fn parse(text: &'a [u8]) -> Result<Self, SyntaxErrors> {
        let lines = parse::parse(text)?;
        let headers = lines.iter().enumerate();
        let headers = headers.filter(|(_, line)| line.kind == LineKind::Header);
        let mut document = Document {
            text: Cow::Borrowed(text),
            // A text of less than 4 GiB has fewer lines than that.
            headers: headers.map(|(at, _)| at as u32).collect(),
            lines: Arc::new(lines),
            groups: Arc::new([]),
        };
        let groups = document.headers.iter().filter_map(|at| {
            match group_of_section(document.name_in(*at as usize)) {
                Cow::Borrowed(_) => None,
                Cow::Owned(group) => Some((*at, group.into())),
            }
        });
        document.groups = groups.collect();
        Ok(document)
    }

    /// Returns the document with a copy of its text, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Document<'static> {
        Document {
            text: Cow::Owned(self.text.into_owned()),
            lines: self.lines,
            headers: self.headers,
            groups: self.groups,
        }
    }

    /// Restricts the document to the entries for which `wanted` returns true. The lines of the
    /// others become [`LineKind::Hidden`]: they stay in the text and can be edited, but are not
    /// entries.
    #[must_use]
    pub fn narrowed(mut self, wanted: impl Fn(&Entry<'_, 'a>) -> bool) -> Self {
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for section in self.sections() {
            for entry in section.entries().filter(|entry| !wanted(entry)) {
                match hidden.last_mut() {
                    Some(last) if last.end == entry.first => last.end = entry.end,
                    _ => hidden.push(entry.first..entry.end),
                }
            }
        }
        if !hidden.is_empty() {
            let lines = Arc::make_mut(&mut self.lines);
            for line in hidden.into_iter().flatten() {
                lines[line].kind = LineKind::Hidden;
            }
        }
        self
    }

    /// Returns the text that was parsed.
    #[must_use]
    pub fn text(&self) -> &BStr {
        self.text.as_bstr()
    }

    /// Returns the text that was parsed, without what is known of it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, [u8]> {
        self.text
    }

    /// Returns the number of lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Returns the line end for new lines: that of the first line, or LF if it has none.
    #[must_use]
    pub fn line_end(&self) -> &[u8] {
        match self
            .lines
            .first()
            .map(|_| split_line_end(self.line_bytes(0)).1)
        {
            Some(end) if !end.is_empty() => end,
            _ => b"\n",
        }
    }

    /// Iterates over the sections in file order. A section that is opened twice appears twice.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_, 'a>> {
        (0..self.headers.len()).map(|at| self.section_of(at))
    }

    /// Returns the first section of a group. As everywhere, the case of its name does not matter,
    /// except that only `DEFAULT` in capitals is the default group.
    pub fn section(&self, group: impl AsRef<[u8]>) -> Option<Section<'_, 'a>> {
        let group = group_of_section(group.as_ref());
        self.sections().find(|section| *section.group() == *group)
    }

    /// Returns the last entry of a name, which is the one that gives an option its value, unless
    /// the option is multi-valued.
    pub fn entry(&self, group: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Entry<'_, 'a>> {
        let (group, key) = (group_of_section(group.as_ref()), key.as_ref());
        let sections = (0..self.headers.len()).rev().map(|at| self.section_of(at));
        sections
            .filter(|section| *section.group() == *group)
            .find_map(|section| {
                section
                    .entries()
                    .filter(|entry| *entry.key() == *key)
                    .last()
            })
    }

    /// Returns the section that has a line, counted from 1; `None` above the first section and past
    /// the end.
    #[must_use]
    pub fn section_at(&self, line: usize) -> Option<Section<'_, 'a>> {
        let index = line.checked_sub(1).filter(|at| *at < self.lines.len())?;
        let before = self.headers.partition_point(|at| *at as usize <= index);
        Some(self.section_of(before.checked_sub(1)?))
    }

    /// Returns the entry whose key is on a line, counted from 1.
    #[must_use]
    pub fn entry_at(&self, line: usize) -> Option<Entry<'_, 'a>> {
        let section = self.section_at(line)?;
        let first = line - 1;
        (self.kind(first) == LineKind::Assignment).then(|| section.entry(first))
    }

    /// Iterates over the entries of all sections in file order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_, 'a>> {
        self.sections().flat_map(|section| section.entries())
    }

    /// Returns the kind of a line, counted from 1; `None` past the end.
    #[must_use]
    pub fn line_kind(&self, number: usize) -> Option<LineKind> {
        self.lines.get(number.checked_sub(1)?).map(|line| line.kind)
    }

    /// Returns the text of a line, counted from 1, without its line end; `None` past the end.
    #[must_use]
    pub fn line_text(&self, number: usize) -> Option<&BStr> {
        let index = number
            .checked_sub(1)
            .filter(|&index| index < self.lines.len())?;
        Some(self.line_content(index).as_bstr())
    }

    /// Returns the number of the line that contains the byte at `offset`, counted from 1.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|line| line.start as usize <= offset)
            .max(1)
    }

    /// Returns the byte range of the given lines, line ends included. Lines are counted from 1;
    /// those past the end of the document count as its end.
    #[must_use]
    pub fn byte_range(&self, lines: Range<usize>) -> Range<usize> {
        let start = self.start_of(lines.start.saturating_sub(1));
        start..self.start_of(lines.end.saturating_sub(1)).max(start)
    }

    /// Returns the numbers of the lines that start in a byte range.
    pub(crate) fn lines_starting_in(&self, bytes: Range<usize>) -> Range<usize> {
        let before = |offset: usize| {
            let starts = |line: &Line| (line.start as usize) < offset;
            self.lines.partition_point(starts)
        };
        before(bytes.start) + 1..before(bytes.end) + 1
    }

    /// Tells whether a line starts at `offset`, or the document ends there.
    pub(crate) fn starts_line(&self, offset: usize) -> bool {
        offset == self.text.len() || !self.lines_starting_in(offset..offset + 1).is_empty()
    }

    /// Tells whether both documents are of the same text in memory, so that positions in one are
    /// positions in the other.
    pub(crate) fn is_same(&self, other: &Document<'_>) -> bool {
        std::ptr::eq::<[u8]>(&*self.text, &*other.text)
    }

    /// Returns the section with the header at `at` in `headers`.
    fn section_of(&self, at: usize) -> Section<'_, 'a> {
        let end = self.headers.get(at + 1);
        Section {
            document: self,
            first: self.headers[at] as usize,
            end: end.map_or(self.lines.len(), |end| *end as usize),
        }
    }

    /// Returns the offset of the line at `index`, or the end of the text.
    fn start_of(&self, index: usize) -> usize {
        self.lines
            .get(index)
            .map_or(self.text.len(), |line| line.start as usize)
    }

    /// Returns the line at `index` with its line end.
    fn line_bytes(&self, index: usize) -> &[u8] {
        &self.text[self.start_of(index)..self.start_of(index + 1)]
    }

    fn line_content(&self, index: usize) -> &[u8] {
        split_line_end(self.line_bytes(index)).0
    }

    fn kind(&self, index: usize) -> LineKind {
        self.lines[index].kind
    }

    /// Returns the name between the brackets of the header at `index`.
    fn name_in(&self, index: usize) -> &[u8] {
        let header = trim_end(self.line_content(index));
        &header[1..header.len() - 1]
    }

    /// Returns the group of the section whose header is at `index`.
    fn group_in(&self, index: usize) -> &BStr {
        let other = self
            .groups
            .binary_search_by_key(&index, |(at, _)| *at as usize);
        match other {
            Ok(at) => self.groups[at].1.as_bstr(),
            Err(_) => self.name_in(index).as_bstr(),
        }
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("bytes", &self.text.len())
            .field("lines", &self.lines.len())
            .finish()
    }
}
