//! Findings of the last step, as decisions.

use oslo_config::OptName;

use super::Decision;
use super::migrator::{Migrator, name_at};
use super::own_rules::NOT_READ;
use crate::diagnostic::{Code, Severity};

/// The reason for which an option is reported.
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) reason: String,
    pub(super) code: Code,
    /// The severity, if not that of the code.
    pub(super) severity: Option<Severity>,
    pub(super) release: Option<String>,
}

/// An option, the file and line of its entry, and the finding.
pub(super) type FindingAt = (OptName, (usize, usize), Finding);

impl Migrator<'_> {
    /// Adds findings to the decisions.
    pub(super) fn add(&mut self, found: Vec<FindingAt>) {
        for (option, (file, line), finding) in found {
            // The option may have its value under another name.
            let name = name_at(&self.document(file), line).unwrap_or_else(|| option.clone());
            let line = self.original_line(file, line);
            let reason = format!("{option}: {}", finding.reason);
            let decision = Decision {
                value_for: (finding.rule != NOT_READ).then(|| option.clone()),
                options: vec![option.clone()],
                rule: Some(finding.rule.into()),
                release: finding.release,
                code: finding.code,
                severity: finding.severity,
                ..Decision::new(&option, &self.before[file].path, line, reason)
            };
            self.decisions.push((name, decision));
        }
    }
}
