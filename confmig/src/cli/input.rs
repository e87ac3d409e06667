//! What a command is about: rules, schemas and files, loaded once, and whom the files are for.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::history::{self, History, ReleaseRange, Series, Service, guess_service};
use confmig::migrate::{Route, check_examples};
use confmig::pack::{DEFAULT_PACK, Pack};
use confmig::report::{self, CheckReport};
use confmig::schema::Schema;
use confmig::secret::Secrets;
use confmig::target::{PackTarget, ReleaseTarget, SchemaTarget, Schemas, Target, joined};
use oslo_config::{ParsedFile, SourceError, SourceFile};

use super::Failure;
use super::args::{Choice, Format, Releases, Sources};
use super::output::{Output, document};

/// How standard input is named in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// The project whose files are looked for when none are given.
const PROJECT: &str = "ironic";

/// What was asked for and read, before anything is parsed.
pub(crate) struct Loaded {
    pub(crate) files: Vec<SourceFile>,
    /// The rules that were asked for, if any.
    pub(crate) site: Option<Pack>,
    /// The rules as reports name them: those that were asked for, or that the release or the schema has
    /// for no file.
    pub(crate) rules: Pack,
    pub(crate) lives: History,
    schema: Option<Schema>,
    from_schema: Option<Schema>,
    from: Option<Series>,
    to: Option<Series>,
    show_secrets: bool,
}

/// What was loaded, and what is in the files.
pub(crate) struct Inputs<'l> {
    pub(crate) parsed: Vec<ParsedFile<'l>>,
    /// Between which releases the files are to go, if that was asked for.
    pub(crate) between: Option<report::Releases>,
    loaded: &'l Loaded,
}

impl Loaded {
    pub(crate) fn new(
        sources: &Sources,
        choice: &Choice,
        releases: &Releases,
    ) -> Result<Self, Failure> {
        let schema = schema(choice.schema.as_deref())?;
        let from_schema = self::schema(releases.from_schema.as_deref())?;
        let packs = choice.rules.iter().map(|name| load(name));
        let packs: Vec<Pack> = packs.collect::<Result<_, _>>()?;
        let site = match packs.is_empty() {
            true => None,
            false => Some(Pack::join(packs)?),
        };
        let files = read(sources, schema.as_ref())?;
        let asks_for_release = releases.from.is_some() || releases.to.is_some();
        let guessed = || match asks_for_release {
            true => guess_service(&files),
            false => Service::IRONIC,
        };
        let service = releases.service.unwrap_or_else(guessed);
        let lives = History::new(service);
        let series = |text: &Option<String>| {
            let parsed = text.as_deref().map(|text| Series::parse(service, text));
            parsed
                .transpose()
                .map_err(|error| Failure::Said(error.to_string()))
        };
        let from = series(&releases.from)?;
        let any = from.is_some() || releases.service.is_some();
        let to = series(&releases.to)?.or(any.then(|| service.newest()));
        let rules = match (&site, &schema, to) {
            (None, None, Some(to)) => history::pack(to, &BTreeSet::new(), &lives),
            (_, Some(schema), _) => joined(schema.pack(&[]), site.as_ref())?,
            (Some(site), None, _) => site.clone(),
            (None, None, None) => Pack::load(DEFAULT_PACK)?,
        };
        Ok(Loaded {
            files,
            site,
            rules,
            lives,
            schema,
            from_schema,
            from,
            to,
            show_secrets: choice.show_secrets,
        })
    }

