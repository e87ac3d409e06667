//! SARIF 2.1.0, for code review and for dashboards.

mod fix;
mod form;
mod location;

use std::collections::BTreeMap;
use std::path::Path;

use bstr::ByteSlice;
use oslo_config::SourceFile;

use super::reason::{Reason, Reasons};
use super::{MigrationReport, counted};
use crate::diagnostic::{Code, Diagnostic};
use crate::lines::content;
use crate::migrate::Change;
use form::{Configuration, Descriptor, Driver, Fix, Log, Message, Run, SarifResult, Tool};
use location::Fingerprints;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The level of changes: nothing is wrong with them.
const CHANGE: &str = "note";

/// The id of the result that has the whole migration as a fix.
const WHOLE: &str = "migration";

/// The SARIF of `confmig check`: a result for each diagnostic, the codes as rules.
#[must_use]
pub fn check_sarif(diagnostics: &[Diagnostic]) -> String {
    let mut results = Results::default();
    for diagnostic in diagnostics {
        results.add_diagnostic(diagnostic);
    }
    results.finish(BTreeMap::new())
}

/// The SARIF of `confmig migrate`: a result for each change, with the rule behind it, and one for each
/// decision. One result more has the whole migration as a fix, if that can be shown.
#[must_use]
pub fn migrate_sarif(report: &MigrationReport<'_>) -> String {
    let mut results = Results::default();
    let reasons = Reasons::new(report.pack);
    results.add_whole(report);
    for (file, before) in report.migration.files.iter().zip(report.before) {
        let shown = report.secrets.lines(&before.text);
        for change in &file.changes {
            let text = content(&shown, change.line).to_str_lossy();
            results.add_change(change, before, &text, &reasons);
        }
    }
    for diagnostic in report.decisions {
        results.add_diagnostic(diagnostic);
    }
    let releases = report.releases.map(|releases| releases.span);
    let properties = releases.map(|span| {
        [
            ("from", span.from.id().to_owned()),
            ("to", span.to.id().to_owned()),
        ]
    });
    results.finish(properties.into_iter().flatten().collect())
}

/// Results, and the rules that they name.
#[derive(Default)]
struct Results {
    rules: Vec<Descriptor>,
    results: Vec<SarifResult>,
    fingerprints: Fingerprints,
}

impl Results {
    fn finish(self, properties: BTreeMap<&'static str, String>) -> String {
        let log = Log {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "confmig",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: self.rules,
                    },
                },
                column_kind: "unicodeCodePoints",
                newline_sequences: ["\r\n", "\n", "\r"],
                results: self.results,
                properties,
            }],
        };
        // Only maps with other keys than strings and failing writers can make this fail.
        serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
    }

    /// Where a rule stands. A rule of one's own may have the id of a code: they stand apart.
    fn rule(&mut self, rule: Descriptor) -> usize {
        let known = self.rules.iter().position(|known| *known == rule);
        known.unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        })
    }

    /// A result of a rule, which a text finds again in a file.
    fn result(
        &mut self,
        rule: Descriptor,
        message: String,
        (path, text): (&Path, &str),
    ) -> SarifResult {
        let path = path.to_string_lossy();
        SarifResult {
            rule_id: rule.id.clone(),
            level: rule.default_configuration.level,
            message: Message::new(message),
            partial_fingerprints: self.fingerprints.next(&path, &rule.id, text),
            rule_index: self.rule(rule),
            ..SarifResult::default()
        }
    }

    fn add_diagnostic(&mut self, diagnostic: &Diagnostic) {
        let place = diagnostic.place.as_ref();
        let path = place.map_or(Path::new(""), |place| &place.path);
        let text = place.map_or(&diagnostic.message, |place| &place.text);
        let message = match &diagnostic.help {
            Some(help) => format!("{}\n{help}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        let result = self.result(of_code(diagnostic.code), message, (path, text));
        self.results.push(SarifResult {
            locations: place.map(location::of_place).into_iter().collect(),
            related_locations: place.and_then(location::of_earlier).into_iter().collect(),
            ..result
        });
    }

    fn add_change(
        &mut self,
        change: &Change,
        before: &SourceFile,
        text: &str,
        reasons: &Reasons<'_>,
    ) {
        let rule = of_reason(&change.rule, &reasons.of_change(change));
        let mut properties: BTreeMap<&'static str, String> = [
            ("kind", change.kind.as_str().to_owned()),
            ("from", change.from.to_string()),
            ("to", change.to.to_string()),
        ]
        .into();
        if let Some(release) = &change.release {
            properties.insert("release", release.clone());
        }
        let path = &before.path;
        let result = self.result(rule, change.message.clone(), (path, text));
        self.results.push(SarifResult {
            locations: vec![location::of_line(path, change.line, text)],
            properties,
            ..result
        });
    }

    /// The result that has all changes as one fix.
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
        let what = format!("{changes} in {files}, proved together");
        let message = match &fix {
            Some(_) => what.clone(),
            None => format!(
                "{what}; the new text cannot be shown here: `confmig migrate --write` makes it, and a fix is \
                 given with --show-secrets if the text is UTF-8"
            ),
        };
        let line = first.changes.first().map_or(1, |change| change.line);
        let shown = report.secrets.lines(&before.text);
        let text = content(&shown, line).to_str_lossy();
        let rule = Descriptor {
            id: WHOLE.to_owned(),
            short_description: Message::new("The whole migration"),
            full_description: Message::new(
                "All changes to all files that were given, proved together: every option that is set was resolved \
                 from the old texts and from the new.",
            ),
            help: Message::new(
                "Apply the fix as a whole, or run `confmig migrate --write`, which keeps a backup.",
            ),
            default_configuration: Configuration { level: CHANGE },
        };
        let path = &before.path;
        let fixes = fix.into_iter().map(|artifact_changes| Fix {
            description: Message::new(what.clone()),
            artifact_changes,
        });
        let fixes = fixes.collect();
        let result = self.result(rule, message, (path, ""));
        self.results.push(SarifResult {
            locations: vec![location::of_line(path, line, &text)],
            fixes,
            ..result
        });
    }
}

/// A code as a rule.
fn of_code(code: Code) -> Descriptor {
    Descriptor {
        id: code.as_str().to_owned(),
        short_description: Message::new(code.title()),
        full_description: Message::new(code.explanation()),
        help: Message::new(code.help()),
        default_configuration: Configuration {
            level: code.severity().as_str(),
        },
    }
}

/// The rule behind a change. What a rule does may take many lines: that is for the help.
fn of_reason(id: &str, reason: &Reason) -> Descriptor {
    let (short, mut help) = match reason.what.as_slice() {
        [what] => (what.clone(), Vec::new()),
        lines => (reason.why.clone(), lines.to_vec()),
    };
    help.extend(reason.advice.iter().cloned());
    help.extend(reason.proof.iter().map(|proof| format!("Proof: {proof}")));
    if help.is_empty() {
        help.push(reason.why.clone());
    }
    Descriptor {
        id: id.to_owned(),
        short_description: Message::new(short),
        full_description: Message::new(reason.why.clone()),
        help: Message::new(help.join("\n")),
        default_configuration: Configuration { level: CHANGE },
    }
}
