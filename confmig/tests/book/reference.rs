//! The reference pages that are made from what the program prints.

use std::fmt::Write as _;
use std::process::Command;

use crate::commands::confmig;
use crate::flags::{commands, help};
use crate::{is_writing, root};

/// The command that writes these pages.
const COMMAND: &str = "BOOK=write cargo test -p confmig --test book";

/// Returns what the program prints on standard output.
fn printed(words: &[&str]) -> String {
    let output = Command::new(confmig()).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns lines without white space at their ends.
fn trimmed(text: &str) -> String {
    text.lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn commands_page() -> String {
    let mut page = format!(
        "# Commands\n\nWhat `confmig COMMAND --help` prints; `confmig man COMMAND` prints a manual \
         page with examples.\nThis page is made by `{COMMAND}`.\n\n```text\n{}```\n",
        trimmed(&help(confmig(), ""))
    );
    for name in commands(confmig()) {
        write!(
            page,
            "\n## {name}\n\n```text\n{}```\n",
            trimmed(&help(confmig(), &name))
        )
        .unwrap();
    }
    page
}

fn schemas_page() -> String {
    let mut page = format!(
        "# Schemas of the reports\n\nWhat `confmig schema-of-report REPORT` prints: the JSON \
         Schema (draft 2020-12) of each\nreport in JSON, whose keys [Report \
         formats](../formats.md#json) explains. This page is made by\n`{COMMAND}`.\n"
    );
    for report in ["check", "migrate", "show", "undo", "backups"] {
        let schema = printed(&["schema-of-report", report]);
        write!(page, "\n## {report}\n\n```json\n{schema}```\n").unwrap();
    }
    page
}

/// Returns the rows of a table of the rules of a service, without the renamings that its releases
/// declare themselves: id, release, what becomes of it, and reason.
fn rows(service: &str) -> String {
    let text = printed(&["rules", service]);
    let (mut rows, mut id, mut how, mut release) = (String::new(), "", "", "");
    for line in text.lines() {
        if let Some(rule) = line
            .strip_prefix("  ")
            .filter(|rule| !rule.starts_with(' '))
        {
            (id, how) = rule.split_once(' ').unwrap_or((rule, "(made)"));
            how = how.trim_matches(['(', ')']);
            release = "";
        } else if let Some(found) = line.strip_prefix("    release: ") {
            release = found;
        } else if let Some(why) = line.strip_prefix("    why: ")
            && !release.is_empty()
        {
            let why = why
                .replace('|', "\\|")
                .replace('[', "\\[")
                .replace('*', "\\*");
            writeln!(rows, "| `{id}` | {release} | {how} | {why} |").unwrap();
        }
    }
    rows
}

fn rules_page() -> String {
    let mut page = format!(
        "# Built-in rules\n\nThe two packs, as `confmig rules` prints them, and the rules of the \
         releases. The change of a\nrule is *made*, *needs a decision*, or the rule is *advice*. \
         `confmig rules ID` prints a rule in\nfull, with its evidence and an example. Renamings \
         that the releases declare themselves are not\nlisted here; `confmig rules ironic` has \
         them, too. This page is made by\n`{COMMAND}`.\n\n## Packs\n\n```text\n{}```\n",
        trimmed(&printed(&["rules"]))
    );
    for service in ["Ironic", "Keystone"] {
        write!(
            page,
            "\n## {service}\n\n| rule | release | | why |\n| --- | --- | --- | --- |\n{}",
            rows(&service.to_lowercase())
        )
        .unwrap();
    }
    page
}

#[test]
fn reference_pages_are_what_the_program_prints() {
    for (name, page) in [
        ("commands", commands_page()),
        ("report-schemas", schemas_page()),
        ("rules", rules_page()),
    ] {
        let path = root().join(format!("docs/reference/{name}.md"));
        if is_writing() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == page,
            "{} is out of date: run {COMMAND}",
            path.display()
        );
    }
}

#[test]
fn every_rule_is_in_the_tables() {
    // `confmig rules` counts the rules: "155 rules".
    let packs = printed(&["rules"]);
    for service in ["ironic", "keystone"] {
        let line = packs
            .lines()
            .find(|line| line.starts_with(&format!("{service}:")));
        let count = line
            .unwrap()
            .split(' ')
            .zip(line.unwrap().split(' ').skip(1));
        let count = count
            .filter(|(_, word)| *word == "rules,")
            .map(|(count, _)| count);
        let count: usize = count.last().unwrap().parse().unwrap();
        assert_eq!(rows(service).lines().count(), count, "{service}");
    }
}
