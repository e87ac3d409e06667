//! Reading the files that a command is about.

use std::io::Read;
use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::pack::Pack;
use confmig::report;
use confmig::secret::Secrets;
use oslo_config::{ParsedFile, SourceError, SourceFile};

use super::Failure;
use super::args::{Choice, Format, Sources};
use super::output::Output;

/// How standard input is named in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// The project whose files are looked for when none are given.
const PROJECT: &str = "ironic";

/// Loads and joins the packs that were asked for.
pub(crate) fn pack(choice: &Choice) -> Result<Pack, Failure> {
    let packs = choice
        .rules
        .iter()
        .map(|name| Pack::load(name))
        .collect::<Result<_, _>>()?;
    Ok(Pack::join(packs)?)
}

pub(crate) fn secrets<'p>(choice: &Choice, pack: &'p Pack) -> Secrets<'p> {
    if choice.show_secrets {
        Secrets::shown(pack)
    } else {
        Secrets::hidden(pack)
    }
}

/// Reads all files, in the order in which the service reads them.
pub(crate) fn read(sources: &Sources) -> Result<Vec<SourceFile>, Failure> {
    let found;
    let ordered = if sources.ordered.is_empty() {
        found = oslo_config::search(PROJECT, Path::exists, |name| std::env::var_os(name));
        if found.is_empty() {
            return Err(Failure::Said(format!(
                "found no configuration of {PROJECT} in ~/.{PROJECT}, ~, /etc/{PROJECT} or /etc: name \
                 the files to read"
            )));
        }
        &found
    } else {
        &sources.ordered
    };
    let mut files = Vec::new();
    for source in ordered {
        for path in source.files()? {
            log::info!("reading {}", path.display());
            files.push(if path == Path::new("-") {
                read_stdin()?
            } else {
                SourceFile::read(&path)?
            });
        }
    }
    Ok(files)
}

fn read_stdin() -> Result<SourceFile, Failure> {
    let mut text = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut text) {
        Ok(_) => Ok(SourceFile {
            path: STDIN.into(),
            text,
        }),
        Err(cause) => Err(SourceError::File {
            path: STDIN.into(),
            cause,
        }
        .into()),
    }
}

/// Parses all files. When some cannot be parsed, shows for each what is wrong.
pub(crate) fn parse<'f>(
    files: &'f [SourceFile],
    choice: &Choice,
    secrets: &Secrets<'_>,
    output: &mut Output,
) -> Result<Vec<ParsedFile<'f>>, Failure> {
    let mut parsed = Vec::new();
    let mut diagnostics = Vec::new();
    let mut unparsable = 0;
    for file in files {
        match file.parse() {
            Ok(file) => parsed.push(file),
            Err(error) => {
                unparsable += 1;
                diagnostics.extend(Diagnostic::of_syntax(&error, &file.text, secrets));
            }
        }
    }
    if unparsable == 0 {
        return Ok(parsed);
    }
    match choice.format {
        Format::Json => output.bytes(report::check_json(&diagnostics).as_bytes())?,
        Format::Text => output.message(&report::render(&diagnostics, output.messages())),
    }
    Err(Failure::Unparsable { count: unparsable })
}

/// Tells whether a path means standard input, in reports.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}
