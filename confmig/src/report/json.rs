//! JSON for programs. Keys may be added; existing ones keep their names, meanings and order.

use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use oslo_config::{Entry, Occurrence, OptName, Origin, ParsedFile, Section, SourceFile};
use serde_json::{Value, json};

use super::{MigrationReport, Paint, Releases, unified_diff};
use crate::diagnostic::{Diagnostic, Fingerprints};
use crate::explain::{Explanation, NameInReleases};
use crate::history::{ReleaseRange, Series};
use crate::migrate::{Change, FileMigration};
use crate::secret::Secrets;
use crate::store::{Backup, Undo};

/// Formats a JSON document.
pub(super) fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}

/// Adds the diagnostics to a document: the open ones, and apart from them those that are settled.
fn add_diagnostics(document: &mut Value, diagnostics: &[Diagnostic]) {
    let mut fingerprints = Fingerprints::default();
    let (mut open, mut settled) = (Vec::new(), Vec::new());
    for diagnostic in diagnostics {
        let mut form = diagnostic_form(diagnostic, &fingerprints.of_diagnostic(diagnostic));
        match &diagnostic.settled {
            None => open.push(form),
            Some(reason) => {
                form["settled"] = json!({ "by": reason.by.as_str(), "reason": reason.reason });
                settled.push(form);
            }
        }
    }
    document["diagnostics"] = open.into();
    document["settled"] = settled.into();
}

fn diagnostic_form(diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let place = diagnostic.place.as_ref();
    let rule = diagnostic.rule.as_ref();
    json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "file": diagnostic.path().map(Path::to_string_lossy),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "help": diagnostic.help,
        "option": diagnostic.option().map(OptName::to_string),
        "rule": rule.map(|rule| &rule.id),
        "release": rule.and_then(|rule| rule.release.as_ref()),
        "accept": diagnostic.accept,
        "fingerprint": fingerprint,
    })
}

/// Returns the JSON of `confmig check`: `{"diagnostics":[…],"settled":[…]}`.
#[must_use]
pub fn check_json(diagnostics: &[Diagnostic]) -> String {
    let mut form = json!({});
    add_diagnostics(&mut form, diagnostics);
    pretty(&form)
}

