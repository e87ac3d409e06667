//! Standard output and standard error.
//!
//! All that the program says goes through [`Stream::write`], the one place where text meets a
//! terminal. What comes from files, rules, schemas, arguments and the environment is escaped there.

use std::borrow::Cow;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};
use confmig::diagnostic::Diagnostic;
use confmig::pack::Pack;
use confmig::report::{self, CheckReport, Paint, at_words, for_terminal};

use super::args::{ColorWhen, CommonArgs, Format};
use super::input::Unparsable;
use super::{Failure, Status};

/// A standard stream.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    /// Whether a terminal shows the text: always where there are colours, even through a pipe.
    is_shown: bool,
    paint: Paint,
    /// The width of the terminal, if it is one.
    width: Option<usize>,
}

impl Stream {
    fn of<S: RawStream + AsFd>(stream: &S, when: ColorWhen) -> Self {
        // This follows NO_COLOR, CLICOLOR and TERM.
        let choice = anstream::AutoStream::choice(stream);
        let terminal = stream.is_terminal();
        let paint = match (when, choice) {
            (ColorWhen::Always, _) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Always | ColorChoice::AlwaysAnsi) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Auto) if terminal => Paint::Colour,
            _ => Paint::Plain,
        };
        Stream {
            is_shown: terminal || paint == Paint::Colour,
            paint,
            width: terminal.then(|| width_of(stream)).flatten(),
        }
    }

    /// Returns a text with its lines wrapped at words, if a terminal shows it. Lines with a deep
    /// indent are examples, and stay.
    fn wrapped<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(width) = self.width else {
            return Cow::Borrowed(text);
        };
        let wrap = |line: &str| {
            let indent = line.len() - line.trim_start().len();
            if indent >= EXAMPLE {
                return line.to_owned();
            }
            let indent = " ".repeat(indent + 4);
            textwrap::fill(line, at_words(width).subsequent_indent(&indent))
        };
        Cow::Owned(text.split('\n').map(wrap).collect::<Vec<_>>().join("\n"))
    }

    /// Returns the stream that is standard output.
    pub(crate) fn stdout(when: ColorWhen) -> Self {
        Stream::of(&std::io::stdout(), when)
    }

    /// Returns the stream that is standard error.
    pub(crate) fn stderr(when: ColorWhen) -> Self {
        Stream::of(&std::io::stderr(), when)
    }

    /// Writes what `render` makes. A terminal gets no character from elsewhere that it would obey
    /// or hide: a text that has one is escaped, and has no colours, which could not be told from
    /// it.
    pub(crate) fn write<T: AsRef<[u8]>>(
        self,
        to: &mut dyn Write,
        render: impl Fn(Paint) -> T,
    ) -> std::io::Result<()> {
        let plain = render(Paint::Plain);
        let plain = plain.as_ref();
        if !self.is_shown {
            to.write_all(plain)?;
            return to.flush();
        }
        match for_terminal(plain) {
            Cow::Borrowed(_) if self.paint == Paint::Colour => {
                to.write_all(render(Paint::Colour).as_ref())?;
            }
            shown => to.write_all(&shown)?,
        }
        to.flush()
    }
}

/// The indent of lines that are not wrapped.
const EXAMPLE: usize = 8;

/// Returns the width of a terminal, or else what the environment says.
fn width_of(stream: &impl AsFd) -> Option<usize> {
    let of_terminal = terminal_size::terminal_size_of(stream.as_fd());
    let of_terminal = of_terminal.map(|(width, _)| usize::from(width.0));
    let of_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal.or_else(of_environment)
}

/// The two streams: results go to standard output, messages to standard error.
pub(crate) struct Output {
    results: Stream,
    messages: Stream,
    /// Whether the other end of standard output is closed, as by `head`. The work goes on.
    pipe_closed: bool,
    /// Whether only findings and errors are written.
    quiet: bool,
}

impl Output {
    pub(crate) fn new(when: ColorWhen, quiet: bool) -> Self {
        Output {
            quiet,
            results: Stream::stdout(when),
            messages: Stream::stderr(when),
            pipe_closed: false,
        }
    }

