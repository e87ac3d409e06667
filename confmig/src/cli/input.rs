//! A set of files, and the target that it is for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use confmig::diagnostic::Diagnostic;
use confmig::history::{self, History, ReleaseRange, Series, Service, guess_service};
use confmig::migrate::{Route, Settings, group_by_result};
use confmig::pack::Pack;
use confmig::report;
use confmig::secret::Secrets;
use confmig::target::{PackTarget, ReleaseTarget, SchemaTarget, Schemas, Target, joined};
use oslo_config::{ParsedFile, SourceFile};

use super::Failure;
use super::given::Given;

/// A set of files that one service reads.
pub(crate) struct Loaded<'g> {
    pub(crate) given: &'g Given,
    pub(crate) files: Vec<SourceFile>,
    /// The rules that reports name: those given by `--rules`, or those of the release or the schema
    /// without regard to the files.
    pub(crate) rules: Cow<'g, Pack>,
    pub(crate) lives: History,
    pub(crate) from: Option<Series>,
    pub(crate) to: Option<Series>,
}

/// A set of files, parsed.
pub(crate) struct Inputs<'l> {
    pub(crate) parsed: Vec<ParsedFile<'l>>,
    /// The releases to migrate between, if any were given.
    pub(crate) releases: Option<report::Releases>,
    loaded: &'l Loaded<'l>,
}

/// What breaks the format of files.
#[derive(Default)]
pub(crate) struct Unparsable {
    /// The number of files that cannot be parsed.
    pub(crate) count: usize,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'g> Loaded<'g> {
    /// Takes files, and determines their service and releases.
    pub(crate) fn new(given: &'g Given, files: Vec<SourceFile>) -> Result<Self, Failure> {
        let names = &given.names;
        let guessed = || match names.by_release() {
            true => guess_service(&files),
            false => Service::IRONIC,
        };
        let service = names.service.unwrap_or_else(guessed);
        let lives = History::new(service);
        let series = |text: &Option<String>| {
            let parsed = text.as_deref().map(|text| Series::parse(service, text));
            parsed
                .transpose()
                .map_err(|error| Failure::Message(error.to_string()))
        };
        let from = series(&names.from)?;
        let any = from.is_some() || names.service.is_some();
        let to = series(&names.to)?.or(any.then(|| service.newest()));
        let rules = match (&given.site, &given.schema, to) {
            (None, None, Some(to)) => Cow::Owned(history::pack(to, &BTreeSet::new(), &lives)),
            _ => Cow::Borrowed(&given.rules),
        };
        Ok(Loaded {
            given,
            files,
            rules,
            lives,
            from,
            to,
        })
    }

    /// Returns the files and the rules that reports name.
    pub(crate) fn into_parts(self) -> (Vec<SourceFile>, Cow<'g, Pack>) {
        (self.files, self.rules)
    }

    /// Parses the files.
    pub(crate) fn parse(&self) -> Result<Result<Inputs<'_>, Unparsable>, Failure> {
        let secrets = self.given.secrets(&self.rules);
        Ok(match parse(&self.files, &secrets) {
            Ok(parsed) => Ok(Inputs {
                releases: self.releases(&parsed)?,
                parsed,
                loaded: self,
            }),
            Err(unparsable) => Err(unparsable),
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
    /// Returns what determines the target.
    pub(crate) fn given(&self) -> &Given {
        self.loaded.given
    }

    /// Returns the rules to migrate by, besides those of the releases.
    pub(crate) fn rules(&self) -> Result<Cow<'_, Pack>, Failure> {
        match &self.loaded.given.schema {
            Some(schema) => {
                let site = self.loaded.given.site.as_ref();
                Ok(Cow::Owned(joined(schema.pack(&self.parsed), site)?))
            }
            None => Ok(Cow::Borrowed(&self.loaded.rules)),
        }
    }

    /// Returns the route from the names in the files to those that the target reads.
    pub(crate) fn route(&self) -> Route<'_> {
        let loaded = self.loaded;
        let route = match (&self.releases, loaded.given.schemas()) {
            (Some(releases), _) => Route::releases(releases.span, &loaded.lives),
            (None, Some(schemas)) => Route::schemas(schemas.from, schemas.to),
            (None, None) => return Route::pack(&loaded.rules),
        };
        match &loaded.given.site {
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
            let (files, site) = (&self.parsed, loaded.given.site.as_ref());
            releases.results = group_by_result(files, &guess.candidates, to, site, settings)?;
        }
        Ok(())
    }

    /// Returns the release, or the schema, that the files were written for, as a target; `None`
    /// when it is not known.
    pub(crate) fn older(&self) -> Result<Option<Box<dyn Target + '_>>, Failure> {
        let (files, loaded) = (&self.parsed, self.loaded);
        Ok(match (loaded.from, &loaded.given.from_schema) {
            (Some(from), _) => {
                let older = ReleaseTarget::new(from, None, files, None, &loaded.lives)?;
                Some(Box::new(older))
            }
            (None, Some(to)) => {
                let schemas = Schemas { from: None, to };
                Some(Box::new(SchemaTarget::new(schemas, files, None)?))
            }
            (None, None) => None,
        })
    }

    /// Returns the target of the files.
    pub(crate) fn target(&self) -> Result<Box<dyn Target + '_>, Failure> {
        let (files, loaded) = (&self.parsed, self.loaded);
        let site = loaded.given.site.as_ref();
        Ok(match (&self.releases, loaded.given.schemas()) {
            (Some(report::Releases { span, .. }), _) => {
                let (from, lives) = (Some(span.from), &loaded.lives);
                Box::new(ReleaseTarget::new(span.to, from, files, site, lives)?)
            }
            (None, Some(schemas)) => Box::new(SchemaTarget::new(schemas, files, site)?),
            (None, None) => Box::new(PackTarget::new(loaded.rules.clone().into_owned())),
        })
    }
}

/// Parses files.
pub(crate) fn parse<'f>(
    files: &'f [SourceFile],
    secrets: &Secrets<'_>,
) -> Result<Vec<ParsedFile<'f>>, Unparsable> {
    let mut parsed = Vec::with_capacity(files.len());
    let mut unparsable = Unparsable::default();
    for file in files {
        match file.parse() {
            Ok(file) => parsed.push(file),
            Err(error) => {
                let found = Diagnostic::of_syntax(&error, &file.text, secrets);
                unparsable.diagnostics.extend(found);
                unparsable.count += 1;
            }
        }
    }
    match unparsable.count {
        0 => Ok(parsed),
        _ => Err(unparsable),
    }
}
