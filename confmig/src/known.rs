//! Names that are known without any rule: every option that a service ever had.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};

use crate::pack::Pack;
use crate::release::{NameInAnyRelease, Service};

/// The names that a service knows, besides those of the rules.
#[derive(Debug, Default)]
pub struct KnownNames {
    service: Option<Service>,
    /// The options of authentication plugins, and which of them are secret.
    of_plugins: OnceLock<HashMap<&'static str, bool>>,
    secrets: OnceLock<HashSet<&'static str>>,
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

    pub(crate) fn new(service: Service) -> Self {
        KnownNames {
            service: Some(service),
            ..KnownNames::default()
        }
    }

    fn find(&self, group: &str, name: &str) -> Option<NameInAnyRelease> {
        self.service?.name_in_any_release(group, name)
    }

    fn of_plugins(&self) -> &HashMap<&'static str, bool> {
        self.of_plugins.get_or_init(|| {
            let mut known = HashMap::default();
            for option in self.service.into_iter().flat_map(Service::plugin_options) {
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
        self.find(group, name).is_some()
    }

    /// Tells whether it is an option of an authentication plugin, valid in any section.
    #[must_use]
    pub fn has_anywhere(&self, name: &str) -> bool {
        self.of_plugins().contains_key(name)
    }

    /// Tells whether each time the option is set adds a value. A former name does where an option does that
    /// reads it.
    #[must_use]
    pub fn is_multi(&self, group: &str, name: &str) -> bool {
        self.any_reader(group, name, &|found| found.is_multi) == Some(true)
    }

    /// Tells whether the option's value must not be shown; `None` when it is not known. A former name's must
    /// not where that of an option must not that reads it.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> Option<bool> {
        self.any_reader(group, name, &|found| found.is_secret)
            .or_else(|| self.of_plugins().get(name).copied())
    }

    /// Tells whether something is so of a name, or of an option that reads it, along chains of renames as well;
    /// `None` when the name is not known.
    fn any_reader(
        &self,
        group: &str,
        name: &str,
        is: &dyn Fn(&NameInAnyRelease) -> bool,
    ) -> Option<bool> {
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
                let readers = found.readers();
                open.extend(readers.filter(|reader| seen.insert(*reader)));
            }
            next = open.pop();
        }
        is_known
    }

    /// Tells whether an option of this name, in any group, has a value that must not be shown.
    #[must_use]
    pub fn is_secret_somewhere(&self, name: &str) -> bool {
        let secrets = self.secrets.get_or_init(|| {
            let secret = self.service.into_iter().flat_map(Service::secret_names);
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
        self.service.is_some_and(|service| service.has_group(group))
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let names = self
            .service
            .into_iter()
            .flat_map(Service::names_in_any_release);
        let groups: BTreeSet<&str> = names.map(|(group, _)| group).collect();
        groups.into_iter()
    }

    /// The options of a group, sorted.
    pub fn names_in<'k>(&'k self, group: &str) -> impl Iterator<Item = &'k str> + use<'k> {
        let names = self.service.map(|service| service.names_in(group));
        names.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whichever_release_had_them() {
        let known = KnownNames::ironic();
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
    fn former_names_are_as_secret_as_what_reads_them() {
        let known = KnownNames::ironic();
        assert_eq!(known.is_secret("DEFAULT", "sql_connection"), Some(true));
        assert_eq!(known.is_secret("snmp", "read_community"), None);
        assert_eq!(known.is_secret("any", "password"), Some(true));
        assert_eq!(known.is_secret("pxe", "tftp_root"), Some(false));
        assert!(known.is_secret_somewhere("connection") && known.is_secret_somewhere("password"));
    }
}
