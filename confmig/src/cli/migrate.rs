//! `confmig migrate`.

use std::path::{Path, PathBuf};

use confmig::diagnostic::Diagnostic;
use confmig::report::{self, MigrationReport, Paint};
use confmig::secret::Secrets;

use super::args::{Format, Migrate};
use super::decide::Deciding;
use super::given::TargetNames;
use super::input::Unparsable;
use super::migrated::{Migrated, migrate_set};
use super::output::{self, Output};
use super::review;
use super::summary::Summary;
use super::uses::Uses;
use super::write::{self, Plan};
use super::{Failure, Status, recover};

pub(crate) fn run(command: &Migrate, output: &mut Output) -> Result<Status, Failure> {
    let arguments = &command.review;
    let names = TargetNames {
        keep_old: command.keep_old,
        pinned: command.pin_defaults.clone(),
        ..TargetNames::of_arguments(&arguments.common, &arguments.releases)
    };
    let (review, sets) = review::begin(arguments, names, output)?;
    if command.write {
        recover::recover_first(sets.paths(), output)?;
    }
    let deciding = Deciding::load(command, &review.policy)?;
    let several = sets.count() > 1;
    write::check_arguments(command, sets.paths())?;
    let work = |given, files| migrate_set(command, &deciding, given, files, several);
    let (mut migrated, mut unparsable) = (Vec::new(), Unparsable::default());
    for result in sets.map(work)? {
        match result {
            Ok(set) => migrated.push(set),
            Err(mut set) => {
                unparsable.count += set.count;
                unparsable.diagnostics.append(&mut set.diagnostics);
            }
        }
    }
    if unparsable.count > 0 {
        let paths: Vec<PathBuf> = sets.paths().map(Path::to_owned).collect();
        let (common, format) = (&arguments.common, arguments.format);
        return output::unparsable(&unparsable, &paths, common, format, output);
    }
    let mut diagnostics = recover::diagnostics(sets.paths())?;
    for set in &mut migrated {
        diagnostics.append(&mut set.diagnostics);
    }
    review.settle(&mut diagnostics);
    for further in migrated.iter_mut().filter_map(|set| set.further.as_mut()) {
        review.settle(further);
    }
    // Decisions that cannot be written keep the files from being replaced.
    let decided = migrated.iter().flat_map(|set| set.decided.iter().cloned());
    let decided: Vec<_> = decided.collect();
    let mut uses = Uses::default();
    for set in &mut migrated {
        uses.add(std::mem::take(&mut set.uses));
    }
    deciding.finish(&decided, &uses, output)?;
    uses.tell_rest(&command.accept, output);
    let changes = finish(command, &migrated, &diagnostics, output)?;
    if !command.check {
        return Ok(Status::Success);
    }
    Ok(review::status(
        &arguments.policy.fail_on,
        review.policy.migrate_fails_on.as_deref(),
        review::MIGRATE,
        (changes, &diagnostics),
    ))
}

/// Reports the migration and writes its files. Returns the number of changes.
fn finish(
    command: &Migrate,
    migrated: &[Migrated<'_>],
    diagnostics: &[Diagnostic],
    output: &mut Output,
) -> Result<usize, Failure> {
    let plan = Plan::new(command, migrated)?;
    let ready = plan.prepare()?;
    let backups = ready.replaced().to_vec();
    let secrets = migrated.iter().map(|set| set.given.secrets(&set.rules));
    let secrets: Vec<Secrets<'_>> = secrets.collect();
    let both = migrated.iter().zip(&secrets);
    let reports = both.map(|(set, secrets)| MigrationReport {
        migration: &set.migration,
        before: &set.files,
        written: &backups,
        releases: set.releases.as_ref(),
        pack: &set.rules,
        settings: &set.settings,
        secrets,
    });
    let reports: Vec<MigrationReport<'_>> = reports.collect();
    // A report that cannot be written keeps the files from being replaced.
    show(command, &reports, diagnostics, output)?;
    ready.commit(output)?;
    let summary = Summary {
        command,
        migrated,
        diagnostics,
        backups: &backups,
    };
    // With `--output -`, standard output has only the new text.
    if command.review.format == Format::Text || is_to_stdout(command) {
        if diagnostics.iter().any(Diagnostic::is_open) {
            output.diagnostic_messages(diagnostics);
        }
        summary.show(output);
    }
    Ok(summary.changes())
}

fn is_to_stdout(command: &Migrate) -> bool {
    command.output.as_deref() == Some(Path::new("-"))
}

/// Writes the report to the path of `--report`, or to standard output unless the new text takes its
/// place there.
fn show(
    command: &Migrate,
    reports: &[MigrationReport<'_>],
    diagnostics: &[Diagnostic],
    output: &mut Output,
) -> Result<(), Failure> {
    let document = match (command.review.format, reports) {
        (Format::Text, _) => None,
        (Format::Sarif, _) => Some(report::migrate_sarif(reports, diagnostics)),
        (Format::Html, [report]) => Some(report::migrate_html(report, diagnostics)?),
        (Format::Html, _) => {
            return Err(Failure::Message(
                "a page is about the files of one service: use --format html without --each, for \
                 each service by itself"
                    .into(),
            ));
        }
        (Format::Json, _) => Some(report::migrate_json(reports, diagnostics)),
        (Format::Github, _) => Some(report::migrate_github(reports, diagnostics)),
        (Format::Junit, _) => Some(report::migrate_junit(reports, diagnostics)?),
    };
    let writes_text = command.output.is_some() || command.output_dir.is_some();
    match (&command.report, document) {
        (Some(path), document) => {
            let text = document.map(String::into_bytes);
            let text = text.unwrap_or_else(|| diffs(reports, Paint::Plain));
            write::write_report(path, &text, reports)?;
        }
        (None, _) if is_to_stdout(command) => {}
        (None, Some(document)) => output.bytes(document.as_bytes())?,
        (None, None) if writes_text => {}
        (None, None) => output.painted(|paint| diffs(reports, paint))?,
    }
    Ok(())
}

/// Returns the diff of each file that changes.
fn diffs(reports: &[MigrationReport<'_>], paint: Paint) -> Vec<u8> {
    let diffs = reports.iter().flat_map(|report| {
        let both = report.migration.files.iter().zip(report.before);
        let changed = both.filter(|(file, _)| !file.changes.is_empty());
        changed.flat_map(move |(file, before)| {
            report::unified_diff(before, file, report.secrets, paint)
        })
    });
    diffs.collect()
}
