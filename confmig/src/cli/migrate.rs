//! `confmig migrate`.

use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::history::find_rule;
use confmig::migrate::{FileMigration, Migration, Settings, migrate};
use confmig::pack::Pack;
use confmig::report::{self, MigrationReport};
use confmig::secret::Secrets;
use confmig::store::{self, Replaced, Replacement};
use oslo_config::{OptName, SourceFile};

use super::args::{Format, Migrate};
use super::input::{self, Loaded};
use super::output::Output;
use super::{Failure, Status};

pub(crate) fn run(command: &Migrate, output: &mut Output) -> Result<Status, Failure> {
    let loaded = Loaded::new(&command.sources, &command.common, &command.releases)?;
    let files = &loaded.files;
    if command.output.is_some() && files.len() != 1 {
        let count = files.len();
        return Err(Failure::Message(format!(
            "--output needs exactly one file, but {count} were given"
        )));
    }
    let inputs = loaded.parse(command.format, output)?;
    let pack = inputs.rules()?;
    let secrets = loaded.secrets(&pack);
    let settings = settings(command, &pack, &loaded)?;
    let migration = migrate(&inputs.parsed, &inputs.route(), &settings)?;
    let releases = inputs.releases.as_ref();
    let decisions = migration.decisions.iter();
    let decisions = decisions.map(|decision| decision.diagnostic(&inputs.parsed, &secrets));
    let decisions: Vec<Diagnostic> = decisions.collect();
    let text = command.format == Format::Text;
    if text && command.output.is_none() {
        show(&migration, files, &secrets, output)?;
    }
    let mut backups = Vec::new();
    if let Some(path) = &command.output {
        write_output(path, &migration, files, output)?;
    } else if command.write && !migration.is_empty() {
        backups = write(&migration, files)?;
    }
    // With `--output -`, standard output has only the new text.
    let to_stdout = command.output.as_deref() == Some(Path::new("-"));
    if text || to_stdout {
        if !decisions.is_empty() {
            output.painted_message(|paint| report::render(&decisions, paint));
        }
        if let Some(note) = releases.and_then(report::Releases::note) {
            output.note(&note);
        }
        summarize(command, &migration, &backups, &pack, output);
    } else {
        let report = MigrationReport {
            migration: &migration,
            before: files,
            decisions: &decisions,
            written: &backups,
            releases,
            pack: &pack,
            settings: &settings,
            secrets: &secrets,
        };
        let document = match command.format {
            Format::Sarif => report::migrate_sarif(&report),
            Format::Html => report::migrate_html(&report)?,
            Format::Json | Format::Text => report::migrate_json(&report),
        };
        output.bytes(document.as_bytes())?;
    }
    let found = command.check && (!migration.is_empty() || !decisions.is_empty());
    Ok(if found {
        Status::Findings
    } else {
        Status::Success
    })
}

/// Returns the settings of the migration, with what `--accept` names: rules by their ids, options
/// by their new names.
fn settings(command: &Migrate, pack: &Pack, loaded: &Loaded) -> Result<Settings, Failure> {
    let by_release = by_release(command);
    let from_schema = loaded.schemas().and_then(|schemas| schemas.from);
    let mut settings = Settings {
        keep_old: command.keep_old,
        ..Settings::default()
    };
    for word in &command.accept {
        let of_pack = pack.rules.iter().any(|rule| rule.id == *word);
        if of_pack || by_release && find_rule(word).is_some() {
            settings.accept_rules.insert(word.clone());
            continue;
        }
        let Some(name) = OptName::parse(word) else {
            return Err(Failure::Message(format!(
                "--accept {word}: expected GROUP.OPTION, for example deploy.http_server_url, or \
                 the id of a rule"
            )));
        };
        let known = by_release && loaded.lives.of_option(&name).is_some();
        let older = from_schema.is_some_and(|schema| schema.option(&name).is_some());
        let renamed = pack.renamings.iter().any(|rule| rule.to == name);
        if !known && !older && !renamed {
            return Err(Failure::Message(format!(
                "--accept {word}: expected the new name of an option, but the pack {} renames \
                 none to this",
                pack.name
            )));
        }
        settings.accept.insert(name);
    }
    Ok(settings)
}

