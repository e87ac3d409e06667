//! What pages show of commands, compared with what these print.

use std::path::Path;

use crate::pages::{Block, Page, pages};
use crate::session::{Done, Step, run};
use crate::{is_writing, root};

/// A line that stands for any number of omitted lines.
const OMITTED: &str = "[…]";

/// A command of a `console` block and what the page shows as its output.
#[derive(Debug)]
struct Shown {
    command: String,
    output: String,
    /// The number of the first line of the output in the page, from 1.
    line: usize,
}

/// Returns the commands of a block. A command goes on in the next line after a backslash.
fn shown(block: &Block) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    let mut is_open = false;
    for (at, line) in block.text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            all.push(Shown {
                command: command.to_owned(),
                output: String::new(),
                line: block.line + at + 1,
            });
            is_open = line.ends_with('\\');
            continue;
        }
        let Some(last) = all.last_mut() else {
            panic!("line {}: a console block begins with a command", block.line);
        };
        if is_open {
            let line = line.strip_prefix("> ").unwrap_or(line);
            last.command += &format!("\n{line}");
            last.line += 1;
            is_open = line.ends_with('\\');
        } else {
            last.output += &format!("{line}\n");
        }
    }
    all
}

/// Replaces what differs in each run: times and hashes in the names of backups, times of backups,
/// and generations of images.
fn without_stamps(text: &str) -> String {
    const STAMP: &str = "20260131T235959Z-0123456789ab";
    const GENERATION: &str = "-0123456789abcdef0123.i";
    let is_like = |text: &[u8], form: &str| {
        text.len() >= form.len()
            && text
                .iter()
                .zip(form.bytes())
                .all(|(byte, of_form)| match of_form {
                    b'0'..=b'9' | b'a'..=b'f' => byte.is_ascii_hexdigit(),
                    _ => *byte == of_form,
                })
    };
    let (mut output, mut at) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let rest = &bytes[at..];
        let form = [STAMP, GENERATION, &STAMP[..16]]
            .into_iter()
            .find(|form| is_like(rest, form));
        match form {
            Some(form) => {
                output.extend(b"STAMP");
                at += form.len();
            }
            None => {
                output.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(output).unwrap()
}

/// Returns whether an output is the one shown, in which some lines may be omitted.
pub(crate) fn is_shown(actual: &str, shown: &str) -> bool {
    let (actual, shown) = (without_stamps(actual), without_stamps(shown));
    let actual: Vec<&str> = actual.lines().collect();
    let shown: Vec<&str> = shown.lines().collect();
    let mut parts: Vec<&[&str]> = shown.split(|line| line.trim_end() == OMITTED).collect();
    let last = parts.pop().unwrap_or_default();
    let Some((first, middle)) = parts.split_first() else {
        return actual == last;
    };
    let Some(mut rest) = actual.strip_prefix(*first) else {
        return false;
    };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        let Some(at) = rest.windows(part.len()).position(|lines| lines == *part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The steps of a page, each with its block, and what the page shows of it.
fn steps(page: &Page) -> Vec<(Step, Block, Option<Shown>)> {
    let mut steps = Vec::new();
    for block in page.blocks() {
        if block.not_run.is_some() {
            continue;
        }
        if let Some(file) = block.file.clone() {
            steps.push((Step::File(file, block.text.clone()), block, None));
        } else if block.language == "sh" {
            steps.push((Step::Script(block.text.clone()), block, None));
        } else if block.language == "console" {
            for shown in shown(&block) {
                let command = Step::Command(shown.command.clone());
                steps.push((command, block.clone(), Some(shown)));
            }
        }
    }
    steps
}

/// Returns what differs between a page and what its commands do.
fn faults(page: &Page, programs: &Path, new_text: &mut Vec<String>) -> Vec<String> {
    let (mut inputs, mut of_steps) = (Vec::new(), Vec::new());
    for (step, block, shown) in steps(page) {
        inputs.push(step);
        of_steps.push((block, shown));
    }
    if inputs.is_empty() {
        return Vec::new();
    }
    let (mut faults, mut shift) = (Vec::new(), 0isize);
    for (done, (block, shown)) in run(page, &inputs, programs).into_iter().zip(of_steps) {
        let Done { output, status } = done;
        match shown {
            None if status != 0 => faults.push(format!(
                "{}:{}: the block ends with status {status}:\n{output}",
                page.path, block.line
            )),
            Some(shown) if !is_shown(&output, &shown.output) => {
                if is_writing() && !shown.output.contains(OMITTED) {
                    let lines = shown.output.lines().count();
                    let at = (shown.line - 1).checked_add_signed(shift).unwrap();
                    let indented = |line: &str| " ".repeat(block.indent) + line;
                    let new: Vec<String> = output.lines().map(indented).collect();
                    shift += new.len() as isize - lines as isize;
                    new_text.splice(at..at + lines, new);
                } else {
                    faults.push(format!(
                        "{}:{}: `{}` prints (status {status}):\n{output}--- but shown is:\n{}",
                        page.path, shown.line, shown.command, shown.output
                    ));
                }
            }
            _ => {}
        }
    }
    faults
}

/// Runs the commands of all pages of a program, which is in the directory `programs`, and returns
/// how many steps there were. Writes outputs anew if that is asked for.
pub(crate) fn assert_shown(program: &str, programs: &Path) -> usize {
    let (mut all, mut count) = (Vec::new(), 0);
    for page in pages().iter().filter(|page| page.program() == program) {
        let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
        all.extend(faults(page, programs, &mut lines));
        let text = lines.join("\n") + "\n";
        if text != page.text {
            std::fs::write(root().join(&page.path), text).unwrap();
        }
        count += steps(page).len();
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    count
}
