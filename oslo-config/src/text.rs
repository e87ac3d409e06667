//! White space and case as Python's `str` sees them.
//!
//! oslo.config strips with `str.strip()`, whose white space is not only ASCII's: a no-break space
//! (U+00A0) before a key is not part of the key. Bytes that are not UTF-8 are never white space.

use std::borrow::Cow;

use bstr::ByteSlice;

/// Tells whether Python's `str.isspace()` holds for `character`.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// Tells whether a byte is white space; `None` if it is only part of a character.
fn is_space_byte(byte: u8) -> Option<bool> {
    byte.is_ascii()
        .then_some(matches!(byte, b'\t'..=b'\r' | 0x1c..=b' '))
}

/// Removes white space at the end, as `str.rstrip()` does.
#[inline]
pub(crate) fn trim_end(text: &[u8]) -> &[u8] {
    // Nearly all keys and values are like one of these.
    match text {
        [.., b'!'..=b'~'] => text,
        [before @ .., b' '] if matches!(before, [.., b'!'..=b'~']) => before,
        _ => trim_any_end(text),
    }
}

fn trim_any_end(mut text: &[u8]) -> &[u8] {
    while let Some((&last, before)) = text.split_last() {
        text = match is_space_byte(last) {
            Some(true) => before,
            Some(false) => break,
            None => match bstr::decode_last_utf8(text) {
                (Some(character), size) if is_space(character) => &text[..text.len() - size],
                _ => break,
            },
        };
    }
    text
}

/// Removes white space at the start, as `str.lstrip()` does.
#[inline]
pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    match text {
        [b'!'..=b'~', ..] => text,
        [b' ', after @ ..] if matches!(after, [b'!'..=b'~', ..]) => after,
        _ => trim_any_start(text),
    }
}

fn trim_any_start(mut text: &[u8]) -> &[u8] {
    while let Some((&first, after)) = text.split_first() {
        text = match is_space_byte(first) {
            Some(true) => after,
            Some(false) => break,
            None => match bstr::decode_utf8(text) {
                (Some(character), size) if is_space(character) => &text[size..],
                _ => break,
            },
        };
    }
    text
}

/// Removes white space at both ends, as `str.strip()` does.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_start(trim_end(text))
}

/// Removes white space at both ends of a string, as `str.strip()` does.
pub(crate) fn trim_str(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Tells whether Python's pattern `[a-z]`, ignoring case, matches `character`: besides ASCII
/// letters, these four match since their other case is an ASCII letter.
pub(crate) fn is_letter(character: char) -> bool {
    character.is_ascii_alphabetic()
        || matches!(character, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

/// Returns the group of a section: `DEFAULT` in capitals is the default group, and every other name
/// is lower-cased (`_normalize_group_name` of oslo.config 10.7.0).
pub(crate) fn group_of_section(name: &[u8]) -> Cow<'_, [u8]> {
    if name == b"DEFAULT"
        || name
            .iter()
            .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(name);
    }
    Cow::Owned(match name.to_str() {
        Ok(name) => name.to_lowercase().into_bytes(),
        Err(_) => name.to_lowercase(),
    })
}

/// Tells whether a text can be a key, and is read as the same one.
pub(crate) fn is_key(text: &[u8]) -> bool {
    let special = |byte: &u8| b"=:\r\n".contains(byte);
    let starts_other_line = matches!(text.first(), None | Some(b'#' | b';' | b'['));
    !starts_other_line && trim(text) == text && !text.iter().any(special)
}

/// Removes one pair of matching quotes; a lone quote counts as both.
pub(crate) fn unquote(value: &[u8]) -> &[u8] {
    match value.first() {
        Some(quote @ (b'"' | b'\'')) if value.last() == Some(quote) => {
            &value[1..(value.len() - 1).max(1)]
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_what_python_strips() {
        assert_eq!(
            trim("\u{a0}\u{85}\x1f\x0c key \u{3000}\u{2028}".as_bytes()),
            b"key"
        );
        assert_eq!(
            trim("\u{feff}key\u{200b}".as_bytes()),
            "\u{feff}key\u{200b}".as_bytes()
        );
        assert_eq!(trim(b" \xff "), b"\xff");
        assert_eq!(trim(b" \t\r\n"), b"");
    }

    #[test]
    fn a_byte_that_is_a_character_is_one() {
        for byte in 0..=0xff_u8 {
            let expected = byte.is_ascii().then(|| is_space(byte.into()));
            assert_eq!(is_space_byte(byte), expected, "{byte:#x}");
        }
    }

    #[test]
    fn only_the_default_group_keeps_its_capitals() {
        assert_eq!(&*group_of_section(b"DEFAULT"), b"DEFAULT");
        assert_eq!(&*group_of_section(b"Default"), b"default");
        assert_eq!(&*group_of_section(b"PXE"), b"pxe");
        assert_eq!(&*group_of_section("ÄΣ".as_bytes()), "äς".as_bytes());
        assert_eq!(&*group_of_section(b"P\xff"), b"p\xff");
    }
}
