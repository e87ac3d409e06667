//! Rules, schemas and releases: what determines the target of files, loaded once however many files
//! there are.

use std::path::{Path, PathBuf};

use confmig::history::{Series, Service};
use confmig::migrate::check_examples;
use confmig::pack::{DEFAULT_PACK, Pack};
use confmig::policy::ProjectTarget;
use confmig::schema::{Schema, doubt};
use confmig::secret::Secrets;
use confmig::shell::word;
use confmig::target::{Schemas, joined};
use glob::Pattern;

use super::Failure;
use super::args::{CommonArgs, ReleaseArgs};

/// What names the target of files: arguments, or a target of the policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetNames {
    pub(crate) rules: Vec<String>,
    pub(crate) schema: Option<PathBuf>,
    pub(crate) from_schema: Option<PathBuf>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) service: Option<Service>,
    pub(crate) keep_old: bool,
    /// The options whose old defaults stay.
    pub(crate) pinned: Vec<Pattern>,
}

/// What determines the target of files.
pub(crate) struct Given {
    pub(crate) names: TargetNames,
    /// The rules given by `--rules`, if any.
    pub(crate) site: Option<Pack>,
    pub(crate) schema: Option<Schema>,
    pub(crate) from_schema: Option<Schema>,
    /// The rules that reports name when no release is given.
    pub(crate) rules: Pack,
    show_secrets: bool,
    /// What is doubtful about the schemas.
    pub(crate) doubt: Option<String>,
}

impl TargetNames {
    pub(crate) fn of_arguments(common: &CommonArgs, releases: &ReleaseArgs) -> Self {
        TargetNames {
            rules: common.rules.clone(),
            schema: common.schema.clone(),
            from_schema: releases.from_schema.clone(),
            from: releases.from.clone(),
            to: releases.to.clone(),
            service: releases.service,
            ..TargetNames::default()
        }
    }

    /// Tells whether anything is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.schema.is_none()
            && self.from.is_none()
            && self.to.is_none()
            && self.service.is_none()
    }

    pub(crate) fn of_policy(target: &ProjectTarget) -> Self {
        TargetNames {
            rules: target.rules.clone(),
            schema: target.schema.clone(),
            from_schema: target.from_schema.clone(),
            from: target.from.clone(),
            to: target.to.clone(),
            service: target.service,
            keep_old: target.keep_old,
            pinned: target.pin_defaults.clone(),
        }
    }

    /// Tells whether the files are for a release.
    pub(crate) fn by_release(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Returns the arguments that name this target, with a space before each.
    pub(crate) fn arguments(&self, to: Option<Series>) -> String {
        let to = to.map(|to| format!(" --to {to}"));
        let schemas = [("from-schema", &self.from_schema), ("schema", &self.schema)];
        let schemas = schemas
            .into_iter()
            .filter_map(|(name, path)| Some(format!(" --{name} {}", word(path.as_ref()?))));
        let rules = self
            .rules
            .iter()
            .map(|rules| format!(" --rules {}", word(Path::new(rules))));
        let keep_old = self.keep_old.then(|| " --keep-old".to_owned());
        let arguments = to.into_iter().chain(schemas).chain(rules);
        arguments.chain(keep_old).collect()
    }
}

impl Given {
    pub(crate) fn load(names: TargetNames, show_secrets: bool) -> Result<Self, Failure> {
        let schema = schema(names.schema.as_deref())?;
        let from_schema = self::schema(names.from_schema.as_deref())?;
        let packs = names.rules.iter().map(|name| load(name));
        let packs: Vec<Pack> = packs.collect::<Result<_, _>>()?;
        let site = match packs.is_empty() {
            true => None,
            false => Some(Pack::join(packs)?),
        };
        let rules = match (&site, &schema) {
            (_, Some(schema)) => joined(schema.pack(&[]), site.as_ref())?,
            (Some(site), None) => site.clone(),
            (None, None) => Pack::load(DEFAULT_PACK)?,
        };
        let both = from_schema.as_ref().zip(schema.as_ref());
        Ok(Given {
            doubt: both.and_then(|(from, to)| doubt(from, to)),
            names,
            site,
            schema,
            from_schema,
            rules,
            show_secrets,
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
