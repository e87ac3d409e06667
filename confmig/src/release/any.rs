//! What a name was in any release: what is known of it whichever release wrote a file.

use std::collections::BTreeSet;

use foldhash::HashSet;

use super::Service;
use super::auth::{PluginOption, plugin_options};
use super::facts::{self, Key, Reader};

/// What the names of secrets end with. Release after release forgot to mark some (SNMP communities, the
/// key's password of the Kafka driver, the URL of the profiler's store).
const SECRET_ENDINGS: [&str; 7] = [
    "password",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "community",
    "connection_string",
];

/// How a definition marks a secret.
const MARK: &str = "\"secret\":true";

/// Tells whether a name ends as those of secrets do.
pub(super) fn names_secret(name: &str) -> bool {
    let mut endings = SECRET_ENDINGS.iter();
    endings.any(|ending| {
        let rest = name.strip_suffix(ending);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']))
    })
}

/// What a name was in any release.
pub(crate) struct NameInAnyRelease {
    pub(crate) is_multi: bool,
    /// It is marked as secret, or is a text and named like one.
    pub(crate) is_secret: bool,
    readers: &'static [Reader],
}

impl NameInAnyRelease {
    /// The options that read it as a former name.
    pub(crate) fn readers(&self) -> impl Iterator<Item = Key> + use<> {
        self.readers.iter().map(|reader| reader.option)
    }
}

/// Tells whether a definition, in JSON, is of a type. Reading the JSON would take ten times as long.
fn is_kind(json: &str, kind: &str) -> bool {
    let rest = json.strip_suffix("\"}");
    let rest = rest.and_then(|json| json.strip_suffix(kind));
    rest.is_some_and(|rest| rest.ends_with("\"type\":\""))
}

/// Tells whether the value of an option with this definition must not be shown.
fn is_secret(name: &str, json: &str) -> bool {
    let is_text = || {
        let kinds = ["str", "uri", "list", "dict", "multistr"];
        kinds.iter().any(|kind| is_kind(json, kind))
    };
    json.contains(MARK) || names_secret(name) && is_text()
}

impl Service {
    /// Finds what a name was; `None` when it never was any.
    pub(crate) fn name_in_any_release(self, group: &str, name: &str) -> Option<NameInAnyRelease> {
        let mut found = NameInAnyRelease {
            is_multi: false,
            is_secret: false,
            readers: facts::readers(self, group, name),
        };
        let mut is_known = !found.readers.is_empty();
        for fact in facts::texts_of(self, group, name) {
            is_known = true;
            found.is_multi |= is_kind(fact, "multistr");
            found.is_secret |= is_secret(name, fact);
        }
        is_known.then_some(found)
    }

    /// The names, in whatever group, of options whose value must not be shown, and those that such options
    /// read as former ones.
    pub(crate) fn secret_names(self) -> HashSet<&'static str> {
        let parts = [MARK].into_iter().chain(SECRET_ENDINGS);
        let lines = parts.flat_map(|part| facts::lines_with(self, part));
        let secret = lines.filter(|((_, name), json)| is_secret(name, json));
        let mut secret: HashSet<Key> = secret.map(|(key, _)| key).collect();
        loop {
            let known = secret.len();
            let readers = self.readers().iter();
            let former = readers.filter(|reader| secret.contains(&reader.option));
            let former: Vec<Key> = former.map(|reader| reader.former).collect();
            secret.extend(former);
            if secret.len() == known {
                return secret.into_iter().map(|(_, name)| name).collect();
            }
        }
    }

    /// Every name that any release knew, sorted.
    pub(crate) fn names_in_any_release(self) -> BTreeSet<Key> {
        facts::all_names(self)
    }

    /// Tells whether any release knew a name of a group.
    pub(crate) fn has_group(self, group: &str) -> bool {
        let readers = self.readers();
        let first = readers.partition_point(|reader| reader.former.0 < group);
        let has_former = || {
            readers
                .get(first)
                .is_some_and(|reader| reader.former.0 == group)
        };
        facts::names_in(self, group).next().is_some() || has_former()
    }

    /// The names of a group that any release knew, sorted.
    pub(crate) fn names_in(self, group: &str) -> BTreeSet<&'static str> {
        let former = self.readers().iter().map(|reader| reader.former);
        let former = former.filter(|former| former.0 == group);
        let own = facts::names_in(self, group);
        own.chain(former.map(|former| former.1)).collect()
    }

    /// The options of authentication plugins in any release.
    pub(crate) fn plugin_options(self) -> impl Iterator<Item = PluginOption> {
        plugin_options(self)
    }
}
