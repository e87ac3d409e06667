//! What there is to say about a configuration: a code that stays, a message, a place.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use oslo_config::{Entry, ParsedFile, Section, SourceError, SyntaxError};

use crate::secret::Secrets;

/// What a diagnostic is about. Codes do not change their meaning; new ones may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// The file is not a configuration file; oslo.config refuses it with the same message.
    Syntax,
    /// An option is set under a former name.
    DeprecatedName,
    /// An entry has no effect, since another one hides it.
    HiddenValue,
    /// An option is set under two of its names, to different values.
    ConflictingValues,
    /// An option that has one value is set twice in a file.
    DuplicateOption,
    /// An option is gone; the message says what to do instead.
    RemovedOption,
    /// A section that nothing reads is named almost like one that is read.
    UnknownSection,
    /// No release knows an option in this section.
    UnknownOption,
    /// A value is not of its option's type.
    IllTypedValue,
    /// A reference leads nowhere, or has become empty.
    DanglingReference,
    /// A value refers to itself.
    ReferenceLoop,
    /// A line has bytes that are not UTF-8; Python refuses such a file.
    NotUtf8,
    /// Images are to be hosted on a web server, but its URL is not set.
    WebServerUrlMissing,
    /// The web server's directory is not one.
    WebServerRootMissing,
    /// Images are to be hosted in Swift, but no section says how to reach it.
    SwiftSectionMissing,
    /// A URL does not say by which protocol.
    UrlWithoutScheme,
    /// A URL cannot be right: it has white space in it, such as an attempted comment.
    MalformedUrl,
    /// A URL has a user and a password in it.
    CredentialsInUrl,
    /// A URL leads to the machine itself, where no node and no iLO reaches it.
    LoopbackUrl,
    /// An environment variable has a former name, under which it is never read.
    UnreadVariable,
    /// A change was not made, because the meaning of a value might change.
    NeedsDecision,
    /// Something to know or to do before the next release, which no tool can do.
    Advice,
    /// An option will be gone in a later release.
    DeprecatedOption,
    /// What an option names, such as a hardware type, is not installed in the release.
    NotInstalled,
    /// The chosen authentication plugin does not read the option.
    UnreadByPlugin,
    /// An option that is not set has another default than before.
    DefaultChanged,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The service will not start, or not do what the file asks for.
    Error,
    /// It works, but not for long or not as it looks.
    Warning,
}

impl Severity {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 26] = [
        Code::Syntax,
        Code::DeprecatedName,
        Code::HiddenValue,
        Code::ConflictingValues,
        Code::DuplicateOption,
        Code::RemovedOption,
        Code::UnknownSection,
        Code::UnknownOption,
        Code::IllTypedValue,
        Code::DanglingReference,
        Code::ReferenceLoop,
        Code::NotUtf8,
        Code::WebServerUrlMissing,
        Code::WebServerRootMissing,
        Code::SwiftSectionMissing,
        Code::UrlWithoutScheme,
        Code::MalformedUrl,
        Code::CredentialsInUrl,
        Code::LoopbackUrl,
        Code::UnreadVariable,
        Code::NeedsDecision,
        Code::Advice,
        Code::DeprecatedOption,
        Code::NotInstalled,
        Code::UnreadByPlugin,
        Code::DefaultChanged,
    ];

    /// The code as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Syntax => "syntax",
            Code::DeprecatedName => "deprecated-name",
            Code::HiddenValue => "hidden-value",
            Code::ConflictingValues => "conflicting-values",
            Code::DuplicateOption => "duplicate-option",
            Code::RemovedOption => "removed-option",
            Code::UnknownSection => "unknown-section",
            Code::UnknownOption => "unknown-option",
            Code::IllTypedValue => "ill-typed-value",
            Code::DanglingReference => "dangling-reference",
            Code::ReferenceLoop => "reference-loop",
            Code::NotUtf8 => "not-utf8",
            Code::WebServerUrlMissing => "web-server-url-missing",
            Code::WebServerRootMissing => "web-server-root-missing",
            Code::SwiftSectionMissing => "swift-section-missing",
            Code::UrlWithoutScheme => "url-without-scheme",
            Code::MalformedUrl => "malformed-url",
            Code::CredentialsInUrl => "credentials-in-url",
            Code::LoopbackUrl => "loopback-url",
            Code::UnreadVariable => "unread-variable",
            Code::NeedsDecision => "needs-decision",
            Code::Advice => "advice",
            Code::DeprecatedOption => "deprecated-option",
            Code::NotInstalled => "not-installed",
            Code::UnreadByPlugin => "unread-by-plugin",
            Code::DefaultChanged => "default-changed",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Code::Syntax
            | Code::IllTypedValue
            | Code::DanglingReference
            | Code::ReferenceLoop
            | Code::WebServerUrlMissing
            | Code::UrlWithoutScheme
            | Code::MalformedUrl
            | Code::NotInstalled => Severity::Error,
            _ => Severity::Warning,
        }
    }
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// What is wrong, in one line, without any value of an option.
    pub message: String,
    /// Where; `None` when it is about no line of a file.
    pub place: Option<Place>,
    /// What to do.
    pub help: Option<String>,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// The line, the first being 1.
    pub line: usize,
    /// Where the part starts in the line, counted in characters, the first being 1.
    pub column: usize,
    /// The line's text, secrets masked.
    pub text: String,
    /// The part's bytes in `text`.
    pub part: Range<usize>,
    /// Said below the part.
    pub label: Option<String>,
    /// An earlier line that it has to do with: its number, its text with secrets masked, and what is
    /// said of it.
    pub earlier: Option<(usize, String, &'static str)>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            place: None,
            help: None,
        }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The diagnostics for a file that cannot be parsed, one for each line that breaks the format;
    /// none for any other error. `text` is the file's.
    #[must_use]
    pub fn of_syntax(error: &SourceError, text: &[u8], secrets: &Secrets<'_>) -> Vec<Self> {
        let SourceError::Syntax { path, errors } = error else {
            return Vec::new();
        };
        let shown = secrets.lines(text);
        errors
            .iter()
            .map(|error| Diagnostic::of_syntax_error(path, error, &shown))
            .collect()
    }

    fn of_syntax_error(
        path: &Path,
        error: &SyntaxError,
        shown: &[std::borrow::Cow<'_, [u8]>],
    ) -> Self {
        // The line is the one that oslo.config names, so that it is found in a service's log.
        let line = error.noticed();
        let elsewhere = line != error.line();
        let message = if elsewhere {
            format!(
                "{} (the assignment on line {})",
                error.kind().message(),
                error.line()
            )
        } else {
            error.kind().message().to_owned()
        };
        let text = shown
            .get(line - 1)
            .map_or(b"".as_slice(), |line| crate::lines::split_end(line).0);
        let column = if elsewhere { 1 } else { error.column() };
        let mut place = Place::in_line(path, line, text, column, usize::MAX);
        if elsewhere {
            let text = shown
                .get(error.line() - 1)
                .map_or(b"".as_slice(), |line| crate::lines::split_end(line).0);
            place.label = Some("oslo.config stops here".into());
            place.earlier = Some((
                error.line(),
                text.to_str_lossy().into_owned(),
                "this assignment is in no section",
            ));
        }
        Diagnostic::new(Code::Syntax, message)
            .at(place)
            .help(error.help())
    }
}

