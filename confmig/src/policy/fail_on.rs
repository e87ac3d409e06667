//! What fails a run.

use crate::diagnostic::{Code, Diagnostic, Severity};

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// An open finding of this severity or a worse one.
    Finding(Severity),
    /// An open decision.
    Decision,
    /// A change that is not made yet.
    Change,
}

impl FailOn {
    /// All of them.
    pub const ALL: [FailOn; 5] = [
        FailOn::Finding(Severity::Error),
        FailOn::Finding(Severity::Warning),
        FailOn::Finding(Severity::Note),
        FailOn::Decision,
        FailOn::Change,
    ];

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FailOn::Finding(severity) => severity.as_str(),
            FailOn::Decision => "decision",
            FailOn::Change => "change",
        }
    }

    /// Finds it by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        FailOn::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// Tells whether a run with these results fails.
    #[must_use]
    pub fn fails(self, changes: usize, diagnostics: &[Diagnostic]) -> bool {
        let mut open = diagnostics.iter().filter(|found| found.is_open());
        match self {
            FailOn::Finding(severity) => open.any(|found| found.severity >= severity),
            FailOn::Decision => open.any(|found| found.code == Code::NeedsDecision),
            FailOn::Change => changes > 0,
        }
    }
}
