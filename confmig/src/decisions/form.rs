//! The TOML form of decisions.

use std::path::Path;

use glob::Pattern;
use serde::Deserialize;
use toml::Spanned;

use super::{Choice, DecisionsError, Entry};
use crate::policy::Patterns;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "tables [[decision]]")]
struct Form {
    #[serde(default, rename = "decision")]
    decisions: Vec<Spanned<EntryForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with option or rule")]
struct EntryForm {
    option: Option<String>,
    rule: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    choice: Option<ChoiceForm>,
    value: Option<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChoiceForm {
    Open,
    Accept,
    Refuse,
}

/// Reads the entries of a file.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<Entry>, DecisionsError> {
    let form: Form = toml::from_str(text).map_err(|cause| DecisionsError::Form {
        path: path.into(),
        cause: Box::new(cause),
    })?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let entry = |form: Spanned<EntryForm>| {
        let start = &text.as_bytes()[..form.span().start];
        let line = 1 + memchr::memchr_iter(b'\n', start).count();
        let entry = form.into_inner().entry(line, directory);
        entry.map_err(|reason| DecisionsError::Meaning {
            path: path.into(),
            line,
            reason,
        })
    };
    form.decisions.into_iter().map(entry).collect()
}

impl EntryForm {
    fn entry(self, line: usize, directory: &Path) -> Result<Entry, String> {
        if self.option.is_none() && self.rule.is_none() {
            return Err("expected an option, a rule, or both".into());
        }
        let choice = match (self.choice, self.value) {
            (None, Some(value)) if value.contains(['\n', '\r']) => {
                return Err("the value has several lines: expected one".into());
            }
            (None, Some(value)) => Choice::Value(value),
            (Some(ChoiceForm::Open), None) => Choice::Open,
            (Some(ChoiceForm::Accept), None) => Choice::Accept,
            (Some(ChoiceForm::Refuse), None) => Choice::Refuse,
            _ => return Err("expected either a choice or a value".into()),
        };
        let pattern = |text: Option<String>| {
            let parsed = text.as_deref().map(Pattern::new).transpose();
            parsed.map_err(|error| {
                format!(
                    "{:?} is no pattern: {error}: expected a name, or one like ilo.*",
                    text.unwrap_or_default()
                )
            })
        };
        Ok(Entry {
            line,
            option: pattern(self.option)?,
            rule: pattern(self.rule)?,
            files: Patterns::new(directory, &self.files)?,
            choice,
            reason: self.reason,
        })
    }
}