impl Place {
    fn in_line(path: &Path, line: usize, text: &[u8], column: usize, chars: usize) -> Self {
        let text = text.to_str_lossy().into_owned();
        let offset = |chars: usize| {
            text.char_indices()
                .nth(chars)
                .map_or(text.trim_end().len(), |(at, _)| at)
        };
        // A masked line may be shorter than the one that was parsed.
        let column = column.min(text.trim_end().chars().count() + 1);
        let start = offset(column - 1);
        let part = start..offset((column - 1).saturating_add(chars)).max(start);
        Place {
            path: path.to_owned(),
            line,
            column,
            text,
            part,
            label: None,
            earlier: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Makes places in parsed files, secrets masked.
#[derive(Debug)]
pub(crate) struct Places<'s, 'p> {
    pub(crate) secrets: &'s Secrets<'p>,
}

impl Places<'_, '_> {
    /// The key of an entry.
    pub(crate) fn key(&self, path: &Path, entry: Entry<'_, '_>) -> Place {
        let document = entry.section().document();
        let start = document.byte_range(entry.line()..entry.line()).start;
        let before = &document.text()[start..entry.key_range().start];
        let column = before.chars().count() + 1;
        let text = self.shown(entry);
        Place::in_line(
            path,
            entry.line(),
            text.as_bytes(),
            column,
            entry.key().chars().count(),
        )
    }

    /// The part of an entry's value at a byte of the document, `chars` characters long.
    pub(crate) fn in_value(
        &self,
        path: &Path,
        entry: Entry<'_, '_>,
        offset: usize,
        chars: usize,
    ) -> Place {
        let document = entry.section().document();
        let line = document.line_at(offset);
        let start = document.byte_range(line..line).start;
        let column = document.text()[start..offset].chars().count() + 1;
        let content = document.line_text(line).unwrap_or_default();
        if line == entry.line() {
            return Place::in_line(path, line, self.shown(entry).as_bytes(), column, chars);
        }
        let secret = self
            .secrets
            .hides(&entry.group().to_str_lossy(), &entry.key().to_str_lossy());
        let masked = if secret {
            std::borrow::Cow::Borrowed(b"****".as_slice())
        } else {
            self.secrets.text(content)
        };
        Place::in_line(path, line, &masked, column, chars)
    }

    /// The header of a section.
    pub(crate) fn header(&self, file: &ParsedFile<'_>, section: Section<'_, '_>) -> Place {
        let line = section.line();
        let text = file.document.line_text(line).unwrap_or_default();
        Place::in_line(
            file.path,
            line,
            &self.secrets.lines(text).concat(),
            1,
            usize::MAX,
        )
    }

    /// The lines of a file that hold for `holds`.
    pub(crate) fn lines(
        &self,
        file: &ParsedFile<'_>,
        holds: impl Fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = Place> {
        let shown = self.secrets.lines(file.document.text());
        let lines = crate::lines::split(file.document.text())
            .zip(shown)
            .enumerate();
        let held = lines.filter(move |(_, (line, _))| holds(line));
        held.map(|(index, (_, shown))| {
            let text = crate::lines::split_end(&shown).0;
            Place::in_line(file.path, index + 1, text, 1, usize::MAX)
        })
    }

    /// The first line of an entry, its value masked when it is secret.
    fn shown(&self, entry: Entry<'_, '_>) -> String {
        let document = entry.section().document();
        let line = document.line_text(entry.line()).unwrap_or_default();
        let Some(value) = entry.value_ranges().next() else {
            return line.to_str_lossy().into_owned();
        };
        let start = document.byte_range(entry.line()..entry.line()).start;
        let before = line[..value.start - start].to_str_lossy().into_owned();
        let after = &document.text()[value];
        let space = after.len() - after.trim_start().len();
        let text = after[space..].to_str_lossy().into_owned();
        let group = entry.group();
        let value = self
            .secrets
            .value(&group.to_str_lossy(), &entry.key().to_str_lossy(), &text)
            .into_owned();
        before + &after[..space].to_str_lossy() + &value
    }
}
