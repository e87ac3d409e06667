//! The lossless document: sections, entries, comments, blank lines, every byte of a file.

mod views;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};

pub use self::views::{Entry, Section};
use crate::error::SyntaxErrors;
use crate::parse::{Line, LineKind, Lines, name_of_header, split_line_end};
use crate::text::group_of_section;

/// A parsed configuration file.
///
/// A document borrows or owns its text and stores 8 bytes per line, and 4 per section. [`Section`]
/// and [`Entry`] are views into it. To change a document, use [`Edit`](crate::Edit).
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
    lines: Arc<Lines>,
    /// The lines that [`Document::narrowed`] excluded, one bit for each line; none if it is empty.
    hidden: Arc<[u64]>,
}

impl<'a> Document<'a> {
    /// Parses a text by oslo.config's rules. Bytes that are not UTF-8 are kept, where Python would
    /// refuse the file.
    ///
    /// # Errors
    ///
    /// Returns all lines that break the file format. The first is the one that oslo.config reports.
    pub fn parse(text: &'a [u8]) -> Result<Self, SyntaxErrors> {
        Document::of(Cow::Borrowed(text))
    }

    /// Parses a text as [`parse`](Document::parse) does, and owns it, so that the document borrows
    /// nothing.
    ///
    /// # Errors
    ///
    /// Returns all lines that break the file format.
    pub fn parse_owned(text: impl Into<Vec<u8>>) -> Result<Document<'static>, SyntaxErrors> {
        Document::of(Cow::Owned(text.into()))
    }

    fn of(text: Cow<'_, [u8]>) -> Result<Document<'_>, SyntaxErrors> {
        Ok(Document {
            lines: Arc::new(Lines::parse(&text)?),
            text,
            hidden: Arc::default(),
        })
    }

    /// Returns a document that borrows the text of this one. Nothing is parsed or copied.
    #[must_use]
    pub fn borrowed(&self) -> Document<'_> {
        Document {
            text: Cow::Borrowed(&self.text),
            lines: Arc::clone(&self.lines),
            hidden: Arc::clone(&self.hidden),
        }
    }

    /// Restricts the document to the entries for which `wanted` returns true. The lines of the
    /// others become [`LineKind::Hidden`]: they stay in the text and can be edited, but are not
    /// entries.
    #[must_use]
    pub fn narrowed(mut self, wanted: impl Fn(&Entry<'_, 'a>) -> bool) -> Self {
        let mut hidden = self.hidden.to_vec();
        for section in self.sections() {
            for entry in section.entries().filter(|entry| !wanted(entry)) {
                hidden.resize(self.line_count().div_ceil(BITS), 0);
                for line in entry.first..entry.end {
                    hidden[line / BITS] |= 1 << (line % BITS);
                }
            }
        }
        self.hidden = hidden.into();
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
        self.lines.all.len()
    }

    /// Returns the line end for new lines: that of the first line, or LF if it has none.
    #[must_use]
    pub fn line_end(&self) -> &[u8] {
        let lines = &self.lines.all;
        match lines.first().map(|_| split_line_end(self.line_bytes(0)).1) {
            Some(end) if !end.is_empty() => end,
            _ => b"\n",
        }
    }

    /// Iterates over the sections in file order. A section that is opened twice appears twice.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_, 'a>> {
        (0..self.lines.headers.len()).map(|at| self.section_of(at))
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
        let sections = (0..self.lines.headers.len())
            .rev()
            .map(|at| self.section_of(at));
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
        let index = line.checked_sub(1).filter(|at| *at < self.line_count())?;
        let headers = &self.lines.headers;
        let before = headers.partition_point(|at| *at as usize <= index);
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
        let index = number.checked_sub(1)?;
        (index < self.line_count()).then(|| self.kind(index))
    }

    /// Returns the text of a line, counted from 1, without its line end; `None` past the end.
    #[must_use]
    pub fn line_text(&self, number: usize) -> Option<&BStr> {
        let index = number
            .checked_sub(1)
            .filter(|&index| index < self.line_count())?;
        Some(self.line_content(index).as_bstr())
    }

    /// Returns the number of the line that contains the byte at `offset`, counted from 1.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        let starts = |line: &Line| line.start as usize <= offset;
        self.lines.all.partition_point(starts).max(1)
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
            self.lines.all.partition_point(starts)
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
        let headers = &self.lines.headers;
        let end = headers.get(at + 1);
        Section {
            document: self,
            first: headers[at] as usize,
            end: end.map_or(self.line_count(), |end| *end as usize),
        }
    }

    /// Returns the offset of the line at `index`, or the end of the text.
    fn start_of(&self, index: usize) -> usize {
        let line = self.lines.all.get(index);
        line.map_or(self.text.len(), |line| line.start as usize)
    }

    /// Returns the line at `index` with its line end.
    fn line_bytes(&self, index: usize) -> &[u8] {
        &self.text[self.start_of(index)..self.start_of(index + 1)]
    }

    fn line_content(&self, index: usize) -> &[u8] {
        split_line_end(self.line_bytes(index)).0
    }

    fn kind(&self, index: usize) -> LineKind {
        match self.hidden.get(index / BITS) {
            Some(bits) if bits & (1 << (index % BITS)) != 0 => LineKind::Hidden,
            _ => self.lines.all[index].kind,
        }
    }

    /// Returns the name between the brackets of the header at `index`.
    fn name_in(&self, index: usize) -> &[u8] {
        name_of_header(self.line_content(index))
    }

    /// Returns the group of the section whose header is at `index`.
    fn group_in(&self, index: usize) -> &BStr {
        let groups = &self.lines.groups;
        match groups.binary_search_by_key(&index, |(at, _)| *at as usize) {
            Ok(at) => groups[at].1.as_bstr(),
            Err(_) => self.name_in(index).as_bstr(),
        }
    }
}

/// The number of lines that one item of `hidden` has bits for.
const BITS: usize = u64::BITS as usize;

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("bytes", &self.text.len())
            .field("lines", &self.line_count())
            .finish()
    }
}
