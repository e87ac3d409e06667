//! Schemas: the options of any service that uses oslo.config, as `oslo-config-generator` lists them
//! in JSON or YAML.
//!
//! A [`Schema`] becomes a [`Pack`] for a set of files. [`compare`] finds what was renamed, removed
//! or changed between the schemas of an older and a newer release.

mod compare;
mod form;
mod pack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oslo_config::{Opt, OptName, ParsedFile};

pub(crate) use compare::successors;
pub use compare::{Changed, Comparison, compare, doubt};
use form::Form;

use crate::pack::Pack;

/// The options of a service, as `oslo-config-generator --format json` or `--format yaml` writes
/// them.
///
/// The generator does not say whether choices are compared without regard to case (they are assumed
/// to be), what types the items of lists have, what regular expressions and maximum lengths there
/// are, and whether an option of another type than text is multi-valued (it is assumed to be if its
/// default is a list or its values are dictionaries).
#[derive(Debug, Clone)]
pub struct Schema {
    /// The file it was read from, for messages.
    pub origin: String,
    /// The service: the first word of the first namespace that does not belong to a library.
    pub project: Option<String>,
    /// The options, by current name.
    options: BTreeMap<OptName, SchemaOption>,
    /// The groups that stand for several sections, each with the option that names these.
    dynamic: Vec<(String, OptName)>,
}

/// An option of a schema.
#[derive(Debug, Clone)]
pub struct SchemaOption {
    /// The option, with its former names.
    pub opt: Opt,
    /// The type, in the words of the generator.
    pub type_name: String,
    /// The default is computed on the host or cannot be written in a file: `opt` has none.
    pub default_is_unknown: bool,
    /// The deprecation, if the option will be removed.
    pub deprecation: Option<Deprecation>,
}

/// The deprecation of an option that will be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecation {
    /// The reason and advice, in the words of the service.
    pub reason: Option<String>,
    /// The release that deprecated the option.
    pub since: Option<String>,
}

/// The error for a schema that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages show what the fields are")]
pub enum SchemaError {
    /// The file cannot be read.
    #[error(
        "cannot read the schema {}: {cause}: expected a file that oslo-config-generator wrote",
        path.display()
    )]
    Read {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// The text starts like JSON but is not JSON, or has another form.
    #[error(
        "the schema {origin} is not what `oslo-config-generator --format json` writes: {cause}"
    )]
    Json {
        origin: String,
        #[source]
        cause: serde_json::Error,
    },
    /// The text is not YAML, or has another form.
    #[error(
        "the schema {origin} is not what `oslo-config-generator --format yaml` writes: {cause}"
    )]
    Yaml {
        origin: String,
        #[source]
        cause: Box<serde_saphyr::Error>,
    },
    /// The file is empty.
    #[error(
        "the schema {origin} is empty: write it again, for example with `oslo-config-generator \
         --namespace keystone --format json`"
    )]
    Blank { origin: String },
    /// The schema has no options.
    #[error(
        "the schema {origin} has no options: name the service's namespaces when you generate it, \
         as in `oslo-config-generator --namespace keystone --format json`"
    )]
    Empty { origin: String },
}

impl Schema {
    /// Reads a schema from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or `oslo-config-generator` did not write it.
    pub fn read(path: &Path) -> Result<Self, SchemaError> {
        let text = std::fs::read_to_string(path).map_err(|cause| SchemaError::Read {
            path: path.into(),
            cause,
        })?;
        Schema::parse(&text, &path.display().to_string())
    }