    /// Writes what `render` makes to standard output.
    pub(crate) fn painted<T: AsRef<[u8]>>(
        &mut self,
        render: impl Fn(Paint) -> T,
    ) -> std::io::Result<()> {
        if self.pipe_closed {
            return Ok(());
        }
        match self.results.write(&mut std::io::stdout().lock(), render) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.pipe_closed = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Writes text for people to standard output, wrapped at words on a terminal.
    pub(crate) fn prose(&mut self, text: &str) -> std::io::Result<()> {
        let wrapped = self.results.wrapped(text).into_owned();
        self.bytes(wrapped.as_bytes())
    }

    /// Writes the open diagnostics to standard output.
    pub(crate) fn diagnostics(&mut self, found: &[Diagnostic]) -> std::io::Result<()> {
        let width = self.results.width;
        self.painted(|paint| report::render(found, paint, width))
    }

    /// Writes the open diagnostics to standard error.
    pub(crate) fn diagnostic_messages(&mut self, found: &[Diagnostic]) {
        let width = self.messages.width;
        self.painted_message(|paint| report::render(found, paint, width));
    }

    /// Writes bytes to standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.painted(|_| bytes)
    }

    /// Writes what `render` makes, and a line end, to standard error. Errors are ignored: there is
    /// nowhere to report them.
    pub(crate) fn painted_message(&mut self, render: impl Fn(Paint) -> String) {
        // In one call, since standard error is unbuffered.
        let line = |paint| render(paint) + "\n";
        let _ = self.messages.write(&mut std::io::stderr(), line);
    }

    /// Writes a message to standard error, unless only findings and errors are asked for.
    pub(crate) fn message(&mut self, text: &str) {
        if !self.quiet {
            let text = self.messages.wrapped(text).into_owned();
            self.painted_message(|_| text.clone());
        }
    }

    /// Writes an error message.
    pub(crate) fn failure(&mut self, text: &str) {
        self.headed("error", AnsiColor::Red.on_default().bold(), text);
    }

    /// Writes a note, unless only findings and errors are asked for.
    pub(crate) fn note(&mut self, text: &str) {
        if self.quiet {
            return;
        }
        self.headed("note", Style::new().bold(), text);
    }

    /// Shows a warning on standard error.
    pub(crate) fn warning(&mut self, text: &str) {
        self.headed("warning", AnsiColor::Yellow.on_default().bold(), text);
    }

    fn headed(&mut self, head: &str, style: Style, text: &str) {
        let plain = format!("{head}: {text}");
        let plain = self.messages.wrapped(&plain).into_owned();
        let rest = plain
            .strip_prefix(head)
            .and_then(|rest| rest.strip_prefix(':'));
        self.painted_message(|paint| match (paint, rest) {
            (Paint::Colour, Some(rest)) => format!("{style}{head}:{style:#}{rest}"),
            _ => plain.clone(),
        });
    }
}

/// Shows what breaks the format of files, and fails.
pub(crate) fn unparsable(
    found: &Unparsable,
    paths: &[PathBuf],
    common: &CommonArgs,
    format: Format,
    output: &mut Output,
) -> Result<Status, Failure> {
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let report = CheckReport {
        files: &paths,
        diagnostics: &found.diagnostics,
        pack: &Pack::default(),
        shows_secrets: common.show_secrets,
        release: None,
    };
    match document(&report, format)? {
        Some(document) => output.bytes(document.as_bytes())?,
        None => output.diagnostic_messages(report.diagnostics),
    }
    let count = found.count;
    Err(Failure::Unparsable { count })
}

/// Renders the findings in a document format; `None` for text.
pub(crate) fn document(found: &CheckReport<'_>, format: Format) -> Result<Option<String>, Failure> {
    Ok(match format {
        Format::Json => Some(report::check_json(found.diagnostics)),
        Format::Sarif => Some(report::check_sarif(found.diagnostics)),
        Format::Html => Some(report::check_html(found)?),
        Format::Github => Some(report::check_github(found.diagnostics)),
        Format::Junit => Some(report::check_junit(found.files, found.diagnostics)?),
        Format::Text => None,
    })
}
