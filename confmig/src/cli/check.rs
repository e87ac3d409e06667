//! `confmig check`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use confmig::check::{Environment, check};
use confmig::diagnostic::{Code, Diagnostic};
use confmig::history::Series;
use confmig::pack::Pack;
use confmig::policy::settle_by_comments;
use confmig::report::{self, CheckReport, Releases};
use oslo_config::SourceFile;

use super::args::Check;
use super::given::{Given, TargetNames};
use super::input::Loaded;
use super::output::{Output, document};
use super::review;
use super::sets::name_file;
use super::sources::environment;
use super::{Failure, Status, recover};

/// What was found in a set of files.
struct Checked<'g> {
    paths: Vec<PathBuf>,
    diagnostics: Vec<Diagnostic>,
    /// The number of files that cannot be parsed.
    unparsable: usize,
    rules: Cow<'g, Pack>,
    release: Option<Series>,
    /// How the first release was found.
    note: Option<String>,
}

pub(crate) fn run(command: &Check, output: &mut Output) -> Result<Status, Failure> {
    let arguments = &command.review;
    let names = TargetNames {
        keep_old: command.keep_old,
        ..TargetNames::of_arguments(&arguments.common, &arguments.releases)
    };
    let (review, sets) = review::begin(arguments, names, output)?;
    let several = sets.count() > 1;
    let mut checked = sets.map(|given, files| check_set(command, given, files, several))?;
    let mut diagnostics = recover::diagnostics(sets.paths())?;
    for set in &mut checked {
        diagnostics.append(&mut set.diagnostics);
    }
    review.settle(&mut diagnostics);
    let paths = checked.iter().flat_map(|set| &set.paths);
    let paths: Vec<&Path> = paths.map(PathBuf::as_path).collect();
    let Some(first) = checked.first() else {
        return Ok(Status::Success);
    };
    let found = CheckReport {
        files: &paths,
        diagnostics: &diagnostics,
        pack: &first.rules,
        shows_secrets: arguments.common.show_secrets,
        release: first
            .release
            .filter(|_| checked.iter().all(|set| set.release == first.release)),
    };
    match document(&found, arguments.format)? {
        Some(document) => output.bytes(document.as_bytes())?,
        None => show(&found, &checked, output)?,
    }
    match checked.iter().map(|set| set.unparsable).sum() {
        0 => {}
        count => return Err(Failure::Unparsable { count }),
    }
    Ok(review::status(
        &arguments.policy.fail_on,
        review.policy.check_fails_on.as_deref(),
        review::CHECK,
        (0, &diagnostics),
    ))
}

/// Checks a set of files. If it is one of several and has one file, its findings without a place
/// name the file.
fn check_set<'g>(
    command: &Check,
    given: &'g Given,
    files: Vec<SourceFile>,
    is_one_of_several: bool,
) -> Result<Checked<'g>, Failure> {
    let loaded = Loaded::new(given, files)?;
    let (mut diagnostics, unparsable, releases) = match loaded.parse()? {
        Err(unparsable) => (unparsable.diagnostics, unparsable.count, None),
        Ok(inputs) => {
            let releases = inputs.releases.clone();
            if command.defaults && releases.is_none() && given.from_schema.is_none() {
                return Err(Failure::Message(
                    "--defaults compares two releases: give --to (and --from, unless it can be \
                     guessed), or --from-schema and --schema"
                        .into(),
                ));
            }
            let target = inputs.target()?;
            let secrets = given.secrets(target.pack());
            let environment = Environment {
                variables: &environment(),
                keep_old: given.names.keep_old,
                arguments: &given
                    .names
                    .arguments(releases.as_ref().map(|it| it.span.to)),
                defaults: command.defaults,
                is_directory: &Path::is_dir,
            };
            let mut found = check(&inputs.parsed, &*target, &secrets, &environment);
            settle_by_comments(&mut found, &inputs.parsed, &secrets);
            (found, 0, releases)
        }
    };
    if is_one_of_several {
        name_file(&mut diagnostics, &loaded.files);
    }
    let paths = loaded.files.iter().map(|file| file.path.clone()).collect();
    let guessed = releases.as_ref().filter(|_| command.defaults);
    Ok(Checked {
        paths,
        diagnostics,
        unparsable,
        note: guessed.and_then(Releases::note),
        release: releases.map(|releases| releases.span.to),
        rules: loaded.rules,
    })
}

/// Says which programs read the names of the packs by which something was found. Their advice is
/// wrong for a file that other programs read.
fn readers<'c>(checked: &'c [Checked<'_>], found: &[Diagnostic]) -> Vec<&'c str> {
    let open = found.iter().filter(|found| found.is_open());
    // A finding without a file may be about any.
    let open: HashSet<Option<&Path>> = open.map(Diagnostic::path).collect();
    let mut all: Vec<&str> = Vec::new();
    for set in checked.iter().filter(|set| set.release.is_none()) {
        let mut paths = set.paths.iter();
        let readers = set.rules.readers.as_deref();
        let readers = readers.filter(|readers| set.unparsable == 0 && !all.contains(readers));
        if open.contains(&None) || paths.any(|path| open.contains(&Some(path.as_path()))) {
            all.extend(readers);
        }
    }
    all
}

/// Shows the findings as text.
fn show(
    found: &CheckReport<'_>,
    checked: &[Checked<'_>],
    output: &mut Output,
) -> Result<(), Failure> {
    let of_syntax = |found: &&Diagnostic| found.code == Code::Syntax;
    let syntax: Vec<Diagnostic> = found
        .diagnostics
        .iter()
        .filter(of_syntax)
        .cloned()
        .collect();
    if !syntax.is_empty() {
        output.diagnostic_messages(&syntax);
    }
    for readers in readers(checked, found.diagnostics) {
        output.note(readers);
    }
    let others = found.diagnostics.iter().filter(|found| !of_syntax(found));
    let others: Vec<Diagnostic> = others.cloned().collect();
    output.diagnostics(&others)?;
    if checked.iter().all(|set| set.unparsable > 0) {
        return Ok(());
    }
    if others.iter().any(Diagnostic::is_open) {
        output.message("");
    }
    if let [set] = checked
        && let Some(note) = &set.note
    {
        output.note(note);
    }
    let files = report::counted(found.files.len(), "file");
    let counts = review::counts(found.diagnostics);
    output.message(&format!("checked {files}: {counts}"));
    Ok(())
}
