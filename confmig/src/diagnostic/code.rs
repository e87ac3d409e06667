//! What a diagnostic is about, and how bad that is: one table.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The service will not start, or not do what the file asks for.
    Error,
    /// It works, but not for long or not as it looks.
    Warning,
}

impl Severity {
    /// Returns the word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// What a diagnostic code means, whatever reports it.
struct Description {
    name: &'static str,
    severity: Severity,
    title: &'static str,
    explanation: &'static str,
    help: &'static str,
}

/// Makes [`Code`] and its table out of one row for each code: variant, name, severity, title, explanation,
/// and what to do. They are read in SARIF and in the manual, too.
macro_rules! codes {
    ($($variant:ident => $name:literal, $severity:ident, $title:literal, $explanation:literal, $help:literal;)*) => {
        /// What a diagnostic is about. Codes do not change their meaning; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!($title, ".")] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: [Code; [$(Code::$variant),*].len()] = [$(Code::$variant),*];

            const fn description(self) -> &'static Description {
                match self {
                    $(Code::$variant => &Description {
                        name: $name,
                        severity: Severity::$severity,
                        title: $title,
                        explanation: $explanation,
                        help: $help,
                    },)*
                }
            }
        }
    };
}

codes! {
    Syntax => "syntax", Error,
        "Not a configuration file",
        "A line breaks the format. oslo.config refuses the whole file, and the service does not start.",
        "Correct the line.";
    DeprecatedName => "deprecated-name", Warning,
        "Former name of an option",
        "An option is set under a former name, which a later release will not read.",
        "Run `confmig migrate`, which renames it and proves that its value stays.";
    HiddenValue => "hidden-value", Warning,
        "Entry without effect",
        "Another entry for the same option, under another of its names and with the same value, hides this one.",
        "Remove it, or run `confmig migrate`, which does.";
    ConflictingValues => "conflicting-values", Warning,
        "Two names, two values",
        "One option is set under two of its names, to different values: somebody may believe in the one that has no effect.",
        "Put the value that is meant under the current name, and remove the other entry.";
    DuplicateOption => "duplicate-option", Warning,
        "Option set twice",
        "An option that takes one value is set more than once in a file, where the last one counts.",
        "Keep one of them.";
    RemovedOption => "removed-option", Warning,
        "Removed option",
        "The release does not read the option any more.",
        "Do what the message advises, then remove the option.";
    UnknownSection => "unknown-section", Warning,
        "Unknown section",
        "Nothing reads a section of this name, which is almost that of one that is read.",
        "Correct the name.";
    UnknownOption => "unknown-option", Warning,
        "Unknown option",
        "No option of this name is known in this section, so it has no effect.",
        "Correct the name, move it to its section, or remove it.";
    IllTypedValue => "ill-typed-value", Error,
        "Value of another type",
        "The value is not of its option's type, or not among its choices: the service stops when it reads it.",
        "Write a value of the type that the message names.";
    DanglingReference => "dangling-reference", Error,
        "Reference to nothing",
        "A reference in the value names an option that is not there.",
        "Name an option that is set, or write the value itself. A dollar sign is written $$.";
    ReferenceLoop => "reference-loop", Error,
        "Value that refers to itself",
        "References lead round in a circle, so the option has no value.",
        "Write one of the values itself.";
    NotUtf8 => "not-utf8", Warning,
        "Bytes that are not UTF-8",
        "A line has bytes that are not UTF-8. Python refuses the file, and the service does not start.",
        "Save the file as UTF-8.";
    WebServerUrlMissing => "web-server-url-missing", Error,
        "No URL of the web server",
        "Images are to be hosted on a web server, but [deploy] http_server_url is not set.",
        "Set it to the URL under which nodes and their iLOs reach the web server.";
    WebServerRootMissing => "web-server-root-missing", Warning,
        "No directory of the web server",
        "The directory of [deploy] http_server_root is not there, or is not a directory.",
        "Create it, or name the one that the web server serves.";
    SwiftSectionMissing => "swift-section-missing", Warning,
        "No way to Swift",
        "Images are to be hosted in Swift, but there is no section [swift].",
        "Add the section, or host the images on a web server.";
    UrlWithoutScheme => "url-without-scheme", Error,
        "URL without a protocol",
        "A URL does not begin with http:// or https://.",
        "Write the whole URL.";
    MalformedUrl => "malformed-url", Error,
        "Malformed URL",
        "A URL has white space in it, such as a comment that was attempted: there are none after a value.",
        "Put the comment on a line of its own.";
    CredentialsInUrl => "credentials-in-url", Warning,
        "Credentials in a URL",
        "A URL that is handed to nodes and their iLOs has a user in it, which shows in their logs.",
        "Serve the images without a password, to the nodes' network only.";
    LoopbackUrl => "loopback-url", Warning,
        "URL of this machine only",
        "A URL leads to the machine itself, where no node and no iLO reaches it.",
        "Give the address under which they reach the web server.";
    UnreadVariable => "unread-variable", Warning,
        "Environment variable that is not read",
        "A variable has a former name of an option; oslo.config reads current names only.",
        "Set the variable that the message names.";
    NeedsDecision => "needs-decision", Warning,
        "Change that needs a decision",
        "A change was not made, because a value might come to mean something else.",
        "Decide, and correct the file, or accept the change with `--accept`.";
    Advice => "advice", Warning,
        "Advice",
        "There is something to know or to do that no tool can do.",
        "Do what the message says.";
    DeprecatedOption => "deprecated-option", Warning,
        "Option that will be removed",
        "The release still reads the option, and a later one will not.",
        "Prepare for the release without it: the message says what takes its place.";
    NotInstalled => "not-installed", Error,
        "Not installed in the release",
        "The release has no hardware type, interface or driver of this name: a service that is given it does not start.",
        "Remove the name, after moving what uses it to another one.";
    UnreadByPlugin => "unread-by-plugin", Warning,
        "Option that the plugin does not read",
        "The section chooses an authentication plugin that does not read this option, or chooses none.",
        "Remove it, or choose the plugin that reads it by auth_type.";
    DefaultChanged => "default-changed", Warning,
        "Other default",
        "An option that is not set has another default than in the release before.",
        "Set it to keep the old value.";
}

impl Code {
    /// Returns the code as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.description().name
    }

    /// Returns how bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.description().severity
    }

    /// Returns what it is about, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.description().title
    }

    /// Returns what it is about, in a sentence or two.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        self.description().explanation
    }

    /// Returns what to do.
    #[must_use]
    pub fn help(self) -> &'static str {
        self.description().help
    }
}
