//! Decisions: changes that are left to the operator.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oslo_config::{Entry, OptName, ParsedFile, references};

use crate::diagnostic::{Code, Diagnostic, Places, RuleInStep, Severity};
use crate::secret::Secrets;

/// A change that was left to the operator, since it might change the meaning of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The option.
    pub option: OptName,
    /// The file of the entry in question.
    pub path: PathBuf,
    /// The line of the entry.
    pub line: usize,
    /// What is to be decided, and why.
    pub reason: String,
    /// The operator can accept the change, by the option in
    /// [`Settings::accept`](super::Settings::accept) or the rule in
    /// [`Settings::accept_rules`](super::Settings::accept_rules).
    pub acceptable: bool,
    /// The option that can be set to a value instead, if one can: what the rule makes of the entry,
    /// if that is one option and the target reads it.
    pub value_for: Option<OptName>,
    /// All options that the rule is about.
    pub options: Vec<OptName>,
    /// The id of the rule; `None` for a renaming.
    pub rule: Option<String>,
    /// The release whose step left the change, in a migration from release to release.
    pub release: Option<String>,
    /// What the operator has to know or do.
    pub advice: Option<String>,
    /// The code under which it is reported.
    pub code: Code,
    /// The severity with which it is reported, if not that of the code.
    pub severity: Option<Severity>,
}

impl Decision {
    /// Creates the decision about an option that a line of a file sets.
    pub(super) fn new(option: &OptName, path: &Path, line: usize, reason: String) -> Self {
        Decision {
            option: option.clone(),
            path: path.to_owned(),
            line,
            reason,
            acceptable: false,
            value_for: None,
            options: Vec::new(),
            rule: None,
            release: None,
            advice: None,
            code: Code::NeedsDecision,
            severity: None,
        }
    }

    /// Adds what another decision says of the same option.
    fn add(&mut self, other: Decision) {
        let rule = other.rule.iter().map(|rule| {
            let release = other.release.iter();
            let at: String = release.map(|release| format!(", {release}")).collect();
            format!(" ({rule}{at})")
        });
        let rule: String = rule.collect();
        // Both reasons begin with the names of their options.
        let (names, own) = self.reason.split_once(": ").unwrap_or(("", &self.reason));
        let said = other
            .reason
            .split_once(": ")
            .map_or(&*other.reason, |(_, said)| said);
        self.reason = format!("{names}: {said}{rule}; {own}");
        for option in other.options {
            if !self.options.contains(&option) {
                self.options.push(option);
            }
        }
        let advice = other.advice.into_iter().chain(self.advice.take());
        let advice: Vec<String> = advice.collect();
        self.advice = (!advice.is_empty()).then(|| advice.join(" "));
        if self.value_for != other.value_for {
            self.value_for = None;
        }
        if other.code == Code::NeedsDecision {
            self.code = Code::NeedsDecision;
        }
        self.severity = self.severity.max(other.severity);
    }

    /// Returns the decision, which is about an entry of `file`, as a diagnostic.
    fn diagnostic(&self, file: Option<&ParsedFile<'_>>, secrets: &Secrets<'_>) -> Diagnostic {
        let entry = file.and_then(|file| Some((&*file.path, file.document.entry_at(self.line)?)));
        let is_secret = secrets.hides(self.option.group(), self.option.name());
        let hides = entry.map_or(is_secret, |(_, entry)| {
            is_secret && entry.value().contains(&b'$') || refers_in_secret(entry, secrets)
        });
        let diagnostic = match &self.rule {
            Some(rule) => self.of_rule(rule),
            None => self.of_renaming(hides),
        };
        let diagnostic = Diagnostic {
            rule: self.rule.as_ref().map(|id| RuleInStep {
                id: id.clone(),
                release: self.release.clone(),
            }),
            accept: self.accept(),
            ..diagnostic.about(&self.option)
        };
        match entry {
            Some((path, entry)) => diagnostic.at(Places { secrets }.key(path, entry)),
            None => diagnostic,
        }
    }

    /// Returns what `--accept` takes to make the change; `None` if it cannot be accepted.
    #[must_use]
    pub fn accept(&self) -> Option<String> {
        let name = || self.rule.clone().unwrap_or_else(|| self.option.to_string());
        self.acceptable.then(name)
    }

    fn of_renaming(&self, hides: bool) -> Diagnostic {
        let option = &self.option;
        let reason = match hides {
            true => "its value is secret and has references whose meaning might change",
            false => &self.reason,
        };
        let help = match self.acceptable {
            true => {
                format!("correct the file, or migrate the option anyway with `--accept {option}`")
            }
            false => "leave the file as it is, or migrate without `--keep-old`".to_owned(),
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
        let diagnostic = diagnostic.severity(self.severity.unwrap_or(self.code.severity()));
        match (help.is_empty(), self.code) {
            (true, Code::NeedsDecision) => {
                diagnostic.help("this cannot be accepted: correct the entry, or remove it")
            }
            (true, _) => diagnostic,
            (false, _) => diagnostic.help(help.join(" ")),
        }
    }
}

/// Makes one decision of those about the same option, except that each one that can be accepted
/// stays: what else there is to say of the option is added to the first of these.
pub(super) fn folded(decisions: Vec<Decision>) -> Vec<Decision> {
    type Key = (OptName, PathBuf, usize);
    let key = |it: &Decision| -> Key { (it.option.clone(), it.path.clone(), it.line) };
    // The decision of each option that is kept: the first that can be accepted, or else the last.
    let mut kept: HashMap<Key, usize> = HashMap::new();
    for (at, decision) in decisions.iter().enumerate() {
        let known = kept.get(&key(decision)).map(|known| &decisions[*known]);
        if !known.is_some_and(|known| known.acceptable) {
            kept.insert(key(decision), at);
        }
    }
    let mut said: HashMap<usize, Vec<Decision>> = HashMap::new();
    let mut left: Vec<(usize, Decision)> = Vec::new();
    for (at, decision) in decisions.into_iter().enumerate() {
        match kept.get(&key(&decision)) {
            Some(keeper) if *keeper != at && !decision.acceptable => {
                said.entry(*keeper).or_default().push(decision);
            }
            _ => left.push((at, decision)),
        }
    }
    let left = left.into_iter().map(|(at, mut decision)| {
        for other in said.remove(&at).unwrap_or_default() {
            decision.add(other);
        }
        decision
    });
    left.collect()
}

/// Returns decisions about entries of these files as diagnostics.
pub(super) fn diagnostics(
    decisions: &[Decision],
    files: &[ParsedFile<'_>],
    secrets: &Secrets<'_>,
) -> Vec<Diagnostic> {
    let by_path = files.iter().rev().map(|file| (&*file.path, file));
    let by_path: HashMap<&Path, &ParsedFile<'_>> = by_path.collect();
    let decisions = decisions.iter();
    decisions
        .map(|decision| decision.diagnostic(by_path.get(&*decision.path).copied(), secrets))
        .collect()
}

/// Returns whether a part of the value that is masked has a reference.
fn refers_in_secret(entry: Entry<'_, '_>, secrets: &Secrets<'_>) -> bool {
    let text = entry.section().document().text();
    let mut hidden = secrets.hidden_parts(entry).into_iter();
    hidden.any(|part| !references(&text[part]).is_empty())
}
