//! What changed between two schemas, for people.

use std::fmt::Write as _;

use crate::diagnostic::bracketed;
use crate::schema::{Changed, Comparison, Schema};

/// What changed from one schema to another, one line for each option.
#[must_use]
pub fn comparison_text(from: &Schema, to: &Schema, found: &Comparison) -> String {
    let mut text = format!("{}: what changed since {}\n", to.origin, from.origin);
    let renamed = found
        .renamed
        .iter()
        .map(|(old, new)| format!("{} -> {}", bracketed(old), bracketed(new)));
    chapter(&mut text, "renamed", renamed);
    let removed = found.removed.iter().map(|name| {
        let reason = from
            .option(name)
            .and_then(|was| was.going.as_ref()?.reason.as_deref());
        match reason {
            Some(reason) => format!("{} ({reason})", bracketed(name)),
            None => bracketed(name),
        }
    });
    chapter(&mut text, "removed, and no successor is named", removed);
    let going = found.going.iter().map(|(name, going)| match &going.reason {
        Some(reason) => format!("{} ({reason})", bracketed(name)),
        None => bracketed(name),
    });
    chapter(&mut text, "to be removed", going);
    let changed = found
        .changed
        .iter()
        .map(|(name, changed)| format!("{}: {}", bracketed(name), what(changed)));
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
    let values = |values: &[String]| match values {
        [] => "none".to_owned(),
        values => format!("{:?}", values.join(", ")),
    };
    match changed {
        Changed::Type(old, new) => format!("type {old} -> {new}"),
        Changed::Choices { gone, new } => match (gone.as_slice(), new.as_slice()) {
            (gone, []) => format!("choices without {}", gone.join(", ")),
            ([], new) => format!("choices with {}", new.join(", ")),
            (gone, new) => format!(
                "choices without {}, with {}",
                gone.join(", "),
                new.join(", ")
            ),
        },
        Changed::Bounds(old, new) => format!("bounds {old} -> {new}"),
        Changed::Default(old, new) => format!("default {} -> {}", values(old), values(new)),
    }
}
