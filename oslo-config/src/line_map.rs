//! Maps the lines of an edited text to those of the original.

use std::collections::BTreeMap;
use std::ops::Range;

/// A map of the lines of an edited text to those of the original, as returned by
/// [`Edit::finish_with_lines`](crate::Edit::finish_with_lines).
///
/// ```
/// use oslo_config::{Document, Edit};
///
/// let document = Document::parse(b"[pxe]\nhttp_url = a\ntftp_root = b\n")?;
/// let mut edit = Edit::new(&document);
/// edit.remove_lines(2..3);
/// edit.insert_lines_from(4, "[deploy]\nhttp_url = a\n", vec![None, Some(2)]);
/// let (text, lines) = edit.finish_with_lines()?;
/// assert_eq!(text, "[pxe]\ntftp_root = b\n[deploy]\nhttp_url = a\n");
/// let original: Vec<_> = (1..=4).map(|line| lines.original(line)).collect();
/// assert_eq!(original, [Some(1), Some(3), None, Some(2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineMap {
    /// The number of each line in the original; 0 for a new line.
    lines: Vec<u32>,
}

impl LineMap {
    /// Creates a map of `count` lines to themselves.
    #[must_use]
    pub fn identity(count: usize) -> Self {
        let mut map = LineMap::default();
        map.keep(1..count + 1);
        map
    }

    /// Returns the number in the original of a line of the edited text, both counted from 1; `None`
    /// if the line is new.
    #[must_use]
    pub fn original(&self, line: usize) -> Option<usize> {
        let number = *self.lines.get(line.checked_sub(1)?)?;
        (number > 0).then_some(number as usize)
    }

    /// Returns the lines of the edited text by the lines of the original that they come from, both
    /// counted from 1. Of several lines from one, it is the first.
    #[must_use]
    pub fn current_lines(&self) -> BTreeMap<usize, usize> {
        let lines = self.lines.iter().enumerate().rev();
        let old = lines.filter(|(_, original)| **original > 0);
        old.map(|(at, original)| (*original as usize, at + 1))
            .collect()
    }

    /// Combines this map with that of a further edit of the edited text: the result maps the lines
    /// of the last text to the original of this map.
    #[must_use]
    pub fn then(&self, next: &LineMap) -> LineMap {
        let number = |line: &u32| match *line {
            0 => 0,
            line => self.lines.get(line as usize - 1).copied().unwrap_or(0),
        };
        LineMap {
            lines: next.lines.iter().map(number).collect(),
        }
    }

    /// Adds unchanged lines.
    pub(crate) fn keep(&mut self, lines: Range<usize>) {
        self.lines.extend(lines.map(to_u32));
    }

    /// Adds the lines of a new text; `from` returns the original line of each, counted from 0.
    /// Unless the text starts a line, its first line continues the last one.
    pub(crate) fn add(
        &mut self,
        text: &[u8],
        starts_line: bool,
        from: impl Fn(usize) -> Option<usize>,
    ) {
        let mut count = 0;
        if starts_line {
            self.lines.push(from(0).map_or(0, to_u32));
            count = 1;
        }
        for (at, byte) in text.iter().enumerate() {
            let next = text.get(at + 1);
            let ends = *byte == b'\n' || *byte == b'\r' && next != Some(&b'\n');
            if ends && next.is_some() {
                self.lines.push(from(count).map_or(0, to_u32));
                count += 1;
            }
        }
    }
}

/// A document has fewer than 2^32 lines, as its text has fewer than 2^32 bytes.
fn to_u32(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(0)
}
