//! `confmig migrate`.

use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::migrate::{FileMigration, Migration, Settings, migrate};
use confmig::pack::Pack;
use confmig::report;
use confmig::secret::Secrets;
use confmig::store::{self, Replacement};
use oslo_config::{ParsedFile, SourceFile};

use super::args::{Format, Migrate};
use super::output::Output;
use super::{Failure, Outcome, input};

pub(crate) fn run(command: &Migrate, output: &mut Output) -> Result<Outcome, Failure> {
    let pack = input::pack(&command.choice)?;
    let secrets = input::secrets(&command.choice, &pack);
    let files = input::read(&command.sources)?;
    if command.output.is_some() && files.len() != 1 {
        let count = files.len();
        return Err(Failure::Said(format!(
            "--output takes the new text of one file, not of {count}"
        )));
    }
    let parsed = input::parse(&files, &command.choice, &secrets, output)?;
    let settings = Settings {
        keep_old: command.keep_old,
        accept: command.accept.iter().cloned().collect(),
    };
    let migration = migrate(&parsed, &pack, &settings)?;
    let decisions = decisions(&migration, &parsed, &secrets);
    match (&command.output, command.choice.format) {
        (Some(path), format) => {
            write_output(path, &migration, &files, output)?;
            if format == Format::Text {
                output.message(&report::render(&decisions, output.messages()));
            }
        }
        (None, Format::Json) => {
            output.bytes(report::migrate_json(&migration, &decisions).as_bytes())?;
        }
        (None, Format::Text) => show(&migration, &files, &secrets, &decisions, output)?,
    }
    let work = !migration.is_empty();
    if command.write && work {
        write(&migration, &files, command.choice.format, output)?;
    }
    if command.output.is_none() && command.choice.format == Format::Text {
        summarize(command, &migration, &pack, output);
    }
    let found = command.check && (work || !decisions.is_empty());
    Ok(if found { Outcome::Found } else { Outcome::Done })
}

/// What is left for the operator to decide.
fn decisions(
    migration: &Migration,
    files: &[ParsedFile<'_>],
    secrets: &Secrets<'_>,
) -> Vec<Diagnostic> {
    migration
        .decisions
        .iter()
        .map(|decision| decision.diagnostic(files, secrets))
        .collect()
}

/// The diff on standard output, what else there is to say on standard error.
fn show(
    migration: &Migration,
    files: &[SourceFile],
    secrets: &Secrets<'_>,
    decisions: &[Diagnostic],
    output: &mut Output,
) -> Result<(), Failure> {
    for (file, before) in changed(migration, files) {
        let diff = report::unified_diff(
            &file.path,
            &before.text,
            &file.after,
            secrets,
            output.results(),
        );
        output.bytes(&diff)?;
    }
    if !decisions.is_empty() {
        output.message(&report::render(decisions, output.messages()));
    }
    Ok(())
}

fn changed<'m>(
    migration: &'m Migration,
    files: &'m [SourceFile],
) -> impl Iterator<Item = (&'m FileMigration, &'m SourceFile)> {
    migration
        .files
        .iter()
        .zip(files)
        .filter(|(file, _)| !file.changes.is_empty())
}

fn write_output(
    path: &Path,
    migration: &Migration,
    files: &[SourceFile],
    output: &mut Output,
) -> Result<(), Failure> {
    let (Some(file), Some(before)) = (migration.files.first(), files.first()) else {
        return Ok(());
    };
    if path == Path::new("-") {
        output.bytes(&file.after)?;
    } else {
        let like = (!input::is_stdin(&before.path)).then_some(before.path.as_path());
        store::write_new(path, &file.after, like)?;
    }
    Ok(())
}

fn write(
    migration: &Migration,
    files: &[SourceFile],
    format: Format,
    output: &mut Output,
) -> Result<(), Failure> {
    if files.iter().any(|file| input::is_stdin(&file.path)) {
        return Err(Failure::Said(
            "standard input cannot be written to: use --output - for the new text".into(),
        ));
    }
    let replacements: Vec<Replacement> = changed(migration, files)
        .map(|(file, before)| Replacement {
            path: file.path.clone(),
            before: before.text.clone(),
            after: file.after.to_vec(),
        })
        .collect();
    for replaced in store::replace_all(&replacements)? {
        if format == Format::Text {
            let (path, backup) = (replaced.path.display(), replaced.backup.display());
            output.message(&format!("wrote {path} (backup: {backup})"));
        }
    }
    Ok(())
}

/// What was done, who reads the new names, and what to do next.
fn summarize(command: &Migrate, migration: &Migration, pack: &Pack, output: &mut Output) {
    if migration.is_empty() {
        let left = migration.decisions.len();
        output.message(&match left {
            0 => format!(
                "nothing to do: no former name of the pack {} is in use",
                pack.name
            ),
            _ => format!("nothing was changed: {left} to decide"),
        });
        return;
    }
    for file in migration
        .files
        .iter()
        .filter(|file| !file.changes.is_empty())
    {
        for change in &file.changes {
            let place = format!("{}:{}", file.path.display(), change.line);
            output.message(&format!("{place}: {} ({})", change.message, change.rule));
        }
    }
    if let Some(readers) = &pack.readers {
        output.note(readers);
    }
    if command.write {
        output.note("`confmig undo` puts the old text back; restart the service to make it read the new one");
    } else if !command.check {
        output.note("this was a dry run: nothing was written; --write replaces the files");
    }
}