/// Shows the diff of each file that changes.
fn show(
    migration: &Migration,
    files: &[SourceFile],
    secrets: &Secrets<'_>,
    output: &mut Output,
) -> Result<(), Failure> {
    for (file, before) in changed(migration, files) {
        let (old, new) = (&before.text, &file.after);
        output.painted(|paint| report::unified_diff(&file.path, old, new, secrets, paint))?;
    }
    Ok(())
}

/// Returns the files that change, after and before.
fn changed<'m>(
    migration: &'m Migration,
    files: &'m [SourceFile],
) -> impl Iterator<Item = (&'m FileMigration, &'m SourceFile)> {
    let both = migration.files.iter().zip(files);
    both.filter(|(file, _)| !file.changes.is_empty())
}

/// Writes the new text of the only file to the path of `--output`.
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
        return Ok(());
    }
    let source = (!input::is_stdin(&before.path)).then_some(before.path.as_path());
    let same = |source: &Path| {
        let (one, other) = (std::fs::canonicalize(source), std::fs::canonicalize(path));
        matches!((one, other), (Ok(one), Ok(other)) if one == other)
    };
    if source.is_some_and(same) {
        return Err(Failure::Message(format!(
            "--output {} is the input file: use --write, which keeps a backup",
            path.display()
        )));
    }
    store::write_new(path, &file.after, source)?;
    output.message(&format!("wrote the new text to {}", path.display()));
    Ok(())
}

/// Replaces the files that change.
fn write(migration: &Migration, files: &[SourceFile]) -> Result<Vec<Replaced>, Failure> {
    if files.iter().any(|file| input::is_stdin(&file.path)) {
        return Err(Failure::Message(
            "--write cannot replace standard input: use --output - to get the new text".into(),
        ));
    }
    let replacements: Vec<Replacement> = changed(migration, files)
        .map(|(file, before)| Replacement {
            path: file.path.clone(),
            before: before.text.clone(),
            after: file.after.to_vec(),
        })
        .collect();
    Ok(store::replace_all(&replacements)?)
}

fn by_release(command: &Migrate) -> bool {
    command.releases.from.is_some() || command.releases.to.is_some()
}

/// Describes the changes of a file, one line each.
fn descriptions(file: &FileMigration) -> impl Iterator<Item = String> {
    let path = file.path.display();
    file.changes.iter().map(move |change| {
        let release = change.release.as_ref();
        let release = release.map_or_else(String::new, |release| format!(", {release}"));
        let (line, message, rule) = (change.line, &change.message, &change.rule);
        format!("{path}:{line}: {message} ({rule}{release})")
    })
}

/// Tells what was done, which programs read the new names, and what to do next.
fn summarize(
    command: &Migrate,
    migration: &Migration,
    backups: &[Replaced],
    pack: &Pack,
    output: &mut Output,
) {
    if migration.is_empty() {
        output.message(&match (migration.decisions.len(), command.keep_old) {
            (0, false) if by_release(command) => {
                "nothing to do: the release reads everything that is set".to_owned()
            }
            (0, false) => format!(
                "nothing to do: the files use no former name of the pack {}",
                pack.name
            ),
            (0, true) => "nothing to do: every option is set under its new name".to_owned(),
            (left, _) => format!(
                "nothing was changed: {} left to make",
                report::counted(left, "decision")
            ),
        });
        return;
    }
    let changes: Vec<String> = migration.files.iter().flat_map(descriptions).collect();
    output.message(&changes.join("\n"));
    for replaced in backups {
        let (path, backup) = (replaced.path.display(), replaced.backup.display());
        output.message(&format!("wrote {path} (backup: {backup})"));
    }
    if let Some(readers) = &pack.readers {
        output.note(readers);
    }
    if command.write {
        let paths = backups.iter().map(|file| file.path.display().to_string());
        let paths: Vec<String> = paths.collect();
        output.note(&format!(
            "restart the service to use the new configuration; `confmig undo {}` restores the old",
            paths.join(" ")
        ));
    } else if !command.check && command.output.is_none() {
        output.note("dry run: nothing was written; use --write to replace the files");
    }
}
