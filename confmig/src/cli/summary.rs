//! What `confmig migrate` says in the end.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use confmig::check::{Environment, check};
use confmig::diagnostic::Diagnostic;
use confmig::history::ReleaseRange;
use confmig::migrate::{FileMigration, Migration};
use confmig::pack::Pack;
use confmig::report;
use confmig::secret::Secrets;
use confmig::store::Replaced;
use oslo_config::{LineMap, SourceFile};

use super::Failure;
use super::args::Migrate;
use super::input::{Inputs, environment};
use super::output::Output;

/// Describes what became of each line of a file that changes, or each step with `-v`.
fn descriptions(before: &SourceFile, file: &FileMigration) -> Vec<String> {
    let path = file.path.display();
    let describe = |line: usize, message: &str, rule: &str, release: Option<&String>| {
        let release = release.map_or_else(String::new, |release| format!(", {release}"));
        format!("{path}:{line}: {message} ({rule}{release})")
    };
    if log::log_enabled!(log::Level::Info) {
        let steps = file.changes.iter();
        let steps = steps.map(|it| describe(it.line, &it.message, &it.rule, it.release.as_ref()));
        return steps.collect();
    }
    let net = report::net_changes(before, file).into_iter();
    net.map(|it| describe(it.line, &it.message, &it.rule, it.release.as_ref()))
        .collect()
}

/// What is said after a migration.
pub(crate) struct Summary<'s> {
    pub(crate) command: &'s Migrate,
    pub(crate) migration: &'s Migration,
    /// The original files, in the order of the migration's files.
    pub(crate) before: &'s [SourceFile],
    pub(crate) backups: &'s [Replaced],
    pub(crate) pack: &'s Pack,
    /// The releases that the files are migrated between.
    pub(crate) span: Option<ReleaseRange>,
    /// What `check` finds in the new files, if it looks for more than a migration does.
    pub(crate) further: Option<usize>,
}

impl Summary<'_> {
    /// Tells what was done, which programs read the new names, and what to do next.
    pub(crate) fn show(&self, output: &mut Output) {
        let (command, migration) = (self.command, self.migration);
        let both = self.before.iter().zip(&migration.files);
        let changes: Vec<String> = both
            .flat_map(|(before, file)| descriptions(before, file))
            .collect();
        if !changes.is_empty() {
            output.message(&changes.join("\n"));
        }
        for replaced in self.backups {
            let (path, backup) = (replaced.path.display(), replaced.backup.display());
            output.message(&format!("wrote {path} (backup: {backup})"));
        }
        output.message(&format!("{}{}", self.counts(changes.len()), self.further()));
        if migration.is_empty() {
            return;
        }
        if let Some(readers) = &self.pack.readers {
            output.note(readers);
        }
        if command.write {
            let paths = self.backups.iter();
            let paths: Vec<String> = paths.map(|file| file.path.display().to_string()).collect();
            output.note(&format!(
                "restart the service to use the new configuration; `confmig undo {}` restores the \
                 old",
                paths.join(" ")
            ));
        } else if !command.check && command.output.is_none() && command.output_dir.is_none() {
            output.note("dry run: nothing was written; use --write to replace the files");
        }
    }

    /// Counts the changes and the decisions.
    fn counts(&self, changes: usize) -> String {
        let decisions = self.migration.decisions.len();
        match (changes, decisions, self.span) {
            (0, 0, Some(ReleaseRange { from, to })) => {
                format!("nothing to migrate from {from} to {to}")
            }
            (0, 0, None) if self.command.keep_old => {
                "nothing to do: every option is set under its new name".to_owned()
            }
            (0, 0, None) => format!(
                "nothing to do: the files use no former name of the pack {}",
                self.pack.name
            ),
            (0, left, _) => format!(
                "nothing was changed: {} left to make",
                report::counted(left, "decision")
            ),
            (made, 0, _) => format!("{}, no decisions", report::counted(made, "change")),
            (made, left, _) => format!(
                "{}, {}",
                report::counted(made, "change"),
                report::counted(left, "decision")
            ),
        }
    }

    /// Tells how much more `check` finds, if anything.
    fn further(&self) -> String {
        let Some(count) = self.further else {
            return String::new();
        };
        let target = match (self.span, &self.command.common.schema) {
            (Some(span), _) => format!(" --to {}", span.to),
            (None, Some(schema)) => format!(" --schema {}", schema.display()),
            (None, None) => String::new(),
        };
        let more = if self.migration.decisions.is_empty() {
            ""
        } else {
            " more"
        };
        match count {
            0 => format!("; `confmig check{target}` has no findings{more}"),
            _ => format!(
                "; `confmig check{target}` has {}{more}",
                report::counted(count, "finding")
            ),
        }
    }
}

/// Counts what `check` finds in the new files, besides what a decision is about. A migration looks
/// at names, and only at values that it moves or makes.
pub(crate) fn further_findings(
    migration: &Migration,
    inputs: &Inputs<'_>,
    command: &Migrate,
    secrets: &Secrets<'_>,
) -> Result<usize, Failure> {
    let migrated = migration.files.iter();
    let files: Vec<SourceFile> = migrated
        .map(|file| SourceFile {
            path: file.path.clone(),
            text: file.after.to_vec(),
        })
        .collect();
    let parsed: Result<Vec<_>, _> = files.iter().map(SourceFile::parse).collect();
    let environment = Environment {
        variables: &environment(),
        keep_old: command.keep_old,
        defaults: false,
        is_directory: &Path::is_dir,
    };
    let found = check(&parsed?, &*inputs.target()?, secrets, &environment);
    let decided = migration.decisions.iter();
    let decided: HashSet<(&Path, usize)> = decided
        .map(|decision| (&*decision.path, decision.line))
        .collect();
    let lines = migration
        .files
        .iter()
        .map(|file| (&*file.path, &file.lines));
    let lines: HashMap<&Path, &LineMap> = lines.collect();
    let is_decided = |diagnostic: &&Diagnostic| {
        diagnostic.place.as_ref().is_some_and(|place| {
            let original = lines
                .get(&*place.path)
                .and_then(|map| map.original(place.line));
            decided.contains(&(&*place.path, original.unwrap_or(place.line)))
        })
    };
    Ok(found.iter().filter(|found| !is_decided(found)).count())
}
