//! The changes between two schemas as text.

use std::fmt::Write as _;

use oslo_config::OptName;

use crate::diagnostic::bracketed;
use crate::schema::{Changed, Comparison, Deprecation, Schema};
use crate::target::in_words;

/// Returns what changed from one schema to another, one line for each change.
#[must_use]
pub fn comparison_text(from: &Schema, to: &Schema, found: &Comparison) -> String {
    let mut text = format!("{}: what changed since {}\n", to.origin, from.origin);
    let renamed = found
        .renamed
        .iter()
        .map(|(old, new)| format!("{} -> {}", bracketed(old), bracketed(new)));
    chapter(&mut text, "renamed", renamed);
    let because = |name: &OptName, going: Option<&Deprecation>| {
        let reason = going.and_then(|going| going.reason.as_ref());
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        bracketed(name) + &reason
    };
    let removed = found.removed.iter().map(|name| {
        let was = from.option(name);
        because(name, was.and_then(|was| was.deprecation.as_ref()))
    });
    chapter(&mut text, "removed, with no replacement named", removed);
    let going = found.deprecated.iter();
    let going = going.map(|(name, going)| because(name, Some(going)));
    chapter(&mut text, "deprecated", going);
    let changed = found
        .changed
        .iter()
        .map(|(_, name, changed)| format!("{}: {}", bracketed(name), what(changed)));
    chapter(&mut text, "changed", changed);
    chapter(&mut text, "new", found.new.iter().map(bracketed));
    text
}

fn chapter(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{title}: {}", lines.len());
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

fn what(changed: &Changed) -> String {
    match changed {
        Changed::Type(old, new) => format!("type {old} -> {new}"),
        Changed::Choices {
            removed: gone,
            added: new,
        } => {
            let both = [("without", gone), ("with", new)].into_iter();
            let both = both.filter(|(_, values)| !values.is_empty());
            let said = both.map(|(how, values)| format!("{how} {}", values.join(", ")));
            format!("choices {}", said.collect::<Vec<_>>().join(", "))
        }
        Changed::Bounds(old, new) => format!("bounds {old} -> {new}"),
        Changed::Default(old, new) => format!("default {} -> {}", in_words(old), in_words(new)),
    }
}
