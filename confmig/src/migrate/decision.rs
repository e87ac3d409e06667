//! What is left for the operator to decide.

use std::path::PathBuf;

use oslo_config::{OptName, ParsedFile};

use crate::diagnostic::{Code, Diagnostic, Places};
use crate::secret::Secrets;

/// An option that was not migrated, because its meaning might change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The option; its name in [`Settings::accept`](super::Settings::accept) makes the change all the same.
    pub option: OptName,
    /// The file with the entry that it is about.
    pub path: PathBuf,
    /// The entry's line.
    pub line: usize,
    /// What is to be decided.
    pub reason: String,
    /// [`Settings::accept`](super::Settings::accept) makes the change all the same, or
    /// [`Settings::accept_rules`](super::Settings::accept_rules) when a rule is behind it.
    pub acceptable: bool,
    /// All options that it is about, when a rule is behind it.
    pub options: Vec<OptName>,
    /// The rule behind it, when it is not a renaming.
    pub rule: Option<String>,
    /// The release whose change it is about, when the migration goes from release to release.
    pub release: Option<String>,
    /// What the operator has to know or do.
    pub advice: Option<String>,
    /// What it is, as it is shown.
    pub code: Code,
}

/// An option that is left for the operator to decide.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) option: OptName,
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) reason: String,
    pub(crate) acceptable: bool,
}

impl Pending {
    pub(crate) fn into_decision(self, files: &[ParsedFile<'_>]) -> (usize, Decision) {
        let file = files.get(self.file);
        let decision = Decision {
            option: self.option,
            path: file.map_or_else(PathBuf::new, |file| file.path.to_owned()),
            line: self.line,
            reason: self.reason,
            acceptable: self.acceptable,
            options: Vec::new(),
            rule: None,
            release: None,
            advice: None,
            code: Code::NeedsDecision,
        };
        (self.file, decision)
    }
}

impl Decision {
    /// The decision as something to show.
    #[must_use]
    pub fn diagnostic(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Diagnostic {
        if self.rule.is_some() {
            return self.of_rule(files, secrets);
        }
        let option = &self.option;
        let reason = match secrets.hides(option.group(), option.name()) {
            true => "its value, which is secret, has references that might change their meaning",
            false => &self.reason,
        };
        let message = format!("{option} was not migrated: {reason}");
        let help = if self.acceptable {
            format!(
                "decide, and correct the file, or migrate it all the same with --accept {option}"
            )
        } else {
            "leave the file as it is, or migrate without --keep-old".to_owned()
        };
        self.placed(
            Diagnostic::new(Code::NeedsDecision, message).help(help),
            files,
            secrets,
        )
    }

    /// As [`Decision::diagnostic`], when a rule is behind it.
    fn of_rule(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Diagnostic {
        let rule = self.rule.as_deref().unwrap_or_default();
        let at = self
            .release
            .as_ref()
            .map_or_else(String::new, |release| format!(", {release}"));
        let message = format!("{} ({rule}{at})", self.reason);
        let mut help: Vec<String> = self.advice.iter().cloned().collect();
        if self.acceptable {
            help.push(format!("`--accept {rule}` follows the rule"));
        }
        let diagnostic = Diagnostic::new(self.code, message);
        let diagnostic = if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help.join(" "))
        };
        self.placed(diagnostic, files, secrets)
    }

    fn placed(
        &self,
        diagnostic: Diagnostic,
        files: &[ParsedFile<'_>],
        secrets: &Secrets<'_>,
    ) -> Diagnostic {
        let places = Places { secrets };
        let file = files.iter().find(|file| file.path == self.path);
        let entry = file.and_then(|file| {
            let mut entries = file.document.entries();
            entries
                .find(|entry| entry.line() == self.line)
                .map(|entry| (file.path, entry))
        });
        match entry {
            Some((path, entry)) => diagnostic.at(places.key(path, entry)),
            None => diagnostic,
        }
    }
}
