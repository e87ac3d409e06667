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
/// let (document, lines) = edit.finish_with_lines()?;
/// assert_eq!(document.text(), "[pxe]\ntftp_root = b\n[deploy]\nhttp_url = a\n");
/// let original: Vec<_> = (1..=4).map(|line| lines.original(line)).collect();
/// assert_eq!(original, [Some(1), Some(3), None, Some(2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineMap {
    /// Runs of lines, in order. Most edits change few lines of many.
    runs: Vec<Run>,
}

/// Lines that follow each other in both texts, or new lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// The number of lines in this run and those above it.
    end: u32,
    /// The number of the first line in the original; 0 for new lines.
    first: u32,
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
        let index = to_u32(line.checked_sub(1)?);
        let at = self.runs.partition_point(|run| run.end <= index);
        let run = self.runs.get(at)?;
        (run.first > 0).then(|| (run.first + index - self.start(at)) as usize)
    }

    /// Returns the lines of the edited text that come from the given lines of the original, all
    /// counted from 1, by the latter. Of several lines from one, it is the first.
    #[must_use]
    pub fn current_lines(
        &self,
        originals: impl IntoIterator<Item = usize>,
    ) -> BTreeMap<usize, usize> {
        let mut originals: Vec<usize> = originals.into_iter().collect();
        originals.sort_unstable();
        originals.dedup();
        let mut current = BTreeMap::new();
        for (at, run) in self.runs.iter().enumerate().rev() {
            let (start, first) = (self.start(at), run.first as usize);
            let next = first + (run.end - start) as usize;
            let from = originals.partition_point(|line| *line < first);
            let known = originals[from..].iter().take_while(|line| **line < next);
            for line in known.filter(|_| first > 0) {
                current.insert(*line, start as usize + line - first + 1);
            }
        }
        current
    }

    /// Combines this map with that of a further edit of the edited text: the result maps the lines
    /// of the last text to the original of this map.
    #[must_use]
    pub fn then(&self, next: &LineMap) -> LineMap {
        let mut map = LineMap::default();
        for (at, run) in next.runs.iter().enumerate() {
            let mut count = run.end - next.start(at);
            if run.first == 0 {
                map.push(0, count);
                continue;
            }
            let mut index = run.first - 1;
            let mut here = self.runs.partition_point(|run| run.end <= index);
            while count > 0 {
                let Some(run) = self.runs.get(here) else {
                    // The further edit was not one of the edited text.
                    map.push(0, count);
                    break;
                };
                let taken = count.min(run.end - index);
                let within = index - self.start(here);
                map.push(if run.first > 0 { run.first + within } else { 0 }, taken);
                count -= taken;
                index += taken;
                here += 1;
            }
        }
        map
    }

    /// Adds unchanged lines.
    pub(crate) fn keep(&mut self, lines: Range<usize>) {
        self.push(to_u32(lines.start), to_u32(lines.len()));
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
            self.push(from(0).map_or(0, to_u32), 1);
            count = 1;
        }
        for (at, byte) in text.iter().enumerate() {
            let next = text.get(at + 1);
            let ends = *byte == b'\n' || *byte == b'\r' && next != Some(&b'\n');
            if ends && next.is_some() {
                self.push(from(count).map_or(0, to_u32), 1);
                count += 1;
            }
        }
    }

    /// Adds lines: `count` of the original from `first` on, or as many new ones if that is 0.
    fn push(&mut self, first: u32, count: u32) {
        if count == 0 {
            return;
        }
        let lines = self.runs.last().map_or(0, |run| run.end);
        let start = self
            .runs
            .len()
            .checked_sub(1)
            .map_or(0, |at| self.start(at));
        match self.runs.last_mut() {
            Some(last) if continues(*last, start, first) => last.end += count,
            _ => self.runs.push(Run {
                end: lines + count,
                first,
            }),
        }
    }

    /// Returns the number of lines above a run.
    fn start(&self, at: usize) -> u32 {
        at.checked_sub(1).map_or(0, |before| self.runs[before].end)
    }
}

/// Tells whether the original line `first`, or a new one for 0, continues a run.
fn continues(run: Run, start: u32, first: u32) -> bool {
    match run.first {
        0 => first == 0,
        known => first == known + (run.end - start),
    }
}

/// A document has fewer than 2^32 lines, as its text has fewer than 2^32 bytes.
fn to_u32(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(0)
}
