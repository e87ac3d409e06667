//! Unified diffs, with secrets masked.

use std::borrow::Cow;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use oslo_config::SourceFile;
use similar::{DiffTag, group_diff_ops};

use crate::difference::difference;
use crate::lines::Lines;
use crate::migrate::FileMigration;
use crate::secret::Secrets;

/// How many unchanged lines are shown around each change.
pub(super) const CONTEXT: usize = 3;

/// How text output is styled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not at all.
    Plain,
    /// With colours.
    Colour,
}

/// Returns a unified diff of a file before and after a migration, with three lines of context;
/// empty if they are equal.
///
/// Secrets are masked unless they are shown, so the diff is for reading, not for `patch`.
#[must_use]
pub fn unified_diff(
    before: &SourceFile,
    migrated: &FileMigration,
    secrets: &Secrets<'_>,
    paint: Paint,
) -> Vec<u8> {
    let (before, after) = (&before.text, &migrated.after);
    let path = &migrated.path;
    let (old, new) = (Lines::new(before), Lines::new(after));
    let groups = group_diff_ops(difference(&old, &new, &migrated.lines), CONTEXT);
    // Each group, with its line ranges in the old and the new text.
    let hunks = groups.iter().filter_map(|group| {
        let (first, last) = group.first().zip(group.last())?;
        let of_old = first.old_range().start..last.old_range().end;
        let of_new = first.new_range().start..last.new_range().end;
        Some((group, of_old, of_new))
    });
    let hunks: Vec<_> = hunks.collect();
    let shown = [
        secrets.lines_in(&old, hunks.iter().map(|hunk| hunk.1.clone())),
        secrets.lines_in(&new, hunks.iter().map(|hunk| hunk.2.clone())),
    ];
    let mut output = DiffWriter {
        bytes: Vec::new(),
        paint,
    };
    if !hunks.is_empty() {
        for sign in ["---", "+++"] {
            let head = format!("{sign} {}", path.display());
            output.line(Style::new().bold(), head.as_bytes());
        }
    }
    for (group, of_old, of_new) in hunks {
        let header = format!("@@ -{} +{} @@", range(of_old), range(of_new));
        output.line(AnsiColor::Cyan.on_default(), header.as_bytes());
        for op in group {
            let kept = (b' ', Style::new(), 0, op.old_range());
            let deleted = (b'-', AnsiColor::Red.on_default(), 0, op.old_range());
            let inserted = (b'+', AnsiColor::Green.on_default(), 1, op.new_range());
            let sides = match op.tag() {
                DiffTag::Equal => vec![kept],
                _ => vec![deleted, inserted],
            };
            for (sign, style, side, range) in sides {
                for line in range {
                    let text = shown[side].get(&line);
                    let text = text.map_or(b"".as_slice(), Cow::as_ref);
                    output.change(sign, style, text);
                }
            }
        }
    }
    output.bytes
}

/// Formats a range of lines for a hunk's header.
fn range(lines: std::ops::Range<usize>) -> String {
    match lines.len() {
        1 => format!("{}", lines.start + 1),
        0 => format!("{},0", lines.start),
        count => format!("{},{count}", lines.start + 1),
    }
}

struct DiffWriter {
    bytes: Vec<u8>,
    paint: Paint,
}

impl DiffWriter {
    fn line(&mut self, style: Style, text: &[u8]) {
        let style = match self.paint {
            Paint::Colour => style,
            Paint::Plain => Style::new(),
        };
        // Writing to a Vec cannot fail.
        let _ = write!(self.bytes, "{style}");
        self.bytes.extend_from_slice(text);
        let _ = writeln!(self.bytes, "{style:#}");
    }

    /// Writes a line of the text. CR LF is kept, so that the diff can be applied; a lone CR becomes
    /// LF.
    fn change(&mut self, sign: u8, style: Style, text: &[u8]) {
        let (content, end) = crate::lines::split_end(text);
        let mut line = vec![sign];
        line.extend_from_slice(content);
        if end == b"\r\n" && self.paint == Paint::Plain {
            line.push(b'\r');
        }
        self.line(style, &line);
        if end.is_empty() {
            self.line(Style::new(), b"\\ No newline at end of file");
        }
    }
}
