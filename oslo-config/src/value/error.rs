//! The error for a text or a value of another type.

/// The error for a text that does not fit a type. Its message says what was expected and never
/// repeats the text, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct TypeError {
    expected: String,
}

impl TypeError {
    /// Creates an error from what was expected, as in `expected a number`.
    pub fn new(expected: impl Into<String>) -> Self {
        TypeError {
            expected: expected.into(),
        }
    }
}
