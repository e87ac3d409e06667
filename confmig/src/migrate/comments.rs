//! Which comments go where an entry goes.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{Document, Entry};

use super::names::Names;

/// The comment lines that go where an entry goes: those directly above it, below the last one that is
/// another option's commented-out setting or ends the text that a generated sample has for this one.
pub(crate) fn travelling(entry: Entry<'_, '_>, names: &Names<'_>) -> Range<usize> {
    let document = entry.section().document();
    let lines = entry.comment_lines();
    let stays = |line: usize| match commented_out(document, line) {
        Some(setting) if entry.key() == setting.key => {
            setting.is_none || lines.clone().any(|line| is_generated(document, line))
        }
        Some(setting) => setting.is_anothers(entry, names),
        None => false,
    };
    let last = lines.clone().rev().find(|line| stays(*line));
    last.map_or(lines.start, |line| line + 1)..lines.end
}

/// A commented-out setting, as in `#http_url = <None>`.
struct CommentedOut<'d> {
    key: &'d [u8],
    /// Nothing stands between the comment sign and the key.
    adjoining: bool,
    /// The value is `<None>`, which only generated samples have.
    is_none: bool,
}

impl CommentedOut<'_> {
    /// Tells whether it is a setting of another option than the entry's. Words before an equals sign may
    /// also be prose.
    fn is_anothers(&self, entry: Entry<'_, '_>, names: &Names<'_>) -> bool {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        if self.key.is_empty() || !self.key.iter().all(word) {
            return false;
        }
        let group = entry.group();
        let is_known = match (group.to_str(), self.key.to_str()) {
            (Ok(group), Ok(key)) => names.exists(group, key),
            _ => false,
        };
        self.adjoining || is_known
    }
}

fn commented_out<'d>(document: &'d Document<'_>, line: usize) -> Option<CommentedOut<'d>> {
    let comment = document.line_text(line)?;
    let text = comment.trim_start_with(|character| "#; \t".contains(character));
    let at = text.find_byteset(b"=:")?;
    let (key, value) = (text[..at].trim_ascii_end(), text[at + 1..].trim_ascii());
    Some(CommentedOut {
        key,
        adjoining: comment.len() == text.len() + 1,
        is_none: value == b"<None>",
    })
}

/// Tells whether a comment is part of what `oslo-config-generator` writes above an option: the type in
/// brackets that ends its help, or a line about former names.
fn is_generated(document: &Document<'_>, line: usize) -> bool {
    let comment = document.line_text(line).unwrap_or_default();
    let comment = comment.trim_end();
    comment.ends_with(b" value)")
        || comment.ends_with(b" valued)")
        || comment.starts_with(b"# Deprecated group/name - ")
}
