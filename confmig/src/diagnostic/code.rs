//! What a diagnostic is about, and how bad that is.

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
    /// The chosen authentication plugin does not read the option, or none is chosen that would.
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
