//! From bytes to lines: the grammar of `oslo_config/iniparser.py` (oslo.config 10.7.0).
//!
//! A line is put into its class by its first byte and what stands open before it. Nothing is
//! copied: a line is where it starts, what it is, and where its separator stands.

use crate::error::{SyntaxError, SyntaxErrorKind, SyntaxErrors};
use crate::text::{trim, trim_end};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing but white space. It ends the value above it.
    Blank,
    /// `#` or `;` in the first column.
    Comment,
    /// `[section]`.
    Header,
    /// `key = value` or `key: value`.
    Assignment,
    /// An indented line that carries on the value above it.
    Continuation,
    /// A line of an entry that [`Document::narrowed`](crate::Document::narrowed) left out.
    Hidden,
}

/// One line of a document: 12 bytes, whatever its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Where the line starts in the text.
    pub(crate) start: u32,
    /// Where its `=` or `:` stands, counted from `start`; 0 unless it is an assignment.
    pub(crate) separator: u32,
    pub(crate) kind: LineKind,
}

/// Splits a line into its text and its line end: LF, CR LF or CR, as in Python's universal newlines.
pub(crate) fn split_line_end(line: &[u8]) -> (&[u8], &[u8]) {
    let end = match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    };
    line.split_at(line.len() - end)
}

/// Cuts `text` into lines and puts each into its class.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Line>, SyntaxErrors> {
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

/// How many bytes are searched for line ends at once: as many as a mask has bits.
const BLOCK: usize = 64;

/// Where a block has bytes that can end a line: a bit for each, the first byte's being the lowest.
///
/// Lines are short. Searching a whole block for line ends without a branch is faster than searching
/// for the next one from each.
#[inline]
fn line_ends(block: &[u8; BLOCK]) -> u64 {
    let flags = block.map(|byte| u8::from(matches!(byte, b'\n' | b'\r')) << 7);
    let (words, _) = flags.as_chunks::<8>();
    words.iter().enumerate().fold(0, |mask, (index, word)| {
        // The product has the eight flags in its highest byte.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0002_0408_1020_4081) >> 56;
        mask | gathered << (8 * index)
    })
}

/// What stands open while lines go by.
struct Parser<'a> {
    text: &'a [u8],
    lines: Vec<Line>,
    /// Where the line that is being read starts.
    start: usize,
    errors: Vec<SyntaxError>,
    in_section: bool,
    /// A value is open, so that an indented line carries it on.
    in_value: bool,
    /// The first assignment that stands before any section, as long as its value is open.
    homeless: Option<SyntaxError>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8]) -> Self {
        // Real files have 25 to 40 bytes a line; a wrong guess costs one growth of the list.
        let lines = Vec::with_capacity(text.len() / 24 + 1);
        let errors = Vec::new();
        Parser {
            text,
            lines,
            start: 0,
            errors,
            in_section: false,
            in_value: false,
            homeless: None,
        }
    }

    /// Reads on to the last line end in a block that starts at `offset`.
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

    /// Reads the line that ends, without its line end, at `end`.
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
        // `parse` has checked that the text, and so each place in it, fits into 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        self.lines.push(Line {
            start: start as u32,
            separator: separator as u32,
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
        // A line that begins with a character that is seen has a key, unless that is the separator.
        let seen = separator > 0 && line[0].is_ascii_graphic();
        if !seen && trim(&line[..separator]).is_empty() {
            self.error(SyntaxErrorKind::EmptyKey, line, separator);
        } else if !self.in_section && self.homeless.is_none() {
            let number = self.lines.len() + 1;
            self.homeless = Some(SyntaxError::new(
                SyntaxErrorKind::NoSection,
                number,
                line,
                0,
            ));
        }
        self.in_value = true;
        (LineKind::Assignment, separator)
    }

    /// The line that is being read ends the open value.
    #[inline]
    fn end_value(&mut self) {
        self.in_value = false;
        if self.homeless.is_some() {
            self.report_homeless(self.lines.len() + 1);
        }
    }

    /// oslo.config files an assignment under its section when its value ends; if there is none,
    /// that is the line it names.
    fn report_homeless(&mut self, noticed: usize) {
        if let Some(error) = self.homeless.take() {
            self.errors.push(error.noticed_at(noticed));
            // Every later one before the first section has the same cause.
            self.in_section = true;
        }
    }

    #[cold]
    fn error(&mut self, kind: SyntaxErrorKind, line: &[u8], column: usize) {
        self.errors
            .push(SyntaxError::new(kind, self.lines.len() + 1, line, column));
    }

    fn finish(mut self) -> Result<Vec<Line>, SyntaxErrors> {
        self.report_homeless(self.lines.len());
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
}
