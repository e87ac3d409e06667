//! Every name that a service ever had, whichever release had it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};

use super::definition::{self, SECRET_MARK, is_named_like_a_secret};
use super::facts::{self, Key, Reader};
use super::installed::plugin_options;
use super::names::look_up;
use super::series::ReleaseRange;
use super::service::{PerService, Service};
use crate::pack::Pack;

/// The names that a service ever had.
#[derive(Debug, Default)]
pub struct KnownNames {
    service: Option<Service>,
    /// The names of authentication plugins' options, and whether each is secret.
    of_plugins: OnceLock<HashMap<&'static str, bool>>,
    secrets: OnceLock<HashSet<&'static str>>,
    groups: OnceLock<BTreeSet<&'static str>>,
}

impl KnownNames {
    /// Returns the names of a pack's service; none when the service's history is not known.
    #[must_use]
    pub fn of(pack: &Pack) -> &'static Self {
        static NONE: OnceLock<KnownNames> = OnceLock::new();
        let service = pack.project.as_deref().and_then(Service::find);
        match service {
            Some(service) => service.known_names(),
            None => NONE.get_or_init(KnownNames::default),
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<FoundName> {
        find(self.service?, group, name)
    }

    fn of_plugins(&self) -> &HashMap<&'static str, bool> {
        self.of_plugins.get_or_init(|| {
            let mut known = HashMap::default();
            for option in self.service.into_iter().flat_map(plugin_options) {
                for name in option.former().chain([option.name]) {
                    *known.entry(name).or_default() |= option.is_secret;
                }
            }
            known
        })
    }

    /// Tells whether no names are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.service.is_none()
    }

    /// Tells whether the service ever had this option.
    #[must_use]
    pub fn has(&self, group: &str, name: &str) -> bool {
        self.service.is_some_and(|service| {
            let has_facts = || facts::texts_of(service, group, name).next().is_some();
            !facts::readers(service, group, name).is_empty() || has_facts()
        })
    }

    /// Tells whether one of some releases reads this name, as an option or as a former name.
    pub(crate) fn has_in(&self, releases: ReleaseRange, group: &str, name: &str) -> bool {
        let of_service = self.service.into_iter();
        let mut of_name = of_service.flat_map(|service| look_up(service, group, name));
        let mut releases = releases.from.through(releases.to);
        of_name.any(|of_name| releases.any(|series| of_name.is_read(series)))
    }

    /// Tells whether an authentication plugin has this option, which is valid in any section.
    #[must_use]
    pub fn has_anywhere(&self, name: &str) -> bool {
        self.of_plugins().contains_key(name)
    }

    /// Tells whether the option, or one that reads the name as a former name, is multi-valued.
    #[must_use]
    pub fn is_multi(&self, group: &str, name: &str) -> bool {
        self.any_reader(group, name, &|found| found.is_multi) == Some(true)
    }

    /// Tells whether the value of the option, or of one that reads the name as a former name, must
    /// not be shown; `None` when the name is not known.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> Option<bool> {
        self.any_reader(group, name, &|found| found.is_secret)
            .or_else(|| self.of_plugins().get(name).copied())
    }

    /// Tells whether something is true of a name or of an option that reads it, directly or by a
    /// chain of former names; `None` when the name is not known.
    fn any_reader(&self, group: &str, name: &str, is: &dyn Fn(&FoundName) -> bool) -> Option<bool> {
        let mut is_known = None;
        let mut seen = BTreeSet::new();
        let mut open: Vec<(&'static str, &'static str)> = Vec::new();
        let mut next = Some((group, name));
        while let Some((group, name)) = next {
            if let Some(found) = self.find(group, name) {
                if is(&found) {
                    return Some(true);
                }
                is_known = Some(false);
                let readers = found.readers.iter().map(|reader| reader.option);
                open.extend(readers.filter(|reader| seen.insert(*reader)));
            }
            next = open.pop();
        }
        is_known
    }

    /// Tells whether the value of an option with this name, in any group, must not be shown: for a
    /// name that is not like those of secrets itself.
    #[must_use]
    pub fn is_secret_somewhere(&self, name: &str) -> bool {
        let secrets = self.secrets.get_or_init(|| {
            let secret = self.service.into_iter().flat_map(secret_names);
            let of_plugins = self
                .of_plugins()
                .iter()
                .filter(|(_, is_secret)| **is_secret);
            secret.chain(of_plugins.map(|(name, _)| *name)).collect()
        });
        secrets.contains(name)
    }

    /// Tells whether the service ever had an option in this group.
    #[must_use]
    pub fn has_group(&self, group: &str) -> bool {
        self.all_groups().contains(group)
    }

    /// Returns the groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.all_groups().iter().copied()
    }

    fn all_groups(&self) -> &BTreeSet<&'static str> {
        self.groups.get_or_init(|| {
            let services = self.service.into_iter();
            let of_service = services.flat_map(|service| {
                let former = facts::all_readers(service).iter();
                facts::groups(service).chain(former.map(|reader| reader.former.0))
            });
            of_service.collect()
        })
    }

    /// Returns the names of a group, sorted.
    pub fn names_in<'k>(&'k self, group: &str) -> impl Iterator<Item = &'k str> + use<'k> {
        let names = self.service.map(|service| {
            let former = facts::all_readers(service).iter();
            let former = former.filter(|reader| reader.former.0 == group);
            let former = former.map(|reader| reader.former.1);
            let own = facts::names_in(service, group);
            own.chain(former).collect::<BTreeSet<&str>>()
        });
        names.into_iter().flatten()
    }
}

