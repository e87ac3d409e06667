//! The whole migration as one SARIF fix.
//!
//! It is one fix because it was proved as one: a renamed option and the references to it belong
//! together, and so do the files of a service.

use std::borrow::Cow;
use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::SourceFile;
use serde_json::{Value, json};
use similar::DiffTag;

use crate::diagnostic::uri;
use crate::difference::difference;
use crate::lines::{Lines, in_common, split_end};
use crate::migrate::FileMigration;
use crate::secret::Secrets;

/// Returns the replacements that turn the old text of a file into the new; `None` when they would
/// reveal a secret, or the text that changes is not UTF-8.
pub(super) fn change_of(
    before: &SourceFile,
    after: &FileMigration,
    secrets: &Secrets<'_>,
) -> Option<Value> {
    let (old, new) = (Lines::new(&before.text), Lines::new(&after.after));
    let (old_shown, new_shown) = (secrets.lines(&before.text), secrets.lines(&after.after));
    let mut replacements = Vec::new();
    for op in difference(&old, &new, &after.lines) {
        let (was, is) = (op.old_range(), op.new_range());
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let lines = new.range(is.clone()).zip(&new_shown[is.clone()]);
        let plain = lines.into_iter().all(|(line, shown)| *line == **shown);
        if plain {
            let region = region_of_lines(was.clone(), &old, &old_shown)?;
            replacements.push(replacement(&region, new.text_of(is))?);
            continue;
        }
        // In a line with a secret, the change may be outside the secret.
        if was.len() != is.len() {
            return None;
        }
        for (was, is) in was.zip(is) {
            let shown = [old_shown[was].as_ref(), new_shown[is].as_ref()];
            replacements.push(within_line(was, [&old[was], &new[is]], shown)?);
        }
    }
    Some(json!({
        "artifactLocation": { "uri": uri(&before.path) },
        "replacements": replacements,
    }))
}

/// Returns the region of whole lines, with their line ends; `None` when it would reveal the length
/// of a secret.
fn region_of_lines(range: Range<usize>, old: &Lines<'_>, shown: &[Cow<'_, [u8]>]) -> Option<Value> {
    let last = range.end.checked_sub(1).filter(|last| range.contains(last));
    let unended = last.filter(|last| split_end(&old[*last]).1.is_empty());
    let end = match unended {
        Some(last) if old[last] != *shown[last] => return None,
        Some(last) => (range.end, old[last].to_str().ok()?.chars().count() + 1),
        None => (range.end + 1, 1),
    };
    Some(region((range.start + 1, 1), end))
}

/// Returns a region between two positions, each a line and a column.
fn region(start: (usize, usize), end: (usize, usize)) -> Value {
    json!({
        "startLine": start.0,
        "startColumn": start.1,
        "endLine": end.0,
        "endColumn": end.1,
    })
}

fn replacement(deleted_region: &Value, text: &[u8]) -> Option<Value> {
    let text = text.to_str().ok()?;
    let mut replacement = json!({ "deletedRegion": deleted_region });
    if !text.is_empty() {
        replacement["insertedContent"] = json!({ "text": text });
    }
    Some(replacement)
}

/// Returns the replacement of the part that differs in one line; `None` when that part is secret.
fn within_line(line: usize, texts: [&[u8]; 2], shown: [&[u8]; 2]) -> Option<Value> {
    let [old, new] = [texts[0].to_str().ok()?, texts[1].to_str().ok()?];
    let (start, end) = in_common(old, new);
    let [old_shown, new_shown] = [shown[0].to_str().ok()?, shown[1].to_str().ok()?];
    let (start_shown, end_shown) = in_common(old_shown, new_shown);
    let inserted = &new[start..new.len() - end];
    if start != start_shown || inserted != &new_shown[start_shown..new_shown.len() - end_shown] {
        return None;
    }
    let at = |byte: usize| (line + 1, old[..byte].chars().count() + 1);
    let region = region(at(start), at(old.len() - end));
    replacement(&region, inserted.as_bytes())
}
