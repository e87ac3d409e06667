//! JUnit's XML, which CI systems show as test results: a suite for each file, with a case for each
//! finding.

use std::path::Path;

use minijinja::{Environment, Error, Value, context};

use super::MigrationReport;
use super::finding::Finding;
use super::html::HtmlError;
use super::visible::visible;
use crate::diagnostic::Diagnostic;

/// The template; what is inserted is escaped.
const TEMPLATE: (&str, &str) = ("junit.xml", include_str!("junit.xml"));

/// Returns the results of `confmig check` for these files.
///
/// # Errors
///
/// An error in the template.
pub fn check_junit(files: &[&Path], diagnostics: &[Diagnostic]) -> Result<String, HtmlError> {
    render(files, &Finding::of_diagnostics(diagnostics)).map_err(HtmlError)
}

/// Returns the results of `confmig migrate`: its changes and diagnostics.
///
/// # Errors
///
/// An error in the template.
pub fn migrate_junit(
    reports: &[MigrationReport<'_>],
    diagnostics: &[Diagnostic],
) -> Result<String, HtmlError> {
    let files = reports.iter().flat_map(|report| &report.migration.files);
    let files: Vec<&Path> = files.map(|file| &*file.path).collect();
    render(&files, &Finding::of_migration(reports, diagnostics)).map_err(HtmlError)
}

fn render(files: &[&Path], findings: &[Finding<'_>]) -> Result<String, Error> {
    let mut by_path: foldhash::HashMap<Option<&Path>, Vec<&Finding<'_>>> =
        foldhash::HashMap::default();
    for finding in findings {
        by_path.entry(finding.path).or_default().push(finding);
    }
    let mut suites: Vec<Value> = Vec::new();
    for path in files {
        let findings = by_path.remove(&Some(*path)).unwrap_or_default();
        suites.push(suite(&path.to_string_lossy(), &findings));
    }
    // What concerns no file, and files that are not among those given.
    let rest: Vec<&Finding<'_>> = findings
        .iter()
        .filter(|finding| by_path.contains_key(&finding.path))
        .collect();
    if !rest.is_empty() {
        suites.push(suite("confmig", &rest));
    }
    let is_open = |finding: &&Finding<'_>| finding.settled.is_none();
    let failures = findings.iter().filter(is_open).count();
    let mut environment = Environment::new();
    environment.add_template(TEMPLATE.0, TEMPLATE.1)?;
    let page = context! { suites, failures };
    environment.get_template(TEMPLATE.0)?.render(page)
}

fn suite(name: &str, findings: &[&Finding<'_>]) -> Value {
    let cases = findings.iter().map(|finding| {
        let line = finding.line.map(|line| format!(" (line {line})"));
        context! {
            name => text(&format!("{}{}", finding.id, line.unwrap_or_default())),
            kind => finding.kind,
            message => text(finding.message),
            help => finding.help.map(text),
            settled => finding.settled.map(|settled| {
                format!("{}: {}", settled.by.as_str(), text(&settled.reason))
            }),
        }
    });
    let open = findings.iter().filter(|finding| finding.settled.is_none());
    context! {
        name => text(name),
        failures => open.clone().count(),
        skipped => findings.len() - open.count(),
        cases => cases.collect::<Vec<_>>(),
    }
}

/// Returns a text without the characters that XML refuses.
fn text(text: &str) -> String {
    visible(text).into_owned()
}
