//! Masks passwords in everything that is shown.

mod document;
mod lines;
mod parts;
mod suggest;

use std::borrow::Cow;
use std::collections::HashMap;

use bstr::{BStr, ByteSlice};
use oslo_config::{Entry, OptName, ParsedFile, SourceFile};

use crate::history::KnownNames;
use crate::history::Service;
use crate::pack::{Pack, is_named};
use crate::rule::group_of;
use crate::schema::Schema;
use parts::without_parts;
use suggest::{Secrecy, suggests_secret};

/// The text shown in place of a secret.
const MASK: &str = "****";

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

    /// Returns what is known about the value of an option.
    fn secrecy(&self, group: &str, name: &str) -> Secrecy {
        let mut schemas = self.schemas.iter().flatten();
        if schemas.any(|schema| schema.is_secret(group, name)) {
            return Secrecy::Declared;
        }
        let declared = |is_secret: bool| match is_secret {
            true => Secrecy::Declared,
            false => Secrecy::Shown,
        };
        if let Some(opt) = self.pack.opts.iter().find(|opt| is_named(opt, group, name)) {
            return declared(opt.is_secret() || known_as_secret(group, name) == Some(true));
        }
        let name = name.replace('-', "_").to_lowercase();
        if let Some(is_secret) = known_as_secret(group, &name) {
            return declared(is_secret);
        }
        // The option may be in the wrong section.
        let is_secret_somewhere = known_names().any(|known| known.is_secret_somewhere(&name));
        match is_secret_somewhere || suggests_secret(&name) {
            true => Secrecy::Suggested,
            false => Secrecy::Shown,
        }
    }

    /// Returns whether the values of an option are masked.
    #[must_use]
    pub fn hides(&self, group: &str, name: &str) -> bool {
        !self.shown && self.secrecy(group, name) != Secrecy::Shown
    }

    /// Returns a value, masked if needed.
    #[must_use]
    pub fn value<'t>(&self, group: &str, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.shown {
            Cow::Borrowed(value)
        } else if self.secrecy(group, name).masks(value.as_bytes()) {
            Cow::Borrowed(MASK)
        } else {
            match without_parts(value.as_bytes(), 0) {
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

    /// Returns the name of an entry, masked if needed: where the separator is missing, the key
    /// holds the value.
    #[must_use]
    pub fn name(&self, name: &OptName) -> OptName {
        let group = self.section(BStr::new(name.group()));
        let key = self.key(name.group(), name.name().as_bytes());
        OptName::new(group, key)
    }

    /// Returns the key of an entry, masked if needed.
    #[must_use]
    pub fn key(&self, group: &str, key: &[u8]) -> String {
        match self.name_in(group, key, usize::MAX) {
            Some(end) => format!("{} {MASK}", key[..end].to_str_lossy()),
            None => key.to_str_lossy().into_owned(),
        }
    }

    /// Returns where the first name of a secret option ends among the first `words` words of a
    /// text; `None` if there is none, or nothing follows it.
    fn name_in(&self, group: &str, text: &[u8], words: usize) -> Option<usize> {
        let text = text.trim_end();
        let mut start = 0;
        for end in memchr::memchr2_iter(b' ', b'\t', text).take(words) {
            let word = &text[start..end];
            start = end + 1;
            if !word.is_empty() && self.hides(group, &word.to_str_lossy()) {
                return Some(end);
            }
        }
        None
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

/// Returns a key up to its first blank. Where a separator is missing, what follows may be a secret.
pub(crate) fn first_word(key: &BStr) -> Cow<'_, str> {
    match key.find_byteset(b" \t") {
        Some(end) => Cow::Owned(format!("{} …", key[..end].to_str_lossy())),
        None => key.to_str_lossy(),
    }
}
