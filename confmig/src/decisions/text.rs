//! New entries of a file of decisions.

use std::fmt::Write as _;
use std::path::Path;

use glob::Pattern;
use toml::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::migrate::Decision;
use crate::policy::relative;

/// What a new file begins with.
const HEAD: &str = "\
# Decisions about changes of configuration files: commit this file, and let
# `confmig migrate --decisions FILE` follow it.
#
# A choice is \"open\" until it is made. Then it is \"accept\", which makes the change, or
# \"refuse\", which leaves the file as it is; or value = \"...\" stands in its place, which sets
# the option to this value.
# Paths, options and rules may be patterns (services/*/nova.conf, ilo.*); the first entry about
# a decision that is not open counts. A reason may be added: reason = \"...\".
";

/// The most places that are named for one entry.
const PLACES: usize = 5;

/// Decisions about the same option and rule.
struct Group<'d> {
    decision: &'d Decision,
    diagnostic: &'d Diagnostic,
    files: Vec<String>,
    places: Vec<String>,
}

/// Returns a text with an entry for each option and rule of these decisions added, and the number
/// of entries; `None` if there are none.
pub(super) fn appended<'d>(
    text: &str,
    new: impl Iterator<Item = &'d (Decision, Diagnostic)>,
    path: &Path,
) -> Option<(String, usize)> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let groups = groups(new, directory);
    if groups.is_empty() {
        return None;
    }
    let mut text = match text {
        "" => HEAD.to_owned(),
        text => text.trim_end().to_owned() + "\n",
    };
    for group in &groups {
        text.push('\n');
        write(group, &mut text);
    }
    Some((text, groups.len()))
}

fn groups<'d>(
    new: impl Iterator<Item = &'d (Decision, Diagnostic)>,
    directory: &Path,
) -> Vec<Group<'d>> {
    let mut groups: Vec<Group<'d>> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    for (decision, diagnostic) in new {
        let key = (&decision.option, &decision.rule, &diagnostic.message);
        let at = *numbers.entry(key).or_insert_with(|| {
            groups.push(Group {
                decision,
                diagnostic,
                files: Vec::new(),
                places: Vec::new(),
            });
            groups.len() - 1
        });
        let file = relative(&decision.path, directory);
        let file = Pattern::escape(&file.to_string_lossy());
        let group = &mut groups[at];
        group
            .places
            .push(format!("{}:{}", decision.path.display(), decision.line));
        if group.files.last() != Some(&file) {
            group.files.push(file);
        }
    }
    groups
}

fn write(group: &Group<'_>, text: &mut String) {
    let (decision, diagnostic) = (group.decision, group.diagnostic);
    comment(&diagnostic.message, text);
    let shown = group.places.iter().take(PLACES);
    for place in shown {
        comment(&format!("at {place}"), text);
    }
    if let Some(more) = group
        .places
        .len()
        .checked_sub(PLACES)
        .filter(|more| *more > 0)
    {
        comment(&format!("and {more} more places"), text);
    }
    if let Some(advice) = &decision.advice {
        comment(advice, text);
    }
    comment(
        match (decision.acceptable, &decision.value_for, decision.code) {
            (true, Some(_), _) => "choices: accept, refuse, or a value",
            (true, None, _) => "choices: accept, or refuse",
            (false, Some(_), Code::NeedsDecision) => "choices: refuse, or a value",
            (false, None, Code::NeedsDecision) => "choices: refuse, or correct the file",
            (false, Some(_), _) => "choices: refuse (nothing is to be done), or a value",
            (false, None, _) => "choices: refuse (nothing is to be done), or correct the file",
        },
        text,
    );
    text.push_str("[[decision]]\n");
    let string = |text: &str| Value::String(text.to_owned()).to_string();
    let option = Pattern::escape(&decision.option.to_string());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "option = {}", string(&option));
    if let Some(rule) = &decision.rule {
        let _ = writeln!(text, "rule = {}", string(&Pattern::escape(rule)));
    }
    let files: Vec<String> = group.files.iter().map(|file| string(file)).collect();
    let _ = writeln!(text, "files = [{}]", files.join(", "));
    text.push_str("choice = \"open\"\n");
}

/// Writes a comment, without characters that TOML refuses there.
fn comment(words: &str, text: &mut String) {
    for line in words.lines() {
        text.push_str("# ");
        for c in line.chars() {
            match c.is_control() {
                true => text.extend(c.escape_unicode()),
                false => text.push(c),
            }
        }
        text.push('\n');
    }
}
