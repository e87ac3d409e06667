//! Masks secrets in parsed documents.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{Document, Entry};

use super::parts::secret_parts;
use super::{MASK, Secrets};

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
        for part in document
            .entries()
            .flat_map(|entry| self.hidden_parts(entry))
        {
            masked.extend_from_slice(&text[kept..part.start]);
            masked.extend_from_slice(MASK.as_bytes());
            kept = part.end;
        }
        masked.extend_from_slice(&text[kept..]);
        masked
    }

    /// Returns the parts of an entry's value that are masked, as ranges of the document, in order.
    pub(crate) fn hidden_parts(&self, entry: Entry<'_, '_>) -> Vec<Range<usize>> {
        if self.shown {
            return Vec::new();
        }
        let text = entry.section().document().text();
        let (group, key) = (entry.group(), entry.key());
        let secrecy = self.secrecy(&group.to_str_lossy(), &key.to_str_lossy());
        let whole = secrecy.masks(&entry.value());
        let of_line = |range: Range<usize>| match whole {
            true => {
                // A continuation line stays indented, or it would be parsed as an entry.
                let value = text[range.clone()].trim_start();
                std::iter::once(range.end - value.len()..range.end).collect()
            }
            false => parts_of_line(entry, text, range),
        };
        let parts = entry.value_ranges().flat_map(of_line);
        parts.filter(|part| !part.is_empty()).collect()
    }
}

/// Returns the secret parts of a line of a value. A URL may start before the separator, as in a
/// line that is just a URL.
fn parts_of_line(entry: Entry<'_, '_>, text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let key = entry.key_range().start;
    let is_first = text[key..range.start].find_byteset(b"\r\n").is_none();
    let start = if is_first { key } else { range.start };
    let parts = secret_parts(&text[start..range.end], range.start - start);
    let parts = parts.into_iter();
    parts
        .map(|part| (start + part.start).max(range.start)..start + part.end)
        .collect()
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
                "[pxe]\nx = nofb rootpwd=a\n",
                Some("[pxe]\nx = nofb rootpwd=****\n"),
            ),
            // The name is no setting in the value.
            ("[security_compliance]\nminimum_password_age = 5\n", None),
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
