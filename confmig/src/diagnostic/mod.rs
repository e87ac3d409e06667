//! Diagnostics: what is reported about a configuration, with a stable code, a message and a place.

mod code;
mod fingerprint;
mod place;
mod uri;

use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use oslo_config::{OptName, SourceError, SyntaxError};

use crate::secret::Secrets;
pub use code::{Code, Severity};
pub use fingerprint::{Fingerprints, METHOD as FINGERPRINT_METHOD};
pub use place::Place;
pub(crate) use place::{LongLine, Places};
pub(crate) use uri::uri;

/// A problem in a configuration, or advice about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// How bad it is: that of the code, unless the case is better or worse, or a policy sets
    /// another.
    pub severity: Severity,
    /// The problem in one line, without any option's value.
    pub message: String,
    /// Where the problem is; `None` when it concerns no line of a file.
    pub place: Option<Place>,
    /// What to do.
    pub help: Option<String>,
    /// The option, if it is not the one of the place.
    pub option: Option<OptName>,
    /// The rule behind a decision or an advice.
    pub rule: Option<RuleInStep>,
    /// What `--accept` takes to make the change that was left.
    pub accept: Option<String>,
    /// The file, when the diagnostic concerns no line of it.
    pub file: Option<PathBuf>,
    /// Why the diagnostic counts as settled, if it does.
    pub settled: Option<Settled>,
}

/// A rule, and the release whose step has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInStep {
    /// The rule's id.
    pub id: String,
    /// The release; `None` for a rule of a pack.
    pub release: Option<String>,
}

/// Why a diagnostic counts as settled: it is reported as such, and fails no check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What settles it.
    pub by: SettledBy,
    /// The reason that was given for it.
    pub reason: String,
}

/// What settles a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SettledBy {
    /// A comment above the entry.
    Comment,
    /// The policy.
    Policy,
    /// The baseline, which has the same finding.
    Baseline,
    /// The operator refused the change in the file of decisions.
    Refusal,
}

impl SettledBy {
    /// Returns the word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SettledBy::Comment => "comment",
            SettledBy::Policy => "policy",
            SettledBy::Baseline => "baseline",
            SettledBy::Refusal => "decision",
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            place: None,
            help: None,
            option: None,
            rule: None,
            accept: None,
            file: None,
            settled: None,
        }
    }

    /// Sets the severity.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the option that the diagnostic is about.
    pub(crate) fn about(mut self, option: &OptName) -> Self {
        self.option = Some(option.clone());
        self
    }

    /// Returns the option that the diagnostic is about: the one that was given, or the entry of the
    /// place.
    #[must_use]
    pub fn option(&self) -> Option<&OptName> {
        let of_place = || self.place.as_ref()?.entry.as_ref();
        self.option.as_ref().or_else(of_place)
    }

    /// Returns the file that the diagnostic is about, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        let of_place = self.place.as_ref().map(|place| &*place.path);
        of_place.or(self.file.as_deref())
    }

    /// Tells whether the diagnostic still asks for something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.settled.is_none()
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

/// Returns the names of options as `[group] key, [group] key and [group] key`.
pub(crate) fn all_bracketed(names: &[&OptName]) -> String {
    let names: Vec<String> = names.iter().map(|name| bracketed(name)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
