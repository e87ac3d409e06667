//! Moving a set of files to the names of a target.
//!
//! A migration is a route of steps: one for a pack of names or a schema, one for each release on the
//! way to another. A step is planned on the whole set of files (a reference in one file may lead to
//! another), applied to each file by itself (so that precedence between files stays), and then proved:
//! every option is resolved from the old texts and from the new ones. What cannot be shown to keep its
//! value is left as it is and becomes a [`Decision`].

mod apply;
mod apply_rule;
mod comments;
mod decision;
mod draft;
mod effect;
mod examples;
mod facts;
mod migrator;
mod names;
mod of_option;
mod pass;
mod prove;
mod prove_plain;
mod put_back;
mod read_otherwise;
mod reading;
mod references;
mod registration;
mod rename;
mod renaming;
mod route;
mod rules;
mod steps;
mod unread;
mod view;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::BString;
use bumpalo::Bump;
use oslo_config::{Document, Edit, EditConflict, LineMap, OptName, SourceError};

pub use decision::Decision;
pub use examples::{WrongExample, check_examples};
pub use route::{Route, Span, migrate};

/// How to migrate.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Add the new names and leave the old ones, for files that an older program reads too.
    pub keep_old: bool,
    /// Options to migrate even though their meaning may change: the decision was made.
    pub accept: BTreeSet<OptName>,
    /// Rules, by their ids, that are followed even though they need a decision: it was made.
    pub accept_rules: BTreeSet<String>,
}

/// What a migration makes of a set of files.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The files, in the order in which they are read.
    pub files: Vec<FileMigration>,
    /// What was left as it is.
    pub decisions: Vec<Decision>,
}

impl Migration {
    /// Tells whether no file changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.changes.is_empty())
    }
}

/// What a migration makes of one file.
#[derive(Debug, Clone)]
pub struct FileMigration {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// The whole text afterwards.
    pub after: BString,
    /// What was changed, by line.
    pub changes: Vec<Change>,
    /// Which line of the new text was which line of the old one.
    pub lines: LineMap,
}

/// One change in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The id of the rule behind it.
    pub rule: String,
    /// What was done.
    pub kind: ChangeKind,
    /// The line in the old text, the first being 1.
    pub line: usize,
    /// The name that stood there.
    pub from: OptName,
    /// The name in its place.
    pub to: OptName,
    /// What was done, in words.
    pub message: String,
    /// The release whose change it follows, when the migration goes from release to release.
    pub release: Option<String>,
}

/// What was done to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Its key was changed where it stands.
    Rename,
    /// It went to another section.
    Move,
    /// A copy under the new name was added.
    Copy,
    /// It was removed, since another entry hides it.
    Drop,
    /// A reference in its value was changed.
    Reference,
    /// Its value was changed, or became part of another option's.
    Convert,
    /// It was removed, since it is no longer read.
    Remove,
}

impl ChangeKind {
    /// The word for it in JSON.
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
        }
    }
}

/// Why a set of files cannot be migrated. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// Two changes fell on the same bytes.
    #[error("{}: {cause}; nothing was changed: please report this", path.display())]
    Conflict {
        /// The file.
        path: PathBuf,
        /// Where.
        #[source]
        cause: EditConflict,
    },
    /// Lines that no rule is about would not stand where they were.
    #[error(
        "{}: lines that no rule is about would change; nothing was changed: please report this",
        path.display()
    )]
    Disturbed {
        /// The file.
        path: PathBuf,
    },
    /// The new text does not parse.
    #[error("the new text cannot be read back: {0}; nothing was changed: please report this")]
    Unreadable(#[source] SourceError),
}

/// Finishes an edit: the new text is read back, and stays in `texts`.
fn finish<'m>(
    edit: Edit<'_, '_>,
    path: &Path,
    texts: &'m Bump,
) -> Result<(Document<'m>, LineMap), MigrateError> {
    let path = path.to_owned();
    match edit.finish_with_lines() {
        Ok((after, lines)) => match Document::parse(texts.alloc_slice_copy(&after)) {
            Ok(document) => Ok((document, lines)),
            Err(errors) => Err(MigrateError::Unreadable(SourceError::Syntax {
                path,
                errors,
            })),
        },
        Err(cause) => Err(MigrateError::Conflict { path, cause }),
    }
}
