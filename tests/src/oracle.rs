//! The oracle: a Python process with the real oslo.config.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use oslo_config::{IpVersion, Opt, OptName, OptType, Value};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use crate::generate::{ConfigFile, ConfigSource};
use crate::process::Process;

/// A running oracle. It ends when this is dropped.
#[derive(Debug)]
pub struct Oracle(Process);

/// A file as oslo.config's parser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Sections and entries in file order.
    pub events: Vec<Event>,
    /// The numbers of the lines that are comments.
    pub comments: Vec<usize>,
}

/// An event of the parser. Lines are counted from 1; that of an entry is the line of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A section: its line, and its name as written.
    Section(usize, String),
    /// An entry: its line, its section's name, its key, its value.
    Entry(usize, String, String, String),
}

/// The reason why oslo.config does not read a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A line breaks the file format.
    Syntax {
        /// The line that oslo.config reports, counted from 1.
        line: usize,
        /// The message.
        message: String,
        /// The file's name, without its directory.
        file: String,
    },
    /// The file is not UTF-8.
    NotUtf8,
}

/// The values of a set of options.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// One outcome for each option, in the order of the request.
    pub options: Vec<Outcome>,
    /// The former names in files that were logged as deprecated; groups in lower case.
    pub deprecated: BTreeSet<OptName>,
    /// The former names in `$references` that were logged as deprecated.
    pub referred: BTreeSet<OptName>,
}

/// The result of looking up one option.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A value.
    Found {
        /// The value as returned by [`encode`].
        value: Json,
        /// The text that replaces a `$reference` to the option.
        text: String,
    },
    /// An exception.
    Refused {
        /// The kind of exception.
        error: ErrorKind,
        /// The text of the exception.
        message: String,
    },
}

/// Messages may name the place of a value, so refusals are compared by their kinds only.
impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Outcome::Found { value, text },
                Outcome::Found {
                    value: other_value,
                    text: other_text,
                },
            ) => value == other_value && text == other_text,
            (Outcome::Refused { error, .. }, Outcome::Refused { error: other, .. }) => {
                error == other
            }
            _ => false,
        }
    }
}

/// The exceptions that oslo.config raises instead of returning a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum ErrorKind {
    /// `ValueError` and what derives from it.
    #[serde(rename = "value")]
    Value,
    /// `NoSuchOptError`.
    #[serde(rename = "no such option")]
    NoSuchOption,
    /// `NoSuchGroupError`.
    #[serde(rename = "no such group")]
    NoSuchGroup,
    /// `TemplateSubstitutionError`: a reference to a whole group.
    #[serde(rename = "group reference")]
    GroupReference,
    /// `RecursionError`.
    #[serde(rename = "recursion")]
    Recursion,
}

