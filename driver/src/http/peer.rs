//! What a server says, as errors and logs may show it.
//!
//! A server may repeat what was sent to it, and may answer with anything. Its words are cut, put on
//! one line, and freed of secrets and of characters that a terminal obeys.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// The maximum number of characters that are shown.
const SHOWN_MAX: usize = 400;

/// The maximum number of bytes that are looked at, which bounds the time.
const READ_MAX: usize = 16 * 1024;

/// The minimum length of a secret that is masked: shorter ones would match everywhere.
const SECRET_MIN: usize = 4;

/// What stands in place of a text that cannot be shown.
const HIDDEN: &str = "(not shown, since it contains a secret)";

/// What is escaped in the parts of a URL, apart from its unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is escaped where the delimiters of a URL are not.
const UNUSUAL: &AsciiSet = &RESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

/// The secrets that a server may repeat, since they were sent to it.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

impl Secrets {
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= SECRET_MIN {
            self.0.push(secret.to_owned());
        }
    }

    /// Adds the password and the query of a URL, and each value in the query.
    pub(crate) fn add_url(&mut self, url: &Url) {
        for text in [url.password(), url.query()].into_iter().flatten() {
            self.add(text);
            self.add(&percent_decoded(text));
        }
        for (_, value) in url.query_pairs() {
            self.add(&value);
        }
        for pair in url.query().unwrap_or_default().split('&') {
            let (_, value) = pair.split_once('=').unwrap_or_default();
            self.add(value);
        }
    }

    /// Does the same as [`show`](Self::show) for the body of a response.
    #[cfg(feature = "swift")]
    pub(crate) fn show_bytes(&self, body: &[u8]) -> String {
        // One more, so that the end is seen to be cut.
        let part = &body[..body.len().min(READ_MAX + 1)];
        self.show(&String::from_utf8_lossy(part))
    }

    /// Returns what may be shown of `text`: its beginning on one line, without the secrets in any
    /// usual encoding, and without passwords and queries of URLs.
    pub(crate) fn show(&self, text: &str) -> String {
        let mut masks: Vec<String> = self.0.iter().flat_map(|secret| encodings(secret)).collect();
        masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
        let end = text.floor_char_boundary(READ_MAX);
        let mut shown = text[..end].to_owned();
        for mask in masks.iter().filter(|mask| mask.len() >= SECRET_MIN) {
            shown = shown.replace(mask.as_str(), "***");
        }
        // The cut may have left the beginning of a secret, which no longer matches.
        if end < text.len() {
            let longest = masks.first().map_or(0, String::len);
            shown.truncate(shown.floor_char_boundary(shown.len().saturating_sub(longest)));
        }
        // What was encoded more than once is not replaced, but found.
        let decoded = percent_decoded(&percent_decoded(&shown));
        let plain = |text: &str| text.replace('\\', "");
        let decoded_plain = plain(&decoded);
        let is_in = |secret: &String| {
            decoded.contains(secret.as_str()) || decoded_plain.contains(&plain(secret))
        };
        if self.0.iter().any(is_in) {
            return HIDDEN.to_owned();
        }
        one_line(&without_url_secrets(&shown))
    }
}

/// Returns the beginning of `text` on one line, without characters that a terminal obeys or that
/// are invisible.
pub(crate) fn one_line(text: &str) -> String {
    let mut characters = text.chars();
    let visible = |c| if is_obeyed(c) { ' ' } else { c };
    let mut line: String = characters.by_ref().take(SHOWN_MAX).map(visible).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// Whether a character has an effect instead of a shape: controls, line separators, direction
/// changes and others of no width.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns where JSON is not as expected, without quoting it as the error's own message does.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it has another structure",
        serde_json::error::Category::Eof => "it ends early",
        _ => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// Returns the texts under which `secret` may be found in another one.
fn encodings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let escaped = secret.escape_debug().to_string();
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut all = vec![
        secret.to_owned(),
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;"),
        serde_json::Value::from(secret)
            .to_string()
            .trim_matches('"')
            .to_owned(),
        escaped,
        hex.to_uppercase(),
        hex,
    ];
    for escaped in [NON_ALPHANUMERIC, RESERVED, UNUSUAL] {
        all.push(utf8_percent_encode(secret, escaped).to_string());
        let lower = |part: &str| match part.starts_with('%') {
            true => part.to_lowercase(),
            false => part.to_owned(),
        };
        all.push(utf8_percent_encode(secret, escaped).map(lower).collect());
    }
    for offset in 0..3 {
        all.extend(inside_base64(bytes, offset));
    }
    all
}