/// Tells whether an authentication plugin has this option. The plugins are keystoneauth's, so the
/// facts of any service tell.
pub(crate) fn is_plugin_option(name: &str) -> bool {
    let mut services = Service::all().map(Service::known_names);
    services.any(|known| known.has_anywhere(name))
}

impl Service {
    /// Returns the names that the service ever had.
    pub(crate) fn known_names(self) -> &'static KnownNames {
        static NAMES: PerService<KnownNames> = PerService::new();
        NAMES.get(self, |service| KnownNames {
            service: Some(service),
            ..KnownNames::default()
        })
    }
}

/// What is known about a name over all releases.
struct FoundName {
    is_multi: bool,
    /// A definition is marked as secret, or is of a text and named like one.
    is_secret: bool,
    /// The options that read it as a former name.
    readers: &'static [Reader],
}

/// Looks up a name in all releases; `None` when no release knows it.
fn find(service: Service, group: &str, name: &str) -> Option<FoundName> {
    let mut found = FoundName {
        is_multi: false,
        is_secret: false,
        readers: facts::readers(service, group, name),
    };
    let mut is_known = !found.readers.is_empty();
    for json in facts::texts_of(service, group, name) {
        is_known = true;
        found.is_multi |= definition::has_kind(json, "multistr");
        found.is_secret |= definition::is_secret(name, json);
    }
    is_known.then_some(found)
}

/// Returns the names, without their groups, of the options that are marked as secret, of those that
/// are named like a secret and have former names, and of their former names.
fn secret_names(service: Service) -> HashSet<&'static str> {
    let marked = facts::names_with(service, SECRET_MARK);
    let read = facts::all_readers(service)
        .iter()
        .map(|reader| reader.option);
    let is_secret = |(group, name): &Key| {
        is_named_like_a_secret(name) && find(service, group, name).is_some_and(|it| it.is_secret)
    };
    let mut secret: HashSet<Key> = marked.chain(read.filter(is_secret)).collect();
    loop {
        let known = secret.len();
        let readers = facts::all_readers(service).iter();
        let former = readers.filter(|reader| secret.contains(&reader.option));
        let former: Vec<Key> = former.map(|reader| reader.former).collect();
        secret.extend(former);
        if secret.len() == known {
            return secret.into_iter().map(|(_, name)| name).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whichever_release_had_them() {
        let known = Service::IRONIC.known_names();
        // A former name, an option, a name between two releases, and one that never was.
        for name in ["sql_connection", "enabled_drivers", "log-config"] {
            assert!(known.has("DEFAULT", name), "{name}");
        }
        assert!(known.has("local_rpc", "temp_dir") && !known.has("pxe", "no_such_option"));
        assert!(known.has_anywhere("auth_url") && !known.has("*", "auth_url"));
        assert!(known.groups().eq(known.groups().collect::<BTreeSet<_>>()));
        assert!(known.names_in("database").any(|name| name == "connection"));
    }

    #[test]
    fn former_names_are_as_secret_as_their_readers() {
        let known = Service::IRONIC.known_names();
        assert_eq!(known.is_secret("DEFAULT", "sql_connection"), Some(true));
        assert_eq!(known.is_secret("snmp", "read_community"), None);
        assert_eq!(known.is_secret("any", "password"), Some(true));
        assert_eq!(known.is_secret("pxe", "tftp_root"), Some(false));
        assert!(known.is_secret_somewhere("connection") && known.is_secret_somewhere("password"));
    }

    #[test]
    fn what_is_secret_in_a_group_is_secret_somewhere() {
        for service in Service::all() {
            let known = service.known_names();
            let is_secret = |(group, name): Key| known.is_secret(group, name) == Some(true);
            let names = facts::all_names(service);
            let secret = names.into_iter().filter(|key| is_secret(*key));
            let others = secret.filter(|(_, name)| !is_named_like_a_secret(name));
            let mut count = 0;
            for (group, name) in others {
                count += 1;
                assert!(known.is_secret_somewhere(name), "[{group}] {name}");
            }
            assert!(count > 0);
        }
    }
}