    /// Reads a schema from YAML, or from JSON if it starts with a brace or the name `origin` ends
    /// in `.json`. Errors call it `origin`.
    ///
    /// # Errors
    ///
    /// When `oslo-config-generator` did not write the text, or it has no options.
    pub fn parse(text: &str, origin: &str) -> Result<Self, SchemaError> {
        if text.trim().is_empty() {
            return Err(SchemaError::Blank {
                origin: origin.into(),
            });
        }
        let by_name = Path::new(origin).extension();
        let by_name = by_name.is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let form: Form = if by_name || text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|cause| SchemaError::Json {
                origin: origin.into(),
                cause,
            })?
        } else {
            // A wrong file may have secrets, which a snippet would show.
            let options = serde_saphyr::options! { with_snippet: false };
            serde_saphyr::from_str_with_options(text, options).map_err(|cause| {
                SchemaError::Yaml {
                    origin: origin.into(),
                    cause: Box::new(cause),
                }
            })?
        };
        let schema = form.into_schema(origin);
        if schema.options.is_empty() {
            return Err(SchemaError::Empty {
                origin: origin.into(),
            });
        }
        Ok(schema)
    }

    /// Creates the schema of a service from its options. Messages call it `origin`.
    #[must_use]
    pub fn of_options(
        origin: String,
        project: &str,
        options: impl Iterator<Item = SchemaOption>,
    ) -> Self {
        let named = options.map(|option| (option.opt.name().clone(), option));
        Schema {
            origin,
            project: Some(project.to_owned()),
            options: named.collect(),
            dynamic: Vec::new(),
        }
    }

    /// Returns an option by its current name.
    #[must_use]
    pub fn option(&self, name: &OptName) -> Option<&SchemaOption> {
        self.options.get(name)
    }

    /// Returns all options, sorted by name.
    pub fn options(&self) -> impl Iterator<Item = &SchemaOption> {
        self.options.values()
    }

    /// Returns the options that read a name as a former name.
    pub fn readers<'s>(&'s self, former: &'s OptName) -> impl Iterator<Item = &'s OptName> {
        self.options()
            .map(|option| &option.opt)
            .filter(move |opt| opt.name() != former && opt.deprecated().contains(former))
            .map(Opt::name)
    }

    /// Tells whether a name is read, as a current or a former name.
    #[must_use]
    pub fn reads(&self, name: &OptName) -> bool {
        self.options.contains_key(name) || self.readers(name).next().is_some()
    }

    /// Returns the secret options.
    pub(crate) fn secret_opts(&self) -> impl Iterator<Item = &Opt> {
        let opts = self.options().map(|option| &option.opt);
        opts.filter(|opt| opt.is_secret())
    }

    /// Returns the pack to migrate and check a set of files with: all options, including those of
    /// sections that the files name, and a renaming for each former name.
    #[must_use]
    pub fn pack(&self, files: &[ParsedFile<'_>]) -> Pack {
        pack::pack(self, files)
    }

    /// Returns the name for reports.
    #[must_use]
    pub fn name(&self) -> &str {
        self.project.as_deref().unwrap_or(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oslo_config::OptType;

    fn one(option: &str) -> SchemaOption {
        let text = format!(r#"{{"options": {{"Press": {{"opts": [{option}]}}}}}}"#);
        let schema = Schema::parse(&text, "test").unwrap();
        schema.options().next().unwrap().clone()
    }

    #[test]
    fn options_are_read_as_the_generator_writes_them() {
        let port = one(
            r#"{"name": "listen-port", "dest": "listen_port", "type": "port value",
            "default": 8080, "min": 0, "max": 65535, "choices": [],
            "deprecated_opts": [{"group": "DEFAULT", "name": "port"},
            {"group": "Press", "name": "listen_port"}]}"#,
        );
        assert_eq!(port.opt.name(), &OptName::new("press", "listen_port"));
        assert_eq!(port.opt.default(), ["8080"]);
        assert_eq!(port.opt.deprecated(), [OptName::new("DEFAULT", "port")]);
        let chosen = one(r#"{"name": "c", "type": "string value", "default": "a",
            "choices": [["a", null], ["b", "help"]]}"#);
        let OptType::Str { choices, .. } = chosen.opt.kind() else {
            panic!("{chosen:?}")
        };
        assert_eq!(choices, &["a", "b"]);
        let older =
            one(r#"{"name": "c", "type": "integer value", "default": 1, "choices": [1, 2]}"#);
        assert!(matches!(older.opt.kind(), OptType::Int { choices, .. } if choices == &[1, 2]));
    }

    #[test]
    fn the_service_is_the_first_namespace_that_is_not_a_library() {
        let service = |namespaces: &str| {
            let text = format!(
                r#"{{"generator_options": {{"namespace": {namespaces}}}, "options":
                {{"DEFAULT": {{"opts": [{{"name": "debug", "type": "boolean value"}}]}}}}}}"#
            );
            Schema::parse(&text, "test").unwrap().project
        };
        assert_eq!(
            service(r#"["oslo.log", "nova.conf"]"#).as_deref(),
            Some("nova")
        );
        assert_eq!(service(r#"["keystone"]"#).as_deref(), Some("keystone"));
        assert_eq!(service(r#"["oslo.log"]"#), None);
    }

    #[test]
    fn defaults_are_as_a_file_would_write_them() {
        let default = |kind: &str, default: &str| {
            let text = format!(r#"{{"name": "d", "type": "{kind}", "default": {default}}}"#);
            let found = one(&text);
            (found.opt.default().to_vec(), found.default_is_unknown)
        };
        let known = |text: &str| (vec![text.to_owned()], false);
        assert_eq!(default("boolean value", "true"), known("true"));
        assert_eq!(default("list value", r#"["a", "b"]"#), known("a,b"));
        assert_eq!(default("dict value", r#"{"a": "1"}"#), known("a:1"));
        assert_eq!(default("string value", "null"), (vec![], false));
        // A file has no way to write these.
        assert_eq!(default("list value", r#"["a,b"]"#), (vec![], true));
        assert_eq!(
            default("dict value", r#"{"a": ["1", "2"]}"#),
            (vec![], true)
        );
        let multi = one(r#"{"name": "d", "type": "multi valued", "default": ["a,b", "c"]}"#);
        assert!(multi.opt.is_multi());
        assert_eq!(multi.opt.default(), ["a,b", "c"]);
    }
}
