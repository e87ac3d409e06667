//! The sections and entries of a document, as views into it.

use std::borrow::Cow;
use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::Document;
use crate::parse::{Line, LineKind};
use crate::text::{trim, trim_start, unquote};

/// One section of a document: a header and all lines up to the next header.
///
/// ```
/// use oslo_config::Document;
///
/// let document = Document::parse(b"[PXE]\nhttp_url = a\n[DEFAULT]\n[pxe]\n")?;
/// let of_pxe = document.sections().filter(|section| section.group() == "pxe");
/// let lines: Vec<_> = of_pxe.map(|section| (section.name(), section.line())).collect();
/// assert_eq!(lines, [("PXE".into(), 1), ("pxe".into(), 4)]);
/// # Ok::<(), oslo_config::SyntaxErrors>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Section<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    /// The index of the header's line.
    pub(super) first: usize,
    /// The index of the line after the section.
    pub(super) end: usize,
}

impl<'d, 'a> Section<'d, 'a> {
    /// Returns the name between the brackets as written.
    #[must_use]
    pub fn name(&self) -> &'d BStr {
        self.document.name_in(self.first).as_bstr()
    }

    /// Returns the group of the section's entries: its name in lower case, except for `DEFAULT`.
    #[must_use]
    pub fn group(&self) -> &'d BStr {
        self.document.group_in(self.first)
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
    pub(super) fn entry(self, first: usize) -> Entry<'d, 'a> {
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
///
/// ```
/// use oslo_config::Document;
///
/// let document = Document::parse(b"[pxe]\nurls: 'a'\n  b\n")?;
/// let entry = document.entries().next().unwrap();
/// assert_eq!(entry.group(), "pxe");
/// assert_eq!(entry.key(), "urls");
/// assert_eq!(&*entry.value(), "a\nb");
/// assert_eq!(entry.lines(), 2..4);
/// # Ok::<(), oslo_config::SyntaxErrors>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d, 'a> {
    pub(super) section: Section<'d, 'a>,
    /// The index of the line with the key.
    pub(super) first: usize,
    /// The index of the line after the value.
    pub(super) end: usize,
}

impl<'d, 'a> Entry<'d, 'a> {
    /// Returns the section that contains the entry.
    #[must_use]
    pub fn section(&self) -> Section<'d, 'a> {
        self.section
    }

    /// Returns the group that the entry belongs to.
    #[must_use]
    pub fn group(&self) -> &'d BStr {
        self.section.group()
    }

    /// Returns the key. Unlike a section's name, it is case-sensitive.
    #[must_use]
    pub fn key(&self) -> &'d BStr {
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
    pub fn value(&self) -> Cow<'d, BStr> {
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

    fn before_separator(&self) -> &'d [u8] {
        &self.document().text[self.start()..self.separator()]
    }

    /// Returns what follows the separator on its line.
    fn after_separator(&self) -> &'d [u8] {
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
