//! Names that are known without any rule: every option that a service ever had.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use foldhash::HashSet;

use crate::pack::Pack;
use crate::release::{NameInAnyRelease, Service};

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

/// The names that a service knows, besides those of the rules.
#[derive(Debug, Default)]
pub struct KnownNames {
    /// Sorted; the group `*` has the options of authentication plugins.
    names: Vec<Known>,
    secrets: OnceLock<HashSet<&'static str>>,
}

/// A name, and what is special about it in any release.
#[derive(Debug, Clone, Copy)]
struct Known {
    group: &'static str,
    name: &'static str,
    is_multi: bool,
    is_secret: bool,
}

/// Tells whether a name ends as those of secrets do.
fn names_secret(name: &str) -> bool {
    let mut endings = SECRET_ENDINGS.iter();
    endings.any(|ending| {
        let rest = name.strip_suffix(ending);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']))
    })
}

impl KnownNames {
    /// The names that the service of a pack knows; none when the service is not one of those that
    /// are listed here.
    #[must_use]
    pub fn of(pack: &Pack) -> &'static Self {
        static NONE: OnceLock<KnownNames> = OnceLock::new();
        let service = pack.project.as_deref().and_then(Service::find);
        match service {
            Some(service) => service.known_names(),
            None => NONE.get_or_init(KnownNames::default),
        }
    }

    /// The names that Ironic knows.
    #[must_use]
    pub fn ironic() -> &'static Self {
        Service::IRONIC.known_names()
    }

    /// Former names are multi-valued and secret where an option is that reads them, along chains of renames
    /// as well.
    pub(crate) fn new(names: &[NameInAnyRelease]) -> Self {
        let mut known: BTreeMap<(&str, &str), Known> = BTreeMap::new();
        for found in names {
            let (group, name) = found.key;
            let is_secret = found.is_secret || found.is_text && names_secret(name);
            let known = known.entry(found.key).or_insert(Known {
                group,
                name,
                is_multi: false,
                is_secret: false,
            });
            known.is_multi |= found.is_multi;
            known.is_secret |= is_secret;
        }
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for found in names {
                let readers = found.readers.iter().filter_map(|reader| known.get(reader));
                let readers: Vec<Known> = readers.copied().collect();
                if let Some(known) = known.get_mut(&found.key) {
                    let before = (known.is_multi, known.is_secret);
                    known.is_multi |= readers.iter().any(|reader| reader.is_multi);
                    known.is_secret |= readers.iter().any(|reader| reader.is_secret);
                    changed |= before != (known.is_multi, known.is_secret);
                }
            }
        }
        KnownNames {
            names: known.into_values().collect(),
            secrets: OnceLock::new(),
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<&Known> {
        let wanted = (group, name);
        let at = self
            .names
            .partition_point(|known| (known.group, known.name) < wanted);
        let found = self.names.get(at)?;
        ((found.group, found.name) == wanted).then_some(found)
    }

    /// Tells whether no names are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Tells whether the service ever had this option.
    #[must_use]
    pub fn has(&self, group: &str, name: &str) -> bool {
        self.find(group, name).is_some()
    }

    /// Tells whether it is an option of an authentication plugin, valid in any section.
    #[must_use]
    pub fn has_anywhere(&self, name: &str) -> bool {
        self.find("*", name).is_some()
    }

    /// Tells whether each time the option is set adds a value.
    #[must_use]
    pub fn is_multi(&self, group: &str, name: &str) -> bool {
        self.find(group, name).is_some_and(|known| known.is_multi)
    }

    /// Tells whether the option's value must not be shown; `None` when it is not known.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> Option<bool> {
        self.find(group, name)
            .or_else(|| self.find("*", name))
            .map(|known| known.is_secret)
    }

    /// Tells whether an option of this name, in any group, has a value that must not be shown.
    #[must_use]
    pub fn is_secret_somewhere(&self, name: &str) -> bool {
        let secret = || self.names.iter().filter(|known| known.is_secret);
        self.secrets
            .get_or_init(|| secret().map(|known| known.name).collect())
            .contains(name)
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let mut last = "*";
        let groups = self.names.iter().map(|known| known.group);
        groups.filter(move |group| std::mem::replace(&mut last, group) != *group)
    }

    /// The options of a group.
    pub fn names_in<'k>(&'k self, group: &str) -> impl Iterator<Item = &'k str> {
        let first = self.names.partition_point(|known| known.group < group);
        let names = self.names[first..].iter();
        names
            .take_while(move |known| known.group == group)
            .map(|known| known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_and_found() {
        let known = KnownNames::ironic();
        let names: Vec<_> = known
            .names
            .iter()
            .map(|known| (known.group, known.name))
            .collect();
        assert!(names.is_sorted());
        assert!(names.iter().all(|(group, name)| known.has(group, name)));
        assert!(!known.has("pxe", "no_such_option") && !known.groups().any(|group| group == "*"));
    }
}
