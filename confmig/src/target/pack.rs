//! A pack of names as a target.

use std::borrow::Cow;
use std::collections::BTreeSet;

use foldhash::HashMap;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType};

use super::{Standing, Target};
use crate::known::KnownNames;
use crate::pack::{Pack, Removed};
use crate::release::Service;

/// A pack of names. One of Ironic's project knows every name that Ironic ever had; another one cannot
/// tell of any but its own.
#[derive(Debug)]
pub struct PackTarget {
    pub(super) pack: Pack,
    known: &'static KnownNames,
    /// The places of its options by their names.
    current: HashMap<OptName, usize>,
    /// The places of the options that read a former name.
    former: HashMap<OptName, Vec<usize>>,
    /// The places of what is removed.
    removed: HashMap<OptName, usize>,
}

impl PackTarget {
    /// Makes a target of a pack.
    #[must_use]
    pub fn new(pack: Pack) -> Self {
        let mut former: HashMap<OptName, Vec<usize>> = HashMap::default();
        for (at, opt) in pack.opts.iter().enumerate() {
            for name in opt.deprecated() {
                former.entry(name.clone()).or_default().push(at);
            }
        }
        let current = pack.opts.iter().map(|opt| opt.name().clone());
        let removed = pack.removed.iter().map(|removed| removed.name.clone());
        PackTarget {
            known: KnownNames::of(&pack),
            current: current.zip(0..).collect(),
            removed: removed.zip(0..).collect(),
            former,
            pack,
        }
    }

    /// Returns what the pack itself says of a name, and nothing else that is known.
    pub(super) fn own_standing(&self, name: &OptName) -> Option<Standing> {
        if self.removed.contains_key(name) {
            Some(Standing::Gone)
        } else if self.current.contains_key(name) {
            Some(Standing::Option)
        } else {
            self.former.contains_key(name).then_some(Standing::Former)
        }
    }

    /// Returns an option of the pack itself.
    pub(super) fn own_option(&self, name: &OptName) -> Option<&Opt> {
        self.current.get(name).map(|at| &self.pack.opts[*at])
    }

    /// Returns what the pack itself says of a name that is removed.
    pub(super) fn removed(&self, name: &OptName) -> Option<&Removed> {
        self.removed.get(name).map(|at| &self.pack.removed[*at])
    }

    /// Tells whether any release of the service read a name.
    pub(super) fn ever_read(&self, name: &OptName) -> bool {
        let (group, plain) = (name.group(), name.name().replace('-', "_"));
        self.known.has(group, name.name())
            || self.known.has(group, &plain)
            || self.known.has_anywhere(&plain)
    }
}

impl Target for PackTarget {
    fn name(&self) -> Cow<'_, str> {
        let service = self.pack.project.as_deref().and_then(Service::find);
        Cow::Borrowed(match self.known.is_empty() {
            true => &self.pack.name,
            false => service.map_or(self.pack.name.as_str(), |service| service.title()),
        })
    }

    fn own(&self) -> &PackTarget {
        self
    }

    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>> {
        let (group, key) = (name.group(), name.name());
        let of_service = || {
            let opt = Opt::new(group, key, OptType::string());
            let multi = self.known.is_multi(group, key);
            let opt = if multi { opt.multi() } else { opt };
            self.known.has(group, key).then_some(Cow::Owned(opt))
        };
        self.own_option(name).map(Cow::Borrowed).or_else(of_service)
    }

    fn readers(&self, name: &OptName) -> Vec<OptName> {
        let places = self.former.get(name).into_iter().flatten();
        places
            .map(|at| self.pack.opts[*at].name().clone())
            .collect()
    }

    fn standing(&self, name: &OptName) -> Standing {
        self.own_standing(name).unwrap_or(if self.known.is_empty() {
            Standing::CannotTell
        } else if self.ever_read(name) {
            Standing::Option
        } else {
            Standing::Unknown
        })
    }

    fn groups(&self) -> BTreeSet<&str> {
        if self.known.is_empty() {
            return BTreeSet::new();
        }
        let own = self.current.keys().map(OptName::group);
        own.chain(self.known.groups())
            .chain([DEFAULT_GROUP])
            .collect()
    }

    fn names_in(&self, group: &str) -> Vec<&str> {
        let own = self.current.keys().filter(|name| name.group() == group);
        own.map(OptName::name)
            .chain(self.known.names_in(group))
            .collect()
    }

    fn denial(&self, name: &OptName) -> String {
        format!(
            "no release knows an option {} in [{}]",
            name.name(),
            name.group()
        )
    }

    fn whereabouts(&self, _: &OptName) -> String {
        "see the release notes".to_owned()
    }
}
