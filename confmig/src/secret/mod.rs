//! Masks passwords in everything that is shown.

mod document;
mod lines;

use std::borrow::Cow;
use std::collections::HashMap;

use bstr::{BStr, ByteSlice};
use oslo_config::{Entry, ParsedFile, SourceFile};

use crate::history::KnownNames;
use crate::history::Service;
use crate::pack::{Pack, is_named};
use crate::rule::group_of;
use crate::schema::Schema;

/// The text shown in place of a secret.
const MASK: &str = "****";

/// Parts of names that suggest a secret, for options that no pack, release or schema describes.
const SUGGESTIVE: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "private_key",
    "api_key",
];

/// Returns the known names of each service.
fn known_names() -> impl Iterator<Item = &'static KnownNames> {
    Service::all().map(Service::known_names)
}

/// Returns whether any service has this option as a secret; `None` when no service knows it.
fn known_as_secret(group: &str, name: &str) -> Option<bool> {
    known_names()
        .filter_map(|known| known.is_secret(group, name))
        .reduce(|one, other| one || other)
}

/// The policy of what may be shown: everything, or everything but secrets.
///
/// Secrets are the values of options that are marked as secret, those of unknown options whose
/// names suggest it, and passwords in URLs, all of them in comments and placeholders too.
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'p> {
    pack: &'p Pack,
    schemas: [Option<&'p Schema>; 2],
    shown: bool,
}

impl<'p> Secrets<'p> {
    /// Creates a policy that masks secrets.
    #[must_use]
    pub fn hidden(pack: &'p Pack) -> Self {
        Secrets {
            pack,
            schemas: [None, None],
            shown: false,
        }
    }

    /// Creates a policy that shows everything.
    #[must_use]
    pub fn shown(pack: &'p Pack) -> Self {
        Secrets {
            shown: true,
            ..Secrets::hidden(pack)
        }
    }

    /// Returns whether secrets are shown.
    pub(crate) fn are_shown(&self) -> bool {
        self.shown
    }

    /// Also masks what one of these schemas marks as secret: under former names, and of options
    /// that only the older release has.
    #[must_use]
    pub fn with_schemas(self, schemas: [Option<&'p Schema>; 2]) -> Self {
        Secrets { schemas, ..self }
    }

    /// Returns whether the whole value of an option is secret.
    fn is_secret(&self, group: &str, name: &str) -> bool {
        let mut schemas = self.schemas.iter().flatten();
        if schemas.any(|schema| schema.is_secret(group, name)) {
            return true;
        }
        if let Some(opt) = self.pack.opts.iter().find(|opt| is_named(opt, group, name)) {
            return opt.is_secret() || known_as_secret(group, name) == Some(true);
        }
        let name = name.replace('-', "_").to_lowercase();
        known_as_secret(group, &name).unwrap_or_else(|| {
            // The option may be in the wrong section.
            known_names().any(|known| known.is_secret_somewhere(&name))
                || SUGGESTIVE.iter().any(|part| name.contains(part))
        })
    }

    /// Returns whether the whole value of an option is masked.
    #[must_use]
    pub fn hides(&self, group: &str, name: &str) -> bool {
        !self.shown && self.is_secret(group, name)
    }

    /// Returns a value, masked if needed.
    #[must_use]
    pub fn value<'t>(&self, group: &str, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.shown || value.is_empty() {
            Cow::Borrowed(value)
        } else if self.is_secret(group, name) {
            Cow::Borrowed(MASK)
        } else {
            match without_credentials(value.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(value),
                Cow::Owned(masked) => Cow::Owned(masked.to_str_lossy().into_owned()),
            }
        }
    }

    /// Returns an entry's value, or a part of it, masked if needed.
    #[must_use]
    pub fn in_entry(&self, entry: Entry<'_, '_>, text: &[u8]) -> String {
        let (group, text) = (entry.group(), text.to_str_lossy());
        self.value(&group.to_str_lossy(), &entry.key().to_str_lossy(), &text)
            .into_owned()
    }

    /// Returns files with the same sections, keys and lines, but masked values.
    #[must_use]
    pub fn files(&self, files: &[ParsedFile<'_>]) -> Vec<SourceFile> {
        let masked = |file: &ParsedFile<'_>| SourceFile {
            path: file.path.to_owned(),
            text: self.document(&file.document),
        };
        files.iter().map(masked).collect()
    }

    /// Returns environment variables with masked values.
    #[must_use]
    pub fn environment(&self, variables: HashMap<String, String>) -> HashMap<String, String> {
        let masked = |(variable, value): (String, String)| {
            let option = variable
                .strip_prefix("OS_")
                .and_then(|option| option.split_once("__"));
            let Some((group, name)) = option else {
                return (variable, value);
            };
            let value = self
                .value(&group_of(group), &name.to_lowercase(), &value)
                .into_owned();
            (variable, value)
        };
        variables.into_iter().map(masked).collect()
    }

    /// Returns a section's name, masked if needed: a name that continues past a closing bracket may
    /// contain an assignment.
    #[must_use]
    pub fn section(&self, name: &BStr) -> String {
        let header = [b"[", name.as_bytes(), b"]"].concat();
        let shown = self.lines(&header).concat();
        let shown = shown.to_str_lossy();
        let name = shown.strip_prefix('[').unwrap_or(&shown);
        name.strip_suffix(']').unwrap_or(name).to_owned()
    }
}

/// Masks the password in each `scheme://user:password@`. The password extends to the last `@` of
/// the word, since it may contain any character, and a URL may name several hosts.
#[must_use]
pub fn without_credentials(text: &[u8]) -> Cow<'_, [u8]> {
    let mut output: Vec<u8> = Vec::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at + 3) {
        let end = text[at..]
            .find_byteset(b" \t\r\n\"'<>")
            .map_or(text.len(), |end| at + end);
        from = at;
        let Some(host) = text[at..end].rfind_byte(b'@').map(|host| at + host) else {
            continue;
        };
        if let Some(colon) = text[at..host].find_byte(b':').map(|colon| at + colon + 1) {
            output.extend_from_slice(&text[kept..colon]);
            output.extend_from_slice(MASK.as_bytes());
            kept = host;
        }
        from = host;
    }
    if output.is_empty() {
        return Cow::Borrowed(text);
    }
    output.extend_from_slice(&text[kept..]);
    Cow::Owned(output)
}
