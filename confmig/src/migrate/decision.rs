//! What is left for the operator to decide.

use std::path::{Path, PathBuf};

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

impl Decision {
    /// Leaves an option to decide, for a reason, that a line of a file is about.
    pub(super) fn new(option: &OptName, path: &Path, line: usize, reason: String) -> Self {
        Decision {
            option: option.clone(),
            path: path.to_owned(),
            line,
            reason,
            acceptable: false,
            options: Vec::new(),
            rule: None,
            release: None,
            advice: None,
            code: Code::NeedsDecision,
        }
    }

    /// The decision as something to show.
    #[must_use]
    pub fn diagnostic(&self, files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> Diagnostic {
        let diagnostic = match &self.rule {
            Some(rule) => self.of_rule(rule),
            None => self.of_renaming(secrets),
        };
        let file = files.iter().find(|file| file.path == self.path);
        let entry = file.and_then(|file| {
            let mut entries = file.document.entries();
            Some((file.path, entries.find(|entry| entry.line() == self.line)?))
        });
        match entry {
            Some((path, entry)) => diagnostic.at(Places { secrets }.key(path, entry)),
            None => diagnostic,
        }
    }

    fn of_renaming(&self, secrets: &Secrets<'_>) -> Diagnostic {
        let option = &self.option;
        let reason = match secrets.hides(option.group(), option.name()) {
            true => "its value, which is secret, has references that might change their meaning",
            false => &self.reason,
        };
        let help = match self.acceptable {
            true => format!(
                "decide, and correct the file, or migrate it all the same with --accept {option}"
            ),
            false => "leave the file as it is, or migrate without --keep-old".to_owned(),
        };
        let message = format!("{option} was not migrated: {reason}");
        Diagnostic::new(Code::NeedsDecision, message).help(help)
    }

    fn of_rule(&self, rule: &str) -> Diagnostic {
        let release = self.release.iter();
        let at: String = release.map(|release| format!(", {release}")).collect();
        let accept = format!("`--accept {rule}` follows the rule");
        let help = self.advice.iter().cloned();
        let help: Vec<String> = help.chain(self.acceptable.then_some(accept)).collect();
        let diagnostic = Diagnostic::new(self.code, format!("{} ({rule}{at})", self.reason));
        match help.is_empty() {
            true => diagnostic,
            false => diagnostic.help(help.join(" ")),
        }
    }
}
