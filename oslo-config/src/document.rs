//! The lossless document: sections, entries, comments, blank lines, every byte of a file.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};

use crate::error::SyntaxErrors;
use crate::parse::{Line, LineKind, Lines, split_line_end};
use crate::text::{group_of_section, trim, trim_end, trim_start, unquote};

/// A parsed configuration file.
///
/// A document borrows its text and stores 8 bytes per line, and 4 per section. [`Section`] and
/// [`Entry`] are views into it. To change a document, use [`Edit`](crate::Edit).
///
/// ```
/// use oslo_config::Document;
///
/// let document = Document::parse(b"[pxe]\nhttp_url = http://192.0.2.1:8080\n")?;
/// let entry = document.entries().next().unwrap();
/// assert_eq!(entry.key(), "http_url");
/// assert_eq!(&*entry.value(), "http://192.0.2.1:8080");
/// assert_eq!((entry.line(), &*entry.group()), (2, "pxe".into()));
/// # Ok::<(), oslo_config::SyntaxErrors>(())
/// ```
#[derive(Clone)]
pub struct Document<'a> {
    text: &'a [u8],
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
        let lines = Lines::parse(text)?;
        Ok(Document::with_lines(text, Arc::new(lines)))
    }

    /// Creates a document of a text whose lines are known.
    pub(crate) fn with_lines(text: &'a [u8], lines: Arc<Lines>) -> Self {
        Document {
            text,
            lines,
            hidden: Arc::default(),
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
    pub fn text(&self) -> &'a BStr {
        self.text.as_bstr()
    }

    /// Returns the number of lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.all.len()
    }

    /// Returns the line end for new lines: that of the first line, or LF if it has none.
    #[must_use]
    pub fn line_end(&self) -> &'a [u8] {
        let lines = &self.lines.all;
        match lines.first().map(|_| split_line_end(self.line_bytes(0)).1) {
            Some(end) if !end.is_empty() => end,
            _ => b"\n",
        }
    }

    /// Iterates over the sections in file order. A section that is opened twice appears twice.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_, 'a>> {
        (0..self.lines.headers.len()).map(|at| self.section(at))
    }

    /// Returns the section that has a line, counted from 1; `None` above the first section and past
    /// the end.
    #[must_use]
    pub fn section_at(&self, line: usize) -> Option<Section<'_, 'a>> {
        let index = line.checked_sub(1).filter(|at| *at < self.line_count())?;
        let headers = &self.lines.headers;
        let before = headers.partition_point(|at| *at as usize <= index);
        Some(self.section(before.checked_sub(1)?))
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
    pub fn line_text(&self, number: usize) -> Option<&'a BStr> {
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

    /// Returns the section with the header at `at` in `headers`.
    fn section(&self, at: usize) -> Section<'_, 'a> {
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
    fn line_bytes(&self, index: usize) -> &'a [u8] {
        &self.text[self.start_of(index)..self.start_of(index + 1)]
    }

    fn line_content(&self, index: usize) -> &'a [u8] {
        split_line_end(self.line_bytes(index)).0
    }

    fn kind(&self, index: usize) -> LineKind {
        match self.hidden.get(index / BITS) {
            Some(bits) if bits & (1 << (index % BITS)) != 0 => LineKind::Hidden,
            _ => self.lines.all[index].kind,
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

/// One section of a document: a header and all lines up to the next header.
#[derive(Debug, Clone, Copy)]
pub struct Section<'d, 'a> {
    document: &'d Document<'a>,
    /// The index of the header's line.
    first: usize,
    /// The index of the line after the section.
    end: usize,
}

impl<'d, 'a> Section<'d, 'a> {
    /// Returns the name between the brackets as written.
    #[must_use]
    pub fn name(&self) -> &'a BStr {
        let header = trim_end(self.document.line_content(self.first));
        header[1..header.len() - 1].as_bstr()
    }

    /// Returns the group of the section's entries: its name in lower case, except for `DEFAULT`.
    #[must_use]
    pub fn group(&self) -> Cow<'a, BStr> {
        as_bstr(group_of_section(self.name()))
    }

    /// Returns the number of the header's line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.first + 1
    }

    /// Returns the numbers of the section's lines, header included.
    #[must_use]
    pub fn lines(&self) -> Range<usize> {
        self.first + 1..self.end + 1
    }

    /// Returns the document that the section is part of.
    #[must_use]
    pub fn document(&self) -> &'d Document<'a> {
        self.document
    }

    /// Iterates over the entries in file order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'d, 'a>> + use<'d, 'a> {
        let section = *self;
        let kind = move |index| section.document.kind(index);
        (section.first + 1..section.end)
            .filter(move |&at| kind(at) == LineKind::Assignment)
            .map(move |first| section.entry(first))
    }

    /// Returns the entry that starts at the line with this index.
    fn entry(self, first: usize) -> Entry<'d, 'a> {
        let is_further = |at: &usize| self.document.kind(*at) != LineKind::Continuation;
        let mut further = first + 1..self.end;
        Entry {
            section: self,
            first,
            end: further.find(is_further).unwrap_or(self.end),
        }
    }
}

