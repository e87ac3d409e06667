//! `confmig migrate`.

use std::path::Path;

use confmig::history::find_rule;
use confmig::migrate::{Settings, migrate};
use confmig::pack::Pack;
use confmig::report::{self, MigrationReport, Paint, Releases};
use oslo_config::OptName;

use super::args::{Format, Migrate};
use super::input::Loaded;
use super::output::Output;
use super::summary::{Summary, further_findings};
use super::write::{self, Plan};
use super::{Failure, Status, recover};

pub(crate) fn run(command: &Migrate, output: &mut Output) -> Result<Status, Failure> {
    let load = || Loaded::new(&command.sources, &command.common, &command.releases);
    let mut loaded = load()?;
    if command.write && recover::recover_first(&loaded.files, output)? {
        loaded = load()?;
    }
    let files = &loaded.files;
    write::check(command, files)?;
    let mut inputs = loaded.parse(command.format, output)?;
    let settings = settings(command, &*inputs.rules()?, &loaded)?;
    inputs.compare_candidates(&settings)?;
    if command.write {
        refuse_ambiguous(inputs.releases.as_ref())?;
    }
    let pack = inputs.rules()?;
    let secrets = loaded.secrets(&pack);
    let migration = migrate(&inputs.parsed, &inputs.route(), &settings)?;
    let mut diagnostics = recover::diagnostics(files)?;
    diagnostics.extend(migration.diagnostics(&inputs.parsed, &secrets));
    let plan = Plan::new(command, &migration, files)?;
    let ready = plan.prepare()?;
    let backups = ready.replaced().to_vec();
    let report = MigrationReport {
        migration: &migration,
        before: files,
        decisions: &diagnostics,
        written: &backups,
        releases: inputs.releases.as_ref(),
        pack: &pack,
        settings: &settings,
        secrets: &secrets,
    };
    // A report that cannot be written keeps the files from being replaced.
    show(command, &report, output)?;
    ready.commit(output)?;
    // With `--output -`, standard output has only the new text.
    if command.format == Format::Text || is_to_stdout(command) {
        if !diagnostics.is_empty() {
            output.painted_message(|paint| report::render(&diagnostics, paint));
        }
        if let Some(releases) = report.releases {
            tell_guess(releases, output);
        }
        let by_target = by_release(command) || command.common.schema.is_some();
        let further = by_target.then(|| further_findings(&migration, &inputs, command, &secrets));
        let summary = Summary {
            command,
            migration: &migration,
            before: files,
            backups: &backups,
            pack: &pack,
            span: inputs.releases.as_ref().map(|releases| releases.span),
            further: further.transpose()?,
        };
        summary.show(output);
    }
    let found = command.check && (!migration.is_empty() || !diagnostics.is_empty());
    Ok(if found {
        Status::Findings
    } else {
        Status::Success
    })
}

/// Fails if the result depends on which release the files were written for, and that was guessed.
fn refuse_ambiguous(releases: Option<&Releases>) -> Result<(), Failure> {
    let Some(differing) = releases.and_then(Releases::differing) else {
        return Ok(());
    };
    Err(Failure::Message(format!(
        "cannot tell which release the files were written for, and {differing}: give --from"
    )))
}

/// Tells which release the files were taken to be written for, if that was guessed.
fn tell_guess(releases: &Releases, output: &mut Output) {
    let Some(note) = releases.note() else { return };
    match releases.differing() {
        Some(_) => output.warning(&note),
        None => output.note(&note),
    }
}

fn is_to_stdout(command: &Migrate) -> bool {
    command.output.as_deref() == Some(Path::new("-"))
}

/// Writes the report to the path of `--report`, or to standard output unless the new text takes its
/// place there.
fn show(
    command: &Migrate,
    report: &MigrationReport<'_>,
    output: &mut Output,
) -> Result<(), Failure> {
    let document = match command.format {
        Format::Text => None,
        Format::Sarif => Some(report::migrate_sarif(report)),
        Format::Html => Some(report::migrate_html(report)?),
        Format::Json => Some(report::migrate_json(report)),
    };
    let writes_text = command.output.is_some() || command.output_dir.is_some();
    match (&command.report, document) {
        (Some(path), document) => {
            let text = document.map(String::into_bytes);
            let text = text.unwrap_or_else(|| diff(report, Paint::Plain));
            write::write_report(path, &text, report.before)?;
        }
        (None, _) if is_to_stdout(command) => {}
        (None, Some(document)) => output.bytes(document.as_bytes())?,
        (None, None) if writes_text => {}
        (None, None) => output.painted(|paint| diff(report, paint))?,
    }
    Ok(())
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
        let Ok(name) = word.parse::<OptName>() else {
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

/// Returns the diff of each file that changes.
fn diff(report: &MigrationReport<'_>, paint: Paint) -> Vec<u8> {
    let both = report.migration.files.iter().zip(report.before);
    let changed = both.filter(|(file, _)| !file.changes.is_empty());
    let diffs = changed
        .flat_map(|(file, before)| report::unified_diff(before, file, report.secrets, paint));
    diffs.collect()
}

fn by_release(command: &Migrate) -> bool {
    command.releases.from.is_some() || command.releases.to.is_some()
}
