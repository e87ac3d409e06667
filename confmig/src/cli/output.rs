//! Standard output and standard error.
//!
//! All that the program says goes through [`Stream::write`], the one place where text meets a
//! terminal. What comes from files, rules, schemas, arguments and the environment is escaped there.

use std::borrow::Cow;
use std::io::Write;

use anstream::ColorChoice;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};
use confmig::report::{self, CheckReport, Paint, for_terminal};

use super::Failure;
use super::args::{ColorWhen, Format};

/// A standard stream.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    /// Whether a terminal shows the text: always where there are colours, even through a pipe.
    is_shown: bool,
    paint: Paint,
}

impl Stream {
    fn of<S: RawStream>(stream: &S, when: ColorWhen) -> Self {
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
        }
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

/// The two streams: results go to standard output, messages to standard error.
pub(crate) struct Output {
    results: Stream,
    messages: Stream,
    /// Whether the other end of standard output is closed, as by `head`. The work goes on.
    pipe_closed: bool,
}

impl Output {
    pub(crate) fn new(when: ColorWhen) -> Self {
        Output {
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

    /// Writes a message to standard error.
    pub(crate) fn message(&mut self, text: &str) {
        self.painted_message(|_| text.to_owned());
    }

    /// Writes an error message.
    pub(crate) fn failure(&mut self, text: &str) {
        self.headed("error", AnsiColor::Red.on_default().bold(), text);
    }

    /// Writes a note.
    pub(crate) fn note(&mut self, text: &str) {
        self.headed("note", Style::new().bold(), text);
    }

    /// Shows a warning on standard error.
    pub(crate) fn warning(&mut self, text: &str) {
        self.headed("warning", AnsiColor::Yellow.on_default().bold(), text);
    }

    fn headed(&mut self, head: &str, style: Style, text: &str) {
        self.painted_message(|paint| match paint {
            Paint::Plain => format!("{head}: {text}"),
            Paint::Colour => format!("{style}{head}:{style:#} {text}"),
        });
    }
}

/// Renders the findings in a document format; `None` for text.
pub(crate) fn document(found: &CheckReport<'_>, format: Format) -> Result<Option<String>, Failure> {
    Ok(match format {
        Format::Json => Some(report::check_json(found.diagnostics)),
        Format::Sarif => Some(report::check_sarif(found.diagnostics)),
        Format::Html => Some(report::check_html(found)?),
        Format::Text => None,
    })
}
