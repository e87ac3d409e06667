//! Standard output and standard error.

use std::io::{IsTerminal, Write};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use confmig::report::{self, CheckReport, Paint};

use super::Failure;
use super::args::{ColorWhen, Format};

/// The two streams: results go to standard output, messages to standard error.
pub(crate) struct Output {
    /// How results are painted.
    pub(crate) results: Paint,
    /// How messages are painted.
    pub(crate) messages: Paint,
    /// Whether the other end of standard output is closed, as by `head`. The work goes on.
    pipe_closed: bool,
}

impl Output {
    pub(crate) fn new(when: ColorWhen) -> Self {
        let paint = |choice: ColorChoice, terminal: bool| match (when, choice) {
            (ColorWhen::Always, _) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Always | ColorChoice::AlwaysAnsi) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Auto) if terminal => Paint::Colour,
            _ if terminal => Paint::Terminal,
            _ => Paint::Plain,
        };
        // These follow NO_COLOR, CLICOLOR and TERM.
        let results = anstream::AutoStream::choice(&std::io::stdout());
        let messages = anstream::AutoStream::choice(&std::io::stderr());
        Output {
            results: paint(results, std::io::stdout().is_terminal()),
            messages: paint(messages, std::io::stderr().is_terminal()),
            pipe_closed: false,
        }
    }

    /// Writes bytes to standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.pipe_closed {
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.pipe_closed = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Writes text to standard output. On a terminal, replaces control characters, which may come
    /// from a file and which the terminal would interpret.
    pub(crate) fn text(&mut self, text: &str) -> std::io::Result<()> {
        if !std::io::stdout().is_terminal() {
            return self.bytes(text.as_bytes());
        }
        let shown = |character: char| match character {
            '\n' | '\t' => character,
            _ if character.is_control() => char::REPLACEMENT_CHARACTER,
            _ => character,
        };
        self.bytes(text.chars().map(shown).collect::<String>().as_bytes())
    }

    /// Writes a message to standard error. Errors are ignored: there is nowhere to report them.
    pub(crate) fn message(&mut self, text: &str) {
        // In one call, since standard error is unbuffered.
        let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
    }

    /// Writes an error message.
    pub(crate) fn failure(&mut self, text: &str) {
        self.headed("error", AnsiColor::Red.on_default().bold(), text);
    }

    /// Writes a note.
    pub(crate) fn note(&mut self, text: &str) {
        self.headed("note", Style::new().bold(), text);
    }

    fn headed(&mut self, head: &str, style: Style, text: &str) {
        let head = match self.messages {
            Paint::Plain | Paint::Terminal => format!("{head}:"),
            Paint::Colour => format!("{style}{head}:{style:#}"),
        };
        self.message(&format!("{head} {text}"));
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
