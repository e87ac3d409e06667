//! A service, described by its schema, as a target.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, OptType, ParsedFile};

use super::{ChangedDefault, PackTarget, Standing, Target, UpcomingRemoval, joined};
use crate::diagnostic::bracketed;
use crate::history::{Absence, Series, Service, newest_plugins};
use crate::pack::{Pack, PackError};
use crate::schema::{Changed, Schema, compare, successors};

/// The options of oslo.config itself, which are in no schema.
const OWN: [&str; 3] = ["config_file", "config_dir", "config_source"];

/// The schema of a service, and that of an older release of it.
#[derive(Debug, Clone, Copy)]
pub struct Schemas<'s> {
    /// The schema of the release that the files were written for.
    pub from: Option<&'s Schema>,
    /// The schema of the release that is to read them.
    pub to: &'s Schema,
}

/// A service, described by its schema, as a target.
#[derive(Debug)]
pub struct SchemaTarget<'s> {
    /// The pack of the schema, with the sections that the files name, joined with the site's rules.
    own: PackTarget,
    schemas: Schemas<'s>,
    /// The options that read a former name.
    readers: HashMap<&'s OptName, BTreeSet<&'s OptName>>,
    /// All names that are read, by group.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl<'s> SchemaTarget<'s> {
    /// Creates a target for a set of files, joined with the site's rules.
    ///
    /// # Errors
    ///
    /// When the site's rules contradict the schema.
    pub fn new(
        schemas: Schemas<'s>,
        files: &[ParsedFile<'_>],
        site: Option<&Pack>,
    ) -> Result<Self, PackError> {
        let own = PackTarget::new(joined(schemas.to.pack(files), site)?);
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut add = |name: &OptName| {
            let of_group = names.entry(name.group().to_owned()).or_default();
            of_group.insert(name.name().to_owned());
        };
        for name in OWN {
            add(&OptName::new(DEFAULT_GROUP, name));
        }
        let mut readers: HashMap<&OptName, BTreeSet<&OptName>> = HashMap::default();
        for opt in schemas.to.options().map(|option| &option.opt) {
            for former in opt.deprecated().iter().filter(|name| *name != opt.name()) {
                readers.entry(former).or_default().insert(opt.name());
                add(former);
            }
        }
        for opt in &own.pack().opts {
            add(opt.name());
            opt.deprecated().iter().for_each(&mut add);
        }
        Ok(SchemaTarget {
            own,
            schemas,
            readers,
            names,
        })
    }
}

impl Target for SchemaTarget<'_> {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.own.pack().name)
    }

    fn own(&self) -> &PackTarget {
        &self.own
    }

    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>> {
        self.own.own_option(name).map(Cow::Borrowed)
    }

    fn readers(&self, name: &OptName) -> Vec<OptName> {
        let own = self.own.readers(name);
        let of_schema = self.readers.get(name).into_iter().flatten();
        let all: BTreeSet<OptName> = own.into_iter().chain(of_schema.copied().cloned()).collect();
        all.into_iter().collect()
    }

    fn standing(&self, name: &OptName) -> Standing {
        let names = self.names.get(name.group());
        let is_read = names.is_some_and(|names| names.contains(name.name()));
        match self.own.own_standing(name) {
            Some(standing) => standing,
            None if self.readers.contains_key(name) => Standing::Former,
            None if is_read => Standing::Option,
            None if self.schemas.from.is_some_and(|from| from.reads(name)) => Standing::Removed,
            None => Standing::Unknown,
        }
    }

    fn groups(&self) -> BTreeSet<&str> {
        self.names.keys().map(String::as_str).collect()
    }

    fn names_in(&self, group: &str) -> Vec<&str> {
        let names = self.names.get(group).into_iter().flatten();
        names.map(String::as_str).collect()
    }

    fn denial(&self, name: &OptName) -> String {
        format!(
            "{} has no option {} in [{}]",
            self.name(),
            name.name(),
            name.group()
        )
    }

    fn absence(&self, name: &OptName) -> Absence {
        let own = self.own.own_absence(name);
        let reason = || describe_absence(name, self.schemas.from, self.schemas.to);
        own.unwrap_or_else(|| Absence::new(reason()))
    }

    fn successors(&self, name: &OptName) -> Vec<OptName> {
        successors(name, self.schemas.from, self.schemas.to)
    }

    fn upcoming_removal(&self, name: &OptName) -> Option<UpcomingRemoval> {
        let deprecation = self.schemas.to.option(name)?.deprecation.as_ref()?;
        let since = deprecation.since.as_ref();
        // An option may be a former name of another one at the same time.
        let readers = self.readers(name);
        let readers: Vec<String> = readers.iter().map(bracketed).collect();
        let replaced = (!readers.is_empty()).then(|| format!("set {}", readers.join(" and ")));
        Some(UpcomingRemoval {
            taken_back: None,
            since: since.map_or_else(String::new, |since| format!(" since {since}")),
            removed_in: None,
            advice: deprecation.reason.clone().or(replaced),
        })
    }

    fn changed_defaults(&self) -> Vec<ChangedDefault> {
        let Some(from) = self.schemas.from else {
            return Vec::new();
        };
        let changed = compare(from, self.schemas.to).changed.into_iter();
        let of_default = changed.filter_map(|(old, option, changed)| match changed {
            Changed::Default(before, now) => {
                let defined = self.schemas.to.option(&option)?;
                let kind = defined.opt.kind();
                Some(ChangedDefault {
                    is_list: matches!(kind, OptType::List { .. } | OptType::Dict { .. }),
                    formerly: (old != option).then_some(old),
                    option,
                    now,
                    before,
                    releases: None,
                    since: None,
                })
            }
            _ => None,
        });
        of_default.collect()
    }

    fn has_computed_default(&self, name: &OptName) -> bool {
        let defined = self.schemas.to.option(name);
        defined.is_some_and(|option| option.default_is_unknown)
    }

    fn plugins(&self) -> Option<Series> {
        // A schema does not say which version of keystoneauth the service uses.
        let project = self.schemas.to.project.as_deref();
        newest_plugins(project.and_then(Service::find))
    }
}

/// Describes why a schema does not have a name that an older release reads.
pub(crate) fn describe_absence(name: &OptName, from: Option<&Schema>, to: &Schema) -> String {
    let successors: Vec<String> = successors(name, from, to).iter().map(bracketed).collect();
    let was = from.and_then(|from| from.option(name));
    let reason = was.and_then(|was| was.deprecation.as_ref()?.reason.as_deref());
    let fact = format!("{} no longer has it", to.origin);
    match reason {
        _ if !successors.is_empty() => format!(
            "{fact}: `confmig migrate` with both schemas moves it to {}, \
             unless that needs a decision",
            successors.join(", ")
        ),
        Some(reason) => format!("{fact}; it was deprecated: {reason}"),
        None => format!("{fact} and names no successor: see the release notes"),
    }
}
