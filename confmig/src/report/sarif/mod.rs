//! SARIF 2.1.0, for code review and dashboards.

mod fix;
mod location;

use std::collections::HashMap;

use oslo_config::SourceFile;
use serde_json::{Value, json};

use super::json::pretty;
use super::reason::{Reason, Reasons};
use super::{MigrationReport, counted};
use crate::diagnostic::{Code, Diagnostic, FINGERPRINT_METHOD, Fingerprints, Settled, SettledBy};
use crate::lines::content;
use crate::migrate::{Change, WHOLE};
use location::Line;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The level of changes, which are no problems.
const CHANGE: &str = "note";

/// Returns the SARIF of `confmig check`: one result for each diagnostic, with the codes as rules.
#[must_use]
pub fn check_sarif(diagnostics: &[Diagnostic]) -> String {
    let mut results = Results::default();
    for diagnostic in diagnostics {
        results.add_diagnostic(diagnostic);
    }
    pretty(&results.log(None))
}

/// Returns the SARIF of `confmig migrate`: one result for each change, with the rule behind it, and
/// one for each diagnostic. The first result of each set of files has its whole migration as a fix,
/// if it can be shown.
#[must_use]
pub fn migrate_sarif(reports: &[MigrationReport<'_>], diagnostics: &[Diagnostic]) -> String {
    let mut results = Results::default();
    for report in reports {
        results.add_migration(report);
    }
    for diagnostic in diagnostics {
        results.add_diagnostic(diagnostic);
    }
    let releases = match reports {
        [report] => report.releases.map(|releases| releases.span),
        _ => None,
    };
    let properties = releases.map(|span| json!({ "from": span.from.id(), "to": span.to.id() }));
    pretty(&results.log(properties))
}

/// The results, and the rules that they refer to.
#[derive(Default)]
struct Results {
    rules: Vec<Value>,
    /// The indices of the rules, by their texts.
    numbers: HashMap<String, usize>,
    results: Vec<Value>,
    /// Those of the diagnostics. As in JSON, the changes beside them are not counted.
    fingerprints: Fingerprints,
    of_changes: Fingerprints,
}

impl Results {
    /// Returns the log.
    fn log(self, properties: Option<Value>) -> Value {
        let mut run = json!({
            "tool": {
                "driver": {
                    "name": "confmig",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": self.rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n", "\r"],
            "results": self.results,
        });
        if let Some(properties) = properties {
            run["properties"] = properties;
        }
        json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
    }

    /// Returns the index of a rule, adding it if it is new. A rule file's rule may have the same id
    /// as a code, so whole rules are compared.
    fn index(&mut self, rule: Value) -> usize {
        let known = self.numbers.entry(rule.to_string());
        *known.or_insert_with(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        })
    }

    /// Adds a result of a rule, with its location and an optional related location.
    fn add(
        &mut self,
        rule: Value,
        message: &str,
        [location, related]: [Option<Value>; 2],
        fingerprint: &str,
    ) -> &mut Value {
        let mut result = json!({
            "ruleId": rule["id"],
            "ruleIndex": 0,
            "level": rule["defaultConfiguration"]["level"],
            "message": { "text": message },
        });
        result["ruleIndex"] = json!(self.index(rule));
        for (key, location) in [("locations", location), ("relatedLocations", related)] {
            if let Some(location) = location {
                result[key] = json!([location]);
            }
        }
        result["partialFingerprints"] = json!({ FINGERPRINT_METHOD: fingerprint });
        self.results.push_mut(result)
    }

    fn add_diagnostic(&mut self, diagnostic: &Diagnostic) {
        let (code, place) = (diagnostic.code, diagnostic.place.as_ref());
        let message = match &diagnostic.help {
            Some(help) => format!("{}\n{help}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        let of_file = || diagnostic.file.as_deref().map(location::of_file);
        let locations = [
            place.map(location::of_place).or_else(of_file),
            place.and_then(location::of_earlier),
        ];
        let fingerprint = self.fingerprints.of_diagnostic(diagnostic);
        let result = self.add(of_code(code), &message, locations, &fingerprint);
        result["level"] = json!(diagnostic.severity.as_str());
        match &diagnostic.settled {
            None => {}
            Some(settled) if settled.by == SettledBy::Baseline => {
                result["baselineState"] = json!("unchanged");
            }
            Some(settled) => result["suppressions"] = json!([suppression(settled)]),
        }
    }

    /// Adds the results of a set of files.
    fn add_migration(&mut self, report: &MigrationReport<'_>) {
        let reasons = Reasons::new(report.pack, report.releases);
        self.add_whole(report);
        for (file, before) in report.migration.files.iter().zip(report.before) {
            if file.changes.is_empty() {
                continue;
            }
            let shown = report.secrets.lines(&before.text);
            // Many changes may be in one line.
            let mut lines: HashMap<usize, Line> = HashMap::new();
            for change in &file.changes {
                let line = lines.entry(change.line);
                let line = line.or_insert_with(|| Line::new(content(&shown, change.line)));
                self.add_change(change, before, line, &reasons);
            }
        }
    }

    fn add_change(
        &mut self,
        change: &Change,
        before: &SourceFile,
        line: &Line,
        reasons: &Reasons<'_>,
    ) {
        let path = &before.path;
        let rule = of_reason(&change.rule, &reasons.of_change(change));
        let location = location::of_line(path, change.line, line);
        let about = [&*change.rule, &change.to.to_string(), &line.text];
        let fingerprint = self.of_changes.next(path, &about);
        let result = self.add(rule, &change.message, [Some(location), None], &fingerprint);
        let mut properties =
            json!({ "from": change.from.to_string(), "kind": change.kind.as_str() });
        if let Some(release) = &change.release {
            properties["release"] = json!(release);
        }
        properties["to"] = json!(change.to.to_string());
        result["properties"] = properties;
    }

    /// Adds the result that has all changes as one fix.
    fn add_whole(&mut self, report: &MigrationReport<'_>) {
        let files = report.migration.files.iter().zip(report.before);
        let changed: Vec<_> = files.filter(|(file, _)| !file.changes.is_empty()).collect();
        let Some((first, before)) = changed.first() else {
            return;
        };
        let count: usize = changed.iter().map(|(file, _)| file.changes.len()).sum();
        let fix: Option<Vec<_>> = changed
            .iter()
            .map(|(file, before)| fix::change_of(before, file, report.secrets))
            .collect();
        let (changes, files) = (counted(count, "change"), counted(changed.len(), "file"));
        let summary = format!("{changes} in {files}, proved together");
        let message = match &fix {
            Some(_) => summary.clone(),
            None => format!(
                "{summary}; there is no fix, because it would show a secret or the text is not \
                 UTF-8: run `confmig migrate --write`, or use --show-secrets"
            ),
        };
        let line = first.changes.first().map_or(1, |change| change.line);
        let shown = report.secrets.lines(&before.text);
        let shown = Line::new(content(&shown, line));
        let rule = descriptor(
            WHOLE,
            "The whole migration",
            "All changes to all files, proved together: every option that is set was resolved from \
             both the old and the new texts.",
            "Apply the whole fix, or run `confmig migrate --write`, which keeps backups.",
            CHANGE,
        );
        let location = location::of_line(&before.path, line, &shown);
        let fingerprint = self.of_changes.next(&before.path, &[WHOLE]);
        let result = self.add(rule, &message, [Some(location), None], &fingerprint);
        if let Some(changes) = fix {
            let description = json!({ "text": summary });
            result["fixes"] = json!([{ "description": description, "artifactChanges": changes }]);
        }
    }
}

/// Returns a SARIF rule.
fn descriptor(id: &str, short: &str, full: &str, help: &str, level: &str) -> Value {
    json!({
        "id": id,
        "shortDescription": { "text": short },
        "fullDescription": { "text": full },
        "help": { "text": help },
        "defaultConfiguration": { "level": level },
    })
}

/// Returns a code as a SARIF rule.
fn of_code(code: Code) -> Value {
    let (title, level) = (code.title(), code.severity().as_str());
    descriptor(code.as_str(), title, code.explanation(), code.help(), level)
}

/// Returns why a result counts as settled.
fn suppression(settled: &Settled) -> Value {
    let kind = match settled.by {
        SettledBy::Comment => "inSource",
        _ => "external",
    };
    json!({ "kind": kind, "justification": settled.reason })
}

/// Returns the rule behind a change as a SARIF rule. If it takes several lines to say what the rule
/// does, they go into its help.
fn of_reason(id: &str, reason: &Reason) -> Value {
    let (short, mut help) = match reason.what.as_slice() {
        [what] => (what, Vec::new()),
        lines => (&reason.why, lines.to_vec()),
    };
    help.extend(reason.advice.iter().cloned());
    help.extend(reason.evidence.iter().map(|it| format!("Evidence: {it}")));
    if help.is_empty() {
        help.push(reason.why.clone());
    }
    descriptor(id, short, &reason.why, &help.join("\n"), CHANGE)
}
