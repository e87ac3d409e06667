//! Splits a text into classified lines by the grammar of `oslo_config/iniparser.py` (oslo.config
//! 10.7.0).
//!
//! A line is classified by its first byte and by whether a value is open before it. Nothing is
//! copied: a line is recorded as its start, its kind and the position of its separator.

use std::borrow::Cow;

use bstr::BString;

use crate::error::{SyntaxError, SyntaxErrorKind, SyntaxErrors};
use crate::text::{group_of_section, trim, trim_end};

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// White space only. It ends the value above it.
    Blank,
    /// `#` or `;` in the first column.
    Comment,
    /// `[section]`.
    Header,
    /// `key = value` or `key: value`.
    Assignment,
    /// An indented line that continues the value above it.
    Continuation,
    /// A line of an entry that [`Document::narrowed`](crate::Document::narrowed) excluded.
    Hidden,
}

/// One line of a document, in 8 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// The offset of the line in the text.
    pub(crate) start: u32,
    /// The offset of its `=` or `:` from `start`; 0 unless it is an assignment, and
    /// [`FAR`](Line::FAR) for one that is further away.
    pub(crate) separator: u16,
    pub(crate) kind: LineKind,
}

impl Line {
    /// The offset of a separator that does not fit.
    pub(crate) const FAR: u16 = u16::MAX;
}

/// What is known of the lines of a text. Documents share it, since it is only read.
pub(crate) struct Lines {
    pub(crate) all: Vec<Line>,
    /// The indices of the header lines, so that sections are found without reading all lines.
    pub(crate) headers: Vec<u32>,
    /// The groups of the sections that have another one than their name, by the indices of their
    /// header lines.
    pub(crate) groups: Vec<(u32, BString)>,
}

impl Lines {
    /// Splits a text into lines and classifies each.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, SyntaxErrors> {
        let all = parse(text)?;
        let headers = all.iter().enumerate();
        let headers = headers.filter(|(_, line)| line.kind == LineKind::Header);
        // A text of less than 4 GiB has fewer lines than that.
        let headers: Vec<u32> = headers.map(|(at, _)| at as u32).collect();
        let groups = headers.iter().filter_map(|at| {
            let next = all.get(*at as usize + 1);
            let end = next.map_or(text.len(), |next| next.start as usize);
            let header = &text[all[*at as usize].start as usize..end];
            match group_of_section(name_of_header(split_line_end(header).0)) {
                Cow::Borrowed(_) => None,
                Cow::Owned(group) => Some((*at, group.into())),
            }
        });
        let groups = groups.collect();
        Ok(Lines {
            all,
            headers,
            groups,
        })
    }
}

/// Returns the name between the brackets of a header.
pub(crate) fn name_of_header(line: &[u8]) -> &[u8] {
    let header = trim_end(line);
    &header[1..header.len() - 1]
}

/// Splits a line into its text and its line end: LF, CR LF or CR, as in Python's universal
/// newlines.
pub(crate) fn split_line_end(line: &[u8]) -> (&[u8], &[u8]) {
    let end = match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    };
    line.split_at(line.len() - end)
}

/// Splits `text` into lines and classifies each.
fn parse(text: &[u8]) -> Result<Vec<Line>, SyntaxErrors> {
    if u32::try_from(text.len()).is_err() {
        return Err(SyntaxError::too_large().into());
    }
    let mut parser = Parser::new(text);
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        parser.block(index * BLOCK, block);
    }
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    parser.block(blocks.len() * BLOCK, &last);
    if parser.start < text.len() {
        parser.line(text.len());
    }
    parser.finish()
}

/// The number of bytes searched for line ends at once: the number of bits of a mask.
const BLOCK: usize = 64;

/// Returns a mask of the bytes of a block that can end a line, the first byte being the lowest bit.
///
/// Lines are short: searching a whole block without branches is faster than searching for the next
/// line end from each line.
#[inline]
fn line_ends(block: &[u8; BLOCK]) -> u64 {
    let flags = block.map(|byte| u8::from(matches!(byte, b'\n' | b'\r')) << 7);
    let (words, _) = flags.as_chunks::<8>();
    words.iter().enumerate().fold(0, |mask, (index, word)| {
        // The multiplication gathers the eight flags in the highest byte.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0002_0408_1020_4081) >> 56;
        mask | gathered << (8 * index)
    })
}

