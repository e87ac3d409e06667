//! What the templates are given.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rows::{Block, blocks};
use super::{CheckReport, shown};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::report::MigrationReport;
use crate::report::reason::{Reason, Reasons};

/// The page of a migration.
#[derive(Serialize)]
pub(super) struct Migration {
    title: String,
    rules: Option<String>,
    releases: Option<Releases>,
    files: Vec<File>,
    /// How many files change.
    changed: usize,
    /// How many changes there are of each kind, in words.
    kinds: Vec<(&'static str, usize)>,
    changes: usize,
    decisions: Vec<Finding>,
    /// How many of the decisions are advice alone.
    advice: usize,
    written: bool,
    accepted: Vec<String>,
    readers: Option<String>,
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
    changes: Vec<Change>,
    blocks: Vec<Block>,
    /// How many lines after the last block are not shown.
    skipped: usize,
}

#[derive(Serialize)]
struct Change {
    number: usize,
    line: usize,
    message: String,
    rule: String,
    kind: &'static str,
    release: Option<String>,
    reason: Reason,
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
    reason: Option<Reason>,
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

impl Migration {
    pub(super) fn new(report: &MigrationReport<'_>) -> Self {
        let reasons = Reasons::new(report.pack);
        let mut files = Vec::new();
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut number = 1;
        let pairs = report.migration.files.iter().zip(report.before);
        for (at, (file, before)) in pairs.enumerate() {
            let first = number;
            let (blocks, skipped) = if file.changes.is_empty() {
                (Vec::new(), 0)
            } else {
                blocks(before, file, first, report.secrets)
            };
            let mut changes = Vec::new();
            for change in &file.changes {
                *kinds.entry(change.kind.as_str()).or_default() += 1;
                changes.push(Change {
                    number,
                    line: change.line,
                    message: shown(&change.message),
                    rule: shown(&change.rule),
                    kind: change.kind.as_str(),
                    release: change.release.clone(),
                    reason: visible(reasons.of_change(change)),
                });
                number += 1;
            }
            let mut written = report.written.iter();
            let backup = written.find(|replaced| replaced.path == file.path);
            files.push(File {
                number: at + 1,
                path: shown(&file.path.to_string_lossy()),
                backup: backup.map(|replaced| shown(&replaced.backup.to_string_lossy())),
                changes,
                blocks,
                skipped,
            });
        }
        let decisions: Vec<Finding> = report
            .decisions
            .iter()
            .zip(&report.migration.decisions)
            .map(|(diagnostic, decision)| {
                let mut finding = Finding::new(diagnostic);
                // What the rule advises is in the help.
                finding.reason = reasons.of_decision(decision).map(|reason| Reason {
                    advice: None,
                    ..visible(reason)
                });
                finding
            })
            .collect();
        let codes = report.decisions.iter().map(|diagnostic| diagnostic.code);
        let accepted = report.settings.accept.iter().map(ToString::to_string);
        let accepted = accepted.chain(report.settings.accept_rules.iter().cloned());
        Migration {
            title: title(
                "What a migration changes",
                report.before.iter().map(|file| file.path.as_path()),
            ),
            rules: (!report.pack.rules.is_empty() || !report.pack.conversions.is_empty())
                .then(|| shown(&report.pack.name)),
            releases: report.releases.map(|releases| Releases {
                from: releases.span.from.to_string(),
                to: releases.span.to.to_string(),
                guess: releases
                    .guess
                    .map(|guess| format!("{}: {}", guess.sureness.as_str(), shown(&guess.why))),
            }),
            changed: files.iter().filter(|file| !file.changes.is_empty()).count(),
            kinds: kinds.into_iter().collect(),
            changes: number - 1,
            advice: codes.filter(|code| *code == Code::Advice).count(),
            written: !report.written.is_empty(),
            accepted: accepted.map(|name| shown(&name)).collect(),
            readers: report.pack.readers.as_deref().map(shown),
            files,
            decisions,
        }
    }
}

/// The page of a check.
#[derive(Serialize)]
pub(super) struct Check {
    title: String,
    rules: Option<String>,
    release: Option<String>,
    files: Vec<String>,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

impl Check {
    pub(super) fn new(report: &CheckReport<'_>) -> Self {
        let of = |severity: Severity| {
            let codes = report.diagnostics.iter().map(|found| found.code);
            codes.filter(|code| code.severity() == severity).count()
        };
        Check {
            title: title("What a check found", report.files.iter().copied()),
            rules: (!report.pack.rules.is_empty()).then(|| shown(&report.pack.name)),
            release: report.release.map(|release| release.to_string()),
            files: report
                .files
                .iter()
                .map(|path| shown(&path.to_string_lossy()))
                .collect(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            findings: report.diagnostics.iter().map(Finding::new).collect(),
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
            path: place.map(|place| shown(&place.path.to_string_lossy())),
            lines,
            reason: None,
        }
    }
}

/// A page's title, with the name of its file when there is one.
fn title<'p>(what: &str, mut paths: impl Iterator<Item = &'p std::path::Path>) -> String {
    match (paths.next(), paths.next()) {
        (Some(path), None) => format!("{what}: {}", shown(&path.to_string_lossy())),
        _ => what.to_owned(),
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
