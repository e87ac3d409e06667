//! Standard output and standard error.

use std::io::{IsTerminal, Write};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use confmig::report::{self, CheckReport, Paint};

use super::Failure;
use super::args::{ColorWhen, Format};

/// Where results and messages go.
pub(crate) struct Output {
    /// How results are painted.
    pub(crate) results: Paint,
    /// How messages are painted.
    pub(crate) messages: Paint,
    /// The reader of standard output has gone, as `head` does. The work goes on without it.
    reader_gone: bool,
}

impl Output {
    pub(crate) fn new(when: ColorWhen) -> Self {
        let paint = |common: ColorChoice, terminal: bool| match (when, common) {
            (ColorWhen::Always, _) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Always | ColorChoice::AlwaysAnsi) => Paint::Colour,
            (ColorWhen::Auto, ColorChoice::Auto) if terminal => Paint::Colour,
            _ if terminal => Paint::Terminal,
            _ => Paint::Plain,
        };
        // What NO_COLOR, CLICOLOR and TERM ask for.
        let results = anstream::AutoStream::choice(&std::io::stdout());
        let messages = anstream::AutoStream::choice(&std::io::stderr());
        Output {
            results: paint(results, std::io::stdout().is_terminal()),
            messages: paint(messages, std::io::stderr().is_terminal()),
            reader_gone: false,
        }
    }

    /// Puts bytes on standard output as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.reader_gone {
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.reader_gone = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Puts text on standard output; on a terminal, without the control characters that a file may
    /// have in it, and that a terminal would obey.
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

    /// Puts a message on standard error. One that cannot be written has nowhere else to go.
    pub(crate) fn message(&mut self, text: &str) {
        // In one piece: standard error has no buffer.
        let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
    }

    /// Says why the program failed.
    pub(crate) fn failure(&mut self, text: &str) {
        self.headed("error", AnsiColor::Red.on_default().bold(), text);
    }

    /// Says something that is good to know.
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

/// What was found, in a form that is written as a whole; `None` for text.
pub(crate) fn document(found: &CheckReport<'_>, format: Format) -> Result<Option<String>, Failure> {
    Ok(match format {
        Format::Json => Some(report::check_json(found.diagnostics)),
        Format::Sarif => Some(report::check_sarif(found.diagnostics)),
        Format::Html => Some(report::check_html(found)?),
        Format::Text => None,
    })
}
