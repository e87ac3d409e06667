//! Moving a set of files to the names of a pack.
//!
//! A migration is planned on the whole set (a reference in one file may lead to another), made on
//! each file by itself (so that precedence between files stays), and then proved: every option is
//! resolved from the old texts and from the new ones. What cannot be shown to keep its value is left
//! as it is and becomes a [`Decision`].

mod alike;
mod convert;
mod examples;
mod make;
mod names;
mod place;
mod plan;
mod prove;
mod references;
mod releases;
mod view;

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::BString;
use oslo_config::{Edit, EditConflict, OptName, ParsedFile, SourceError, SourceFile};

use crate::diagnostic::{Code, Diagnostic, Places};
use crate::pack::Pack;
use crate::secret::Secrets;
pub use examples::{WrongExample, check_examples};
pub use prove::Difference;
pub use releases::{Span, migrate_releases, migrate_schemas};
use view::View;

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
    /// It was taken out, since another entry hides it.
    Drop,
    /// A reference in its value was changed.
    Reference,
    /// Its value was changed, or became part of another option's.
    Convert,
    /// It was taken out, since nothing reads it any more.
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

/// An option that was not migrated, because its meaning might change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The option; its name in [`Settings::accept`] makes the change all the same.
    pub option: OptName,
    /// The file with the entry that it is about.
    pub path: PathBuf,
    /// The entry's line.
    pub line: usize,
    /// What is to be decided.
    pub reason: String,
    /// [`Settings::accept`] makes the change all the same, or [`Settings::accept_rules`] when a rule
    /// is behind it.
    pub acceptable: bool,
    /// All options that it is about, when a rule is behind it.
    pub options: Vec<OptName>,
    /// The rule behind it, when it is not a renaming.
    pub rule: Option<String>,
    /// The release whose change it is about, when the migration goes from release to release.
    pub release: Option<String>,
    /// What there is to know or do.
    pub advice: Option<String>,
    /// What it is, as it is shown.
    pub code: Code,
}

impl Decision {
    /// The decision as something to show.
    #[must_use]
    pub fn diagnostic(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Diagnostic {
        if self.rule.is_some() {
            return self.of_rule(files, secrets);
        }
        let option = &self.option;
        let reason = match secrets.hides(option.group(), option.name()) {
            true => "its value, which is secret, has references that might change their meaning",
            false => &self.reason,
        };
        let message = format!("{option} was not migrated: {reason}");
        let help = if self.acceptable {
            format!(
                "decide, and correct the file, or migrate it all the same with --accept {option}"
            )
        } else {
            "leave the file as it is, or migrate without --keep-old".to_owned()
        };
        self.placed(
            Diagnostic::new(Code::NeedsDecision, message).help(help),
            files,
            secrets,
        )
    }

    /// As [`Decision::diagnostic`], when a rule is behind it.
    fn of_rule(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Diagnostic {
        let rule = self.rule.as_deref().unwrap_or_default();
        let at = self
            .release
            .as_ref()
            .map_or_else(String::new, |release| format!(", {release}"));
        let message = format!("{} ({rule}{at})", self.reason);
        let mut help: Vec<String> = self.advice.iter().cloned().collect();
        if self.acceptable {
            help.push(format!("`--accept {rule}` follows the rule"));
        }
        let diagnostic = Diagnostic::new(self.code, message);
        let diagnostic = if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help.join(" "))
        };
        self.placed(diagnostic, files, secrets)
    }