/// The state between lines.
struct Parser<'a> {
    text: &'a [u8],
    lines: Vec<Line>,
    /// The offset of the current line.
    start: usize,
    errors: Vec<SyntaxError>,
    in_section: bool,
    /// Whether a value is open, so that an indented line continues it.
    in_value: bool,
    /// The error for the first assignment above any section, while its value is open.
    outside_section: Option<SyntaxError>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8]) -> Self {
        // Real files have 25 to 40 bytes per line; a wrong guess costs one reallocation.
        let lines = Vec::with_capacity(text.len() / 24 + 1);
        let errors = Vec::new();
        Parser {
            text,
            lines,
            start: 0,
            errors,
            in_section: false,
            in_value: false,
            outside_section: None,
        }
    }

    /// Reads the lines that end in a block, which starts at `offset`.
    #[inline]
    fn block(&mut self, offset: usize, block: &[u8; BLOCK]) {
        let mut ends = line_ends(block);
        while ends != 0 {
            let end = offset + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            let mut content = end;
            if self.text[end] == b'\r' {
                if self.text.get(end + 1) == Some(&b'\n') {
                    continue;
                }
            } else if end > self.start && self.text[end - 1] == b'\r' {
                content -= 1;
            }
            self.line(content);
            self.start = end + 1;
        }
    }

    /// Reads the current line, whose content ends at `end`.
    #[inline]
    fn line(&mut self, end: usize) {
        let start = self.start;
        let line = &self.text[start..end];
        let indented = matches!(line.first(), Some(b' ' | b'\t'));
        let (kind, separator) = if is_blank(line) {
            self.end_value();
            (LineKind::Blank, 0)
        } else if indented {
            if !self.in_value {
                let indent = line.len() - line.trim_ascii_start().len();
                self.error(SyntaxErrorKind::UnexpectedContinuation, line, indent);
            }
            (LineKind::Continuation, 0)
        } else {
            self.end_value();
            match line[0] {
                b'#' | b';' => (LineKind::Comment, 0),
                b'[' => (self.header(line), 0),
                _ => self.assignment(line),
            }
        };
        // `parse` has checked that the length of the text, and so each offset, fits into 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        self.lines.push(Line {
            start: start as u32,
            separator: u16::try_from(separator).unwrap_or(Line::FAR),
            kind,
        });
    }

    fn header(&mut self, line: &[u8]) -> LineKind {
        let trimmed = trim_end(line);
        if !trimmed.ends_with(b"]") {
            self.error(SyntaxErrorKind::UnclosedSection, line, trimmed.len());
        } else if trimmed.len() == 2 {
            self.error(SyntaxErrorKind::EmptySection, line, 1);
        }
        self.in_section = true;
        LineKind::Header
    }

    #[inline]
    fn assignment(&mut self, line: &[u8]) -> (LineKind, usize) {
        let Some(separator) = memchr::memchr2(b'=', b':', line) else {
            self.error(SyntaxErrorKind::NoSeparator, line, 0);
            return (LineKind::Assignment, 0);
        };
        // A line that begins with a visible character other than the separator has a key.
        let visible = separator > 0 && line[0].is_ascii_graphic();
        if !visible && trim(&line[..separator]).is_empty() {
            self.error(SyntaxErrorKind::EmptyKey, line, separator);
        } else if !self.in_section && self.outside_section.is_none() {
            let number = self.lines.len() + 1;
            self.outside_section = Some(SyntaxError::new(
                SyntaxErrorKind::NoSection,
                number,
                line,
                0,
            ));
        }
        self.in_value = true;
        (LineKind::Assignment, separator)
    }

    /// Ends the open value at the current line.
    #[inline]
    fn end_value(&mut self) {
        self.in_value = false;
        if self.outside_section.is_some() {
            self.report_outside_section(self.lines.len() + 1);
        }
    }

    /// Reports an assignment above any section. oslo.config adds an assignment to its section when
    /// its value ends, and names that line in its error.
    fn report_outside_section(&mut self, reported_line: usize) {
        if let Some(error) = self.outside_section.take() {
            self.errors.push(error.reported_at(reported_line));
            // All later ones above the first section have the same cause.
            self.in_section = true;
        }
    }

    #[cold]
    fn error(&mut self, kind: SyntaxErrorKind, line: &[u8], column: usize) {
        self.errors
            .push(SyntaxError::new(kind, self.lines.len() + 1, line, column));
    }

    fn finish(mut self) -> Result<Vec<Line>, SyntaxErrors> {
        self.report_outside_section(self.lines.len());
        match SyntaxErrors::from_list(self.errors) {
            Some(errors) => Err(errors),
            None => Ok(self.lines),
        }
    }
}

#[inline]
fn is_blank(line: &[u8]) -> bool {
    match line.first() {
        None => true,
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => trim_end(line).is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_anywhere_in_a_block() {
        for end in ["\n", "\r", "\r\n", "\n\r", "\r\r\n"] {
            for before in 0..2 * BLOCK {
                for after in [0, 1, BLOCK - 1, BLOCK] {
                    let text = ["#".repeat(before), "#".repeat(after)].join(end);
                    // Python's `splitlines` for texts with these line ends only.
                    let universal = text.replace("\r\n", "\n").replace('\r', "\n");
                    let expected: Vec<usize> =
                        universal.split_inclusive('\n').map(str::len).collect();
                    let lines = parse(text.as_bytes()).unwrap();
                    let starts = lines.iter().map(|line| line.start as usize);
                    let ends = starts.clone().skip(1).chain([text.len()]);
                    let found: Vec<usize> = starts
                        .zip(ends)
                        .map(|(start, end)| {
                            let (content, end) = split_line_end(&text.as_bytes()[start..end]);
                            content.len() + usize::from(!end.is_empty())
                        })
                        .collect();
                    assert_eq!(found, expected, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_separator_may_be_far_away() {
        for length in [65_534, 65_535, 65_536, 100_000] {
            let key = "k".repeat(length);
            let text = format!("[a]\n{key}: v = w\n");
            let document = crate::Document::parse(text.as_bytes()).unwrap();
            let entry = document.entry_at(2).unwrap();
            assert_eq!(entry.key(), key.as_str());
            assert_eq!(&*entry.value(), "v = w");
        }
    }
}
