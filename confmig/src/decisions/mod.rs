//! Files of decisions: what operators decided about changes, to be committed and followed by later
//! runs.

mod follow;
mod form;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use glob::Pattern;
use oslo_config::OptName;

use crate::diagnostic::{Diagnostic, Settled, SettledBy};
use crate::migrate::{Decision, Migration, Settings};
use crate::policy::Patterns;

/// A file of decisions.
#[derive(Debug, Clone)]
pub struct Decisions {
    path: PathBuf,
    text: String,
    entries: Vec<Entry>,
}

/// What was decided about some changes.
#[derive(Debug, Clone)]
struct Entry {
    line: usize,
    /// The options; any without it.
    option: Option<Pattern>,
    /// The rules; any without it.
    rule: Option<Pattern>,
    /// The files; any if empty.
    files: Patterns,
    choice: Choice,
    reason: String,
}

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    /// Not made yet.
    Open,
    /// The change is made.
    Accept,
    /// The file stays as it is.
    Refuse,
    /// The option gets this value.
    Value(String),
}

/// A migration that follows decisions.
#[derive(Debug)]
pub struct Followed {
    /// The migration, with the decisions that are left.
    pub migration: Migration,
    /// Its settings, with what was accepted.
    pub settings: Settings,
    /// The decisions that would follow if those that are left were accepted.
    pub further: Vec<Decision>,
    /// The numbers of the entries that were about a decision.
    pub used: BTreeSet<usize>,
    /// The options that got a value that was decided, and the line of the value in the file of
    /// decisions.
    pub values: BTreeMap<OptName, usize>,
}

/// The error for a file of decisions that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages show what the fields are")]
pub enum DecisionsError {
    /// The file cannot be read.
    #[error("cannot read the decisions {}: {cause}: expected a readable TOML file", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The text does not have the form of decisions.
    #[error("the decisions {} are not well-formed: {cause}", path.display())]
    Form {
        path: PathBuf,
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// A decision cannot be used.
    #[error("the decisions {}, line {line}: {reason}", path.display())]
    Meaning {
        path: PathBuf,
        line: usize,
        reason: String,
    },
}

impl Decisions {
    /// Reads decisions; there are none if there is no such file. Paths in it are relative to its
    /// directory.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or has another form.
    pub fn read(path: &Path) -> Result<Self, DecisionsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(cause) => {
                return Err(DecisionsError::Read {
                    path: path.into(),
                    cause,
                });
            }
        };
        let entries = form::parse(&text, path)?;
        Ok(Decisions {
            path: path.to_owned(),
            text,
            entries,
        })
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the entry that counts for a decision: the first that decides it, or else the first
    /// that is open.
    fn entry(&self, decision: &Decision) -> Option<&Entry> {
        let about = || self.about(decision).map(|at| &self.entries[at]);
        let decides = about().find(|entry| entry.choice != Choice::Open);
        decides.or_else(|| about().next())
    }

    /// Returns the numbers of the entries that are about a decision.
    fn about<'s>(&'s self, decision: &'s Decision) -> impl Iterator<Item = usize> + 's {
        let entries = self.entries.iter().enumerate();
        let about = entries.filter(|(_, entry)| entry.is_about(decision));
        about.map(|(at, _)| at)
    }

    /// Settles the diagnostics of decisions that were refused. The diagnostics are those of the
    /// migration's decisions, in their order.
    pub fn settle(&self, migration: &Migration, diagnostics: &mut [Diagnostic]) {
        for (decision, diagnostic) in migration.decisions.iter().zip(diagnostics) {
            let Some(entry) = self.entry(decision).filter(|_| diagnostic.is_open()) else {
                continue;
            };
            let place = format!("{}:{}", self.path.display(), entry.line);
            match entry.choice {
                Choice::Refuse => {
                    diagnostic.settled = Some(Settled {
                        by: SettledBy::Refusal,
                        reason: match &*entry.reason {
                            "" => format!("refused in {place}"),
                            reason => reason.to_owned(),
                        },
                    });
                }
                Choice::Accept | Choice::Value(_) => {
                    diagnostic.help = Some(format!(
                        "the choice in {place} cannot be followed: refuse the change, or correct \
                         the file"
                    ));
                }
                Choice::Open => {
                    let help = diagnostic.help.as_deref().unwrap_or_default();
                    diagnostic.help = Some(format!("decide in {place}. {help}").trim().to_owned());
                }
            }
        }
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Returns the numbers of the entries whose rule and option exist, as the two functions tell.
    pub fn existing(
        &self,
        has_rule: impl Fn(&Pattern) -> bool,
        has_option: impl Fn(&Pattern) -> bool,
    ) -> BTreeSet<usize> {
        let entries = self.entries.iter().enumerate();
        let existing = entries.filter(|(_, entry)| {
            entry.rule.as_ref().is_none_or(&has_rule)
                && entry.option.as_ref().is_none_or(&has_option)
        });
        existing.map(|(at, _)| at).collect()
    }

    /// Describes the entries that no run used: those of what exists, which are about nothing any
    /// more, and those of what does not.
    #[must_use]
    pub fn unused(
        &self,
        used: &BTreeSet<usize>,
        existing: &BTreeSet<usize>,
    ) -> (Vec<String>, Vec<String>) {
        let unused = self.entries.iter().enumerate();
        let unused = unused.filter(|(at, _)| !used.contains(at));
        let (stale, mistaken): (Vec<_>, Vec<_>) = unused.partition(|(at, _)| existing.contains(at));
        let describe = |entries: Vec<(usize, &Entry)>| {
            let entries = entries.into_iter();
            let lines = entries.map(|(_, entry)| format!("line {}: {}", entry.line, entry.about()));
            lines.collect()
        };
        (describe(stale), describe(mistaken))
    }

    /// Returns the new text of the file, with an entry for each of these decisions that it does not
    /// have; `None` if it has all of them. Also returns the number of new entries.
    #[must_use]
    pub fn with_new(&self, found: &[(Decision, Diagnostic)]) -> Option<(String, usize)> {
        let new = found
            .iter()
            .filter(|(decision, _)| self.entry(decision).is_none());
        text::appended(&self.text, new, &self.path)
    }
}

impl Entry {
    fn is_about(&self, decision: &Decision) -> bool {
        let matches = |pattern: &Option<Pattern>, text: Option<&str>| match pattern {
            None => true,
            Some(pattern) => text.is_some_and(|text| pattern.matches(text)),
        };
        matches(&self.option, Some(&decision.option.to_string()))
            && matches(&self.rule, decision.rule.as_deref())
            && (self.files.is_empty() || self.files.matches(&decision.path))
    }

    /// Returns what the entry is about, for messages.
    fn about(&self) -> String {
        let parts = [("option", &self.option), ("rule", &self.rule)];
        let parts = parts.into_iter().filter_map(|(what, pattern)| {
            let pattern = pattern.as_ref()?;
            Some(format!("{what} {}", pattern.as_str()))
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}
