//! Suggestions: the option that was probably meant by a name that nothing reads.

use std::cell::OnceCell;

use foldhash::HashMap;
use oslo_config::{DEFAULT_GROUP, Opt, OptName};

use super::{Standing, Target};

/// Names that are often taken for others, as pairs of a group and a key: what is written, and what
/// is meant. A suggestion is made only if the target reads the latter.
const MISTAKEN: [[(&str, &str); 2]; 4] = [
    [
        ("keystone_authtoken", "valid_interfaces"),
        ("keystone_authtoken", "interface"),
    ],
    [
        ("keystone_authtoken", "region"),
        ("keystone_authtoken", "region_name"),
    ],
    [
        ("oslo_messaging_notifications", "notification_driver"),
        ("oslo_messaging_notifications", "driver"),
    ],
    [("DEFAULT", "connection"), ("database", "connection")],
];

/// The number of typos with which a name of the same group is nearer than one elsewhere.
const NEAR: usize = 1;

/// The least number of words of a key that is looked for in other sections: `port` or `timeout` is
/// in many, for something else.
const WORDS_MIN: usize = 2;

/// Finds the options that were probably meant by names that a target does not read.
pub struct Suggestions<'t> {
    target: &'t dyn Target,
    /// The groups that have a name, by key.
    groups: OnceCell<HashMap<String, Vec<String>>>,
}

impl std::fmt::Debug for Suggestions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suggestions").finish_non_exhaustive()
    }
}

impl<'t> Suggestions<'t> {
    /// Creates the suggestions of a target. Nothing is looked up yet.
    #[must_use]
    pub fn new(target: &'t dyn Target) -> Self {
        Suggestions {
            target,
            groups: OnceCell::new(),
        }
    }

    /// Returns the option that was probably meant by a name. It is read by the target, and set
    /// under none of its names, as `is_set` tells.
    pub fn meant(&self, name: &OptName, is_set: impl Fn(&OptName) -> bool) -> Option<OptName> {
        let usable = |meant: OptName| self.usable(meant, &is_set);
        let (group, key) = (name.group(), name.name());
        let mut known = MISTAKEN.iter();
        let mistaken = known.find(|[written, _]| *written == (group, key));
        let mistaken = mistaken.and_then(|[_, (group, key)]| usable(OptName::new(*group, *key)));
        mistaken
            .or_else(|| self.in_group(group, key, NEAR, &usable))
            .or_else(|| self.elsewhere(key, &usable))
            .or_else(|| self.in_group(group, key, usize::MAX, &usable))
    }

    /// Returns the option that a name stands for, if it can be suggested.
    fn usable(&self, meant: OptName, is_set: &dyn Fn(&OptName) -> bool) -> Option<OptName> {
        let option = match self.target.standing(&meant) {
            Standing::Option => meant,
            Standing::Former => self.target.readers(&meant).into_iter().next()?,
            _ => return None,
        };
        let opt = self.target.option(&option)?;
        let mut names = std::iter::once(opt.name()).chain(opt.deprecated());
        (!names.any(is_set)).then_some(option)
    }

    /// Returns the option of the group whose key differs by case, spaces, or a typo or two, but no
    /// more than `most`.
    fn in_group(
        &self,
        group: &str,
        key: &str,
        most: usize,
        usable: &dyn Fn(OptName) -> Option<OptName>,
    ) -> Option<OptName> {
        let near = with_distances(key, self.target.names_in(group).into_iter());
        let mut near = near.into_iter().filter(|(distance, _)| *distance <= most);
        near.find_map(|(_, other)| usable(OptName::new(group, other)))
    }

