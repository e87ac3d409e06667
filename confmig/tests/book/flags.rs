//! Each option of a command that a page names is an option of the program.

use std::collections::BTreeMap;
use std::process::Command;

use crate::pages::pages;

/// Returns the help of a command, or of the program for an empty name.
pub(crate) fn help(command: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_confmig"));
    program.args([command, "--help"].iter().filter(|word| !word.is_empty()));
    String::from_utf8(program.output().unwrap().stdout).unwrap()
}

/// Returns the names of the commands, as the program's help lists them.
pub(crate) fn commands() -> Vec<String> {
    let help = help("");
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        (!line.starts_with(' ')).then(|| line.split(' ').next().unwrap().to_owned())
    });
    names.filter(|name| name != "help").collect()
}

/// Returns the commands in a text that follow `confmig `, each up to the end of its line or span.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let after = text
        .match_indices("confmig ")
        .map(|(at, found)| &text[at + found.len()..]);
    after.map(|rest| {
        rest.split(['`', '\n', '|', ';', ')', '"'])
            .next()
            .unwrap_or_default()
    })
}

#[test]
fn options_that_pages_name_exist() {
    let known: BTreeMap<String, String> = commands()
        .into_iter()
        .map(|name| (name.clone(), help(&name)))
        .collect();
    let (mut faults, mut count) = (Vec::new(), 0);
    for page in pages() {
        for line in mentioned(&page.text) {
            let mut words = line.split_whitespace();
            let Some(help) = words.next().and_then(|command| known.get(command)) else {
                continue;
            };
            for word in words.filter(|word| word.starts_with("--")) {
                let end = word[2..].find(|c: char| !c.is_ascii_lowercase() && c != '-');
                let option = &word[..end.map_or(word.len(), |end| end + 2)];
                count += 1;
                if !help.lines().any(|line| line.trim_start().contains(option)) {
                    faults.push(format!("{}: confmig {line}: no {option}", page.path));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 50, "only {count} options found");
}
