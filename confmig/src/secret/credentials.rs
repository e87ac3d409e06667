//! Passwords in URLs.

use std::borrow::Cow;

use bstr::ByteSlice;

use super::MASK;

/// Masks the password of each `scheme://user:password@`. The password reaches to the last `@` of
/// the word, since it may hold any character, and a URL may name several hosts.
#[must_use]
pub fn without_credentials(text: &[u8]) -> Cow<'_, [u8]> {
    let mut output: Vec<u8> = Vec::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at + 3) {
        let end = text[at..]
            .find_byteset(b" \t\r\n\"'<>")
            .map_or(text.len(), |end| at + end);
        from = at;
        let Some(host) = text[at..end].rfind_byte(b'@').map(|host| at + host) else {
            continue;
        };
        if let Some(colon) = text[at..host].find_byte(b':').map(|colon| at + colon + 1) {
            output.extend_from_slice(&text[kept..colon]);
            output.extend_from_slice(MASK.as_bytes());
            kept = host;
        }
        from = host;
    }
    if output.is_empty() {
        return Cow::Borrowed(text);
    }
    output.extend_from_slice(&text[kept..]);
    Cow::Owned(output)
}
