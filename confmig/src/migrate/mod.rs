//! Migrates a set of files to the names of a target.
//!
//! A migration follows a route of steps: one for a pack or a schema, one for each release on the
//! way to another. A step plans its changes on the whole set of files, since a reference in one
//! file may name an option in another; applies them to each file separately, which preserves the
//! precedence between files; and proves the result: every option is resolved from the old texts and
//! from the new ones. A change that cannot be proved to keep all values is not made but left as a
//! [`Decision`].

mod additions;
mod apply_proved;
mod candidates;
mod decision;
mod definitions;
mod edit;
mod examples;
mod finding;
mod migrator;
mod names;
mod names_in_use;
mod outcome;
mod own_rules;
mod pass;
mod pin;
mod planned;
mod prove;
mod read_otherwise;
mod references;
mod releases;
mod rename;
mod route;
mod rules;
mod settled;
mod unread;
mod view;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::BString;
use oslo_config::{Document, Edit, EditError, LineMap, OptName, ParsedFile};

use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::secret::Secrets;

pub use candidates::group_by_result;
pub use decision::Decision;
pub use examples::{WrongExample, check_examples};
pub use own_rules::OWN_RULES;
pub(crate) use own_rules::{DECIDED, WHOLE};
pub use pin::Pins;
pub use route::{Route, migrate};

/// The settings of a migration.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Add the new names and keep the old ones, for files that a legacy program reads, too.
    pub keep_old: bool,
    /// Options to migrate although their meaning may change: the operator accepts it.
    pub accept: BTreeSet<OptName>,
    /// Ids of rules to follow although they need a decision: the operator accepts them.
    pub accept_rules: BTreeSet<String>,
}

/// The result of a migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The files, in the order in which they are read.
    pub files: Vec<FileMigration>,
    /// The changes that were left to the operator.
    pub decisions: Vec<Decision>,
    /// The options whose old defaults were to be kept, and could not.
    pub not_pinned: Vec<NotPinned>,
}

/// An option whose old default could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPinned {
    /// The option, by its current name.
    pub option: OptName,
    /// The reason, in words that follow "its old default".
    pub reason: String,
}

impl NotPinned {
    /// Returns it as a diagnostic.
    fn diagnostic(&self) -> Diagnostic {
        let (option, reason) = (bracketed(&self.option), &self.reason);
        let message =
            format!("{option} gets its new default; the old one was not pinned: {reason}");
        Diagnostic::new(Code::NotPinned, message)
            .help("set the option if the new default is not what you want")
            .about(&self.option)
    }
}

impl Migration {
    /// Tells whether no file changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.changes.is_empty())
    }

    /// Returns the decisions as diagnostics, and then what was not pinned; `files` are the files
    /// that were migrated.
    #[must_use]
    pub fn diagnostics(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Vec<Diagnostic> {
        let mut diagnostics = decision::diagnostics(&self.decisions, files, secrets);
        diagnostics.extend(self.not_pinned.iter().map(NotPinned::diagnostic));
        diagnostics
    }
}

/// The result of a migration for one file.
#[derive(Debug, Clone)]
pub struct FileMigration {
    /// The path, as the caller gave it.
    pub path: PathBuf,
    /// The new text.
    pub after: BString,
    /// The changes, by line.
    pub changes: Vec<Change>,
    /// Which line of the old text each line of the new one comes from.
    pub lines: LineMap,
}

/// One change in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The id of the rule or renaming.
    pub rule: String,
    /// What was done.
    pub kind: ChangeKind,
    /// The line in the old text, counted from 1.
    pub line: usize,
    /// The old name.
    pub from: OptName,
    /// The new name.
    pub to: OptName,
    /// A description of the change.
    pub message: String,
    /// The release whose step made the change, in a migration from release to release.
    pub release: Option<String>,
}

/// What was done to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Its key was changed on its line.
    Rename,
    /// It was moved to another section.
    Move,
    /// A copy under the new name was added.
    Copy,
    /// It was removed, since another entry hid it.
    Drop,
    /// A reference in its value was changed.
    Reference,
    /// Its value was changed, or became part of another option's.
    Convert,
    /// It was removed, since it is no longer read.
    Remove,
    /// An option that was not set was set to the default of the older release.
    Pin,
}

impl ChangeKind {
    /// Returns the word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Rename => "rename",
            ChangeKind::Move => "move",
            ChangeKind::Copy => "copy",
            ChangeKind::Drop => "drop",
            ChangeKind::Reference => "reference",
            ChangeKind::Convert => "convert",
            ChangeKind::Remove => "remove",
            ChangeKind::Pin => "pin",
        }
    }
}

/// The error for a set of files that cannot be migrated. Nothing is changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The changes cannot be made together, or the new text does not parse.
    #[error("{}: {cause}; nothing was changed: please report this", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: EditError,
    },
    /// Lines that no rule is about would change or move.
    #[error(
        "{}: lines that no rule is about would change; nothing was changed: please report this",
        path.display()
    )]
    Disturbed {
        /// The file.
        path: PathBuf,
    },
}

/// Finishes the edit of a file.
fn finish(edit: Edit<'_, '_>, path: &Path) -> Result<(Document<'static>, LineMap), MigrateError> {
    edit.finish_with_lines()
        .map_err(|cause| MigrateError::Edit {
            path: path.to_owned(),
            cause,
        })
}