    /// Returns the option of another group with the same key: the only one of the pack, that of
    /// `[DEFAULT]`, or the only one of all groups.
    fn elsewhere(&self, key: &str, usable: &dyn Fn(OptName) -> Option<OptName>) -> Option<OptName> {
        if key.split('_').count() < WORDS_MIN {
            return None;
        }
        let opts = self.target.pack().opts.iter();
        let mut own = opts.map(Opt::name).filter(|name| name.name() == key);
        if let Some(name) = own.next().filter(|_| own.next().is_none())
            && let Some(option) = usable(name.clone())
        {
            return Some(option);
        }
        let groups = self.groups().get(key)?;
        let read = groups.iter().filter(|group| {
            let option = OptName::new(group.as_str(), key);
            self.target.standing(&option).is_read()
        });
        let read: Vec<&String> = read.collect();
        let default = read.iter().find(|group| **group == DEFAULT_GROUP);
        let group = default.copied().or(match read.as_slice() {
            [only] => Some(*only),
            _ => None,
        })?;
        usable(OptName::new(group, key))
    }

    fn groups(&self) -> &HashMap<String, Vec<String>> {
        self.groups.get_or_init(|| {
            let mut groups: HashMap<String, Vec<String>> = HashMap::default();
            for name in self.target.names() {
                let of_key = groups.entry(name.name().to_owned()).or_default();
                if of_key.last().is_none_or(|last| last != name.group()) {
                    of_key.push(name.group().to_owned());
                }
            }
            groups
        })
    }
}

/// Returns the names that differ from one by case, spaces, or a typo or two, the nearest first.
pub(crate) fn near<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let near = with_distances(name, names).into_iter();
    near.map(|(_, other)| other).collect()
}

fn with_distances<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<(usize, &'n str)> {
    let normalized = |name: &str| name.trim().to_lowercase().replace('-', "_");
    let name = normalized(name);
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    let distance = |other: &str| strsim::osa_distance(&name, &normalized(other));
    let mut near: Vec<(usize, &str)> = names
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort_unstable();
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Series, Service};
    use crate::target::ReleaseTarget;

    #[test]
    fn what_is_often_mistaken_is_an_option_of_the_newest_release() {
        let history = History::new(Service::IRONIC);
        let target = ReleaseTarget::new(Service::IRONIC.newest(), None, &[], None, &history);
        let target = target.unwrap();
        for [written, (group, key)] in MISTAKEN {
            let meant = OptName::new(group, key);
            assert_eq!(target.standing(&meant), Standing::Option, "{meant}");
            let written = OptName::new(written.0, written.1);
            assert!(!target.standing(&written).is_read(), "{written}");
        }
    }

    #[test]
    fn suggestions_are_read_and_not_set() {
        let history = History::new(Service::IRONIC);
        let meant = |series: &str, group: &str, key: &str, set: &[(&str, &str)]| {
            let series = Series::parse(Service::IRONIC, series).unwrap();
            let target = ReleaseTarget::new(series, None, &[], None, &history).unwrap();
            let is_set = |name: &OptName| set.iter().any(|set| (name.group(), name.name()) == *set);
            let meant = Suggestions::new(&target).meant(&OptName::new(group, key), is_set);
            meant.map(|meant| meant.to_string()).unwrap_or_default()
        };
        let rabbit = ("oslo_messaging_rabbit", "transport_url");
        assert_eq!(
            meant("2026.2", rabbit.0, rabbit.1, &[]),
            "DEFAULT.transport_url"
        );
        let set = [("DEFAULT", "transport_url")];
        assert_eq!(meant("2026.2", rabbit.0, rabbit.1, &set), "");
        let interfaces = "valid_interfaces";
        let meant_by = meant("2026.2", "keystone_authtoken", interfaces, &[]);
        assert_eq!(meant_by, "keystone_authtoken.interface");
        // Another release reads the option under another name, or not at all.
        assert_eq!(
            meant("2026.2", "pxe", "pxe_apend_params", &[]),
            "pxe.kernel_append_params"
        );
        assert_eq!(meant("2026.2", "pxe", "ipxe_enabld", &[]), "");
        assert_eq!(
            meant("train", "pxe", "ipxe_enabld", &[]),
            "pxe.ipxe_enabled"
        );
        // A single word is something else in each section.
        assert_eq!(meant("2026.2", "conductor", "port", &[]), "");
    }
}
