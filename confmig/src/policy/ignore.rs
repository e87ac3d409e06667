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

    /// Settles the findings that are ignored and open, or known by a baseline. If there are any and
    /// the time is over, opens them and adds a diagnostic that says so.
    pub(super) fn settle(&self, diagnostics: &mut Vec<Diagnostic>, today: &str) {
        let until = self.until.as_deref().filter(|until| *until < today);
        let settled = until.is_none().then(|| Settled {
            by: SettledBy::Policy,
            reason: self.reason.clone(),
        });
        let mut any = false;
        for found in diagnostics.iter_mut() {
            let by = found.settled.as_ref().map(|settled| settled.by);
            if matches!(by, None | Some(SettledBy::Baseline)) && self.matches(found) {
                found.settled.clone_from(&settled);
                any = true;
            }
        }
        if let Some(until) = until.filter(|_| any) {
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
