//! The comments that belong to an entry.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{Document, Entry};

use crate::migrate::names::Names;

/// Returns the comment lines that move with an entry: those directly above it, but below any
/// placeholder of another option and below the text that a generated sample has for this one.
pub(super) fn moves_with(entry: Entry<'_, '_>, names: &Names<'_>) -> Range<usize> {
    let document = entry.section().document();
    let lines = entry.comment_lines();
    let stays = |line: usize| match placeholder(document, line) {
        Some(setting) if entry.key() == setting.key => {
            setting.is_none || lines.clone().any(|line| is_generated(document, line))
        }
        Some(setting) => setting.is_of_another(entry, names),
        None => false,
    };
    let last = lines.clone().rev().find(|line| stays(*line));
    last.map_or(lines.start, |line| line + 1)..lines.end
}

/// A placeholder: a commented-out setting, such as `#http_url = <None>`.
struct Placeholder<'d> {
    key: &'d [u8],
    /// The key follows the comment sign directly.
    adjoining: bool,
    /// The value is `<None>`, which only generated samples have.
    is_none: bool,
}

impl Placeholder<'_> {
    /// Tells whether the setting is of another option than the entry. Words before an equals sign
    /// may also be prose.
    fn is_of_another(&self, entry: Entry<'_, '_>, names: &Names<'_>) -> bool {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        if self.key.is_empty() || !self.key.iter().all(word) {
            return false;
        }
        let group = entry.group();
        let is_known = match (group.to_str(), self.key.to_str()) {
            (Ok(group), Ok(key)) => names.ever_existed(group, key),
            _ => false,
        };
        self.adjoining || is_known
    }
}

fn placeholder<'d>(document: &'d Document<'_>, line: usize) -> Option<Placeholder<'d>> {
    let comment = document.line_text(line)?;
    let text = comment.trim_start_with(|character| "#; \t".contains(character));
    let at = text.find_byteset(b"=:")?;
    let (key, value) = (text[..at].trim_ascii_end(), text[at + 1..].trim_ascii());
    Some(Placeholder {
        key,
        adjoining: comment.len() == text.len() + 1,
        is_none: value == b"<None>",
    })
}

/// Tells whether a comment line is one that `oslo-config-generator` writes above an option: the end
/// of the help with the type in parentheses, or a line about former names.
fn is_generated(document: &Document<'_>, line: usize) -> bool {
    let comment = document.line_text(line).unwrap_or_default();
    let comment = comment.trim_end();
    comment.ends_with(b" value)")
        || comment.ends_with(b" valued)")
        || comment.starts_with(b"# Deprecated group/name - ")
}
