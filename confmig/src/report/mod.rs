//! Renders results as text, JSON, SARIF and HTML. Nothing here prints.

mod about;
mod diff;
mod finding;
mod forms;
mod github;
mod html;
mod json;
mod junit;
mod net;
mod reason;
mod rules;
mod sarif;
mod schema;
mod show;
mod text;
mod visible;

use std::path::Path;

use oslo_config::SourceFile;

use crate::diagnostic::Diagnostic;
use crate::history::{Guess, ReleaseRange, Series, in_runs};
use crate::migrate::{Migration, Settings};
use crate::pack::Pack;
use crate::secret::Secrets;
use crate::store::Replaced;

pub use about::{code_text, opt_text, option_text};
pub use diff::{Paint, unified_diff};
pub use forms::{REPORT_FORMS, ReportForm};
pub use github::{check_github, migrate_github};
pub use html::{HtmlError, check_html, migrate_html};
pub use json::{backups_json, check_json, migrate_json, show_json, undo_json};
pub use junit::{check_junit, migrate_junit};
pub use net::{NetChange, net_changes};
pub use rules::{built_in_text, pack_text, renaming_text, rule_text};
pub use sarif::{check_sarif, migrate_sarif};
pub use schema::comparison_text;
pub use show::{entries_text, explained_text};
pub use text::{at_words, render};
pub use visible::for_terminal;

/// The releases that files are migrated between.
#[derive(Debug, Clone)]
pub struct Releases {
    /// The two releases.
    pub span: ReleaseRange,
    /// How the first release was found, if it was guessed.
    pub guess: Option<Guess>,
    /// The candidates for the first release in groups with the same result; none if the results
    /// were not compared.
    pub results: Vec<Vec<Series>>,
}

impl Releases {
    /// Returns a note about the first release, if it was guessed.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let guess = self.guess.as_ref()?;
        let newer = if guess.series > self.span.to {
            format!(", which is newer than {}", self.span.to)
        } else {
            String::new()
        };
        let (first, confidence) = (guess.series, guess.confidence.as_str());
        let result = match (guess.candidates.len(), self.results.len()) {
            (0 | 1, _) => String::new(),
            (_, 0) => format!(" (of {})", in_runs(&guess.candidates)),
            (_, 1) => format!(" ({} give the same result)", in_runs(&guess.candidates)),
            (..) => format!(" ({})", self.differing().unwrap_or_default()),
        };
        Some(format!(
            "assuming the files were written for {first}{result} ({confidence}): {}{newer}; \
             override with --from",
            guess.why
        ))
    }

    /// Returns which candidates for the first release give different results, if any do.
    #[must_use]
    pub fn differing(&self) -> Option<String> {
        let groups: Vec<String> = self.results.iter().map(|group| in_runs(group)).collect();
        let differ = format!("the results of these differ: {}", groups.join("; "));
        (groups.len() > 1).then_some(differ)
    }
}

/// The results of `confmig check`.
#[derive(Debug, Clone, Copy)]
pub struct CheckReport<'r> {
    /// The files, in reading order.
    pub files: &'r [&'r Path],
    /// The findings.
    pub diagnostics: &'r [Diagnostic],
    /// The rules that were used for all files.
    pub pack: &'r Pack,
    /// Secrets are not masked.
    pub shows_secrets: bool,
    /// The release that all files were checked against, if any.
    pub release: Option<Series>,
}

/// The results of `confmig migrate` for one set of files, with its inputs.
#[derive(Debug, Clone, Copy)]
pub struct MigrationReport<'r> {
    /// The migration.
    pub migration: &'r Migration,
    /// The original files, in the order of the migration's files.
    pub before: &'r [SourceFile],
    /// The files that were replaced.
    pub written: &'r [Replaced],
    /// The releases, if it was from release to release.
    pub releases: Option<&'r Releases>,
    /// The rules that were used, besides those of the releases.
    pub pack: &'r Pack,
    /// The settings of the migration.
    pub settings: &'r Settings,
    /// What to mask.
    pub secrets: &'r Secrets<'r>,
}

impl MigrationReport<'_> {
    /// Returns the backup of a file, if it was replaced.
    pub(crate) fn backup_of(&self, path: &Path) -> Option<&Path> {
        let replaced = self.written.iter().find(|file| file.path == path)?;
        Some(&replaced.backup)
    }
}

/// Returns a count with its noun, as in `1 file` or `2 files`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
