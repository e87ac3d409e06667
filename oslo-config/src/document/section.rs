//! A section of a document.

use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::{Document, Entry};
use crate::parse::LineKind;

/// One section of a document: a header and all lines up to the next header.
///
/// ```
/// use oslo_config::Document;
///
/// let document = Document::parse(b"[PXE]\nhttp_url = a\n[DEFAULT]\n[pxe]\n")?;
/// let sections = document.sections().map(|section| (section.name(), section.line()));
/// assert_eq!(sections.collect::<Vec<_>>(), [("PXE".into(), 1), ("DEFAULT".into(), 3), ("pxe".into(), 4)]);
/// assert!(document.sections().filter(|section| section.group() == "pxe").count() == 2);
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
