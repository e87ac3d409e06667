//! What is shown to people and programs. Everything here makes text; nothing prints.

mod diff;
mod html;
mod json;
mod reason;
mod rules;
mod sarif;
mod schema;
mod show;
mod text;

use std::path::Path;

use oslo_config::SourceFile;

use crate::diagnostic::Diagnostic;
use crate::history::{Guess, ReleaseRange, Series};
use crate::migrate::{Migration, Settings};
use crate::pack::Pack;
use crate::secret::Secrets;
use crate::store::Replaced;

pub use diff::{Paint, unified_diff};
pub use html::{HtmlError, check_html, migrate_html};
pub use json::{check_json, migrate_json, show_json};
pub use rules::{built_in_text, pack_text, renaming_text, rule_text};
pub use sarif::{check_sarif, migrate_sarif};
pub use schema::comparison_text;
pub use show::{entries_text, explained_text};
pub use text::render;

/// Between which releases files go.
#[derive(Debug, Clone)]
pub struct Releases {
    /// The two releases.
    pub span: ReleaseRange,
    /// How the first was found, when it was not given.
    pub guess: Option<Guess>,
}

impl Releases {
    /// Says which release the files were taken to be for, when it was guessed.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let guess = self.guess.as_ref()?;
        let newer = if guess.series > self.span.to {
            format!(", which is newer than {}", self.span.to)
        } else {
            String::new()
        };
        Some(format!(
            "taken to be written for {} ({}): {}{newer}; --from says otherwise",
            guess.series,
            guess.confidence.as_str(),
            guess.why
        ))
    }
}

/// What `confmig check` found, and in what.
#[derive(Debug, Clone, Copy)]
pub struct CheckReport<'r> {
    /// The files, in the order in which they are read.
    pub files: &'r [SourceFile],
    /// What was found.
    pub diagnostics: &'r [Diagnostic],
    /// The rules that were followed.
    pub pack: &'r Pack,
    /// What is not to be shown.
    pub secrets: &'r Secrets<'r>,
    /// The release of Ironic that the files were checked for, if for one.
    pub release: Option<Series>,
}

/// A migration, and what it was made from.
#[derive(Debug, Clone, Copy)]
pub struct MigrationReport<'r> {
    /// What was made.
    pub migration: &'r Migration,
    /// The files as they were, in the order of the migration's.
    pub before: &'r [SourceFile],
    /// What is left to decide, in the order of the migration's decisions.
    pub decisions: &'r [Diagnostic],
    /// The files that were replaced.
    pub written: &'r [Replaced],
    /// Between which releases it went, if from release to release.
    pub releases: Option<&'r Releases>,
    /// The rules that were followed, besides those of the releases.
    pub pack: &'r Pack,
    /// How it was made.
    pub settings: &'r Settings,
    /// What is not to be shown.
    pub secrets: &'r Secrets<'r>,
}

impl MigrationReport<'_> {
    /// Returns where the old text of a file is, if it was replaced.
    fn backup_of(&self, path: &Path) -> Option<&Path> {
        let replaced = self.written.iter().find(|file| file.path == path)?;
        Some(&replaced.backup)
    }
}

/// Returns how many there are of something.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
