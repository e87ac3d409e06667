//! The data of the templates. Invisible characters in texts from files and rules are escaped here;
//! the templates escape HTML.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::rows::blocks;
use super::{CheckReport, shown, shown_path};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::history::Series;
use crate::migrate::ChangeKind;
use crate::report::MigrationReport;
use crate::report::reason::{Reason, Reasons};

/// Returns the data of a migration's page.
pub(super) fn of_migration(report: &MigrationReport<'_>, diagnostics: &[Diagnostic]) -> Value {
    let reasons = Reasons::new(report.pack, report.releases);
    let mut rules = PageRules::default();
    // How many changes there are of each kind, in words.
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files: Vec<Value> = Vec::new();
    let mut number = 1;
    for (file, before) in report.migration.files.iter().zip(report.before) {
        let first = number;
        let mut changes = Vec::new();
        for change in &file.changes {
            *kinds.entry(in_words(change.kind)).or_default() += 1;
            let reason = reasons.of_change(change);
            let (message, why) = (shown(&change.message), shown(&reason.why));
            changes.push(context! {
                number,
                // Omitted when the message already says it.
                why => (!message.contains(&why)).then_some(why),
                message,
                release => &change.release,
                rule => rules.link(&change.rule, &reason, Some(number)),
            });
            number += 1;
        }
        let blocks = match changes.is_empty() {
            true => Vec::new(),
            false => blocks(before, file, first, report.secrets),
        };
        files.push(context! {
            number => files.len() + 1,
            path => shown_path(&file.path),
            backup => report.backup_of(&file.path).map(shown_path),
            first,
            changes,
            blocks,
        });
    }
    let (decisions, remarks) = decisions_and_remarks(diagnostics, &reasons, &mut rules);
    let accepted = report.settings.accept.iter().map(ToString::to_string);
    let accepted = accepted.chain(report.settings.accept_rules.iter().cloned());
    let pack = report.pack;
    let has_rules = !pack.renamings.is_empty() || !pack.rules.is_empty();
    context! {
        title => title("Migration", report.before.iter().map(|file| &*file.path)),
        packs => has_rules.then(|| shown(&pack.name)),
        readers => pack.readers.as_deref().map(shown),
        releases => report.releases.map(|releases| context! {
            from => release_name(releases.span.from),
            to => release_name(releases.span.to),
            guess => releases.guess.as_ref().map(|guess| {
                format!("{}: {}", guess.confidence.as_str(), shown(&guess.why))
            }),
        }),
        files,
        changes => number - 1,
        kinds => Serde(&kinds),
        decisions,
        remarks,
        accepted => accepted.map(|name| shown(&name)).collect::<Vec<_>>(),
        rules => Serde(&rules.all),
        written => !report.written.is_empty(),
        shows_secrets => report.secrets.are_shown(),
    }
}

/// Returns the data of the open decisions, and of the remarks, which need no decision.
fn decisions_and_remarks(
    diagnostics: &[Diagnostic],
    reasons: &Reasons<'_>,
    rules: &mut PageRules,
) -> (Vec<Value>, Vec<Value>) {
    let (mut decisions, mut remarks) = (Vec::new(), Vec::new());
    for diagnostic in diagnostics.iter().filter(|found| found.is_open()) {
        let id = diagnostic.rule.as_ref().map_or("", |rule| &rule.id);
        let reason = reasons.of_diagnostic(diagnostic);
        let rule = reason.map(|reason| rules.link(id, &reason, None));
        match diagnostic.code {
            Code::NeedsDecision => decisions.push(finding(diagnostic, rule)),
            _ => remarks.push(finding(diagnostic, rule)),
        }
    }
    (decisions, remarks)
}

fn release_name(release: Series) -> String {
    format!(
        "{} {} ({release})",
        release.service().title(),
        release.version()
    )
}

/// Describes what was done to options, to follow their number.
fn in_words(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Rename => "renamed",
        ChangeKind::Move => "moved to another section",
        ChangeKind::Copy => "copied under the new name",
        ChangeKind::Drop => "removed: hidden by another entry",
        ChangeKind::Reference => "with updated references",
        ChangeKind::Convert => "converted",
        ChangeKind::Remove => "removed: no longer read",
        ChangeKind::Pin => "set to the old default",
    }
}

