//! Lines of a text, which need not be a well-formed configuration file.

use std::borrow::Cow;

/// Splits a text into lines, each with its line end: LF, CR LF or CR.
pub(crate) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match memchr::memchr2(b'\n', b'\r', rest) {
            Some(at) if rest[at..].starts_with(b"\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// Splits a line into its content and its line end.
pub(crate) fn split_end(line: &[u8]) -> (&[u8], &[u8]) {
    let end = match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    };
    line.split_at(line.len() - end)
}

/// Returns the content of a line by its number, counted from 1; empty when there is no such line.
pub(crate) fn content<'t>(lines: &'t [Cow<'_, [u8]>], number: usize) -> &'t [u8] {
    let line = number.checked_sub(1).and_then(|at| lines.get(at));
    line.map_or(b"".as_slice(), |line| split_end(line).0)
}

/// Returns the lengths in bytes of the longest common prefix of two texts, and of the longest
/// common suffix of what follows it. Characters are never split.
pub(crate) fn in_common(one: &str, other: &str) -> (usize, usize) {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs
            .take_while(|(one, other)| one == other)
            .map(|(c, _)| c.len_utf8())
            .sum::<usize>()
    };
    let start = same(&mut one.chars().zip(other.chars()));
    let (one, other) = (&one[start..], &other[start..]);
    (start, same(&mut one.chars().rev().zip(other.chars().rev())))
}
