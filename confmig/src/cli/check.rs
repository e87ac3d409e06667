//! `confmig check`.

use std::path::Path;

use confmig::check::{Environment, check};
use confmig::diagnostic::{Diagnostic, Severity};
use confmig::report::{self, CheckReport, Releases};

use super::args::Check;
use super::input::{Loaded, environment};
use super::output::{Output, document};
use super::{Failure, Status, recover};

pub(crate) fn run(command: &Check, output: &mut Output) -> Result<Status, Failure> {
    let loaded = Loaded::new(&command.sources, &command.common, &command.releases)?;
    let inputs = loaded.parse(command.format, output)?;
    let releases = inputs.releases.as_ref();
    if command.defaults && releases.is_none() && command.releases.from_schema.is_none() {
        return Err(Failure::Message(
            "--defaults compares two releases: give --to (and --from, unless it can be guessed), \
             or --from-schema and --schema"
                .into(),
        ));
    }
    let target = inputs.target()?;
    let secrets = loaded.secrets(target.pack());
    let environment = Environment {
        variables: &environment(),
        keep_old: command.keep_old,
        defaults: command.defaults,
        is_directory: &Path::is_dir,
    };
    let mut diagnostics = recover::diagnostics(&loaded.files)?;
    diagnostics.extend(check(&inputs.parsed, &*target, &secrets, &environment));
    let found = CheckReport {
        files: &loaded.files,
        diagnostics: &diagnostics,
        pack: &loaded.rules,
        secrets: &secrets,
        release: releases.map(|releases| releases.span.to),
    };
    let is_worse = |found: &Diagnostic| found.severity > Severity::Note;
    if let Some(document) = document(&found, command.format)? {
        output.bytes(document.as_bytes())?;
    } else {
        let guessed = releases.filter(|_| command.defaults);
        show(&found, guessed.and_then(Releases::note), output)?;
    }
    Ok(match diagnostics.iter().any(is_worse) {
        true => Status::Findings,
        false => Status::Success,
    })
}

/// Shows the findings as text.
fn show(found: &CheckReport<'_>, note: Option<String>, output: &mut Output) -> Result<(), Failure> {
    // Its advice is wrong for a file that other programs read.
    let readers = found.pack.readers.as_ref();
    if let Some(readers) =
        readers.filter(|_| found.release.is_none() && !found.diagnostics.is_empty())
    {
        output.note(readers);
    }
    output.painted(|paint| report::render(found.diagnostics, paint))?;
    if !found.diagnostics.is_empty() {
        output.message("");
    }
    if let Some(note) = note {
        output.note(&note);
    }
    let files = report::counted(found.files.len(), "file");
    output.message(&match found.diagnostics.len() {
        0 => format!("checked {files}: no findings"),
        count => format!("checked {files}: {}", report::counted(count, "finding")),
    });
    Ok(())
}
