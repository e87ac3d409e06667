//! Changes and diagnostics alike, as formats for CI systems list them.

use std::path::Path;

use super::MigrationReport;
use crate::diagnostic::{Diagnostic, Settled, Severity};

/// The title of a change.
const CHANGE: &str = "change";

/// A change or a diagnostic.
pub(super) struct Finding<'r> {
    /// The code, or the id of a change's rule.
    pub(super) id: &'r str,
    /// What it is: the severity of a diagnostic, or a change.
    pub(super) kind: &'r str,
    pub(super) severity: Severity,
    pub(super) path: Option<&'r Path>,
    pub(super) line: Option<usize>,
    /// The first and the last column, counted from 1.
    pub(super) columns: Option<(usize, usize)>,
    pub(super) message: &'r str,
    pub(super) help: Option<&'r str>,
    pub(super) settled: Option<&'r Settled>,
}

impl<'r> Finding<'r> {
    fn of_diagnostic(diagnostic: &'r Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        let columns = place.map(|place| {
            let length = place.text[place.part.clone()].chars().count();
            (place.column, place.column + length.max(1) - 1)
        });
        Finding {
            id: diagnostic.code.as_str(),
            kind: diagnostic.severity.as_str(),
            severity: diagnostic.severity,
            path: diagnostic.path(),
            line: place.map(|place| place.line),
            columns,
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            settled: diagnostic.settled.as_ref(),
        }
    }

    /// Returns the diagnostics as findings.
    pub(super) fn of_diagnostics(diagnostics: &'r [Diagnostic]) -> Vec<Self> {
        diagnostics.iter().map(Finding::of_diagnostic).collect()
    }

    /// Returns the changes and the diagnostics of a migration as findings.
    pub(super) fn of_migration(
        reports: &'r [MigrationReport<'r>],
        diagnostics: &'r [Diagnostic],
    ) -> Vec<Self> {
        let files = reports.iter().flat_map(|report| &report.migration.files);
        let changes = files.flat_map(|file| file.changes.iter().map(move |change| (file, change)));
        let changes = changes.map(|(file, change)| Finding {
            id: &change.rule,
            kind: CHANGE,
            severity: Severity::Note,
            path: Some(&file.path),
            line: Some(change.line),
            columns: None,
            message: &change.message,
            help: None,
            settled: None,
        });
        changes
            .chain(Finding::of_diagnostics(diagnostics))
            .collect()
    }
}