    /// Parses the files. When some cannot be parsed, shows for each what is wrong.
    pub(crate) fn parse(&self, format: Format, output: &mut Output) -> Result<Inputs<'_>, Failure> {
        let secrets = self.secrets(&self.rules);
        let parsed = parse(&self.files, format, &self.rules, &secrets, output)?;
        Ok(Inputs {
            between: self.between(&parsed)?,
            parsed,
            loaded: self,
        })
    }

    /// Decides what is shown, by what the rules and the schemas call secret.
    pub(crate) fn secrets<'s>(&'s self, rules: &'s Pack) -> Secrets<'s> {
        let secrets = match self.show_secrets {
            true => Secrets::shown(rules),
            false => Secrets::hidden(rules),
        };
        secrets.with_schemas([self.from_schema.as_ref(), self.schema.as_ref()])
    }

    /// The schemas that were asked for.
    pub(crate) fn schemas(&self) -> Option<Schemas<'_>> {
        Some(Schemas {
            from: self.from_schema.as_ref(),
            to: self.schema.as_ref()?,
        })
    }

    fn between(&self, files: &[ParsedFile<'_>]) -> Result<Option<report::Releases>, Failure> {
        let Some(to) = self.to else {
            return Ok(None);
        };
        if let Some(from) = self.from.filter(|from| *from > to) {
            return Err(Failure::Said(format!(
                "--from {from} is newer than --to {to}: configurations are migrated to newer releases only"
            )));
        }
        let guess = match self.from {
            Some(_) => None,
            None => Some(history::guess(files, &self.lives)),
        };
        let guessed = guess.as_ref().map(|guess| guess.series);
        // A file may be newer than what is to read it: then there are no steps.
        let from = self.from.or(guessed).unwrap_or(to).min(to);
        let span = ReleaseRange { from, to };
        Ok(Some(report::Releases { span, guess }))
    }
}

impl Inputs<'_> {
    /// The rules that the files are migrated by, besides those of the releases.
    pub(crate) fn rules(&self) -> Result<Cow<'_, Pack>, Failure> {
        match &self.loaded.schema {
            Some(schema) => {
                let site = self.loaded.site.as_ref();
                Ok(Cow::Owned(joined(schema.pack(&self.parsed), site)?))
            }
            None => Ok(Cow::Borrowed(&self.loaded.rules)),
        }
    }

    /// The way from the names that the files have to those that their target reads.
    pub(crate) fn route(&self) -> Route<'_> {
        let loaded = self.loaded;
        let route = match (&self.between, loaded.schemas()) {
            (Some(between), _) => Route::releases(between.span, &loaded.lives),
            (None, Some(schemas)) => Route::schemas(schemas.from, schemas.to),
            (None, None) => return Route::pack(&loaded.rules),
        };
        match &loaded.site {
            Some(site) => route.with_site(site),
            None => route,
        }
    }

    /// Whom the files are for.
    pub(crate) fn target(&self) -> Result<Box<dyn Target + '_>, Failure> {
        let (files, loaded) = (&self.parsed, self.loaded);
        let site = loaded.site.as_ref();
        Ok(match (&self.between, loaded.schemas()) {
            (Some(report::Releases { span, .. }), _) => {
                let (from, lives) = (Some(span.from), &loaded.lives);
                Box::new(ReleaseTarget::new(span.to, from, files, site, lives)?)
            }
            (None, Some(schemas)) => Box::new(SchemaTarget::new(schemas, files, site)?),
            (None, None) => Box::new(PackTarget::new(loaded.rules.clone())),
        })
    }
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

/// Reads a schema, if one was asked for.
pub(crate) fn schema(path: Option<&Path>) -> Result<Option<Schema>, Failure> {
    Ok(path.map(Schema::read).transpose()?)
}

/// Reads all files, in the order in which the service reads them.
fn read(sources: &Sources, schema: Option<&Schema>) -> Result<Vec<SourceFile>, Failure> {
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
    let (path, mut text) = (STDIN.into(), Vec::new());
    match std::io::stdin().lock().read_to_end(&mut text) {
        Ok(_) => Ok(SourceFile { path, text }),
        Err(cause) => Err(SourceError::File { path, cause }.into()),
    }
}

/// Parses files. When some cannot be parsed, shows for each what is wrong.
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
    let found = CheckReport {
        files,
        diagnostics: &diagnostics,
        pack,
        secrets,
        release: None,
    };
    match document(&found, format)? {
        Some(document) => output.bytes(document.as_bytes())?,
        None => output.message(&report::render(&diagnostics, output.messages)),
    }
    Err(Failure::Unparsable { count: unparsable })
}

/// Tells whether a path means standard input, in reports.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// The environment's variables, as far as they are UTF-8.
pub(crate) fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
