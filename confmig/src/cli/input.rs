//! Loads a command's inputs once: rules, schemas and files, and the target they determine.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::history::{self, History, ReleaseRange, Series, Service, guess_service};
use confmig::migrate::{Route, Settings, check_examples, group_by_result};
use confmig::pack::{DEFAULT_PACK, Pack};
use confmig::report::{self, CheckReport};
use confmig::schema::Schema;
use confmig::secret::Secrets;
use confmig::target::{PackTarget, ReleaseTarget, SchemaTarget, Schemas, Target, joined};
use oslo_config::{ParsedFile, SourceError, SourceFile};

use super::Failure;
use super::args::{CommonArgs, Format, ReleaseArgs, SourceArgs};
use super::output::{Output, document};

/// The name of standard input in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// A command's inputs, before the files are parsed.
pub(crate) struct Loaded {
    pub(crate) files: Vec<SourceFile>,
    /// The rules given by `--rules`, if any.
    pub(crate) site: Option<Pack>,
    /// The rules that reports name: those given by `--rules`, or those of the release or the schema
    /// without regard to the files.
    pub(crate) rules: Pack,
    pub(crate) lives: History,
    schema: Option<Schema>,
    from_schema: Option<Schema>,
    from: Option<Series>,
    to: Option<Series>,
    show_secrets: bool,
}

/// A command's inputs, with the files parsed.
pub(crate) struct Inputs<'l> {
    pub(crate) parsed: Vec<ParsedFile<'l>>,
    /// The releases to migrate between, if any were given.
    pub(crate) releases: Option<report::Releases>,
    loaded: &'l Loaded,
}

impl Loaded {
    pub(crate) fn new(
        sources: &SourceArgs,
        common: &CommonArgs,
        releases: &ReleaseArgs,
    ) -> Result<Self, Failure> {
        let schema = schema(common.schema.as_deref())?;
        let from_schema = self::schema(releases.from_schema.as_deref())?;
        let packs = common.rules.iter().map(|name| load(name));
        let packs: Vec<Pack> = packs.collect::<Result<_, _>>()?;
        let site = match packs.is_empty() {
            true => None,
            false => Some(Pack::join(packs)?),
        };
        let files = read(sources, schema.as_ref(), releases.service)?;
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
                .map_err(|error| Failure::Message(error.to_string()))
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
            show_secrets: common.show_secrets,
        })
    }

    /// Parses the files. If some cannot be parsed, shows their diagnostics and fails.
    pub(crate) fn parse(&self, format: Format, output: &mut Output) -> Result<Inputs<'_>, Failure> {
        let secrets = self.secrets(&self.rules);
        let parsed = parse(&self.files, format, &self.rules, &secrets, output)?;
        Ok(Inputs {
            releases: self.releases(&parsed)?,
            parsed,
            loaded: self,
        })
    }

    /// Returns what to mask, according to the rules and the schemas.
    pub(crate) fn secrets<'s>(&'s self, rules: &'s Pack) -> Secrets<'s> {
        let secrets = match self.show_secrets {
            true => Secrets::shown(rules),
            false => Secrets::hidden(rules),
        };
        secrets.with_schemas([self.from_schema.as_ref(), self.schema.as_ref()])
    }

    /// Returns the schemas, if any were given.
    pub(crate) fn schemas(&self) -> Option<Schemas<'_>> {
        Some(Schemas {
            from: self.from_schema.as_ref(),
            to: self.schema.as_ref()?,
        })
    }

    /// Determines the releases to migrate between, guessing the first if need be.
    fn releases(&self, files: &[ParsedFile<'_>]) -> Result<Option<report::Releases>, Failure> {
        let Some(to) = self.to else {
            return Ok(None);
        };
        if let Some(from) = self.from.filter(|from| *from > to) {
            return Err(Failure::Message(format!(
                "--from {from} is newer than --to {to}: files can be migrated only to a newer \
                 release"
            )));
        }
        let guess = match self.from {
            Some(_) => None,
            None => Some(history::guess(files, &self.lives)),
        };
        let guessed = guess.as_ref().map(|guess| guess.series);
        // Files may be newer than the release that will read them: then there are no steps.
        let from = self.from.or(guessed).unwrap_or(to).min(to);
        let span = ReleaseRange { from, to };
        Ok(Some(report::Releases {
            span,
            guess,
            results: Vec::new(),
        }))
    }
}

