//! Checks that everything that no change is about stays, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use confmig::migrate::{Change, ChangeKind, Migration};
use oslo_config::{Document, LineKind, ParsedFile};

use crate::generate::escaped;

/// Checks that comments stay, and entries and headers that no change is about.
pub(crate) fn bytes_are_kept(
    before: &[ParsedFile<'_>],
    migration: &Migration,
) -> Result<(), String> {
    for (file, new) in before.iter().zip(&migration.files) {
        let old = &file.document;
        if new.changes.is_empty() && old.text() != new.after {
            return Err("a file without changes has another text".into());
        }
        let after = Document::parse(&new.after).map_err(|error| error.to_string())?;
        comments_are_kept(old, &after)?;
        new_sections_have_entries(old, &after)?;
        other_lines_are_kept(old, &after, &new.changes)?;
    }
    Ok(())
}

fn comments_are_kept(old: &Document<'_>, new: &Document<'_>) -> Result<(), String> {
    let comments = |document: &Document<'_>| {
        let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for line in 1..=document.line_count() {
            if document.line_kind(line) == Some(LineKind::Comment) {
                let text = document.line_text(line).map(|text| text.to_vec());
                *found.entry(text.unwrap_or_default()).or_default() += 1;
            }
        }
        found
    };
    if comments(old) != comments(new) {
        return Err("a comment was lost, changed or made".into());
    }
    Ok(())
}

/// Checks that no section was made for comments alone.
fn new_sections_have_entries(old: &Document<'_>, new: &Document<'_>) -> Result<(), String> {
    let known = |group: &[u8]| old.sections().any(|section| *section.group() == *group);
    let empty = new
        .sections()
        .find(|section| section.entries().next().is_none() && !known(section.group()));
    match empty {
        Some(section) => Err(format!("the new section [{}] is empty", section.group())),
        None => Ok(()),
    }
}

/// Checks that entries that no change is about, and the headers of sections that keep one, stay in
/// order.
fn other_lines_are_kept(
    old: &Document<'_>,
    new: &Document<'_>,
    changes: &[Change],
) -> Result<(), String> {
    let changed: BTreeSet<usize> = changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Copy)
        .map(|change| change.line)
        .collect();
    let mut after = (1..=new.line_count()).map(|line| new.line_text(line));
    for section in old.sections() {
        let kept: Vec<_> = section
            .entries()
            .filter(|entry| !changed.contains(&entry.line()))
            .collect();
        let entries = section.entries().count();
        // If one rule adds an option to an empty section and a later one removes it, the header
        // goes too.
        let group = section.group();
        let came_and_went = entries == 0
            && changes
                .iter()
                .any(|change| change.kind == ChangeKind::Remove && *group == *change.from.group());
        let untouched = kept.len() == entries && !came_and_went;
        let mut lines = Vec::new();
        if untouched || !kept.is_empty() {
            lines.push(section.line());
        }
        for entry in kept {
            lines.extend(entry.lines());
        }
        for line in lines {
            let text = old.line_text(line);
            if !after.any(|new| new == text) {
                let text = escaped(text.unwrap_or_default());
                return Err(format!("line {line} is gone, or not in its place: {text}"));
            }
        }
    }
    Ok(())
}
