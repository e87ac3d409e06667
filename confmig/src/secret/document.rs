//! Masks secrets in parsed documents.

use std::borrow::Cow;

use bstr::ByteSlice;
use oslo_config::{Document, Entry};

use super::{MASK, Secrets, without_credentials};

impl Secrets<'_> {
    /// Returns a document's text with masked values. Nothing else changes, so it parses to the same
    /// sections and keys.
    pub(super) fn document(&self, document: &Document<'_>) -> Vec<u8> {
        let text = document.text();
        if self.shown {
            return text.to_vec();
        }
        let mut masked: Vec<u8> = Vec::with_capacity(text.len());
        let mut kept = 0;
        for entry in document.entries() {
            let group = entry.group();
            let secret = self.is_secret(&group.to_str_lossy(), &entry.key().to_str_lossy());
            for range in entry.value_ranges() {
                let replaced = if secret {
                    // A continuation line stays indented, or it would be parsed as an entry.
                    let value = text[range.clone()].trim_start();
                    (!value.is_empty()).then(|| (range.end - value.len(), MASK.into()))
                } else {
                    let masked = without_passwords(&entry, text, range.clone());
                    masked.map(|masked| (range.start, masked))
                };
                if let Some((start, value)) = replaced {
                    masked.extend_from_slice(&text[kept..start]);
                    masked.extend_from_slice(&value);
                    kept = range.end;
                }
            }
        }
        masked.extend_from_slice(&text[kept..]);
        masked
    }
}

/// Returns part of a value with the passwords in its URLs masked; `None` when there are none. A URL
/// may start before the separator, as in a line that is just a URL.
fn without_passwords(
    entry: &Entry<'_, '_>,
    text: &[u8],
    range: std::ops::Range<usize>,
) -> Option<Vec<u8>> {
    let key = entry.key_range();
    let first = text[key.start..range.start].find_byteset(b"\r\n").is_none();
    let start = if first { key.start } else { range.start };
    match without_credentials(&text[start..range.end]) {
        Cow::Borrowed(_) => None,
        Cow::Owned(masked) => Some(masked[range.start - start..].to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Pack;

    #[test]
    fn masking_keeps_sections_keys_and_lines() {
        let pack = Pack::load("standalone-ilo").unwrap();
        let secrets = Secrets::hidden(&pack);
        for (text, masked) in [
            ("[DEFAULT]\na = b\n[x] password = hunter2]\nc = d\n", None),
            (
                "[swift]\npassword = a\n  b\n \u{a0}c\n\t\td\nx = 1",
                Some("[swift]\npassword = ****\n  ****\n \u{a0}****\n\t\t****\nx = 1"),
            ),
            ("[swift]\npassword =\n  \n", None),
            (
                "[swift]\r\npassword: \"a\r\n b\"\r\n",
                Some("[swift]\r\npassword: ****\r\n ****\r\n"),
            ),
            ("[swift]\n#password = a\n", None),
            (
                "[DEFAULT]\nhttp://u:p@h/\n",
                Some("[DEFAULT]\nhttp://u:****@h/\n"),
            ),
            (
                "[DEFAULT]\nx = 'http://u:p@h/'\n http://u:p@h\n",
                Some("[DEFAULT]\nx = 'http://u:****@h/'\n http://u:****@h\n"),
            ),
        ] {
            let document = Document::parse(text.as_bytes()).unwrap();
            let shown = secrets.document(&document);
            assert_eq!(shown.as_bstr(), masked.unwrap_or(text));
            let again = Document::parse(&shown).unwrap();
            let names = |document: &Document<'_>| -> Vec<String> {
                let entries = document.entries();
                entries
                    .map(|entry| format!("{}.{}:{}", entry.group(), entry.key(), entry.line()))
                    .collect()
            };
            assert_eq!(names(&document), names(&again));
        }
    }
}
