//! `confmig check`.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use confmig::check::{Release, Schemas, World, check, check_release, check_schema, in_order};
use confmig::pack::Pack;
use confmig::release::{self, Lives, Series};
use confmig::report::{self, CheckReport};
use oslo_config::{OptName, ParsedFile};

use super::args::{Check, Format};
use super::output::Output;
use super::{Failure, Outcome, input};

pub(crate) fn run(command: &Check, output: &mut Output) -> Result<Outcome, Failure> {
    let to = command.releases.to;
    let releases = to.or(command.releases.from.map(|_| Series::newest()));
    let schema = input::schema(command.choice.schema.as_deref())?;
    let from_schema = input::schema(command.releases.from_schema.as_deref())?;
    let asked = match (releases, &schema) {
        (Some(to), _) => input::pack_beside(&command.choice, to)?,
        (None, Some(schema)) => input::pack_of(schema, &[], &command.choice)?,
        (None, None) => input::pack(&command.choice)?,
    };
    let both = [from_schema.as_ref(), schema.as_ref()];
    let first_secrets = input::secrets(&command.choice, &asked).with_schemas(both);
    let files = input::read(&command.sources, schema.as_ref())?;
    let parsed = input::parse(&files, command.format, &asked, &first_secrets, output)?;
    let lives = Lives::default();
    let between = input::span(&command.releases, &parsed, &lives)?;
    if command.defaults && between.is_none() && from_schema.is_none() {
        return Err(Failure::Said(
            "--defaults compares two releases: give --to, and --from or a file to guess it from, or \
             --from-schema and --schema"
                .into(),
        ));
    }
    let pack = match (&between, &schema) {
        (None, Some(schema)) => input::pack_of(schema, &parsed, &command.choice)?,
        (Some(between), _) => of_release(
            between.span.to,
            &parsed,
            asked.clone(),
            !command.choice.rules.is_empty(),
            &lives,
        )?,
        (None, None) => asked.clone(),
    };
    let secrets = input::secrets(&command.choice, &pack).with_schemas(both);
    let environment = environment();
    let world = World {
        environment: &environment,
        keep_old: command.keep_old,
        is_directory: &Path::is_dir,
    };
    let mut diagnostics = check(&parsed, &pack, &secrets, &world);
    if let Some(between) = &between {
        let release = Release {
            to: between.span.to,
            defaults_of: command.defaults.then_some(between.span.from),
            keep_old: command.keep_old,
            lives: &lives,
        };
        diagnostics.extend(check_release(&parsed, &pack, release, &secrets));
        in_order(&mut diagnostics, &parsed);
    }
    if let Some(schema) = &schema {
        let schemas = Schemas {
            from: from_schema.as_ref(),
            to: schema,
            defaults: command.defaults,
        };
        diagnostics.extend(check_schema(&parsed, &pack, schemas, &secrets));
        in_order(&mut diagnostics, &parsed);
    }
    let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let found = CheckReport {
        files: &paths,
        diagnostics: &diagnostics,
        pack: if schema.is_some() { &pack } else { &asked },
        secrets: &secrets,
        release: between.as_ref().map(|between| between.span.to),
    };
    if let Some(document) = document(&found, command.format)? {
        output.bytes(document.as_bytes())?;
    } else {
        output.bytes(report::render(&diagnostics, output.results()).as_bytes())?;
        let files = match files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        if !diagnostics.is_empty() {
            output.message("");
        }
        if let Some(note) = between
            .as_ref()
            .filter(|_| command.defaults)
            .and_then(input::Between::note)
        {
            output.note(&note);
        }
        output.message(&match diagnostics.len() {
            0 => format!("{files}, nothing to report"),
            count => format!("{files}, {count} to look at"),
        });
    }
    Ok(if diagnostics.is_empty() {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

/// What was found, in a form that is written as a whole; `None` for text.
pub(crate) fn document(found: &CheckReport<'_>, format: Format) -> Result<Option<String>, Failure> {
    Ok(match format {
        Format::Json => Some(report::check_json(found.diagnostics)),
        Format::Sarif => Some(report::check_sarif(found.diagnostics)),
        Format::Html => Some(report::check_html(found)?),
        Format::Text => None,
    })
}

/// What a release knows of what is set in files, joined with the packs that were asked for.
fn of_release(
    to: Series,
    files: &[ParsedFile<'_>],
    asked: Pack,
    join: bool,
    lives: &Lives,
) -> Result<Pack, Failure> {
    let entries = files.iter().flat_map(|file| file.document.entries());
    let name = |entry: oslo_config::Entry<'_, '_>| {
        Some(OptName::new(
            std::str::from_utf8(&entry.group()).ok()?,
            std::str::from_utf8(entry.key()).ok()?,
        ))
    };
    let names: BTreeSet<OptName> = entries.filter_map(name).collect();
    let pack = release::pack(to, &names, lives);
    Ok(if join {
        Pack::join(vec![pack, asked])?
    } else {
        pack
    })
}

/// The environment's variables, as far as they are UTF-8.
pub(crate) fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
