//! The form of a rule file: reads the rules with the parser of the program.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use crate::rule::Rule;

/// The keys of a rule that only a history has.
const OWN: [&str; 2] = ["since", "lasting"];

/// The keys that a rule needs, and what to write there.
const REQUIRED: [(&str, &str); 4] = [
    ("id", "words joined by hyphens"),
    ("why", "what happened, in one clause"),
    ("proof", "a list of commits, release notes or source files"),
    ("example", "[[rule.example]] with `before` and `after`"),
];

/// A mistake in a rule file.
pub(super) struct Fault {
    line: usize,
    rule: Option<String>,
    reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{}: rule {rule}: {}", self.line, self.reason),
            None => write!(f, "{}: {}", self.line, self.reason),
        }
    }
}

/// A rule as its file has it.
pub(super) struct Source {
    pub(super) line: usize,
    pub(super) id: String,
    pub(super) since: Option<String>,
    pub(super) lasting: bool,
    /// Whether reports name the release of the file.
    pub(super) names_release: bool,
    pub(super) rule: Rule,
    /// The keys of the rule, except for those that only a history has.
    pub(super) json: Value,
}

/// Reads the rules of a file, and collects the mistakes in their form.
pub(super) fn read(text: &str) -> (Vec<Source>, Vec<Fault>) {
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    let mut sources = Vec::new();
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            reader.add(place(&error), None, error.message());
            DeTable::new()
        }
    };
    for (key, value) in table {
        let (at, name) = (key.span().start, key.into_inner());
        match value.into_inner() {
            DeValue::Array(rules) if name == "rule" => {
                sources.extend(rules.into_iter().filter_map(|rule| reader.rule(rule)));
            }
            DeValue::Array(_) => {
                let reason = format!("unknown table [[{name}]]: expected [[rule]]");
                reader.add(at, None, &reason);
            }
            _ => reader.add(at, None, &format!("unexpected {name}: expected [[rule]]")),
        }
    }
    (sources, reader.faults)
}

struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    fn add(&mut self, at: usize, rule: Option<&str>, reason: &str) {
        self.faults.push(Fault {
            line: self.line(at),
            rule: rule.map(str::to_owned),
            reason: reason.to_owned(),
        });
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    /// Reads a rule; `None` when its form does not even show what it is about.
    fn rule(&mut self, value: Spanned<DeValue<'t>>) -> Option<Source> {
        let span = value.span();
        let DeValue::Table(mut table) = value.into_inner() else {
            self.add(span.start, None, "expected [[rule]] tables");
            return None;
        };
        let id = table.get("id").and_then(|id| id.get_ref().as_str());
        let id = id.map(str::to_owned);
        let name = id.as_deref();
        for (key, what) in REQUIRED {
            if !table.contains_key(key) {
                self.add(
                    span.start,
                    name,
                    &format!("has no `{key}`: expected {what}"),
                );
            }
        }
        // Other mistakes are found although these keys are missing.
        for key in ["id", "why"] {
            if !table.contains_key(key) {
                let text = DeValue::String("missing".into());
                table.insert(
                    Spanned::new(span.clone(), key.into()),
                    Spanned::new(span.clone(), text),
                );
            }
        }
        let (since, lasting) = (self.since(&mut table, name), self.lasting(&mut table, name));
        let names_release = self.release(&mut table, name);
        let json = Spanned::new(span.clone(), DeValue::Table(table.clone()));
        let json = Value::deserialize(ValueDeserializer::from(json)).ok()?;
        let rule = self.parse(table, &span, name)?;
        Some(Source {
            line: self.line(span.start),
            id: id?,
            since,
            lasting,
            names_release,
            rule,
            json,
        })
    }

    /// Parses a rule, again without each unknown key.
    fn parse(
        &mut self,
        mut table: DeTable<'t>,
        span: &std::ops::Range<usize>,
        id: Option<&str>,
    ) -> Option<Rule> {
        loop {
            let value = Spanned::new(span.clone(), DeValue::Table(table.clone()));
            let error = match Rule::deserialize(ValueDeserializer::from(value)) {
                Ok(rule) => return Some(rule),
                Err(error) => error,
            };
            let at = place(&error);
            let Some((key, known)) = unknown_key(error.message()) else {
                self.add(at, id, error.message());
                return None;
            };
            // A key of the same name may stand elsewhere in the rule.
            let own = table.get_key_value(key);
            let is_own = own.is_some_and(|(own, _)| own.span().start == at);
            let own_keys = OWN.into_iter().filter(|_| is_own);
            let known: Vec<&str> = known.into_iter().chain(own_keys).collect();
            self.add(at, id, &format!("unknown key {key}{}", meant(key, &known)));
            if !is_own {
                return None;
            }
            table.remove(key);
        }
    }

    fn since(&mut self, table: &mut DeTable<'_>, id: Option<&str>) -> Option<String> {
        let since = table.remove("since")?;
        let text = since.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.add(
                since.span().start,
                id,
                "since: expected the name of a release",
            );
        }
        text
    }

    fn lasting(&mut self, table: &mut DeTable<'_>, id: Option<&str>) -> bool {
        let Some(lasting) = table.remove("lasting") else {
            return false;
        };
        if lasting.get_ref().as_bool() != Some(true) {
            let reason = "lasting: expected true, or no `lasting`";
            self.add(lasting.span().start, id, reason);
        }
        true
    }

    /// Tells whether reports name the release of the file: unless `release` is empty.
    fn release(&mut self, table: &mut DeTable<'_>, id: Option<&str>) -> bool {
        let Some(release) = table.remove("release") else {
            return true;
        };
        if release.get_ref().as_str() != Some("") {
            let reason = "release is that of the file: expected no `release`, or \"\" where \
                          reports name none";
            self.add(release.span().start, id, reason);
        }
        false
    }
}

fn place(error: &Error) -> usize {
    error.span().unwrap_or_default().start
}

/// Returns the key and those that were expected, of the message for an unknown key.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

fn meant(key: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::osa_distance(key, known), *known));
    match near.filter(|(distance, _)| *distance <= 2).min() {
        Some((_, known)) => format!("; did you mean {known}?"),
        None => format!(": expected one of {}", known.join(", ")),
    }
}
