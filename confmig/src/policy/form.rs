//! The TOML form of a policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::value::Datetime;

use super::{FailOn, Ignore, Patterns, Policy, PolicyError, ProjectTarget};
use crate::diagnostic::{Code, Severity};
use crate::history::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the tables of a policy")]
struct Form {
    baseline: Option<PathBuf>,
    decisions: Option<PathBuf>,
    #[serde(default)]
    check: Fails,
    #[serde(default)]
    migrate: Fails,
    #[serde(default)]
    severity: BTreeMap<CodeForm, SeverityForm>,
    #[serde(default, rename = "ignore")]
    ignores: Vec<Spanned<IgnoreForm>>,
    #[serde(default, rename = "target")]
    targets: Vec<Spanned<TargetForm>>,
}

/// What fails a command.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with fail_on")]
struct Fails {
    fail_on: Option<Vec<FailOnForm>>,
}

impl Fails {
    fn reasons(self) -> Option<Vec<FailOn>> {
        Some(self.fail_on?.into_iter().map(|form| form.0).collect())
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CodeForm(Code);

struct SeverityForm(Severity);

struct FailOnForm(FailOn);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with code and reason")]
struct IgnoreForm {
    code: CodeForm,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    options: Vec<String>,
    reason: String,
    until: Option<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with files")]
struct TargetForm {
    files: Vec<String>,
    #[serde(default)]
    each: bool,
    #[serde(default)]
    rules: Vec<String>,
    schema: Option<PathBuf>,
    from_schema: Option<PathBuf>,
    from: Option<String>,
    to: Option<String>,
    service: Option<String>,
    #[serde(default)]
    keep_old: bool,
    #[serde(default)]
    pin_defaults: Vec<String>,
}

/// Implements the reading of a name that is one of several.
macro_rules! one_of {
    ($form:ident, $find:expr, $known:expr, $what:literal) => {
        impl<'de> Deserialize<'de> for $form {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                let known: Vec<&str> = $known.into_iter().collect();
                $find(&name).map($form).ok_or_else(|| {
                    serde::de::Error::custom(format!(
                        "{name:?} is not a {}: expected one of {}",
                        $what,
                        known.join(", ")
                    ))
                })
            }
        }
    };
}

one_of!(CodeForm, Code::find, Code::ALL.map(Code::as_str), "code");
one_of!(
    SeverityForm,
    severity,
    Severity::ALL.map(Severity::as_str),
    "severity"
);
one_of!(
    FailOnForm,
    FailOn::find,
    FailOn::ALL.map(FailOn::as_str),
    "reason to fail"
);

fn severity(name: &str) -> Option<Severity> {
    let mut all = Severity::ALL.into_iter();
    all.find(|severity| severity.as_str() == name)
}

/// Reads the text of a policy.
pub(super) fn parse(text: &str, path: &Path) -> Result<Policy, PolicyError> {
    let form: Form = toml::from_str(text).map_err(|cause| PolicyError::Form {
        path: path.into(),
        cause: Box::new(cause),
    })?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let line = |at: usize| 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count();
    let wrong = |line, reason| PolicyError::Meaning {
        path: path.into(),
        line,
        reason,
    };
    let mut policy = Policy {
        severity: form.severity.into_iter().map(|(c, s)| (c.0, s.0)).collect(),
        check_fails_on: form.check.reasons(),
        migrate_fails_on: form.migrate.reasons(),
        baseline: form.baseline.map(|path| directory.join(path)),
        decisions: form.decisions.map(|path| directory.join(path)),
        ..Policy::default()
    };
    for ignore in form.ignores {
        let line = line(ignore.span().start);
        let origin = format!("{}:{line}", path.display());
        let ignore = ignore.into_inner().ignore(directory, origin);
        policy
            .ignores
            .push(ignore.map_err(|reason| wrong(line, reason))?);
    }
    for target in form.targets {
        let line = line(target.span().start);
        let target = target.into_inner().target(directory);
        policy
            .targets
            .push(target.map_err(|reason| wrong(line, reason))?);
    }
    Ok(policy)
}

impl IgnoreForm {
    fn ignore(self, directory: &Path, origin: String) -> Result<Ignore, String> {
        if self.reason.trim().is_empty() {
            return Err("reason is empty: expected why the findings are ignored".into());
        }
        let date = |until: Datetime| match until.date {
            Some(date) if until.time.is_none() => Ok(date.to_string()),
            _ => Err(format!(
                "until = {until}: expected a date, as in 2027-06-30"
            )),
        };
        Ok(Ignore {
            origin,
            code: self.code.0,
            files: Patterns::new(directory, &self.files)?,
            options: patterns_of_options(&self.options)?,
            reason: self.reason,
            until: self.until.map(date).transpose()?,
        })
    }
}

/// Reads patterns of options.
fn patterns_of_options(texts: &[String]) -> Result<Vec<Pattern>, String> {
    let patterns = texts.iter().map(|text| {
        Pattern::new(text).map_err(|error| {
            format!("{text:?} is no pattern of options: {error}: expected one like vendor.*")
        })
    });
    patterns.collect()
}

impl TargetForm {
    fn target(self, directory: &Path) -> Result<ProjectTarget, String> {
        let release = self.from.is_some() || self.to.is_some() || self.service.is_some();
        if release && self.schema.is_some() {
            return Err("expected either schema, or from, to and service, not both".into());
        }
        if self.from_schema.is_some() && self.schema.is_none() {
            return Err("from_schema needs schema, which it is compared with".into());
        }
        if !self.pin_defaults.is_empty() && self.from.is_none() && self.from_schema.is_none() {
            return Err("pin_defaults needs from or from_schema, whose defaults stay".into());
        }
        let service = self.service.map(|id| {
            let parsed = id.parse::<Service>();
            parsed.map_err(|error| format!("service = {id:?}: {error}"))
        });
        if self.files.is_empty() {
            return Err("files is empty: expected patterns of paths".into());
        }
        let near = |path: PathBuf| directory.join(path);
        let is_file = |name: &String| name.ends_with(".toml");
        let rules = self.rules.into_iter().map(|name| match is_file(&name) {
            true => directory.join(name).to_string_lossy().into_owned(),
            false => name,
        });
        Ok(ProjectTarget {
            files: Patterns::new(directory, &self.files)?,
            each: self.each,
            rules: rules.collect(),
            schema: self.schema.map(near),
            from_schema: self.from_schema.map(near),
            from: self.from,
            to: self.to,
            service: service.transpose()?,
            keep_old: self.keep_old,
            pin_defaults: patterns_of_options(&self.pin_defaults)?,
        })
    }
}
