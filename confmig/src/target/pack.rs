//! A pack of names as a target, and the options that files are read with.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{
    DEFAULT_GROUP, Entry, Opt, OptName, OptType, ParsedFile, opts_as_set_where, references,
};

use super::{Standing, Target};
use crate::history::{Absence, KnownNames, Service};
use crate::pack::{Pack, names_of};

/// A pack of names as a target. If the pack names a service whose history is known, the target
/// knows every name that the service ever had; otherwise only those of the pack.
#[derive(Debug)]
pub struct PackTarget {
    pub(super) pack: Pack,
    known: &'static KnownNames,
    /// The index of each option, by its current name.
    current: HashMap<OptName, usize>,
    /// The indices of the options that read a former name.
    former: HashMap<OptName, Vec<usize>>,
    /// The index of each removed option.
    removed: HashMap<OptName, usize>,
}

impl PackTarget {
    /// Creates a target from a pack.
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

    /// Returns the standing that the pack itself gives a name.
    pub(super) fn own_standing(&self, name: &OptName) -> Option<Standing> {
        if self.removed.contains_key(name) {
            Some(Standing::Removed)
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

    /// Returns what the pack itself says about a removed name.
    pub(super) fn own_absence(&self, name: &OptName) -> Option<Absence> {
        let removed = &self.pack.removed[*self.removed.get(name)?];
        Some(Absence::new(&removed.advice))
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

    fn absence(&self, name: &OptName) -> Absence {
        let own = self.own_absence(name);
        own.unwrap_or_else(|| Absence::new("see the release notes"))
    }
}

/// Returns the options that files are read with: those of the pack and, as texts, those that are
/// set and those that values refer to and the service knows.
///
/// The default of an option that is only referred to is not known. It is a reference to the option
/// itself, so that `http://$my_ip` is read as `http://$my_ip` instead of being an error.
#[must_use]
pub fn registered(files: &[ParsedFile<'_>], pack: &Pack) -> Vec<Opt> {
    registered_where(files, pack, |_| true)
}

/// Returns what [`registered`] does, without the options that are set but have to do with no
/// reference: enough to resolve any, and little even if a file has millions of entries.
pub(crate) fn registered_for_references(files: &[ParsedFile<'_>], pack: &Pack) -> Vec<Opt> {
    let mut named: HashSet<String> = HashSet::default();
    for entry in files.iter().flat_map(|file| file.document.entries()) {
        for reference in references(&entry.value()) {
            named.insert(reference.parts().1.to_owned());
            named.insert(reference.name().to_owned());
        }
    }
    let defaults = pack.opts.iter().flat_map(Opt::default);
    for reference in defaults.flat_map(|text| references(text.as_bytes())) {
        named.insert(reference.parts().1.to_owned());
    }
    let mut groups: HashSet<String> = HashSet::default();
    registered_where(files, pack, |entry| {
        let group = entry.group();
        let group = group.to_str_lossy();
        // A reference to a group without options is another error: one of each is enough.
        let is_first = !groups.contains(&*group) && groups.insert(group.into_owned());
        is_first
            || entry.value().contains(&b'$')
            || entry.key().to_str().is_ok_and(|key| named.contains(key))
    })
}

fn registered_where(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    wanted: impl FnMut(&Entry<'_, '_>) -> bool,
) -> Vec<Opt> {
    let known = KnownNames::of(pack);
    let multi = |opt: Opt| {
        if known.is_multi(opt.name().group(), opt.name().name()) {
            opt.multi()
        } else {
            opt
        }
    };
    let mut opts = pack.opts.clone();
    let set = opts_as_set_where(files, &pack.opts, wanted).into_iter();
    opts.extend(set.map(multi));
    let mut seen: HashSet<OptName> = opts.iter().flat_map(names_of).cloned().collect();
    let entries = files.iter().flat_map(|file| file.document.entries());
    for entry in entries {
        let (group, value) = (entry.group(), entry.value());
        for reference in references(&value) {
            let mut options = reference.options(&group.to_str_lossy());
            let known = options.find(|option| known.has(option.group(), option.name()));
            if let Some(target) = known {
                let itself = if target.group() == DEFAULT_GROUP {
                    target.name().to_owned()
                } else {
                    target.to_string()
                };
                if seen.insert(target.clone()) {
                    let opt = Opt::new(target.group(), target.name(), OptType::string());
                    opts.push(multi(opt).with_default(format!("$${itself}")));
                }
            }
        }
    }
    opts
}
