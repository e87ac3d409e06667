//! Text with all of its characters visible, so that it shows as what it is.

use std::borrow::Cow;

use bstr::ByteSlice;

/// Returns a text with invisible characters escaped: controls other than tabs, those of zero width,
/// and those that change the direction of writing, which can make one line look like another.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Does the same as [`visible`] for a text of several lines, whose ends stay.
pub(super) fn visible_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_hidden(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    Cow::Owned(lines.join("\n"))
}

/// Returns a text as a terminal may show it: line ends stay, other characters that the terminal
/// would obey or hide are escaped, as are bytes that are not UTF-8.
#[must_use]
pub fn for_terminal(text: &[u8]) -> Cow<'_, [u8]> {
    if text
        .to_str()
        .is_ok_and(|text| text.lines().all(|line| !line.contains(is_hidden)))
    {
        return Cow::Borrowed(text);
    }
    let mut shown = Vec::with_capacity(text.len());
    for line in text.lines_with_terminator() {
        let (content, end) = match line {
            [content @ .., b'\r', b'\n'] => (content, b"\r\n".as_slice()),
            [content @ .., b'\n'] => (content, b"\n".as_slice()),
            _ => (line, b"".as_slice()),
        };
        for chunk in content.utf8_chunks() {
            shown.extend_from_slice(visible(chunk.valid()).as_bytes());
            for byte in chunk.invalid() {
                shown.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
            }
        }
        shown.extend_from_slice(end);
    }
    Cow::Owned(shown)
}

fn is_hidden(c: char) -> bool {
    let is_invisible = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    is_invisible || c.is_control() && c != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_line_ends_and_nothing_else_to_obey() {
        for (text, expected) in [
            ("a\tb\r\nc\n".as_bytes(), "a\tb\r\nc\n"),
            (b"\x1b[2J\x07\r", "\\u{1b}[2J\\u{7}\\u{d}"),
            (
                "\u{9b}2J\u{202e}\u{200b}x".as_bytes(),
                "\\u{9b}2J\\u{202e}\\u{200b}x",
            ),
            (b"\x9b2J\xff", "\\x9b2J\\xff"),
            (b"a\rb\nc", "a\\u{d}b\nc"),
        ] {
            let shown = for_terminal(text);
            assert_eq!(shown.as_bstr(), expected);
            assert_eq!(for_terminal(&shown), shown);
        }
    }
}
