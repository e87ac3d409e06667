//! What `oslo-config-generator` tells of a service: its options, in JSON or YAML.
//!
//! Every service that uses oslo.config can be described so. A [`Schema`] becomes a [`Pack`] for a set
//! of files; two of them, of an older and a newer release, tell what was removed or changed
//! ([`compare`]).

mod compare;
mod form;
mod pack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oslo_config::{Opt, OptName, ParsedFile};

pub(crate) use compare::successors;
pub use compare::{Changed, Comparison, compare};
use form::Form;

use crate::pack::{Pack, is_named};

/// The options of a service, as `oslo-config-generator --format json` or `--format yaml` writes them.
///
/// Not told there, and so not known: whether choices are compared without regard to case (they are
/// taken to be), the types of the items of lists, regular expressions, greatest lengths, and whether an
/// option of another type than text is multi-valued (it is taken to be when its default is a list).
#[derive(Debug, Clone)]
pub struct Schema {
    /// Where it was read from, for messages.
    pub origin: String,
    /// The service, when the schema tells: what the first of its namespaces begins with that is not a
    /// library's.
    pub project: Option<String>,
    /// The options by their names, former names as they are declared.
    options: BTreeMap<OptName, Described>,
    /// Groups of which there are several, under other names: the group, and the option that names them.
    dynamic: Vec<(String, OptName)>,
}

/// An option of a schema.
#[derive(Debug, Clone)]
pub struct Described {
    /// The option, with all former names that it declares.
    pub opt: Opt,
    /// Its type, in the words of the generator.
    pub type_name: String,
    /// The default is found out on the host, or cannot be written in a file: it is not in `opt`.
    pub default_is_unknown: bool,
    /// It is deprecated and will be removed.
    pub going: Option<Going>,
}

/// An option will be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// Why, and what to do, in the words of the service.
    pub reason: Option<String>,
    /// Since which release that is known.
    pub since: Option<String>,
}

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what the fields are")]
pub enum SchemaError {
    /// The file cannot be read.
    #[error("cannot read the schema {}: {cause}: give a file that oslo-config-generator wrote", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// It begins like JSON and is not, or has another form.
    #[error(
        "the schema {origin} is not what `oslo-config-generator --format json` writes: {cause}"
    )]
    Json {
        origin: String,
        #[source]
        cause: serde_json::Error,
    },
    /// It is not YAML, or has another form.
    #[error(
        "the schema {origin} is not what `oslo-config-generator --format yaml` writes: {cause}"
    )]
    Yaml {
        origin: String,
        #[source]
        cause: Box<serde_saphyr::Error>,
    },
    /// It has no option.
    #[error(
        "the schema {origin} has no option: name the service's namespaces when making it, as in \
         `oslo-config-generator --namespace keystone --format json`"
    )]
    Empty { origin: String },
}

impl Schema {
    /// Reads a schema from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is none that `oslo-config-generator` writes.
    pub fn read(path: &Path) -> Result<Self, SchemaError> {
        let text = std::fs::read_to_string(path).map_err(|cause| SchemaError::Read {
            path: path.into(),
            cause,
        })?;
        Schema::parse(&text, &path.display().to_string())
    }

    /// Reads a schema from JSON, which begins with a brace, or YAML. `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// When the text is none that `oslo-config-generator` writes, or has no option.
    pub fn parse(text: &str, origin: &str) -> Result<Self, SchemaError> {
        let form: Form = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|cause| SchemaError::Json {
                origin: origin.into(),
                cause,
            })?
        } else {
            // A file that is none may have secrets, which errors would quote.
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

    /// An option by its current name.
    #[must_use]
    pub fn option(&self, name: &OptName) -> Option<&Described> {
        self.options.get(name)
    }

    /// All options, sorted by name.
    pub fn options(&self) -> impl Iterator<Item = &Described> {
        self.options.values()
    }

    /// The options that read a name as a former one, and are not named so themselves.
    pub fn readers<'s>(&'s self, former: &'s OptName) -> impl Iterator<Item = &'s OptName> {
        self.options()
            .map(|described| &described.opt)
            .filter(move |opt| opt.name() != former && opt.deprecated().contains(former))
            .map(Opt::name)
    }

    /// Tells whether a name is read, as an option or as a former name of one.
    #[must_use]
    pub fn reads(&self, name: &OptName) -> bool {
        self.options.contains_key(name) || self.readers(name).next().is_some()
    }

    /// Tells whether a name is that of a secret option, or a former one.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> bool {
        let mut secret = self.options().map(|described| &described.opt);
        secret.any(|opt| opt.is_secret() && is_named(opt, group, name))
    }

    /// What is needed to migrate and check a set of files: a pack of all options, those of the sections
    /// that the files name among them, with a rule for each former name.
    #[must_use]
    pub fn pack(&self, files: &[ParsedFile<'_>]) -> Pack {
        pack::pack(self, files)
    }

    /// What a schema is called in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        self.project.as_deref().unwrap_or(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oslo_config::OptType;

    fn one(option: &str) -> Described {
        let text = format!(r#"{{"options": {{"Press": {{"opts": [{option}]}}}}}}"#);
        let schema = Schema::parse(&text, "test").unwrap();
        schema.options().next().unwrap().clone()
    }

    #[test]
    fn options_are_as_the_generator_tells() {
        let port = one(
            r#"{"name": "listen-port", "dest": "listen_port", "type": "port value",
            "default": 8080, "min": 0, "max": 65535, "choices": [],
            "deprecated_opts": [{"group": "DEFAULT", "name": "port"}, {"group": "Press", "name": "listen_port"}]}"#,
        );
        assert_eq!(port.opt.name(), &OptName::new("press", "listen_port"));
        assert_eq!(port.opt.default(), ["8080"]);
        assert_eq!(port.opt.deprecated(), [OptName::new("DEFAULT", "port")]);
        let chosen = one(
            r#"{"name": "c", "type": "string value", "default": "a", "choices": [["a", null], ["b", "help"]]}"#,
        );
        let OptType::Str { choices, .. } = chosen.opt.kind() else {
            panic!("{chosen:?}")
        };
        assert_eq!(choices, &["a", "b"]);
        let older =
            one(r#"{"name": "c", "type": "integer value", "default": 1, "choices": [1, 2]}"#);
        assert!(matches!(older.opt.kind(), OptType::Int { choices, .. } if choices == &[1, 2]));
    }

    #[test]
    fn the_service_is_the_first_that_is_no_library() {
        let service = |namespaces: &str| {
            let text = format!(
                r#"{{"generator_options": {{"namespace": {namespaces}}},
                "options": {{"DEFAULT": {{"opts": [{{"name": "debug", "type": "boolean value"}}]}}}}}}"#
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
    fn defaults_are_as_a_file_would_have_them() {
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
