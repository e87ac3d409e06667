//! The diagnostic codes, in one table.

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// There is something to know; nothing is wrong.
    Note,
    /// The service works, but not as the file suggests, or not after a later upgrade.
    Warning,
    /// The service does not start, or does not do what the file asks for.
    Error,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Note];

    /// Returns the severity's name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// What a code means, whichever command reports it.
struct Description {
    name: &'static str,
    severity: Severity,
    title: &'static str,
    explanation: &'static str,
    help: &'static str,
}

/// Defines [`Code`] from one row for each code: variant, name, severity, title, explanation, and
/// what to do. SARIF and `docs/diagnostics.md` have the same texts.
macro_rules! codes {
    ($(
        $variant:ident => $name:literal, $severity:ident,
        $title:literal, $explanation:literal, $help:literal;
    )*) => {
        /// The kind of problem that a diagnostic reports. A code never changes its meaning; new
        /// codes may be added.
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
        "Invalid syntax",
        "A line breaks the format: oslo.config rejects the whole file, and the service does not \
         start.",
        "Correct the line.";
    Interrupted => "interrupted", Error,
        "Interrupted replacement",
        "A run that replaced several files together was killed between two of them: some have the \
         new text, others the old one, and values that depend on both may be wrong.",
        "Run `confmig recover` on one of the files, which finishes or reverts the run.";
    DeprecatedName => "deprecated-name", Warning,
        "Former name of an option",
        "An option is set under a former name, which a later release will stop reading.",
        "Run `confmig migrate`, which renames it and proves that its value does not change.";
    HiddenValue => "hidden-value", Warning,
        "Entry without effect",
        "Another entry sets the same option to the same value, under another of its names, and \
         hides this one.",
        "Remove the entry, or run `confmig migrate` if both are in one file.";
    ConflictingValues => "conflicting-values", Warning,
        "Two names, two values",
        "One option is set to different values under two of its names, and only one of them takes \
         effect.",
        "Keep the intended value under the current name, and remove the other entry.";
    DuplicateOption => "duplicate-option", Warning,
        "Option set twice",
        "A single-valued option is set more than once in a file: the last entry wins.",
        "Keep one of the entries.";
    RemovedOption => "removed-option", Warning,
        "Removed option",
        "The option is no longer read. It is an error if another option has taken over: the \
         setting is lost.",
        "Follow the advice in the message, then remove the option.";
    UnknownSection => "unknown-section", Note,
        "Unknown section",
        "Nothing reads a section of this name. It may be of another program; it is a warning if \
         the name is similar to that of a known section.",
        "Correct the name, or remove the section unless another program reads it.";
    UnknownOption => "unknown-option", Warning,
        "Unknown option",
        "No option of this name is known in this section, so the entry has no effect.",
        "Correct the name, move the entry to the right section, or remove it.";
    IllTypedValue => "ill-typed-value", Error,
        "Invalid value",
        "The value does not have the option's type, or is not one of its choices: the service \
         fails when it reads the option.",
        "Write a value that meets the message's expectation.";
    DanglingReference => "dangling-reference", Error,
        "Unresolved reference",
        "A reference in the value names an option that does not exist, or does not see its value.",
        "Refer to an existing option by its current name, or write the value itself. Write a \
         literal dollar sign as $$.";
    ReferenceLoop => "reference-loop", Error,
        "Reference loop",
        "A value refers to itself, directly or through other options, so the option has no value.",
        "Replace one of the references with a value.";
    NotUtf8 => "not-utf8", Error,
        "Bytes that are not UTF-8",
        "A line has bytes that are not UTF-8: Python cannot read the file, and the service does \
         not start.",
        "Save the file as UTF-8.";
    WebServerUrlMissing => "web-server-url-missing", Error,
        "No web server URL",
        "Images are hosted on a web server, but [deploy] http_server_url is not set.",
        "Set it to the URL at which nodes and their iLOs can reach the web server.";
    WebServerRootMissing => "web-server-root-missing", Warning,
        "No web server directory",
        "The path in [deploy] http_server_root does not exist, or is not a directory.",
        "Create the directory, or set the option to the one that the web server serves.";
    SwiftSectionMissing => "swift-section-missing", Warning,
        "No Swift section",
        "Images are hosted in Swift, but there is no [swift] section.",
        "Add the section, or host the images on a web server.";
    UrlWithoutScheme => "url-without-scheme", Error,
        "URL without a scheme",
        "The web server's URL does not start with http:// or https://.",
        "Write the whole URL.";
    MalformedUrl => "malformed-url", Error,
        "Malformed URL",
        "The web server's URL contains white space, perhaps because of a comment: a comment \
         cannot follow a value.",
        "Put the comment on a line of its own.";
    CredentialsInUrl => "credentials-in-url", Warning,
        "Credentials in a URL",
        "The web server's URL contains credentials, which appear in the logs of nodes and their \
         iLOs.",
        "Serve the images without a password, and only to the nodes' network.";
    LoopbackUrl => "loopback-url", Warning,
        "Loopback URL",
        "The web server's URL points to this machine itself, so no node or iLO can reach it.",
        "Use an address at which they can reach the web server.";
    UnreadVariable => "unread-variable", Error,
        "Environment variable that is not read",
        "An environment variable has the former name of an option; oslo.config reads only current \
         names. It is a warning if nothing has taken the option's place.",
        "Set the variable that the message names.";
    NeedsDecision => "needs-decision", Warning,
        "Change that needs a decision",
        "A change was not made, because it might change what a value means.",
        "Correct the file, or accept the change with `--accept`.";
    Advice => "advice", Warning,
        "Advice",
        "There is something to know, or to do by hand.",
        "Follow the advice in the message.";
    DeprecatedOption => "deprecated-option", Warning,
        "Deprecated option",
        "The release still reads the option, but a later release will not.",
        "Prepare for its removal: the message names its replacement, if there is one.";
    NotInstalled => "not-installed", Error,
        "Not part of the release",
        "The release has no hardware type, interface or driver of this name: a service configured \
         with it does not start.",
        "Move the nodes that use it to another one, then remove the name.";
    NoCommonInterface => "no-common-interface", Error,
        "No interface for a hardware type",
        "An enabled hardware type supports none of the interfaces of a kind that are enabled: the \
         conductor does not start.",
        "Enable one of the interfaces that the message names, or disable the hardware type.";
    UnreadByPlugin => "unread-by-plugin", Warning,
        "Option not read by the plugin",
        "The section's authentication plugin does not read this option, or the section chooses no \
         plugin.",
        "Remove the option, or set auth_type to a plugin that reads it.";
    DefaultChanged => "default-changed", Warning,
        "Changed default",
        "An option is not set, and its default differs from that of the older release.",
        "Set the option to keep the old value; `confmig migrate --pin-defaults` sets all of them.";
    NotPinned => "not-pinned", Note,
        "Old default that was not pinned",
        "`--pin-defaults` keeps the old defaults of options that are not set, but this one cannot \
         be written to a file, is secret, depends on the host, or would not be read as before.",
        "Set the option if the new default is not what you want.";
    IneffectiveIgnore => "ineffective-ignore", Warning,
        "Ignore without effect",
        "Findings are to be ignored, but the comment does not name a code and a reason, or the \
         policy's date has passed: they are reported.",
        "Write `# confmig: ignore CODE REASON` above the entry, correct the findings, or renew the \
         date.";
}

impl Code {
    /// Finds a code by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Code::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// Returns the code's name, as in `deprecated-name`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.description().name
    }

    /// Returns the severity that the code's diagnostics have unless a policy sets another.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.description().severity
    }

    /// Returns the problem in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.description().title
    }

    /// Returns the problem in a sentence or two.
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
