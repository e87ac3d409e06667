//! Masks passwords in everything that is shown.

mod document;
mod lines;
mod parts;
mod suggest;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};
use oslo_config::{Entry, OptName, ParsedFile, SourceFile};

use crate::history::KnownNames;
use crate::history::Service;
use crate::pack::{Pack, names_of};
use crate::rule::group_of;
use crate::schema::Schema;
use lines::is_end_of_base64;
use parts::without_parts;
use suggest::{Secrecy, spelling, suggests_secret};

/// The text shown in place of a secret.
const MASK: &str = "****";

/// Returns the known names of each service.
fn known_names() -> impl Iterator<Item = &'static KnownNames> {
    Service::all().map(Service::known_names)
}

/// Returns whether any service has this option as a secret; `None` when no service knows it.
fn known_as_secret(group: &str, name: &str) -> Option<bool> {
    // `true` is the greater of the two.
    known_names()
        .filter_map(|known| known.is_secret(group, name))
        .max()
}

/// The policy of what may be shown: everything, or everything but secrets.
///
/// Secrets are the values of options that are marked as secret, those of unknown options whose
/// names suggest it, and passwords in URLs, all of them in comments and placeholders too.
#[derive(Debug, Clone)]
pub struct Secrets<'p> {
    /// Whether options that the pack or a schema defines are secret, by group and name.
    defined: Arc<HashMap<&'p str, HashMap<&'p str, bool>>>,
    shown: bool,
}