impl Inputs<'_> {
    /// Returns the rules to migrate by, besides those of the releases.
    pub(crate) fn rules(&self) -> Result<Cow<'_, Pack>, Failure> {
        match &self.loaded.schema {
            Some(schema) => {
                let site = self.loaded.site.as_ref();
                Ok(Cow::Owned(joined(schema.pack(&self.parsed), site)?))
            }
            None => Ok(Cow::Borrowed(&self.loaded.rules)),
        }
    }

    /// Returns the route from the names in the files to those that the target reads.
    pub(crate) fn route(&self) -> Route<'_> {
        let loaded = self.loaded;
        let route = match (&self.releases, loaded.schemas()) {
            (Some(releases), _) => Route::releases(releases.span, &loaded.lives),
            (None, Some(schemas)) => Route::schemas(schemas.from, schemas.to),
            (None, None) => return Route::pack(&loaded.rules),
        };
        match &loaded.site {
            Some(site) => route.with_site(site),
            None => route,
        }
    }

    /// Compares the results for the releases that the files may have been written for, if that was
    /// guessed.
    pub(crate) fn compare_candidates(&mut self, settings: &Settings) -> Result<(), Failure> {
        let loaded = self.loaded;
        if let Some(releases) = &mut self.releases
            && let Some(guess) = &releases.guess
        {
            let to = (releases.span.to, &loaded.lives);
            let (files, site) = (&self.parsed, loaded.site.as_ref());
            releases.results = group_by_result(files, &guess.candidates, to, site, settings)?;
        }
        Ok(())
    }

    /// Returns the target of the files.
    pub(crate) fn target(&self) -> Result<Box<dyn Target + '_>, Failure> {
        let (files, loaded) = (&self.parsed, self.loaded);
        let site = loaded.site.as_ref();
        Ok(match (&self.releases, loaded.schemas()) {
            (Some(report::Releases { span, .. }), _) => {
                let (from, lives) = (Some(span.from), &loaded.lives);
                Box::new(ReleaseTarget::new(span.to, from, files, site, lives)?)
            }
            (None, Some(schemas)) => Box::new(SchemaTarget::new(schemas, files, site)?),
            (None, None) => Box::new(PackTarget::new(loaded.rules.clone())),
        })
    }
}

/// Loads a pack, and checks the examples of a rule file. Those of built-in packs are tested.
pub(crate) fn load(name: &str) -> Result<Pack, Failure> {
    let pack = Pack::load(name)?;
    if Pack::built_in().all(|built_in| built_in != name) {
        check_examples(&pack).map_err(|wrong| {
            Failure::Message(format!("the rules in {name} cannot be used: {wrong}"))
        })?;
    }
    Ok(pack)
}

/// Reads a schema, if one was given.
pub(crate) fn schema(path: Option<&Path>) -> Result<Option<Schema>, Failure> {
    Ok(path.map(Schema::read).transpose()?)
}

/// Reads all files, in the order given, or else those of the service.
fn read(
    sources: &SourceArgs,
    schema: Option<&Schema>,
    service: Option<Service>,
) -> Result<Vec<SourceFile>, Failure> {
    let found;
    let ordered = if sources.ordered.is_empty() {
        let project = match schema {
            Some(schema) => schema.project.as_deref().ok_or_else(|| {
                Failure::Message(format!(
                    "{} does not name its service: give the files to read",
                    schema.origin
                ))
            })?,
            None => service.unwrap_or(Service::IRONIC).id(),
        };
        found = oslo_config::search(project, Path::exists, |name| std::env::var_os(name));
        if found.is_empty() {
            return Err(Failure::Message(format!(
                "found no configuration of {project} in ~/.{project}, ~, /etc/{project} or /etc: \
                 give the files to read"
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

/// Parses files. If some cannot be parsed, shows their diagnostics and fails.
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
        None => output.painted_message(|paint| report::render(&diagnostics, paint)),
    }
    Err(Failure::Unparsable { count: unparsable })
}

/// Returns whether a path in a report stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Returns the environment variables that are UTF-8.
pub(crate) fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
