//! JSON for programs. Keys may be added; those that are here keep their names and meaning.

use bstr::ByteSlice;
use oslo_config::{Occurrence, Origin, ParsedFile};
use serde::Serialize;

use super::MigrationReport;
use crate::diagnostic::Diagnostic;
use crate::explain::{Explained, Named};
use crate::release::Series;
use crate::secret::Secrets;

#[derive(Serialize)]
struct DiagnosticForm<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

impl<'a> DiagnosticForm<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        DiagnosticForm {
            code: diagnostic.code.as_str(),
            severity: diagnostic.code.severity().as_str(),
            message: &diagnostic.message,
            file: place.map(|place| place.path.to_string_lossy().into_owned()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            help: diagnostic.help.as_deref(),
        }
    }
}

fn diagnostic_forms(diagnostics: &[Diagnostic]) -> Vec<DiagnosticForm<'_>> {
    diagnostics.iter().map(DiagnosticForm::new).collect()
}

fn to_json(form: &impl Serialize) -> String {
    // Only maps with other keys than strings and failing writers can make this fail.
    serde_json::to_string_pretty(form).unwrap_or_default() + "\n"
}

/// The JSON of `confmig check`: `{"diagnostics":[…]}`.
#[must_use]
pub fn check_json(diagnostics: &[Diagnostic]) -> String {
    #[derive(Serialize)]
    struct Form<'a> {
        diagnostics: Vec<DiagnosticForm<'a>>,
    }
    to_json(&Form {
        diagnostics: diagnostic_forms(diagnostics),
    })
}

/// The JSON of `confmig migrate`: `{"files":[…],"diagnostics":[…]}`.
#[must_use]
pub fn migrate_json(report: &MigrationReport<'_>) -> String {
    #[derive(Serialize)]
    struct Form<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        releases: Option<ReleasesForm<'a>>,
        files: Vec<FileForm<'a>>,
        diagnostics: Vec<DiagnosticForm<'a>>,
    }
    #[derive(Serialize)]
    struct ReleasesForm<'a> {
        from: &'static str,
        to: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        guess: Option<GuessForm<'a>>,
    }
    #[derive(Serialize)]
    struct GuessForm<'a> {
        sureness: &'static str,
        why: &'a str,
    }
    #[derive(Serialize)]
    struct FileForm<'a> {
        path: String,
        changed: bool,
        backup: Option<String>,
        changes: Vec<ChangeForm<'a>>,
    }
    #[derive(Serialize)]
    struct ChangeForm<'a> {
        rule: &'a str,
        kind: &'static str,
        line: usize,
        from: String,
        to: String,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        release: Option<&'a str>,
    }
    let files = report.migration.files.iter().map(|file| FileForm {
        path: file.path.to_string_lossy().into_owned(),
        changed: !file.changes.is_empty(),
        backup: report
            .written
            .iter()
            .find(|replaced| replaced.path == file.path)
            .map(|replaced| replaced.backup.to_string_lossy().into_owned()),
        changes: file
            .changes
            .iter()
            .map(|change| ChangeForm {
                rule: &change.rule,
                kind: change.kind.as_str(),
                line: change.line,
                from: change.from.to_string(),
                to: change.to.to_string(),
                message: &change.message,
                release: change.release.as_deref(),
            })
            .collect(),
    });
    let releases = report.releases.map(|releases| ReleasesForm {
        from: releases.span.from.id(),
        to: releases.span.to.id(),
        guess: releases.guess.map(|guess| GuessForm {
            sureness: guess.sureness.as_str(),
            why: &guess.why,
        }),
    });
    to_json(&Form {
        releases,
        files: files.collect(),
        diagnostics: diagnostic_forms(report.decisions),
    })
}

