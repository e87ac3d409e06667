//! What the templates are given.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;

use super::rows::{Block, blocks};
use super::{CheckReport, shown, shown_path};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::migrate::ChangeKind;
use crate::release::Series;
use crate::report::reason::{Reason, Reasons};
use crate::report::{self, MigrationReport};

/// The page of a migration.
#[derive(Serialize)]
pub(super) struct Migration {
    title: String,
    /// The packs of rules, when there are any.
    packs: Option<String>,
    readers: Option<String>,
    releases: Option<Releases>,
    files: Vec<File>,
    /// How many files change.
    changed: usize,
    changes: usize,
    /// How many changes there are of each kind, in words.
    kinds: BTreeMap<&'static str, usize>,
    decisions: Vec<Finding>,
    /// What is left besides, which nobody has to decide.
    remarks: Vec<Finding>,
    accepted: Vec<String>,
    rules: Vec<Rule>,
    written: bool,
    shows_secrets: bool,
}

#[derive(Serialize)]
struct Releases {
    from: String,
    to: String,
    /// How the first was found.
    guess: Option<String>,
}

#[derive(Serialize)]
struct File {
    number: usize,
    path: String,
    backup: Option<String>,
    /// The number of its first change.
    first: usize,
    changes: Vec<Change>,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
struct Change {
    number: usize,
    line: usize,
    message: String,
    /// Why, when the message does not say it.
    why: Option<String>,
    release: Option<String>,
    rule: RuleLink,
}

impl Migration {
    pub(super) fn new(report: &MigrationReport<'_>) -> Self {
        let reasons = Reasons::new(report.pack);
        let mut rules = Rules::default();
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut files: Vec<File> = Vec::new();
        let mut number = 1;
        for (file, before) in report.migration.files.iter().zip(report.before) {
            let first = number;
            let mut changes = Vec::new();
            for change in &file.changes {
                *kinds.entry(in_words(change.kind)).or_default() += 1;
                let reason = reasons.of_change(change);
                let message = shown(&change.message);
                changes.push(Change {
                    number,
                    line: change.line,
                    why: Some(shown(&reason.why)).filter(|why| !message.contains(why)),
                    message,
                    release: change.release.clone(),
                    rule: rules.link(&change.rule, reason, Some(number)),
                });
                number += 1;
            }
            let mut written = report.written.iter();
            let backup = written.find(|replaced| replaced.path == file.path);
            files.push(File {
                number: files.len() + 1,
                path: shown_path(&file.path),
                backup: backup.map(|replaced| shown_path(&replaced.backup)),
                first,
                blocks: match changes.is_empty() {
                    true => Vec::new(),
                    false => blocks(before, file, first, report.secrets),
                },
                changes,
            });
        }
        let (mut decisions, mut remarks) = (Vec::new(), Vec::new());
        for (diagnostic, decision) in report.decisions.iter().zip(&report.migration.decisions) {
            let mut finding = Finding::new(diagnostic);
            let id = decision.rule.as_deref().unwrap_or_default();
            let reason = reasons.of_decision(decision);
            finding.rule = reason.map(|reason| rules.link(id, reason, None));
            match diagnostic.code {
                Code::NeedsDecision => decisions.push(finding),
                _ => remarks.push(finding),
            }
        }
        let accepted = report.settings.accept.iter().map(ToString::to_string);
        let accepted = accepted.chain(report.settings.accept_rules.iter().cloned());
        let pack = report.pack;
        Migration {
            title: title("Migration", report.before.iter().map(|file| &*file.path)),
            packs: (!pack.rules.is_empty() || !pack.conversions.is_empty())
                .then(|| shown(&pack.name)),
            readers: pack.readers.as_deref().map(shown),
            releases: report.releases.map(Releases::new),
            changed: files.iter().filter(|file| !file.changes.is_empty()).count(),
            files,
            changes: number - 1,
            kinds,
            decisions,
            remarks,
            accepted: accepted.map(|name| shown(&name)).collect(),
            rules: rules.all,
            written: !report.written.is_empty(),
            shows_secrets: report.secrets.are_shown(),
        }
    }
}

impl Releases {
    fn new(releases: &report::Releases<'_>) -> Self {
        Releases {
            from: release_name(releases.span.from),
            to: release_name(releases.span.to),
            guess: releases
                .guess
                .map(|guess| format!("{}: {}", guess.sureness.as_str(), shown(&guess.why))),
        }
    }
}

fn release_name(release: Series) -> String {
    format!(
        "{} {} ({release})",
        release.service().title(),
        release.version()
    )
}

/// What was done to options, after their number.
fn in_words(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Rename => "renamed",
        ChangeKind::Move => "moved to another section",
        ChangeKind::Copy => "copied under the new name",
        ChangeKind::Drop => "removed, hidden by another entry",
        ChangeKind::Reference => "with another reference in the value",
        ChangeKind::Convert => "converted",
        ChangeKind::Remove => "removed, read by nothing any more",
    }
}