    fn placed(
        &self,
        diagnostic: Diagnostic,
        files: &[ParsedFile<'_>],
        secrets: &Secrets<'_>,
    ) -> Diagnostic {
        let places = Places { secrets };
        let file = files.iter().find(|file| file.path == self.path);
        let entry = file.and_then(|file| {
            let mut entries = file.document.entries();
            entries
                .find(|entry| entry.line() == self.line)
                .map(|entry| (file.path, entry))
        });
        match entry {
            Some((path, entry)) => diagnostic.at(places.key(path, entry)),
            None => diagnostic,
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
    /// The values of some options would change.
    #[error("{}", prove::describe(.0))]
    Unproved(Vec<Difference>),
}

/// Plans, makes and proves the migration of `files`, in the order in which they are read.
///
/// # Errors
///
/// When the new texts cannot be made, read back, or shown to mean the same.
pub fn migrate(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    settings: &Settings,
) -> Result<Migration, MigrateError> {
    if pack.conversions.is_empty() {
        rename(files, pack, settings, &View::all())
    } else {
        releases::migrate_by_rules(files, pack, settings)
    }
}

/// Follows the renamings of a pack on what is seen of files.
pub(crate) fn rename(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    settings: &Settings,
    view: &View,
) -> Result<Migration, MigrateError> {
    let names = names::Names::new(files, pack);
    let mut plan = plan::plan(files, &names, pack, settings);
    let mut files_after = leave_out_unproved(&mut plan, (files, view), &names, pack, settings)?;
    if plan.has_decisions() && !is_settled(&files_after, (files, view), pack, settings)? {
        // What is left could be migrated after all, once the others were: in what order is not for a
        // program to choose.
        for option in plan.without_accepted().options() {
            plan.leave_out(
                &option,
                "another option could be migrated only after this one was, or before",
            );
        }
        files_after = make::make(files, &names, pack, &plan)?;
    }
    Ok(Migration {
        files: files_after,
        decisions: plan.into_decisions(files),
    })
}

/// Leaves out the options whose migration changes a value, and makes the rest.
fn leave_out_unproved<'d>(
    plan: &mut plan::Plan<'d>,
    (files, view): (&'d [ParsedFile<'d>], &View),
    names: &names::Names<'_>,
    pack: &Pack,
    settings: &Settings,
) -> Result<Vec<FileMigration>, MigrateError> {
    let make = |plan: &plan::Plan<'d>| make::make(files, names, pack, plan);
    let prover = prove::Prover {
        files,
        view,
        names,
        pack,
        keep_old: settings.keep_old,
    };
    if plan.accepted.is_empty() {
        let made = make(plan)?;
        if prover.differences_in(&made, plan)?.is_empty() {
            return Ok(made);
        }
    } else if prover.differences(&plan.without_accepted())?.is_empty() {
        return make(plan);
    }
    for option in plan.without_accepted().options() {
        let alone = plan.only([option.clone()].into());
        if let Some(difference) = prover.differences(&alone)?.first() {
            plan.leave_out(&option, &difference.to_string());
        }
    }
    let together = prover.differences(&plan.without_accepted())?;
    if let Some(difference) = together.first() {
        // Each can be migrated, but not all of them: which, is not for a program to choose.
        for option in plan.without_accepted().options() {
            plan.leave_out(&option, &difference.to_string());
        }
    }
    let differences = prover.differences(&plan.without_accepted())?;
    if differences.is_empty() {
        return make(plan);
    }
    Err(MigrateError::Unproved(differences))
}

/// Tells whether a second run would change nothing.
fn is_settled(
    files: &[FileMigration],
    (before, view): (&[ParsedFile<'_>], &View),
    pack: &Pack,
    settings: &Settings,
) -> Result<bool, MigrateError> {
    if files.iter().all(|file| file.changes.is_empty()) {
        return Ok(true);
    }
    let texts = texts_of(files);
    let parsed = view.parse(&texts, before)?;
    let names = names::Names::new(&parsed, pack);
    let mut plan = plan::plan(&parsed, &names, pack, settings);
    let again = leave_out_unproved(&mut plan, (&parsed, view), &names, pack, settings)?;
    Ok(again.iter().all(|file| file.changes.is_empty()))
}

/// The new text of a file, with what was changed in it by line.
fn finished(
    file: &ParsedFile<'_>,
    edit: Edit<'_, '_>,
    mut changes: Vec<Change>,
) -> Result<FileMigration, MigrateError> {
    let path = file.path.to_owned();
    let after = match edit.finish() {
        Ok(after) => after,
        Err(cause) => return Err(MigrateError::Conflict { path, cause }),
    };
    changes.sort_by_key(|change| change.line);
    Ok(FileMigration {
        path,
        after,
        changes,
    })
}

/// The new texts, to be read back.
fn texts_of(made: &[FileMigration]) -> Vec<SourceFile> {
    let source = |file: &FileMigration| SourceFile {
        path: file.path.clone(),
        text: file.after.to_vec(),
    };
    made.iter().map(source).collect()
}

/// Reads texts back.
fn parse(texts: &[SourceFile]) -> Result<Vec<ParsedFile<'_>>, MigrateError> {
    let parsed: Result<_, _> = texts.iter().map(SourceFile::parse).collect();
    parsed.map_err(MigrateError::Unreadable)
}