impl<'p> Secrets<'p> {
    /// Creates a policy that masks secrets.
    #[must_use]
    pub fn hidden(pack: &'p Pack) -> Self {
        let mut defined: HashMap<&str, HashMap<&str, bool>> = HashMap::new();
        for opt in &pack.opts {
            for name in names_of(opt) {
                let names = defined.entry(name.group()).or_default();
                names.entry(name.name()).or_insert(opt.is_secret());
            }
        }
        Secrets {
            defined: Arc::new(defined),
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
    pub fn with_schemas(mut self, schemas: [Option<&'p Schema>; 2]) -> Self {
        let defined = Arc::make_mut(&mut self.defined);
        let opts = schemas.into_iter().flatten().flat_map(Schema::secret_opts);
        for name in opts.flat_map(names_of) {
            let names = defined.entry(name.group()).or_default();
            names.insert(name.name(), true);
        }
        self
    }

    /// Returns what is known about the value of an option.
    fn secrecy(&self, group: &str, name: &str) -> Secrecy {
        let declared = |is_secret: bool| match is_secret {
            true => Secrecy::Declared,
            false => Secrecy::Shown,
        };
        let of_group = self.defined.get(group);
        if let Some(is_secret) = of_group.and_then(|names| names.get(name)) {
            return declared(*is_secret || known_as_secret(group, name) == Some(true));
        }
        let name = spelling(name);
        // An option that is secret in another section may be in the wrong one here.
        let is_secret_somewhere = || known_names().any(|known| known.is_secret_somewhere(&name));
        if !suggests_secret(&name) && !is_secret_somewhere() {
            return Secrecy::Shown;
        }
        known_as_secret(group, &name).map_or(Secrecy::Suggested, declared)
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

    /// Returns the name of an entry, masked if needed.
    #[must_use]
    pub fn name(&self, entry: Entry<'_, '_>) -> OptName {
        let group = self.section(entry.group().as_ref());
        OptName::new(group, self.key(entry))
    }

    /// Returns the key of an entry, masked if needed: where the separator is missing, it holds the
    /// value, and a line of base64 is no key.
    #[must_use]
    pub fn key(&self, entry: Entry<'_, '_>) -> String {
        let (group, key) = (entry.group(), entry.key());
        let line = entry.section().document().line_text(entry.line());
        if !self.shown && line.is_some_and(|line| is_end_of_base64(line)) {
            return MASK.to_owned();
        }
        match self.name_in(&group.to_str_lossy(), key, usize::MAX) {
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
            path: file.path.to_path_buf(),
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

#[cfg(test)]
mod tests {
    use oslo_config::Document;

    use super::*;

    /// Returns a pack with a secret, two options that are none in it, and the service's names.
    fn pack() -> Pack {
        let option = |group, name, more| {
            format!("[[option]]\ngroup = \"{group}\"\nname = \"{name}\"\ntype = \"str\"\n{more}")
        };
        let options = [
            option("site", "pin", "secret = true\n"),
            option("site", "our_token", ""),
            option("DEFAULT", "rabbit_password", ""),
        ];
        let text = format!("name = \"site\"\nsummary = \"ours\"\n{}", options.concat());
        Pack::parse(&text, "site").unwrap()
    }

    fn schema(group: &str, name: &str) -> Schema {
        let option = serde_json::json!({"name": name, "secret": true});
        let schema = serde_json::json!({"options": {group: {"opts": [option]}}});
        Schema::parse(&schema.to_string(), "schema").unwrap()
    }

    #[test]
    fn values_are_masked_by_what_is_known_of_their_options() {
        let pack = pack();
        for (group, name, value, masked) in [
            // The pack says so, whatever the value is, or that it is none, whatever the name is.
            ("site", "pin", "1", "****"),
            ("site", "pin", "<None>", "<None>"),
            ("site", "our_token", "a", "a"),
            // A service says so, in this section or in another.
            ("DEFAULT", "rabbit_password", "a", "****"),
            ("database", "connection", "yes", "****"),
            ("database", "Connection", "a", "****"),
            ("databse", "connection", "a", "****"),
            ("databse", "connection", "yes", "yes"),
            ("security_compliance", "minimum_password_age", "5", "5"),
            // The name suggests it.
            ("x", "db-pass", "a", "****"),
            ("x", "use_token", "yes", "yes"),
            // A part of the value is one.
            ("x", "url", "http://u:p@h/", "http://u:****@h/"),
            ("x", "y", "z", "z"),
        ] {
            let hidden = Secrets::hidden(&pack).value(group, name, value);
            assert_eq!(hidden, masked, "{group}.{name}");
            assert_eq!(Secrets::shown(&pack).value(group, name, value), value);
        }
        assert!(Secrets::shown(&pack).are_shown());
        assert!(!Secrets::hidden(&pack).are_shown());
    }

    #[test]
    fn secrets_of_both_schemas_are_masked() {
        let pack = pack();
        let [old, new] = [schema("site", "our_token"), schema("x", "y")];
        let with = |schemas| {
            let secrets = Secrets::hidden(&pack).with_schemas(schemas);
            [("site", "our_token"), ("x", "y")].map(|(group, name)| secrets.hides(group, name))
        };
        assert_eq!(with([None, None]), [false, false]);
        assert_eq!(with([Some(&old), None]), [true, false]);
        assert_eq!(with([None, Some(&new)]), [false, true]);
        assert_eq!(with([Some(&old), Some(&new)]), [true, true]);
    }

    #[test]
    fn names_are_masked_where_they_hold_a_value() {
        let pack = pack();
        let secrets = Secrets::hidden(&pack);
        for (group, key, masked) in [
            ("site", "pin 1234", "pin ****"),
            ("site", "set \t pin 1234", "set \t pin ****"),
            ("site", "pin", "pin"),
            ("site", "my name", "my name"),
            ("x", "pin 1234", "pin 1234"),
        ] {
            let text = format!("[{group}]\n{key} = x\n");
            let document = Document::parse(text.as_bytes()).unwrap();
            let entry = document.entries().next().unwrap();
            assert_eq!(secrets.key(entry), masked);
            assert_eq!(secrets.name(entry), OptName::new(group, masked));
            assert_eq!(Secrets::shown(&pack).key(entry), key);
        }
        for (section, masked) in [
            ("pxe", "pxe"),
            ("x] db_pass = 1234", "x] db_pass = ****"),
            ("db_pass = 1234", "db_pass = ****"),
        ] {
            assert_eq!(secrets.section(BStr::new(section)), masked);
            let text = format!("[{section}]\nQ0FOQVJZLUNBTkFSWQ==\n");
            let document = Document::parse(text.as_bytes()).unwrap();
            let entry = document.entries().next().unwrap();
            assert_eq!(secrets.name(entry), OptName::new(masked, "****"));
            let shown = Secrets::shown(&pack).key(entry);
            assert_eq!(shown, "Q0FOQVJZLUNBTkFSWQ");
        }
        for (key, first) in [
            ("pin 1234", "pin …"),
            ("pin\t1234", "pin …"),
            ("pin", "pin"),
        ] {
            assert_eq!(first_word(BStr::new(key)), first);
        }
    }

    #[test]
    fn inputs_are_masked_option_by_option() {
        let pack = pack();
        let secrets = Secrets::hidden(&pack);
        let file = SourceFile {
            path: "a.conf".into(),
            text: b"[site]\npin = 1234\nname = x\n".to_vec(),
        };
        let parsed = file.parse().unwrap();
        let [masked] = secrets.files(&[parsed]).try_into().unwrap();
        assert_eq!(masked.path, file.path);
        assert_eq!(masked.text, b"[site]\npin = ****\nname = x\n");
        let parsed = file.parse().unwrap();
        let values = parsed.document.entries();
        let values = values.map(|entry| secrets.in_entry(entry, &entry.value()));
        assert_eq!(values.collect::<Vec<_>>(), ["****", "x"]);

        let variables = [
            ("OS_SITE__PIN", "1234"),
            ("OS_DEFAULT__RABBIT_PASSWORD", "1234"),
            ("OS_PXE__HTTP_ROOT", "/x"),
            ("OS_PASSWORD", "no option"),
            ("HOME", "/"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let masked = secrets.environment(variables.into());
        let mut masked: Vec<_> = masked.iter().map(|(n, v)| format!("{n}={v}")).collect();
        masked.sort();
        assert_eq!(
            masked,
            [
                "HOME=/",
                "OS_DEFAULT__RABBIT_PASSWORD=****",
                "OS_PASSWORD=no option",
                "OS_PXE__HTTP_ROOT=/x",
                "OS_SITE__PIN=****",
            ]
        );
    }
}
