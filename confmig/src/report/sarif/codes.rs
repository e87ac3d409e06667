//! What each diagnostic code is about, for readers of SARIF.

use super::form::{Configuration, Descriptor, Message};
use crate::diagnostic::Code;

/// A code as a rule.
pub(super) fn descriptor(code: Code) -> Descriptor {
    let (short, full, help) = described(code);
    Descriptor {
        id: code.as_str().to_owned(),
        short_description: Message::new(short),
        full_description: Message::new(full),
        help: Message::new(help),
        default_configuration: Configuration {
            level: code.severity().as_str(),
        },
    }
}

/// In a few words, in a sentence, and what to do.
fn described(code: Code) -> (&'static str, &'static str, &'static str) {
    match code {
        Code::Syntax => (
            "Not a configuration file",
            "A line breaks the format. oslo.config refuses the whole file, and the service does not start.",
            "Correct the line.",
        ),
        Code::DeprecatedName => (
            "Former name of an option",
            "An option is set under a former name, which a later release will not read.",
            "Run `confmig migrate`, which renames it and proves that its value stays.",
        ),
        Code::HiddenValue => (
            "Entry without effect",
            "Another entry for the same option hides this one, under another of its names.",
            "Take it out, or run `confmig migrate`, which does.",
        ),
        Code::ConflictingValues => (
            "Two names, two values",
            "One option is set under two of its names in one file, to different values.",
            "Keep the entry that is meant. The current name is the one in effect.",
        ),
        Code::DuplicateOption => (
            "Option set twice",
            "An option that takes one value is set more than once in a file; the last counts.",
            "Keep one of them.",
        ),
        Code::RemovedOption => (
            "Option that is gone",
            "The release does not read the option any more.",
            "Do what the message advises, then take the option out.",
        ),
        Code::UnknownSection => (
            "Unknown section",
            "Nothing reads a section of this name, which is almost that of one that is read.",
            "Correct the name.",
        ),
        Code::UnknownOption => (
            "Unknown option",
            "No option of this name is known in this section, so it has no effect.",
            "Correct the name, move it to its section, or take it out.",
        ),
        Code::IllTypedValue => (
            "Value of another type",
            "The value is not of its option's type, or not among its choices: the service stops when it reads it.",
            "Write a value of the type that the message names.",
        ),
        Code::DanglingReference => (
            "Reference to nothing",
            "A reference in the value names an option that is not there.",
            "Name an option that is set, or write the value itself. A dollar sign is written $$.",
        ),
        Code::ReferenceLoop => (
            "Value that refers to itself",
            "References lead round in a circle, so the option has no value.",
            "Write one of the values itself.",
        ),
        Code::NotUtf8 => (
            "Bytes that are not UTF-8",
            "A line has bytes that are not UTF-8. Python refuses the file, and the service does not start.",
            "Save the file as UTF-8.",
        ),
        Code::WebServerUrlMissing => (
            "No URL of the web server",
            "Images are to be hosted on a web server, but [deploy] http_server_url is not set.",
            "Set it to the URL under which nodes and their iLOs reach the web server.",
        ),
        Code::WebServerRootMissing => (
            "No directory of the web server",
            "The directory of [deploy] http_server_root is not there, or is not a directory.",
            "Create it, or name the one that the web server serves.",
        ),
        Code::SwiftSectionMissing => (
            "No way to Swift",
            "Images are to be hosted in Swift, but there is no section [swift].",
            "Add the section, or host the images on a web server.",
        ),
        Code::UrlWithoutScheme => (
            "URL without a protocol",
            "A URL does not begin with http:// or https://.",
            "Write the whole URL.",
        ),
        Code::MalformedUrl => (
            "Malformed URL",
            "A URL has white space in it, such as a comment that was attempted: there are none after a value.",
            "Put the comment on a line of its own.",
        ),
        Code::CredentialsInUrl => (
            "Credentials in a URL",
            "A URL that is handed to nodes and their iLOs has a user in it, which shows in their logs.",
            "Serve the images without a password, to the nodes' network only.",
        ),
        Code::LoopbackUrl => (
            "URL of this machine only",
            "A URL leads to the machine itself, where no node and no iLO reaches it.",
            "Give the address under which they reach the web server.",
        ),
        Code::UnreadVariable => (
            "Environment variable that is not read",
            "A variable has a former name of an option; oslo.config reads current names only.",
            "Set the variable that the message names.",
        ),
        Code::NeedsDecision => (
            "Change that needs a decision",
            "A change was not made, because a value might come to mean something else.",
            "Decide, and correct the file, or accept the change with `--accept`.",
        ),
        Code::Advice => (
            "Advice",
            "There is something to know or to do that no tool can do.",
            "Do what the message says.",
        ),
        Code::DeprecatedOption => (
            "Option that will be gone",
            "The release still reads the option; a later one will not.",
            "Prepare for the release without it: the message says what takes its place.",
        ),
        Code::NotInstalled => (
            "Not installed in the release",
            "The release has no hardware type, interface or driver of this name: a service that is told of it does not start.",
            "Take the name out, and set over what uses it.",
        ),
        Code::UnreadByPlugin => (
            "Option that the plugin does not read",
            "The section chooses an authentication plugin that does not read this option, or chooses none.",
            "Take it out, or choose the plugin that reads it by auth_type.",
        ),
        Code::DefaultChanged => (
            "Other default",
            "An option that is not set has another default than in the release before.",
            "Set it to keep the old value.",
        ),
    }
}