fn percent_decoded(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    decoded.into_owned()
}

/// Returns the part of the base64 that is the same whatever stands before and after `secret`, of
/// which `offset` bytes of the group before.
fn inside_base64(secret: &[u8], offset: usize) -> [String; 2] {
    let group = [&[0; 2][..offset], secret].concat();
    let (start, end) = ([0, 2, 3][offset], group.len() * 8 / 6);
    let part = |encoded: String| encoded[start..end].to_owned();
    [
        part(STANDARD_NO_PAD.encode(&group)),
        part(URL_SAFE_NO_PAD.encode(&group)),
    ]
}

/// Returns `text` with the query of each URL replaced by `...`, and without user and password.
fn without_url_secrets(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    let words = text.split_inclusive(ends);
    words.map(without_query).collect()
}

fn without_query(word: &str) -> String {
    let end = word
        .chars()
        .next_back()
        .filter(|c| c.is_whitespace() || "\"'<>".contains(*c));
    let body = end.map_or(word, |end| &word[..word.len() - end.len_utf8()]);
    let mut body = body.to_owned();
    if let Some((scheme, rest)) = body.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some(at) = authority.rfind('@') {
            body = format!("{scheme}://{}", &rest[at + 1..]);
        }
    }
    let is_pair = |rest: &str| {
        ["=", "%3D", "%3d"]
            .iter()
            .any(|equals| rest.contains(equals))
    };
    let is_url = body.contains("://");
    for mark in ["?", "%3F", "%3f"] {
        if let Some((before, query)) = body.split_once(mark)
            && (is_url || is_pair(query))
        {
            body = format!("{before}?...");
        }
    }
    body.extend(end);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p\u{e4}ss w0rd&\"of'it";

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add(SECRET);
        secrets.add(&format!("admin:{SECRET}"));
        let url = "http://user:url-pass@h/x?temp_url_sig=51g%2fnature&b=5ec0nd#f";
        secrets.add_url(&url.parse().unwrap());
        secrets
    }

    #[test]
    fn no_encoding_of_a_secret_is_shown() {
        let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
        let json = serde_json::Value::from(SECRET).to_string();
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        for said in [
            SECRET.to_owned(),
            format!("{SECRET:?}"),
            json.clone(),
            serde_json::Value::from(json).to_string(),
            encode(SECRET),
            encode(&encode(SECRET)),
            encode(SECRET).to_lowercase(),
            base64(SECRET.to_owned()),
            base64(format!("admin:{SECRET}")),
            base64(format!("x{SECRET}y")),
            base64(format!("xy{SECRET}z")),
            SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(),
            SECRET
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
            "temp_url_sig=51g%2fnature is wrong".to_owned(),
            "temp_url_sig=51g/nature is wrong".to_owned(),
            "temp_url_sig%3D51g%252fnature is wrong".to_owned(),
            "second: 5ec0nd, and url-pass".to_owned(),
        ] {
            let shown = secrets().show(&format!("you sent {said}, which is wrong"));
            for part in [
                "w0rd", "dzBy", "53Mgdz", "7730", "51g", "5ec0nd", "url-pass",
            ] {
                assert!(!shown.contains(part), "{said}: {shown}");
            }
            assert!(shown.contains("***") || shown == HIDDEN, "{said}: {shown}");
        }
    }

    #[test]
    fn secrets_of_others_leave_urls() {
        for (said, shown) in [
            ("got http://h/x?sig=1&a=b there", "got http://h/x?... there"),
            ("(\"http://u:p@h/x?q\")", "(\"http://h/x?...\")"),
            ("/v1/x?temp_url_sig=1", "/v1/x?..."),
            ("http%3A%2F%2Fh%2Fx%3Fsig%3D1", "http%3A%2F%2Fh%2Fx?..."),
            ("is it so? yes", "is it so? yes"),
        ] {
            assert_eq!(Secrets::default().show(said), shown);
        }
    }

    #[test]
    fn what_is_shown_is_short_and_on_one_line() {
        let said = format!("a\n\u{1b}[31mb\u{202e}c\r{}", "\u{e9}".repeat(3_000_000));
        let shown = secrets().show(&said);
        assert!(shown.starts_with("a  [31mb c "), "{shown}");
        assert_eq!(shown.chars().count(), SHOWN_MAX + 1);
        // A secret across the end of what is looked at.
        let masked = "5ec0nd ".repeat(READ_MAX / 7 - 1);
        let said = format!("{masked}{}", SECRET.repeat(2));
        assert!(!secrets().show(&said).contains('w'));
    }
}
