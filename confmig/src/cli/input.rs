//! Reading the files that a command is about.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::migrate::{Span, check_examples};
use confmig::pack::Pack;
use confmig::release::{self, Guess, Lives, Series};
use confmig::report::{self, CheckReport};
use confmig::schema::Schema;
use confmig::secret::Secrets;
use oslo_config::{ParsedFile, SourceError, SourceFile};

use super::Failure;
use super::args::{Choice, Format, Releases, Sources};
use super::output::Output;

/// How standard input is named in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// The project whose files are looked for when none are given.
const PROJECT: &str = "ironic";

/// Loads and joins the packs that were asked for, or the default one.
pub(crate) fn pack(choice: &Choice) -> Result<Pack, Failure> {
    let default = [confmig::pack::DEFAULT_PACK.to_owned()];
    let packs = choice
        .packs(&default)
        .iter()
        .map(|name| load(name))
        .collect::<Result<_, _>>()?;
    Ok(Pack::join(packs)?)
}

/// Loads a pack. The examples of a rule file must hold; those of a built-in pack do.
pub(crate) fn load(name: &str) -> Result<Pack, Failure> {
    let pack = Pack::load(name)?;
    if Pack::built_in().all(|built_in| built_in != name) {
        check_examples(&pack).map_err(|wrong| {
            Failure::Said(format!("the rules in {name} cannot be used: {wrong}"))
        })?;
    }
    Ok(pack)
}

/// The schema that was asked for.
pub(crate) fn schema(path: Option<&Path>) -> Result<Option<Schema>, Failure> {
    Ok(path.map(Schema::read).transpose()?)
}

/// The pack of a schema for these files, joined with the packs that were asked for besides.
pub(crate) fn pack_of(
    schema: &Schema,
    files: &[ParsedFile<'_>],
    choice: &Choice,
) -> Result<Pack, Failure> {
    let pack = schema.pack(files);
    if choice.rules.is_empty() {
        return Ok(pack);
    }
    Ok(Pack::join(vec![pack, self::pack(choice)?])?)
}

/// The packs that were asked for besides a release of Ironic; a pack of that release that has nothing
/// in it when there were none.
pub(crate) fn pack_beside(choice: &Choice, release: Series) -> Result<Pack, Failure> {
    if choice.rules.is_empty() {
        return Ok(release::pack(release, &BTreeSet::new(), &Lives::default()));
    }
    pack(choice)
}

/// Between which releases the files are to go; `None` when neither was given.
pub(crate) fn span(
    releases: &Releases,
    files: &[ParsedFile<'_>],
    lives: &Lives,
) -> Result<Option<Between>, Failure> {
    if releases.from.is_none() && releases.to.is_none() {
        return Ok(None);
    }
    let to = releases.to.unwrap_or(Series::newest());
    let guess = releases
        .from
        .is_none()
        .then(|| release::guess(files, lives));
    // A file may be newer than what is to read it: then there are no steps.
    let from = releases
        .from
        .or(guess.as_ref().map(|guess| guess.series))
        .unwrap_or(to);
    if releases.from.is_some() && from > to {
        return Err(Failure::Said(format!(
            "--from {from} is newer than --to {to}: configurations are migrated to newer releases only"
        )));
    }
    Ok(Some(Between {
        span: Span {
            from: from.min(to),
            to,
        },
        guess,
    }))
}

/// Two releases, and how the first was found when it was not given.
pub(crate) struct Between {
    pub(crate) span: Span,
    pub(crate) guess: Option<Guess>,
}

impl Between {
    /// Says which release the files were taken to be for.
    pub(crate) fn note(&self) -> Option<String> {
        let guess = self.guess.as_ref()?;
        let newer = if guess.series > self.span.to {
            format!(", which is newer than {}", self.span.to)
        } else {
            String::new()
        };
        Some(format!(
            "taken to be written for {} ({}): {}{newer}; --from says otherwise",
            guess.series,
            guess.sureness.as_str(),
            guess.why
        ))
    }
}

pub(crate) fn secrets<'p>(choice: &Choice, pack: &'p Pack) -> Secrets<'p> {
    if choice.show_secrets {
        Secrets::shown(pack)
    } else {
        Secrets::hidden(pack)
    }
}

/// Reads all files, in the order in which the service reads them.
pub(crate) fn read(sources: &Sources, schema: Option<&Schema>) -> Result<Vec<SourceFile>, Failure> {
    let found;
    let ordered = if sources.ordered.is_empty() {
        let project = match schema {
            Some(schema) => schema.project.as_deref().ok_or_else(|| {
                Failure::Said(format!(
                    "{} does not tell which service it is of: name the files to read",
                    schema.origin
                ))
            })?,
            None => PROJECT,
        };
        found = oslo_config::search(project, Path::exists, |name| std::env::var_os(name));
        if found.is_empty() {
            return Err(Failure::Said(format!(
                "found no configuration of {project} in ~/.{project}, ~, /etc/{project} or /etc: name \
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
    format: Format,
    pack: &Pack,
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
    let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let found = CheckReport {
        files: &paths,
        diagnostics: &diagnostics,
        pack,
        secrets,
        release: None,
    };
    match super::check::document(&found, format)? {
        Some(document) => output.bytes(document.as_bytes())?,
        None => output.message(&report::render(&diagnostics, output.messages())),
    }
    Err(Failure::Unparsable { count: unparsable })
}

/// Tells whether a path means standard input, in reports.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}
