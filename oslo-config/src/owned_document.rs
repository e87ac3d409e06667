//! A document with its text.

use std::fmt;
use std::sync::Arc;

use bstr::BString;

use crate::document::Document;
use crate::error::SyntaxErrors;
use crate::parse::Lines;

/// A parsed configuration file that owns its text.
///
/// ```
/// use oslo_config::OwnedDocument;
///
/// let file = OwnedDocument::parse("[pxe]\nhttp_root = /srv\n")?;
/// assert_eq!(file.document().entries().count(), 1);
/// assert_eq!(file.into_text(), "[pxe]\nhttp_root = /srv\n");
/// # Ok::<(), oslo_config::SyntaxErrors>(())
/// ```
#[derive(Clone)]
pub struct OwnedDocument {
    text: BString,
    lines: Arc<Lines>,
}

impl OwnedDocument {
    /// Parses a text as [`Document::parse`] does.
    ///
    /// # Errors
    ///
    /// Returns all lines that break the file format.
    pub fn parse(text: impl Into<BString>) -> Result<Self, SyntaxErrors> {
        let text = text.into();
        Ok(OwnedDocument {
            lines: Arc::new(Lines::parse(&text)?),
            text,
        })
    }

    /// Returns the document. This parses nothing.
    #[must_use]
    pub fn document(&self) -> Document<'_> {
        Document::with_lines(&self.text, Arc::clone(&self.lines))
    }

    /// Returns the text.
    #[must_use]
    pub fn into_text(self) -> BString {
        self.text
    }
}

impl fmt::Debug for OwnedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document().fmt(f)
    }
}