/// A rule behind changes or findings.
#[derive(Serialize)]
struct Rule {
    number: usize,
    id: String,
    reason: Reason,
    /// The changes that follow it.
    changes: Vec<usize>,
}

/// Where a page tells of a rule.
#[derive(Serialize)]
struct RuleLink {
    number: usize,
    id: String,
}

/// The rules of a page, each once.
#[derive(Default)]
struct Rules {
    all: Vec<Rule>,
    /// Their places by their ids: several rules may have the same.
    by_id: HashMap<String, Vec<usize>>,
}

impl Rules {
    fn link(&mut self, id: &str, reason: Reason, change: Option<usize>) -> RuleLink {
        let reason = visible(reason);
        let known = self.by_id.entry(id.to_owned()).or_default();
        let place = known.iter().find(|at| self.all[**at].reason == reason);
        let place = place.copied().unwrap_or_else(|| {
            known.push(self.all.len());
            self.all.push(Rule {
                number: self.all.len() + 1,
                id: shown(id),
                reason,
                changes: Vec::new(),
            });
            self.all.len() - 1
        });
        let rule = &mut self.all[place];
        rule.changes.extend(change);
        RuleLink {
            number: rule.number,
            id: rule.id.clone(),
        }
    }
}

/// A diagnostic.
#[derive(Serialize)]
pub(super) struct Finding {
    severity: &'static str,
    code: &'static str,
    message: String,
    help: Option<String>,
    path: Option<String>,
    lines: Vec<Line>,
    rule: Option<RuleLink>,
}

/// A line of which a part is meant.
#[derive(Serialize)]
struct Line {
    number: usize,
    before: String,
    part: String,
    after: String,
    label: Option<String>,
}

/// The page of a check.
#[derive(Serialize)]
pub(super) struct Check {
    title: String,
    packs: Option<String>,
    release: Option<String>,
    files: Vec<String>,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    shows_secrets: bool,
}

impl Check {
    pub(super) fn new(report: &CheckReport<'_>) -> Self {
        let of = |severity: Severity| {
            let codes = report.diagnostics.iter().map(|found| found.code);
            codes.filter(|code| code.severity() == severity).count()
        };
        Check {
            title: title("Check", report.files.iter().copied()),
            packs: (!report.pack.rules.is_empty()).then(|| shown(&report.pack.name)),
            release: report.release.map(release_name),
            files: report.files.iter().map(|path| shown_path(path)).collect(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            findings: report.diagnostics.iter().map(Finding::new).collect(),
            shows_secrets: report.secrets.are_shown(),
        }
    }
}

impl Finding {
    fn new(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        let mut lines: Vec<Line> = Vec::new();
        if let Some(place) = place {
            let (start, end) = (place.part.start, place.part.end);
            lines.extend(place.earlier.iter().map(|(number, text, label)| Line {
                number: *number,
                before: String::new(),
                part: shown(text),
                after: String::new(),
                label: Some((*label).to_owned()),
            }));
            lines.push(Line {
                number: place.line,
                before: shown(&place.text[..start]),
                part: shown(&place.text[start..end]),
                after: shown(&place.text[end..]),
                label: place.label.as_deref().map(shown),
            });
        }
        Finding {
            severity: diagnostic.code.severity().as_str(),
            code: diagnostic.code.as_str(),
            message: shown(&diagnostic.message),
            help: diagnostic.help.as_deref().map(shown),
            path: place.map(|place| shown_path(&place.path)),
            lines,
            rule: None,
        }
    }
}

/// A page's title: what was done to which files.
fn title<'p>(what: &str, paths: impl ExactSizeIterator<Item = &'p Path>) -> String {
    match (paths.len(), paths.last()) {
        (1, Some(path)) => format!("{what} of {}", shown_path(path)),
        (count, _) => format!("{what} of {count} files"),
    }
}

/// A reason as it may be put on a page.
fn visible(reason: Reason) -> Reason {
    let all = |texts: Vec<String>| texts.iter().map(|text| shown(text)).collect();
    Reason {
        what: all(reason.what),
        why: shown(&reason.why),
        proof: all(reason.proof),
        advice: reason.advice.as_deref().map(shown),
    }
}
