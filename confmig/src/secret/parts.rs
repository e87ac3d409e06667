//! Secret parts of values, whatever option a value belongs to: the passwords of URLs, and settings
//! such as `rootpwd=x` among kernel parameters.

use std::borrow::Cow;
use std::ops::Range;

use bstr::ByteSlice;

use super::MASK;
use super::suggest::{Secrecy, spelling, suggests_secret};
use crate::lines::{split, split_end};

/// The longest name of a setting in a value.
const LONGEST_NAME: usize = 64;

/// Returns the secret parts of a text, in order and disjoint. Settings are looked for from
/// `value_start` on: what is before it names the option.
pub(super) fn secret_parts(text: &[u8], value_start: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for line in split(text) {
        let content = split_end(line).0;
        let mut parts = credentials(content);
        parts.extend(settings(content, value_start.saturating_sub(start)));
        parts.sort_by_key(|part| part.start);
        for part in parts {
            let part = start + part.start..start + part.end;
            match found.last_mut() {
                Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                _ => found.push(part),
            }
        }
        start += line.len();
    }
    found
}

/// Masks the secret parts of a text.
pub(super) fn without_parts(text: &[u8], value_start: usize) -> Cow<'_, [u8]> {
    let parts = secret_parts(text, value_start);
    if parts.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = Vec::with_capacity(text.len());
    let mut kept = 0;
    for part in parts {
        masked.extend_from_slice(&text[kept..part.start]);
        masked.extend_from_slice(MASK.as_bytes());
        kept = part.end;
    }
    masked.extend_from_slice(&text[kept..]);
    Cow::Owned(masked)
}

/// Returns the passwords in the URLs of a line. A password may have any character, so it extends to
/// the last `@` of the line. A user without a password is masked too: it may be a token.
fn credentials(line: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(last) = line.rfind_byte(b'@') else {
        return found;
    };
    let mut from = 0;
    while let Some(start) = line[from..last].find("://").map(|at| from + at + 3) {
        let word = line[start..].find_byteset(b" \t");
        let word = start..word.map_or(line.len(), |end| start + end);
        from = word.end.min(last);
        if let Some(colon) = line[start..from].find_byte(b':') {
            found.push(start + colon + 1..last);
            break;
        }
        let authority = &line[word.clone()];
        let authority = &authority[..authority.find_byteset(b"/?#").unwrap_or(word.len())];
        if let Some(at) = authority.rfind_byte(b'@').filter(|at| *at > 0) {
            found.push(start..start + at);
        }
    }
    found
}

/// Returns the values of settings whose names suggest a secret.
fn settings(line: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = from.min(line.len());
    let start = from;
    let line = without_closing_quote(line, start);
    while let Some(at) = memchr::memchr2(b'=', b':', &line[from..]).map(|at| from + at) {
        from = at + 1;
        let name = name_at_end(&line[start..at]);
        if name.is_empty() || !suggests_secret(&spelling(&name)) {
            continue;
        }
        let value = value_at(line, from);
        if Secrecy::Suggested.masks(&line[value.clone()]) {
            from = value.end;
            found.push(value);
        }
    }
    found
}

/// Returns the name that a text ends with, past blanks and a quote.
fn name_at_end(text: &[u8]) -> Cow<'_, str> {
    let text = &text[text.len().saturating_sub(LONGEST_NAME)..];
    let text = text.trim_end_with(|c| matches!(c, ' ' | '\t' | '"' | '\'' | '\\'));
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let length = text
        .iter()
        .rev()
        .take_while(|byte| is_of_name(byte))
        .count();
    text[text.len() - length..].to_str_lossy()
}

/// Returns the value of a setting in a line: up to the quote that closes it, or to the next blank.
fn value_at(line: &[u8], from: usize) -> Range<usize> {
    let blanks = line[from..].iter().take_while(|byte| b" \t".contains(byte));
    let start = from + blanks.count();
    let rest = &line[start..];
    let quote = rest.first().filter(|byte| b"\"'".contains(byte));
    let end = match quote {
        Some(quote) => {
            let closes = |at: &usize| {
                rest.get(at + 1)
                    .is_none_or(|next| b" \t,;}])".contains(next))
            };
            let mut quotes = memchr::memchr_iter(*quote, &rest[1..]).map(|at| at + 1);
            quotes.find(closes).map_or(rest.len(), |at| at + 1)
        }
        None => rest.find_byteset(b" \t").unwrap_or(rest.len()),
    };
    start..start + end
}

/// Returns a line without the quote that closes its value, which starts at `start`: removing only
/// one of the two quotes would change the value.
fn without_closing_quote(line: &[u8], start: usize) -> &[u8] {
    match line[start..].trim() {
        [first @ (b'"' | b'\''), .., last] if first == last => {
            let end = line.trim_end().len();
            &line[..end - 1]
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_shown(text: &str, expected: &str) {
        let shown = without_parts(text.as_bytes(), 0);
        assert_eq!(shown.to_str().unwrap(), expected);
    }

    #[test]
    fn passwords_of_urls_have_any_character() {
        for password in [
            "p", "p@q", "p/q", "p'q", "p\"q", "p<q>", "p q", "$p", "p#q", "p://q", "80/ ",
        ] {
            assert_shown(&format!("http://u:{password}@h:80/"), "http://u:****@h:80/");
        }
        assert_shown(
            "http://u:p@h\nhttp://u:p@h",
            "http://u:****@h\nhttp://u:****@h",
        );
        assert_shown("https://t0ken@h/x", "https://****@h/x");
    }

    #[test]
    fn urls_without_passwords_are_shown() {
        for text in [
            "http://h:80/a",
            "http://h/a@b",
            "# see http://h/a, or ask joe@example.org",
            "http://[2001:db8::1]:80/",
            "http://@h/",
        ] {
            assert_shown(text, text);
        }
        // Whether the first is a URL or a user and the start of a password cannot be told.
        assert_shown("http://h:80/a, http://u:p@h", "http://h:****@h");
        assert_shown("http://h/ http://u:p@h", "http://h/ http://u:****@h");
    }

    #[test]
    fn settings_in_a_value_are_masked_by_their_names() {
        for (text, expected) in [
            ("nofb rootpwd=a,b vga=1", "nofb rootpwd=**** vga=1"),
            (
                "ipa-inspection-password=\"a b\" x",
                "ipa-inspection-password=**** x",
            ),
            (
                "{\"db_pass\": \"a b\", \"x\": 1}",
                "{\"db_pass\": ****, \"x\": 1}",
            ),
            // A setting in a password, and a URL in a setting.
            ("http://u:password=p@h", "http://u:****"),
            ("token=http://u:p@h x", "token=**** x"),
            ("'nofb rootpwd=a'", "'nofb rootpwd=****'"),
            ("'nofb rootpwd=a\"", "'nofb rootpwd=****"),
            ("'nofb rootpwd='a'", "'nofb rootpwd=****'"),
            ("nofb rootpwd=\"a\"", "nofb rootpwd=****"),
            ("set Temp-URL-Key=...", "set Temp-URL-Key=..."),
            ("use_token=no x", "use_token=no x"),
            ("password=<None>", "password=<None>"),
            ("key_file=/x pass", "key_file=/x pass"),
        ] {
            assert_shown(text, expected);
        }
    }
}
