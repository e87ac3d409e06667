//! Diagnostics: what is reported about a configuration, with a stable code, a message and a place.

mod code;
mod place;

use std::path::Path;

use bstr::ByteSlice;
use oslo_config::{OptName, SourceError, SyntaxError};

use crate::secret::Secrets;
pub use code::{Code, Severity};
pub use place::Place;
pub(crate) use place::{LongLine, Places};

/// A problem in a configuration, or advice about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// How bad it is: that of the code, unless the case is a better or a worse one.
    pub severity: Severity,
    /// The problem in one line, without any option's value.
    pub message: String,
    /// Where the problem is; `None` when it concerns no line of a file.
    pub place: Option<Place>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            place: None,
            help: None,
        }
    }

    /// Sets the severity.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the place.
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Sets the label of the place, if there is a place.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(place) = &mut self.place {
            place.label = Some(label.into());
        }
        self
    }

    /// Sets what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the diagnostics for a file that cannot be parsed, one for each line that breaks the
    /// format; none for any other error. `text` is the file's text.
    #[must_use]
    pub fn of_syntax(error: &SourceError, text: &[u8], secrets: &Secrets<'_>) -> Vec<Self> {
        let SourceError::Syntax { path, errors } = error else {
            return Vec::new();
        };
        let shown = secrets.lines(text);
        errors
            .iter()
            .map(|error| Diagnostic::of_syntax_error(path, error, &shown))
            .collect()
    }

    fn of_syntax_error(
        path: &Path,
        error: &SyntaxError,
        shown: &[std::borrow::Cow<'_, [u8]>],
    ) -> Self {
        // oslo.config's own line number, so that it matches the service's log.
        let line = error.reported_line();
        let elsewhere = line != error.line();
        let mut message = error.kind().message().to_owned();
        if elsewhere {
            message += &format!(" (the assignment on line {})", error.line());
        }
        let text = |line| crate::lines::content(shown, line);
        let column = if elsewhere { 1 } else { error.column() };
        let mut place = Place::in_line(path, line, text(line), column, usize::MAX);
        if elsewhere {
            place.label = Some("oslo.config stops here".into());
            place.earlier = Some((
                error.line(),
                text(error.line()).to_str_lossy().into_owned(),
                "this assignment is outside any section",
            ));
        }
        Diagnostic::new(Code::Syntax, message)
            .at(place)
            .help(error.help())
    }
}

/// Returns an option's name as `[group] key`.
pub(crate) fn bracketed(name: &OptName) -> String {
    format!("[{}] {}", name.group(), name.name())
}