impl Oracle {
    /// Starts the oracle.
    ///
    /// # Panics
    ///
    /// Panics if its Python environment is not installed.
    #[must_use]
    pub fn start() -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = tests.join(".venv/oslo/bin/python");
        assert!(
            python.exists(),
            "{} does not exist: run tests/run, or tests/peers/venv.sh oslo",
            python.display()
        );
        Oracle(Process::start(
            "the oracle",
            Command::new(&python).arg(tests.join("peers/oslo_config_oracle.py")),
        ))
    }

    /// Returns the version of oslo.config.
    pub fn version(&mut self) -> String {
        let answer = self.0.ask(&json!({"ask": "version"}));
        answer["version"].as_str().expect("a text").to_owned()
    }

    /// Parses one file.
    ///
    /// # Errors
    ///
    /// Returns an error if oslo.config refuses the file.
    pub fn parse(&mut self, text: &[u8]) -> Result<Parsed, Failure> {
        let answer = self
            .0
            .ask(&json!({"ask": "parse", "text": one_character_per_byte(text)}));
        match serde_json::from_value(answer).expect("an answer to a parse request") {
            ParseAnswer::Failure { failure } => Err(failure.into()),
            ParseAnswer::Parsed { events, comments } => Ok(Parsed {
                events: events.into_iter().map(Event::from).collect(),
                comments,
            }),
        }
    }

    /// Looks up options in files, in the given order, and in an environment.
    ///
    /// # Errors
    ///
    /// Returns an error if oslo.config refuses a file.
    pub fn resolve(
        &mut self,
        sources: &[ConfigSource],
        opts: &[Opt],
        environment: &[(String, String)],
    ) -> Result<Resolved, Failure> {
        let environment: serde_json::Map<String, Json> = environment
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let answer = self.0.ask(&json!({
            "ask": "resolve",
            "sources": sources.iter().map(source_json).collect::<Vec<_>>(),
            "options": opts.iter().map(opt_json).collect::<Vec<_>>(),
            "environment": environment,
        }));
        match serde_json::from_value(answer).expect("an answer to a resolve request") {
            ResolveAnswer::Failure { failure } => Err(failure.into()),
            ResolveAnswer::Resolved {
                options,
                deprecated,
                referred,
            } => Ok(Resolved {
                options: options.into_iter().map(Outcome::from).collect(),
                deprecated: names(deprecated),
                referred: names(referred),
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ParseAnswer {
    Failure {
        failure: FailureAnswer,
    },
    Parsed {
        events: Vec<EventAnswer>,
        comments: Vec<usize>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EventAnswer {
    Section(IgnoredAny, usize, String),
    Entry(IgnoredAny, usize, String, String, String),
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum FailureAnswer {
    #[serde(rename = "syntax")]
    Syntax {
        line: usize,
        message: String,
        file: String,
    },
    #[serde(rename = "not UTF-8")]
    NotUtf8,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ResolveAnswer {
    Failure {
        failure: FailureAnswer,
    },
    Resolved {
        options: Vec<OutcomeAnswer>,
        deprecated: Vec<(String, String)>,
        referred: Vec<(String, String)>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OutcomeAnswer {
    Refused { error: ErrorKind, message: String },
    Found { value: Json, text: String },
}

impl From<EventAnswer> for Event {
    fn from(answer: EventAnswer) -> Self {
        match answer {
            EventAnswer::Section(_, line, name) => Event::Section(line, name),
            EventAnswer::Entry(_, line, section, key, value) => {
                Event::Entry(line, section, key, value)
            }
        }
    }
}

impl From<FailureAnswer> for Failure {
    fn from(answer: FailureAnswer) -> Self {
        match answer {
            FailureAnswer::Syntax {
                line,
                message,
                file,
            } => Failure::Syntax {
                line,
                message,
                file,
            },
            FailureAnswer::NotUtf8 => Failure::NotUtf8,
        }
    }
}

impl From<OutcomeAnswer> for Outcome {
    fn from(answer: OutcomeAnswer) -> Self {
        match answer {
            OutcomeAnswer::Found { value, text } => Outcome::Found { value, text },
            OutcomeAnswer::Refused { error, message } => Outcome::Refused { error, message },
        }
    }
}

fn names(pairs: Vec<(String, String)>) -> BTreeSet<OptName> {
    pairs
        .into_iter()
        .map(|(group, name)| OptName::new(group, name))
        .collect()
}

fn one_character_per_byte(text: &[u8]) -> String {
    text.iter().copied().map(char::from).collect()
}

fn file_json(file: &ConfigFile) -> Json {
    json!([file.name, one_character_per_byte(&file.text)])
}

fn source_json(source: &ConfigSource) -> Json {
    match source {
        ConfigSource::File(file) => json!({"file": file_json(file)}),
        ConfigSource::Dir { name, files } => {
            json!({"dir": name, "files": files.iter().map(file_json).collect::<Vec<_>>()})
        }
    }
}

fn opt_json(opt: &Opt) -> Json {
    // The list ends with the spelling with underscores of each former name with hyphens, which
    // oslo.config adds by itself.
    let hyphenated = |name: &&OptName| name.name().contains('-');
    let former = opt.deprecated();
    let respelled = former.iter().filter(hyphenated).count();
    let deprecated = former[..former.len() - respelled].iter();
    json!({
        "group": opt.name().group(),
        "name": opt.registered_name(),
        "multi": opt.is_multi(),
        "default": opt.default(),
        "deprecated": deprecated.map(|name| json!([name.group(), name.name()])).collect::<Vec<_>>(),
        "type": type_json(opt.kind()),
    })
}

fn type_json(kind: &OptType) -> Json {
    // A JSON number has at most 64 bits; the bounds in tests are small.
    let small = |number: i128| i64::try_from(number).expect("a bound of at most 64 bits");
    let version = |version: &Option<IpVersion>| {
        version.map(|version| match version {
            IpVersion::V4 => 4,
            IpVersion::V6 => 6,
        })
    };
    match kind {
        OptType::Str {
            choices,
            ignore_case,
            max_length,
        } => json!({
            "kind": "str",
            "choices": choices,
            "ignore_case": ignore_case,
            "max_length": max_length,
        }),
        OptType::Bool => json!({"kind": "bool"}),
        OptType::Int { min, max, choices } => json!({
            "kind": "int",
            "min": min.map(small),
            "max": max.map(small),
            "choices": choices.iter().copied().map(small).collect::<Vec<_>>(),
        }),
        OptType::Float { min, max } => json!({"kind": "float", "min": min, "max": max}),
        OptType::List { item, bounds } => {
            json!({"kind": "list", "item": type_json(item), "bounds": bounds})
        }
        OptType::Dict { value } => json!({"kind": "dict", "value": type_json(value)}),
        OptType::Port { min, max, choices } => {
            json!({"kind": "port", "min": min, "max": max, "choices": choices})
        }
        OptType::Uri => json!({"kind": "uri"}),
        OptType::HostAddress { version: v } => {
            json!({"kind": "hostaddress", "version": version(v)})
        }
        OptType::Ip { version: v } => json!({"kind": "ip", "version": version(v)}),
        other => panic!("the oracle does not know the type {other:?}"),
    }
}

/// Encodes a value as the oracle does: as JSON with numbers as text, since JSON's have fewer digits
/// than Python's.
#[must_use]
pub fn encode(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!({"int": value.to_string()}),
        Value::Float(_) => json!({"float": value.to_python_str()}),
        Value::Str(value) => json!(value),
        Value::List(items) => items.iter().map(encode).collect(),
        Value::Dict(items) => {
            let items = items
                .iter()
                .map(|(name, value)| json!([name, encode(value)]));
            json!({"dict": items.collect::<Vec<_>>()})
        }
    }
}
