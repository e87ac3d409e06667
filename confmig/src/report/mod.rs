//! Renders results as text, JSON, SARIF and HTML. Nothing here prints.

mod about;
mod diff;
mod finding;
mod forms;
mod github;
mod html;
mod json;
mod junit;
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
use crate::history::{Guess, ReleaseRange, Series};
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
pub use rules::{built_in_text, pack_text, renaming_text, rule_text};
pub use sarif::{check_sarif, migrate_sarif};
pub use schema::comparison_text;
pub use show::{entries_text, explained_text};
pub use text::render;
pub use visible::for_terminal;

/// The releases that files are migrated between.
#[derive(Debug, Clone)]
pub struct Releases {
    /// The two releases.
    pub span: ReleaseRange,
    /// How the first release was found, if it was guessed.
    pub guess: Option<Guess>,
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
        Some(format!(
            "assuming the files were written for {} ({}): {}{newer}; override with --from",
            guess.series,
            guess.confidence.as_str(),
            guess.why
        ))
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