/// Returns the JSON of `confmig migrate`: `{"files":[…],"diagnostics":[…],"settled":[…]}`.
#[must_use]
pub fn migrate_json(reports: &[MigrationReport<'_>], diagnostics: &[Diagnostic]) -> String {
    let mut form = json!({});
    let mut files: Vec<Value> = Vec::new();
    for report in reports {
        let both = report.migration.files.iter().zip(report.before);
        let mut of_set: Vec<Value> = both
            .map(|(file, before)| file_form(report, file, before))
            .collect();
        let releases = report.releases.map(releases_form);
        match releases {
            None => {}
            Some(releases) if reports.len() == 1 => form["releases"] = releases,
            Some(releases) => {
                for file in &mut of_set {
                    file["releases"] = releases.clone();
                }
            }
        }
        files.extend(of_set);
    }
    form["files"] = files.into();
    add_diagnostics(&mut form, diagnostics);
    pretty(&form)
}

fn releases_form(releases: &Releases) -> Value {
    let (from, to) = (releases.span.from.id(), releases.span.to.id());
    let mut form = json!({ "from": from, "to": to });
    if let Some(guess) = &releases.guess {
        let ids = |group: &[Series]| group.iter().map(|series| series.id()).collect::<Value>();
        let results = releases.results.iter().map(|group| ids(group));
        form["guess"] = json!({
            "sureness": guess.confidence.as_str(),
            "why": guess.why,
            "candidates": ids(&guess.candidates),
            "same_results": results.collect::<Value>(),
        });
    }
    form
}

fn file_form(report: &MigrationReport<'_>, file: &FileMigration, before: &SourceFile) -> Value {
    let diff = (!file.changes.is_empty())
        .then(|| unified_diff(before, file, report.secrets, Paint::Plain));
    json!({
        "path": file.path.to_string_lossy(),
        "changed": !file.changes.is_empty(),
        "backup": report.backup_of(&file.path).map(|backup| backup.to_string_lossy()),
        "changes": file.changes.iter().map(change_form).collect::<Value>(),
        "diff": diff.map(|diff| diff.to_str_lossy().into_owned()),
    })
}

fn change_form(change: &Change) -> Value {
    let mut form = json!({
        "rule": change.rule,
        "kind": change.kind.as_str(),
        "line": change.line,
        "from": change.from.to_string(),
        "to": change.to.to_string(),
        "message": change.message,
    });
    if let Some(release) = &change.release {
        form["release"] = json!(release);
    }
    form
}

/// Returns the JSON of `confmig undo`: `{"restored":[…],"skipped":[…],"remaining":[…]}`.
#[must_use]
pub fn undo_json(undo: &Undo) -> String {
    let restored = undo.undone.iter().map(|file| {
        json!({
            "path": file.path.to_string_lossy(),
            "backup": file.backup.to_string_lossy(),
            "kept": file.kept.as_ref().map(|kept| kept.to_string_lossy()),
        })
    });
    pretty(&json!({
        "restored": restored.collect::<Value>(),
        "skipped": paths_form(&undo.skipped),
        "remaining": paths_form(&undo.remaining),
    }))
}

/// Returns the JSON of `confmig undo --list`: `{"backups":[…]}`.
#[must_use]
pub fn backups_json(backups: &[Backup]) -> String {
    let backups = backups.iter().map(|backup| {
        json!({
            "path": backup.path.to_string_lossy(),
            "backup": backup.backup.to_string_lossy(),
            "time": backup.time,
            "edited": backup.edited,
            "together": paths_form(&backup.together),
        })
    });
    pretty(&json!({ "backups": backups.collect::<Value>() }))
}

fn paths_form(paths: &[PathBuf]) -> Value {
    paths.iter().map(|path| path.to_string_lossy()).collect()
}

/// Returns the JSON of `confmig show`: `{"files":[…],"options":[…]}`.
#[must_use]
pub fn show_json(
    files: &[ParsedFile<'_>],
    options: &[Explanation<'_>],
    secrets: &Secrets<'_>,
) -> String {
    let entry_form = |entry: Entry<'_, '_>| {
        json!({
            "key": secrets.key(entry),
            "line": entry.line(),
            "value": secrets.in_entry(entry, &entry.value()),
        })
    };
    let section_form = |section: Section<'_, '_>| {
        json!({
            "name": secrets.section(section.name()),
            "line": section.line(),
            "entries": section.entries().map(entry_form).collect::<Value>(),
        })
    };
    let file_form = |file: &ParsedFile<'_>| {
        json!({
            "path": file.path.to_string_lossy(),
            "sections": file.document.sections().map(section_form).collect::<Value>(),
        })
    };
    let option_form = |option: &Explanation<'_>| option_form(option, secrets);
    pretty(&json!({
        "files": files.iter().map(file_form).collect::<Value>(),
        "options": options.iter().map(option_form).collect::<Value>(),
    }))
}

fn option_form(option: &Explanation<'_>, secrets: &Secrets<'_>) -> Value {
    let name = option.opt.name();
    let shown = |text: &String| json!(secrets.value(name.group(), name.name(), text));
    let value = match option.texts.as_deref() {
        Ok([]) | Err(_) => Value::Null,
        Ok([text]) if !option.opt.is_multi() => shown(text),
        Ok(texts) => texts.iter().map(shown).collect(),
    };
    let hidden = option.occurrences.hidden.iter().map(hidden_form);
    let mut form = json!({
        "option": name.to_string(),
        "value": value,
        "error": option.error(secrets),
        "origin": origin_form(&option.origin),
        "deprecated": option.origin.deprecated_name().is_some(),
        "hidden": hidden.collect::<Value>(),
    });
    if !option.names.is_empty() {
        form["names"] = option.names.iter().map(name_form).collect();
    }
    form
}

fn name_form(named: &NameInReleases) -> Value {
    let span = |range: ReleaseRange| [range.from.id(), range.to.id()];
    json!({
        "name": named.name.to_string(),
        "option_in": named.option.map(span),
        "former_name_in": named.former.map(span),
    })
}

fn origin_form(origin: &Origin) -> Value {
    let (kind, set, variable) = match origin {
        Origin::Unset => ("unset", None, None),
        Origin::Default => ("default", None, None),
        Origin::Environment { variable } => ("environment", None, Some(variable)),
        Origin::File {
            path, line, name, ..
        } => {
            let set = [
                json!(path.to_string_lossy()),
                json!(line),
                json!(name.to_string()),
            ];
            ("file", Some(set), None)
        }
    };
    let [file, line, name] = set.unwrap_or_default();
    json!({ "kind": kind, "file": file, "line": line, "name": name, "variable": variable })
}

fn hidden_form(hidden: &Occurrence<'_>) -> Value {
    let entry = hidden.entry;
    json!({
        "file": hidden.path.to_string_lossy(),
        "line": entry.line(),
        "name": format!("{}.{}", entry.group(), entry.key()),
    })
}
