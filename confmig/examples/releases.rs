//! Prints docs/releases.md: what happens to the options from each release of a service to the next.
//!
//! `cargo run -p confmig --example releases > docs/releases.md`

// Run by whoever changes the facts, and by a test.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;

use confmig::history::{
    Definition, History, NameHistory, ReleaseRange, Series, Service, all_names, built_in_rules,
};
use confmig::migrate::{ChangeKind, Migration, Route, Settings, migrate};
use oslo_config::{OptName, SourceFile};

const HEAD: &str = "\
# Release by release

What `confmig migrate --from … --to …` does with each option from one release of a service to the next. Made by
`cargo run -p confmig --example releases > docs/releases.md`; a test keeps it up to date.

Each option of the older release that the newer one does not have was set in a file of its own, and the file was migrated.

- **unchanged**: the newer release has the option under the same name
- **renamed**: moved to its new name, or copied to several
- **converted**: its value became part of another option
- **removed**: no longer read, and nothing is lost
- **to decide**: left to the operator, with what superseded it and since when; `--accept` follows the rule if there is one
- **value rules**: rules for values that were removed while their options stay, such as hardware types
- **covered**: the options of the older release for which one of the above is true
";

const TABLE: &str = "\
| from | to | options | unchanged | renamed | converted | removed | to decide | value rules | covered |
| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |
";

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    options: usize,
    unchanged: usize,
    renamed: usize,
    converted: usize,
    removed: usize,
    to_decide: usize,
    values: usize,
}

impl Row {
    fn covered(&self) -> usize {
        self.unchanged + self.renamed + self.converted + self.removed + self.to_decide
    }
}

/// Returns the whole page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for service in Service::all() {
        write!(page, "\n## {}\n\n{TABLE}", service.title()).unwrap();
        table(service, &mut page);
    }
    page
}

fn table(service: Service, page: &mut String) {
    let history = History::new(service);
    let names: Vec<(OptName, NameHistory)> = all_names(service).collect();
    for to in service.releases() {
        let Some(from) = to.before() else { continue };
        let row = row(from, to, &names, &history);
        writeln!(
            page,
            "| {from} | {to} | {} | {} | {} | {} | {} | {} | {} | {} of {} |",
            row.options,
            row.unchanged,
            row.renamed,
            row.converted,
            row.removed,
            row.to_decide,
            row.values,
            row.covered(),
            row.options
        )
        .unwrap();
    }
}

fn row(from: Series, to: Series, names: &[(OptName, NameHistory)], history: &History) -> Row {
    let mut row = Row {
        values: built_in_rules(to.service())
            .filter(|rule| rule.last == to)
            .filter_map(|rule| rule.rule())
            .filter(|rule| rule.items.is_some())
            .count(),
        ..Row::default()
    };
    for (name, of_name) in names {
        let Some(definition) = of_name.definition(from) else {
            continue;
        };
        row.options += 1;
        if of_name.is_option(to) {
            row.unchanged += 1;
            continue;
        }
        let text = format!(
            "[{}]\n{} = {}\n",
            name.group(),
            name.name(),
            value(&definition)
        );
        let made = go(&text, from, to, history);
        let kinds: Vec<ChangeKind> = made.files[0]
            .changes
            .iter()
            .map(|change| change.kind)
            .collect();
        let has = |wanted: &[ChangeKind]| kinds.iter().any(|kind| wanted.contains(kind));
        if has(&[ChangeKind::Rename, ChangeKind::Move, ChangeKind::Copy]) {
            row.renamed += 1;
        } else if has(&[ChangeKind::Convert]) {
            row.converted += 1;
        } else if has(&[ChangeKind::Remove]) {
            row.removed += 1;
        } else if !made.decisions.is_empty() {
            row.to_decide += 1;
        }
    }
    row
}

fn go(text: &str, from: Series, to: Series, history: &History) -> Migration {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    let parsed = [file.parse().unwrap()];
    let route = Route::releases(ReleaseRange { from, to }, history);
    migrate(&parsed, &route, &Settings::default()).unwrap()
}

/// Returns the default, or else a value of the type.
fn value(definition: &Definition<'_>) -> String {
    let default = definition.default().into_iter().next();
    if let Some(default) =
        default.filter(|default| !default.contains('\n') && !default.contains('$'))
    {
        return default;
    }
    match &*definition.kind {
        "bool" => "True".into(),
        "int" | "float" | "port" => "3".into(),
        "uri" => "http://192.0.2.1:8080".into(),
        "dict" => "one:two".into(),
        "ip" | "hostaddress" => "192.0.2.1".into(),
        _ => "value".into(),
    }
}

#[allow(dead_code, reason = "the test only uses the page")]
fn main() {
    print!("{}", page());
}
