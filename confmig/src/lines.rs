//! Lines of a text, which need not be a well-formed configuration file.

use std::borrow::Cow;
use std::ops::{Index, Range};

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

/// The lines of a configuration file, each with its line end. Beside the text, each takes 4 bytes.
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    /// Where each line starts. A configuration file has less than 4 GiB.
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        let mut starts = Vec::with_capacity(split(text).count());
        let mut end = 0;
        for line in split(text) {
            starts.push(end as u32);
            end += line.len();
        }
        Lines { text, starts }
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns a line by its index; `None` past the end.
    pub(crate) fn get(&self, index: usize) -> Option<&'t [u8]> {
        (index < self.len()).then(|| self.text_of(index..index + 1))
    }

    /// Returns the text of a range of lines.
    pub(crate) fn text_of(&self, Range { start, end }: Range<usize>) -> &'t [u8] {
        let offset = |index: usize| {
            let start = self.starts.get(index);
            start.map_or(self.text.len(), |start| *start as usize)
        };
        &self.text[offset(start)..offset(end)]
    }

    /// Iterates over a range of lines.
    pub(crate) fn range(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = &'t [u8]> + ExactSizeIterator {
        range.map(|index| self.text_of(index..index + 1))
    }
}

impl Index<usize> for Lines<'_> {
    type Output = [u8];

    fn index(&self, index: usize) -> &[u8] {
        self.text_of(index..index + 1)
    }
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
