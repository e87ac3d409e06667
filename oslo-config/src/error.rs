//! Syntax errors of configuration files.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use crate::text::trim_end;

/// The rule of the file format that a line breaks. Each is an error of `oslo_config/iniparser.py`
/// or `oslo_config/cfg.py` (10.7.0), except [`TooLarge`](SyntaxErrorKind::TooLarge).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// `[section` or `[section] # x`: nothing may follow the bracket.
    UnclosedSection,
    /// `[]`.
    EmptySection,
    /// An assignment is above the first section.
    NoSection,
    /// A line has neither `=` nor `:`.
    NoSeparator,
    /// `= value`.
    EmptyKey,
    /// An indented line follows a blank line, a comment or a section header, so there is no value
    /// for it to continue.
    UnexpectedContinuation,
    /// The text has 4 GiB or more. oslo.config has no such limit.
    TooLarge,
}

impl SyntaxErrorKind {
    /// Returns oslo.config's message for this error, as it appears in a service's log.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            SyntaxErrorKind::UnclosedSection => "Invalid section (must end with ])",
            SyntaxErrorKind::EmptySection => "Empty section name",
            SyntaxErrorKind::NoSection => "Section must be started before assignment",
            SyntaxErrorKind::NoSeparator => "No ':' or '=' found in assignment",
            SyntaxErrorKind::EmptyKey => "Key cannot be empty",
            SyntaxErrorKind::UnexpectedContinuation => "Unexpected continuation line",
            SyntaxErrorKind::TooLarge => "File has 4 GiB or more",
        }
    }
}

/// One line that breaks the file format.
///
/// Its `Display` and `Debug` name the line, the column and the rule, but not the text of the line,
/// which may hold a password: mask [`text`](SyntaxError::text) before printing it.
#[derive(Clone, PartialEq, Eq)]
pub struct SyntaxError {
    kind: SyntaxErrorKind,
    line: usize,
    column: usize,
    text: BString,
    reported_line: usize,
}

impl SyntaxError {
    pub(crate) fn new(kind: SyntaxErrorKind, line: usize, text: &[u8], column: usize) -> Self {
        let column = text[..column.min(text.len())].chars().count() + 1;
        let text = BString::from(trim_end(text));
        SyntaxError {
            kind,
            line,
            column,
            text,
            reported_line: line,
        }
    }

    pub(crate) fn reported_at(mut self, line: usize) -> Self {
        self.reported_line = line;
        self
    }

    pub(crate) fn too_large() -> Self {
        SyntaxError::new(SyntaxErrorKind::TooLarge, 1, b"", 0)
    }

    /// Returns the rule that the line breaks.
    #[must_use]
    pub fn kind(&self) -> SyntaxErrorKind {
        self.kind
    }

    /// Returns the number of the wrong line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the number of the line that oslo.config reports. It is [`line`](SyntaxError::line)
    /// except for [`NoSection`](SyntaxErrorKind::NoSection), which oslo.config reports where the
    /// value ends: on the next line that does not continue it.
    #[must_use]
    pub fn reported_line(&self) -> usize {
        self.reported_line
    }

    /// Returns the column of the error in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the line's text without trailing white space.
    #[must_use]
    pub fn text(&self) -> &BStr {
        self.text.as_bstr()
    }

    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> &'static str {
        if self.line == 1 && self.text.starts_with(b"\xef\xbb\xbf") {
            return "the file starts with a UTF-8 byte-order mark: save it without one";
        }
        if [b"<<<<<<<", b"=======", b">>>>>>>"]
            .iter()
            .any(|mark| self.text.starts_with(*mark))
        {
            return "this looks like an unfinished merge: resolve it first";
        }
        let marks: [&[u8]; 4] = [b"{{", b"{%", b"{#", b"<%"];
        if marks.iter().any(|mark| self.text.starts_with(mark)) {
            return "this looks like a template: render it first and use the result";
        }
        match self.kind {
            SyntaxErrorKind::UnclosedSection => {
                "end the line with the closing bracket; a comment needs a line of its own"
            }
            SyntaxErrorKind::EmptySection => "write the section's name between the brackets",
            SyntaxErrorKind::NoSection => "put a section above it, for example [DEFAULT]",
            SyntaxErrorKind::NoSeparator => {
                "write `name = value`, start the line with # if it is a comment, or indent it if \
                 it continues the value above"
            }
            SyntaxErrorKind::EmptyKey => "write the option's name before the separator",
            SyntaxErrorKind::UnexpectedContinuation => {
                "start the line in the first column or join it to its value: a blank line, a \
                 comment or a section header ends a value"
            }
            SyntaxErrorKind::TooLarge => "use a configuration file; this is something else",
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line,
            self.column,
            self.kind.message()
        )
    }
}

impl fmt::Debug for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyntaxError")
            .field("kind", &self.kind)
            .field("line", &self.line)
            .field("column", &self.column)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for SyntaxError {}

/// All syntax errors of a text in line order; never empty. oslo.config stops at the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxErrors(Vec<SyntaxError>);

impl SyntaxErrors {
    pub(crate) fn from_list(errors: Vec<SyntaxError>) -> Option<Self> {
        (!errors.is_empty()).then_some(SyntaxErrors(errors))
    }

    /// Returns the error that oslo.config reports.
    #[must_use]
    pub fn first(&self) -> &SyntaxError {
        // Neither constructor makes an empty list.
        &self.0[0]
    }

    /// Iterates over all errors in line order.
    pub fn iter(&self) -> std::slice::Iter<'_, SyntaxError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a SyntaxErrors {
    type Item = &'a SyntaxError;
    type IntoIter = std::slice::Iter<'a, SyntaxError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<SyntaxError> for SyntaxErrors {
    fn from(error: SyntaxError) -> Self {
        SyntaxErrors(vec![error])
    }
}

impl fmt::Display for SyntaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first())?;
        match self.0.len() {
            1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for SyntaxErrors {}
