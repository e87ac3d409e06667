//! The reasons why an edit cannot be made.

use bstr::BString;

use crate::error::SyntaxErrors;

/// The reason why an [`Edit`](crate::Edit) cannot be made. No message contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Two changes touch the same bytes.
    #[error("two changes touch the same bytes, on line {line}: make them one change")]
    Overlap {
        /// The line, counted from 1.
        line: usize,
    },
    /// A name was set or removed twice.
    #[error("two changes set or remove [{group}] {key}: make them one change")]
    Repeated {
        /// The group.
        group: BString,
        /// The key.
        key: BString,
    },
    /// A range of bytes or lines is reversed, or not in the document.
    #[error("expected a range in the document, got {start}..{end}: take it from this document")]
    Range {
        /// The start of the range.
        start: usize,
        /// The end of the range.
        end: usize,
    },
    /// An entry is one of another document.
    #[error("expected an entry of the document that is edited: take it from this document")]
    OtherDocument,
    /// A text cannot be a key.
    #[error(
        "expected a key, got {key:?}: a key is not empty, has no line break, `=` or `:` and no \
         white space at its ends, and does not start with `#`, `;` or `[`"
    )]
    Key {
        /// The text.
        key: BString,
    },
    /// A text cannot be the name of a section.
    #[error(
        "expected the name of a section, got {group:?}: a name is not empty and has no line break"
    )]
    Group {
        /// The text.
        group: BString,
    },
    /// A value cannot be written, since it would be read as another one.
    #[error(
        "the value of [{group}] {key} cannot be written: expected no carriage return, and no \
         further line that is empty or has white space at its ends"
    )]
    Value {
        /// The group.
        group: BString,
        /// The key.
        key: BString,
    },
    /// A line that continues a value would continue another one.
    #[error("line {line} would continue another value: change all lines of the value together")]
    SplitValue {
        /// The line, counted from 1.
        line: usize,
    },
    /// The new text breaks the file format.
    #[error("the edited text cannot be read: {errors}: check the texts that were inserted")]
    Syntax {
        /// The lines that break it, of the new text.
        errors: SyntaxErrors,
    },
}
