//! The commands and options of a program that pages name.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::pages::Page;

/// Returns the help of a command, or of the program for an empty name.
pub(crate) fn help(program: &Path, command: &str) -> String {
    let words = [command, "--help"]
        .into_iter()
        .filter(|word| !word.is_empty());
    let output = Command::new(program).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the names of the commands, as the program's help lists them.
pub(crate) fn commands(program: &Path) -> Vec<String> {
    let help = help(program, "");
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        (!line.starts_with(' ')).then(|| line.split(' ').next().unwrap().to_owned())
    });
    names.filter(|name| name != "help").collect()
}

/// Returns what follows a program's name in a text, each up to the end of its line or span.
fn mentioned<'a>(text: &'a str, program: &str) -> Vec<&'a str> {
    let name = format!("{program} ");
    let after = text
        .match_indices(&name)
        .map(|(at, found)| &text[at + found.len()..]);
    let ends = ['`', '\n', '|', ';', ')', '"'];
    after
        .map(|rest| rest.split(ends).next().unwrap_or_default())
        .collect()
}

/// Returns which options in the pages no command of the program has, and how many have one.
pub(crate) fn unknown(program: &Path, pages: &[Page]) -> (Vec<String>, usize) {
    let name = program.file_name().unwrap().to_str().unwrap();
    let known: BTreeMap<String, String> = commands(program)
        .into_iter()
        .map(|command| (command.clone(), help(program, &command)))
        .collect();
    let (mut faults, mut count) = (Vec::new(), 0);
    for page in pages {
        for line in mentioned(&page.text, name) {
            let mut words = line.split_whitespace();
            let Some(help) = words.next().and_then(|command| known.get(command)) else {
                continue;
            };
            for word in words.filter(|word| word.starts_with("--")) {
                let end = word[2..].find(|c: char| !c.is_ascii_lowercase() && c != '-');
                let option = &word[..end.map_or(word.len(), |end| end + 2)];
                // `--name[=<VALUE>]` if the value may be left out.
                let mut names = help.split_whitespace().map(|word| word.split('[').next());
                match names.any(|name| name == Some(option)) {
                    true => count += 1,
                    false => faults.push(format!("{}: {name} {line}: no {option}", page.path)),
                }
            }
        }
    }
    (faults, count)
}
