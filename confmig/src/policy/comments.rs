//! Comments that ignore the findings of an entry: `# confmig: ignore CODE REASON`.

use std::ops::Range;
use std::path::Path;

use bstr::ByteSlice;
use oslo_config::{Document, LineKind, ParsedFile};

use crate::diagnostic::{Code, Diagnostic, Places, Settled, SettledBy};
use crate::secret::Secrets;

/// What a comment for confmig begins with, after `#` or `;`.
const MARK: &str = "confmig:";

/// What a comment ignores.
struct Ignored {
    code: Code,
    reason: String,
    /// The lines of the entry or of the header below the comment.
    lines: Range<usize>,
}

/// Settles the findings that a comment above their entry or section ignores. Adds a diagnostic for
/// each comment that is meant to, and does not.
pub fn settle_by_comments(
    diagnostics: &mut Vec<Diagnostic>,
    files: &[ParsedFile<'_>],
    secrets: &Secrets<'_>,
) {
    for file in files {
        // Most files have none.
        if file.document.text().contains_str(MARK) {
            let ignored = ignored(file, secrets, diagnostics);
            settle(diagnostics, &file.path, &ignored);
        }
    }
}

fn settle(diagnostics: &mut [Diagnostic], path: &Path, ignored: &[Ignored]) {
    for found in diagnostics.iter_mut().filter(|found| found.is_open()) {
        let Some(place) = found.place.as_ref().filter(|place| place.path == path) else {
            continue;
        };
        // They are in the order of their lines, and several may be about the same.
        let first = ignored.partition_point(|ignored| ignored.lines.end <= place.line);
        let below = ignored[first..].iter();
        let mut below = below.take_while(|ignored| ignored.lines.start <= place.line);
        if let Some(ignored) = below.find(|ignored| ignored.code == found.code) {
            found.settled = Some(Settled {
                by: SettledBy::Comment,
                reason: ignored.reason.clone(),
            });
        }
    }
}

/// Returns what the comments of a file ignore.
fn ignored(
    file: &ParsedFile<'_>,
    secrets: &Secrets<'_>,
    wrong: &mut Vec<Diagnostic>,
) -> Vec<Ignored> {
    let document = &file.document;
    let shown = secrets.lines(document.text());
    let mut found = Vec::new();
    // The comments above the current line.
    let mut above: Vec<(Code, String)> = Vec::new();
    for number in 1..=document.line_count() {
        let kind = document.line_kind(number);
        let text = crate::lines::content(&shown, number).to_str_lossy();
        match directive(&text).filter(|_| kind == Some(LineKind::Comment)) {
            // The first for each code counts, so that their number has a limit.
            Some(Ok((code, _))) if above.iter().any(|(known, _)| *known == code) => {}
            Some(Ok(ignored)) => above.push(ignored),
            Some(Err(message)) => {
                let at = Places { secrets }.line(file, number, &shown);
                let help = "write `# confmig: ignore CODE REASON` on a line above the entry";
                let diagnostic = Diagnostic::new(Code::IneffectiveIgnore, message);
                wrong.push(diagnostic.help(help).at(at));
            }
            None if kind == Some(LineKind::Comment) => {}
            None => {
                let lines = lines_below(document, number);
                found.extend(above.drain(..).map(|(code, reason)| Ignored {
                    code,
                    reason,
                    lines: lines.clone(),
                }));
            }
        }
    }
    found
}

/// Returns the lines of the entry that a line begins, or else the line alone.
fn lines_below(document: &Document<'_>, number: usize) -> Range<usize> {
    match document.entry_at(number) {
        Some(entry) => entry.lines(),
        None => number..number + 1,
    }
}

/// Reads a comment for confmig: the code and the reason, or what is wrong; `None` for any other
/// text.
fn directive(line: &str) -> Option<Result<(Code, String), String>> {
    let words = line.trim_start_matches(['#', ';']).trim();
    let words = words.strip_prefix(MARK)?.trim();
    let (verb, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    if verb != "ignore" {
        let message = format!("the comment asks for {verb:?}: expected `ignore CODE REASON`");
        return Some(Err(message));
    }
    let rest = rest.trim();
    let (name, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(match (Code::find(name), reason.trim()) {
        (None, _) => Err(format!("the comment ignores {name:?}, which is not a code")),
        (Some(code), "") => Err(format!(
            "the comment ignores {}, but gives no reason",
            code.as_str()
        )),
        (Some(code), reason) => Ok((code, reason.to_owned())),
    })
}