/// A rule behind changes or findings.
#[derive(serde::Serialize)]
struct PageRule {
    number: usize,
    id: String,
    reason: Reason,
    /// The numbers of the changes it made.
    changes: Vec<usize>,
}

/// The rules of a page, without duplicates.
#[derive(Default)]
struct PageRules {
    all: Vec<PageRule>,
    /// The indices of rules by id; several rules may share one.
    by_id: HashMap<String, Vec<usize>>,
}

impl PageRules {
    /// Returns the link to a rule behind a change or a finding, adding the rule if it is new.
    fn link(&mut self, id: &str, reason: &Reason, change: Option<usize>) -> Value {
        let reason = visible(reason);
        let known = self.by_id.entry(id.to_owned()).or_default();
        let index = known.iter().find(|at| self.all[**at].reason == reason);
        let index = index.copied().unwrap_or_else(|| {
            known.push(self.all.len());
            self.all.push(PageRule {
                number: self.all.len() + 1,
                id: shown(id),
                reason,
                changes: Vec::new(),
            });
            self.all.len() - 1
        });
        let rule = &mut self.all[index];
        rule.changes.extend(change);
        context! { number => rule.number, id => &rule.id }
    }
}

/// Returns the data of a check's page.
pub(super) fn of_check(report: &CheckReport<'_>) -> Value {
    let findings = report.diagnostics.iter().filter(|found| found.is_open());
    let of = |severity: Severity| {
        let findings = findings.clone();
        findings.filter(|found| found.severity == severity).count()
    };
    context! {
        title => title("Check", report.files.iter().copied()),
        packs => (!report.pack.renamings.is_empty()).then(|| shown(&report.pack.name)),
        release => report.release.map(release_name),
        files => report.files.iter().map(|path| shown_path(path)).collect::<Vec<_>>(),
        errors => of(Severity::Error),
        warnings => of(Severity::Warning),
        notes => of(Severity::Note),
        settled => report.diagnostics.len() - findings.clone().count(),
        findings => findings.map(|found| finding(found, None)).collect::<Vec<_>>(),
        shows_secrets => report.shows_secrets,
    }
}

/// Returns the data of a diagnostic, with a link to the rule behind it. Each line is split around
/// the part to highlight.
fn finding(diagnostic: &Diagnostic, rule: Option<Value>) -> Value {
    let place = diagnostic.place.as_ref();
    let mut lines = Vec::new();
    if let Some(place) = place {
        if let Some((number, text, label)) = &place.earlier {
            let part = shown(text);
            lines.push(context! { number, before => "", part, after => "", label => *label });
        }
        let (start, end) = (place.part.start, place.part.end);
        lines.push(context! {
            number => place.line,
            before => shown(&place.text[..start]),
            part => shown(&place.text[start..end]),
            after => shown(&place.text[end..]),
            label => place.label.as_deref().map(shown),
        });
    }
    context! {
        code => diagnostic.code.as_str(),
        severity => diagnostic.severity.as_str(),
        message => shown(&diagnostic.message),
        help => diagnostic.help.as_deref().map(shown),
        path => diagnostic.path().map(shown_path),
        lines,
        rule,
    }
}

/// Returns a page's title: what was done to which files.
fn title<'f>(what: &str, files: impl ExactSizeIterator<Item = &'f Path>) -> String {
    let count = files.len();
    match (files.last(), count) {
        (Some(file), 1) => format!("{what} of {}", shown_path(file)),
        _ => format!("{what} of {count} files"),
    }
}

/// Returns a reason with invisible characters escaped.
fn visible(reason: &Reason) -> Reason {
    let all = |texts: &[String]| texts.iter().map(|text| shown(text)).collect();
    Reason {
        what: all(&reason.what),
        why: shown(&reason.why),
        evidence: all(&reason.evidence),
        advice: reason.advice.as_deref().map(shown),
    }
}
