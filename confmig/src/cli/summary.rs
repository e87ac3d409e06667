//! What `confmig migrate` says in the end.

use std::collections::BTreeMap;

use confmig::diagnostic::Diagnostic;
use confmig::history::ReleaseRange;
use confmig::migrate::FileMigration;
use confmig::report::{self, counted};
use confmig::shell::{word, words};
use confmig::store::Replaced;
use oslo_config::SourceFile;

use super::args::Migrate;
use super::migrated::Migrated;
use super::output::Output;
use super::review;

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

/// The most files that are named for `confmig undo`.
const NAMED: usize = 10;

/// What is said after a migration.
pub(crate) struct Summary<'s> {
    pub(crate) command: &'s Migrate,
    pub(crate) migrated: &'s [Migrated<'s>],
    pub(crate) diagnostics: &'s [Diagnostic],
    pub(crate) backups: &'s [Replaced],
}

impl Summary<'_> {
    fn files(&self) -> impl Iterator<Item = &FileMigration> {
        let sets = self.migrated.iter();
        sets.flat_map(|set| &set.migration.files)
    }

    /// Returns the number of changes.
    pub(crate) fn changes(&self) -> usize {
        self.files().map(|file| file.changes.len()).sum()
    }

    /// Returns the only set of files, if there is one.
    fn only(&self) -> Option<&Migrated<'_>> {
        match self.migrated {
            [set] => Some(set),
            _ => None,
        }
    }

    /// Returns the releases that all files are migrated between.
    fn span(&self) -> Option<ReleaseRange> {
        let releases = self.only()?.releases.as_ref()?;
        Some(releases.span)
    }

    /// Says which release each file is assumed to be written for, if that was guessed; also returns
    /// whether that makes a difference.
    fn assumption(&self) -> Option<(String, bool)> {
        if let Some(set) = self.only() {
            let releases = set.releases.as_ref()?;
            return Some((releases.note()?, releases.differing().is_some()));
        }
        let sets = self.migrated.iter();
        let guessed = sets.filter(|set| !set.migration.is_empty());
        let guessed = guessed.filter_map(|set| set.releases.as_ref());
        let (mut files, mut differing) = (BTreeMap::new(), 0);
        for releases in guessed {
            let Some(guess) = &releases.guess else {
                continue;
            };
            *files.entry(guess.series).or_insert(0_usize) += 1;
            differing += usize::from(releases.differing().is_some());
        }
        let counts = files.iter();
        let counts = counts.map(|(series, count)| format!("{series} ({count})"));
        let counts: Vec<String> = counts.collect();
        let doubt = match differing {
            0 => String::new(),
            count => format!("; for {count} of them, other releases would give other results"),
        };
        let note = format!(
            "assuming the files that change were written for {}{doubt}: give --from if you know",
            counts.join(", ")
        );
        (!files.is_empty()).then_some((note, differing > 0))
    }

    /// Tells what was done, which programs read the new names, and what to do next.
    pub(crate) fn show(&self, output: &mut Output) {
        let command = self.command;
        if let Some((note, is_doubtful)) = self.assumption() {
            match is_doubtful {
                true => output.warning(&note),
                false => output.note(&note),
            }
        }
        let sets = self.migrated.iter();
        let both = sets.flat_map(|set| set.files.iter().zip(&set.migration.files));
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
        output.message(&format!(
            "{}{}{}{}",
            self.of_files(),
            self.counts(changes.len()),
            self.further(),
            review::settled(self.diagnostics)
        ));
        if self.changes() == 0 {
            return;
        }
        let mut readers: Vec<&str> = Vec::new();
        for set in self.migrated {
            let said = set.rules.readers.as_deref();
            let said = said.filter(|_| !set.migration.is_empty());
            readers.extend(said.filter(|said| !readers.contains(said)));
        }
        for readers in readers {
            output.note(readers);
        }
        if command.write {
            let undo = match self.backups {
                [first, rest @ ..] if rest.len() >= NAMED => {
                    format!("--transaction {}", word(&first.path))
                }
                files => words(files.iter().map(|file| &*file.path)),
            };
            output.note(&format!(
                "restart the service to use the new configuration; `confmig undo {undo}` restores \
                 the old"
            ));
        } else if !command.check && command.output.is_none() && command.output_dir.is_none() {
            output.note("dry run: nothing was written; use --write to replace the files");
        }
    }

    /// Counts the files of several sets.
    fn of_files(&self) -> String {
        match self.only() {
            Some(_) => String::new(),
            None => format!("{}: ", counted(self.files().count(), "file")),
        }
    }

    /// Returns the number of decisions that are left.
    fn open_decisions(&self) -> usize {
        let settled = self.diagnostics.iter().filter(|found| !found.is_open());
        let sets = self.migrated.iter();
        let decisions: usize = sets.map(|set| set.migration.decisions.len()).sum();
        decisions.saturating_sub(settled.count())
    }

    /// Counts the changes and the decisions.
    fn counts(&self, changes: usize) -> String {
        let left = self.open_decisions();
        let rules = self.only().map(|set| &set.rules.name);
        match (changes, left, self.span(), rules) {
            (0, 0, Some(ReleaseRange { from, to }), _) => {
                format!("nothing to migrate from {from} to {to}")
            }
            (0, 0, None, _) if self.command.keep_old => {
                "nothing to do: every option is set under its new name".to_owned()
            }
            (0, 0, None, Some(name)) => {
                format!("nothing to do: the files use no former name of the pack {name}")
            }
            (0, 0, None, None) => "nothing to do".to_owned(),
            (0, left, ..) => format!(
                "nothing was changed: {} left to make",
                counted(left, "decision")
            ),
            (made, 0, ..) => format!("{}, no decisions", counted(made, "change")),
            (made, left, ..) => {
                format!("{}, {}", counted(made, "change"), counted(left, "decision"))
            }
        }
    }

    /// Tells how much more `check` finds, if anything.
    fn further(&self) -> String {
        let found = self.migrated.iter().filter_map(|set| set.further.as_ref());
        let open = |found: &Vec<Diagnostic>| found.iter().filter(|it| it.is_open()).count();
        let found: Vec<usize> = found.map(open).collect();
        if found.is_empty() {
            return String::new();
        }
        let check = match self.only() {
            Some(set) => {
                let to = set.releases.as_ref().map(|releases| releases.span.to);
                format!("`confmig check{}`", set.given.names.arguments(to))
            }
            None => "a check of them".to_owned(),
        };
        let more = match self.open_decisions() {
            0 => "",
            _ => "more ",
        };
        match found.into_iter().sum() {
            0 => format!("; {check} has no {more}findings"),
            count => format!(
                "; {check} has {}",
                counted(count, &format!("{more}finding"))
            ),
        }
    }
}
