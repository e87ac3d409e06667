//! Names that are known without any rule: every option that ironic.conf ever had.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::pack::Pack;

/// Made by `data/generate.py`: one line for each name, `group name flags`.
const IRONIC: &str = include_str!("../data/ironic-options.txt");

/// The names that a service knows, besides those of the rules.
#[derive(Debug, Default)]
pub struct KnownNames {
    options: HashMap<(&'static str, &'static str), Traits>,
    groups: BTreeSet<&'static str>,
    secrets: HashSet<&'static str>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Traits {
    multi: bool,
    secret: bool,
}

impl KnownNames {
    /// The names that the service of a pack knows; none when the service is not one of those that
    /// are listed here.
    #[must_use]
    pub fn of(pack: &Pack) -> &'static Self {
        static NONE: OnceLock<KnownNames> = OnceLock::new();
        match pack.project.as_deref() {
            Some("ironic") => KnownNames::ironic(),
            _ => NONE.get_or_init(KnownNames::default),
        }
    }

    /// The names that Ironic knows.
    #[must_use]
    pub fn ironic() -> &'static Self {
        static IRONIC_NAMES: OnceLock<KnownNames> = OnceLock::new();
        IRONIC_NAMES.get_or_init(|| KnownNames::read(IRONIC))
    }

    fn read(text: &'static str) -> Self {
        let mut known = KnownNames::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(' ');
            let (Some(group), Some(name)) = (fields.next(), fields.next()) else {
                continue;
            };
            let flags = fields.next().unwrap_or_default();
            let traits = Traits {
                multi: flags.contains('m'),
                secret: flags.contains('s'),
            };
            known.options.insert((group, name), traits);
            if traits.secret {
                known.secrets.insert(name);
            }
            if group != "*" {
                known.groups.insert(group);
            }
        }
        known
    }

    /// Tells whether no names are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options.is_empty()
    }

    /// Tells whether the service ever had this option.
    #[must_use]
    pub fn has(&self, group: &str, name: &str) -> bool {
        self.options.contains_key(&(group, name))
    }

    /// Tells whether it is an option of an authentication plugin, valid in any section.
    #[must_use]
    pub fn has_anywhere(&self, name: &str) -> bool {
        self.options.contains_key(&("*", name))
    }

    /// Tells whether each time the option is set adds a value.
    #[must_use]
    pub fn is_multi(&self, group: &str, name: &str) -> bool {
        self.options
            .get(&(group, name))
            .is_some_and(|traits| traits.multi)
    }

    /// Tells whether the option's value must not be shown; `None` when it is not known.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> Option<bool> {
        let traits = self
            .options
            .get(&(group, name))
            .or_else(|| self.options.get(&("*", name)))?;
        Some(traits.secret)
    }

    /// Tells whether an option of this name, in any group, has a value that must not be shown.
    #[must_use]
    pub fn is_secret_somewhere(&self, name: &str) -> bool {
        self.secrets.contains(name)
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().copied()
    }

    /// The options of a group.
    pub fn names_in(&self, group: &str) -> impl Iterator<Item = &'static str> {
        self.options
            .keys()
            .filter(move |(known, _)| *known == group)
            .map(|(_, name)| *name)
    }
}
