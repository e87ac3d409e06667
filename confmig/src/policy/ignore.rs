//! Findings that a policy ignores.

use glob::Pattern;
use oslo_config::OptName;

use super::Patterns;
use crate::diagnostic::{Code, Diagnostic, Settled, SettledBy};

/// Findings that a policy ignores: those that meet all of its conditions.
#[derive(Debug, Clone)]
pub struct Ignore {
    /// The policy and the line, for reports.
    pub origin: String,
    /// The code of the findings.
    pub code: Code,
    /// The files they are in; any if empty.
    pub files: Patterns,
    /// The options they are about; any if empty.
    pub options: Vec<Pattern>,
    /// The reason.
    pub reason: String,
    /// The last day on which they are ignored, as `YYYY-MM-DD`.
    pub until: Option<String>,
}

impl Ignore {
    fn matches(&self, diagnostic: &Diagnostic) -> bool {
        let of_file = || {
            diagnostic
                .path()
                .is_some_and(|path| self.files.matches(path))
        };
        let of_option = || {
            let option = diagnostic.option().map(OptName::to_string);
            let mut patterns = self.options.iter();
            option.is_some_and(|option| patterns.any(|pattern| pattern.matches(&option)))
        };
        self.code == diagnostic.code
            && (self.files.is_empty() || of_file())
            && (self.options.is_empty() || of_option())
    }

    /// Settles the open findings that are ignored. If there are any and the time is over, leaves
    /// them open and adds a diagnostic that says so.
    pub(super) fn settle(&self, diagnostics: &mut Vec<Diagnostic>, today: &str) {
        let until = self.until.as_deref().filter(|until| *until < today);
        let mut open = diagnostics.iter_mut().filter(|found| found.is_open());
        let Some(until) = until else {
            for found in open.filter(|found| self.matches(found)) {
                found.settled = Some(Settled {
                    by: SettledBy::Policy,
                    reason: self.reason.clone(),
                });
            }
            return;
        };
        if open.any(|found| self.matches(found)) {
            let message = format!(
                "findings of the code {} are ignored until {until} only ({}: {})",
                self.code.as_str(),
                self.origin,
                self.reason
            );
            let help = "correct them, or set a later date in the policy";
            diagnostics.push(Diagnostic::new(Code::IneffectiveIgnore, message).help(help));
        }
    }
}