/// One assignment, including the lines that continue its value.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d, 'a> {
    section: Section<'d, 'a>,
    /// The index of the line with the key.
    first: usize,
    /// The index of the line after the value.
    end: usize,
}

impl<'d, 'a> Entry<'d, 'a> {
    /// Returns the section that contains the entry.
    #[must_use]
    pub fn section(&self) -> Section<'d, 'a> {
        self.section
    }

    /// Returns the group that the entry belongs to.
    #[must_use]
    pub fn group(&self) -> Cow<'a, BStr> {
        self.section.group()
    }

    /// Returns the key. Unlike a section's name, it is case-sensitive.
    #[must_use]
    pub fn key(&self) -> &'a BStr {
        trim(self.before_separator()).as_bstr()
    }

    /// Returns the byte range of the key in the document.
    #[must_use]
    pub fn key_range(&self) -> Range<usize> {
        let before = self.before_separator();
        let start = self.start() + before.len() - trim_start(before).len();
        start..start + self.key().len()
    }

    /// Returns the value as oslo.config reads it: without surrounding white space, without one pair
    /// of matching quotes around its first line, its lines joined by LF.
    #[must_use]
    pub fn value(&self) -> Cow<'a, BStr> {
        let first = unquote(trim(self.after_separator()));
        if self.end == self.first + 1 {
            return Cow::Borrowed(first.as_bstr());
        }
        let mut value = first.to_vec();
        for index in self.first + 1..self.end {
            value.push(b'\n');
            value.extend_from_slice(trim(self.document().line_content(index)));
        }
        Cow::Owned(value.into())
    }

    /// Returns the byte ranges of the value in the document, one per line: what follows the
    /// separator, then each continuation line, with white space and quotes, without line ends.
    pub fn value_ranges(&self) -> impl Iterator<Item = Range<usize>> + use<'a, 'd> {
        let entry = *self;
        let after = entry.after_separator();
        let first_end = entry.start() + entry.document().line_content(entry.first).len();
        let further = (entry.first + 1..entry.end).map(move |index| {
            let start = entry.document().start_of(index);
            start..start + entry.document().line_content(index).len()
        });
        std::iter::once(first_end - after.len()..first_end).chain(further)
    }

    /// Returns the number of the line with the key, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.first + 1
    }

    /// Returns the numbers of the entry's lines.
    #[must_use]
    pub fn lines(&self) -> Range<usize> {
        self.first + 1..self.end + 1
    }

    fn document(&self) -> &'d Document<'a> {
        self.section.document
    }

    fn start(&self) -> usize {
        self.document().start_of(self.first)
    }

    fn before_separator(&self) -> &'a [u8] {
        &self.document().text[self.start()..self.separator()]
    }

    /// Returns what follows the separator on its line.
    fn after_separator(&self) -> &'a [u8] {
        let line = self.document().line_content(self.first);
        &line[self.separator() + 1 - self.start()..]
    }

    /// Returns the offset of the separator in the text.
    fn separator(&self) -> usize {
        let known = self.document().lines.all[self.first].separator;
        let offset = match known {
            Line::FAR => {
                let line = self.document().line_content(self.first);
                // An assignment has one.
                memchr::memchr2(b'=', b':', line).unwrap_or(line.len())
            }
            near => usize::from(near),
        };
        self.start() + offset
    }
}

fn as_bstr(bytes: Cow<'_, [u8]>) -> Cow<'_, BStr> {
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.as_bstr()),
        Cow::Owned(bytes) => Cow::Owned(bytes.into()),
    }
}
