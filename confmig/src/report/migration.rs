//! A migration with all that a report tells of it.

use oslo_config::SourceFile;

use crate::diagnostic::Diagnostic;
use crate::migrate::{Migration, Settings, Span};
use crate::pack::Pack;
use crate::release::Guess;
use crate::secret::Secrets;
use crate::store::Replaced;

/// Between which releases a migration went.
#[derive(Debug, Clone, Copy)]
pub struct Releases<'g> {
    /// The two releases.
    pub span: Span,
    /// How the first was found, when it was not given.
    pub guess: Option<&'g Guess>,
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
    pub releases: Option<&'r Releases<'r>>,
    /// The rules that were followed, besides those of the releases.
    pub pack: &'r Pack,
    /// How it was made.
    pub settings: &'r Settings,
    /// What is not to be shown.
    pub secrets: &'r Secrets<'r>,
}