/// The JSON of `confmig show`: `{"files":[…],"options":[…]}`.
#[must_use]
pub fn show_json(
    files: &[ParsedFile<'_>],
    options: &[Explained<'_>],
    secrets: &Secrets<'_>,
) -> String {
    #[derive(Serialize)]
    struct Form {
        files: Vec<FileForm>,
        options: Vec<OptionForm>,
    }
    #[derive(Serialize)]
    struct FileForm {
        path: String,
        sections: Vec<SectionForm>,
    }
    #[derive(Serialize)]
    struct SectionForm {
        name: String,
        line: usize,
        entries: Vec<EntryForm>,
    }
    #[derive(Serialize)]
    struct EntryForm {
        key: String,
        line: usize,
        value: String,
    }
    let entry_form = |entry: oslo_config::Entry<'_, '_>| {
        let (group, key) = (entry.group(), entry.key().to_str_lossy());
        let value = entry.value();
        let value = value.to_str_lossy();
        let value = secrets
            .value(&group.to_str_lossy(), &key, &value)
            .into_owned();
        EntryForm {
            key: key.into_owned(),
            line: entry.line(),
            value,
        }
    };
    let section_form = |section: oslo_config::Section<'_, '_>| SectionForm {
        name: secrets.section(section.name()),
        line: section.line(),
        entries: section.entries().map(entry_form).collect(),
    };
    let file_form = |file: &ParsedFile<'_>| FileForm {
        path: file.path.to_string_lossy().into_owned(),
        sections: file.document.sections().map(section_form).collect(),
    };
    let options = options
        .iter()
        .map(|option| OptionForm::new(option, secrets));
    to_json(&Form {
        files: files.iter().map(file_form).collect(),
        options: options.collect(),
    })
}

#[derive(Serialize)]
struct OptionForm {
    option: String,
    value: Option<ValueForm>,
    error: Option<String>,
    origin: OriginForm,
    deprecated: bool,
    hidden: Vec<HiddenForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<NameForm>,
}

#[derive(Serialize)]
struct NameForm {
    name: String,
    option_in: Option<[&'static str; 2]>,
    former_name_in: Option<[&'static str; 2]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueForm {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize, Default)]
struct OriginForm {
    kind: &'static str,
    file: Option<String>,
    line: Option<usize>,
    name: Option<String>,
    variable: Option<String>,
}

#[derive(Serialize)]
struct HiddenForm {
    file: String,
    line: usize,
    name: String,
}

impl OptionForm {
    fn new(option: &Explained<'_>, secrets: &Secrets<'_>) -> Self {
        let name = option.opt.name();
        let shown = |text: &String| secrets.value(name.group(), name.name(), text).into_owned();
        let value = match option.texts.as_deref() {
            Ok([]) | Err(_) => None,
            Ok([text]) if !option.opt.is_multi() => Some(ValueForm::One(shown(text))),
            Ok(texts) => Some(ValueForm::Many(texts.iter().map(shown).collect())),
        };
        OptionForm {
            option: name.to_string(),
            value,
            error: option.error(secrets),
            origin: OriginForm::new(&option.origin),
            deprecated: option.origin.deprecated_name().is_some(),
            hidden: option
                .occurrences
                .hidden
                .iter()
                .map(HiddenForm::new)
                .collect(),
            names: option.names.iter().map(NameForm::new).collect(),
        }
    }
}

impl NameForm {
    fn new(named: &Named) -> Self {
        let span = |(first, last): (Series, Series)| [first.id(), last.id()];
        NameForm {
            name: named.name.to_string(),
            option_in: named.option.map(span),
            former_name_in: named.former.map(span),
        }
    }
}

impl OriginForm {
    fn new(origin: &Origin) -> Self {
        let of_kind = |kind| OriginForm {
            kind,
            ..OriginForm::default()
        };
        match origin {
            Origin::Unset => of_kind("unset"),
            Origin::Default => of_kind("default"),
            Origin::Environment { variable } => OriginForm {
                variable: Some(variable.clone()),
                ..of_kind("environment")
            },
            Origin::File {
                path, line, name, ..
            } => OriginForm {
                file: Some(path.to_string_lossy().into_owned()),
                line: Some(*line),
                name: Some(name.to_string()),
                ..of_kind("file")
            },
        }
    }
}

impl HiddenForm {
    fn new(hidden: &Occurrence<'_>) -> Self {
        let entry = hidden.entry;
        HiddenForm {
            file: hidden.path.to_string_lossy().into_owned(),
            line: entry.line(),
            name: format!("{}.{}", entry.group(), entry.key()),
        }
    }
}
