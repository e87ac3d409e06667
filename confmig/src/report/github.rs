//! Workflow commands of GitHub Actions, which show findings beside the lines of a pull request.

use super::MigrationReport;
use super::finding::Finding;
use super::visible::visible;
use crate::diagnostic::{Diagnostic, Severity};

/// Returns the open findings of `confmig check` as workflow commands, one line each.
#[must_use]
pub fn check_github(diagnostics: &[Diagnostic]) -> String {
    commands(&Finding::of_diagnostics(diagnostics))
}

/// Returns the changes and the open diagnostics of `confmig migrate` as workflow commands.
#[must_use]
pub fn migrate_github(reports: &[MigrationReport<'_>], diagnostics: &[Diagnostic]) -> String {
    commands(&Finding::of_migration(reports, diagnostics))
}

fn commands(findings: &[Finding<'_>]) -> String {
    let open = findings.iter().filter(|finding| finding.settled.is_none());
    open.map(command).collect()
}

fn command(finding: &Finding<'_>) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = finding.path {
        properties.push(format!("file={}", property(&path.to_string_lossy())));
    }
    if let Some(line) = finding.line {
        properties.push(format!("line={line}"));
    }
    if let Some((first, last)) = finding.columns {
        properties.push(format!("col={first},endColumn={last}"));
    }
    properties.push(format!("title={}", property(finding.id)));
    let help = finding.help.map(|help| format!("\n{help}"));
    let text = [finding.message, help.as_deref().unwrap_or_default()].concat();
    format!("::{level} {}::{}\n", properties.join(","), data(&text))
}

/// Escapes a message: line ends would end the command.
fn data(text: &str) -> String {
    let lines = text.split('\n').map(visible).collect::<Vec<_>>();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// Escapes a property, which commas and colons would end, too.
fn property(text: &str) -> String {
    let text = visible(text).replace('%', "%25");
    text.replace(':', "%3A").replace(',', "%2C")
}
