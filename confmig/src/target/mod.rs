//! Targets: whom files are for. A pack of names, a release of a service, or a service by its
//! schema.

mod default;
mod pack;
mod release;
mod schema;
mod suggest;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, Opt, OptName};

use crate::history::{Absence, Series};
use crate::pack::{Pack, PackError};
pub use default::ChangedDefault;
pub(crate) use default::in_words;
pub(crate) use pack::registered_for_references;
pub use pack::{PackTarget, registered};
pub use release::ReleaseTarget;
pub(crate) use schema::describe_absence;
pub use schema::{SchemaTarget, Schemas};
pub use suggest::Suggestions;
pub(crate) use suggest::near;

/// The standing of a name in a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the current name of an option.
    Option,
    /// It is a former name only.
    Former,
    /// It is no longer read.
    Removed,
    /// A later release reads it.
    NotYet,
    /// Nothing reads it.
    Unknown,
    /// The target does not know enough to tell.
    CannotTell,
}

impl Standing {
    /// Tells whether the name is read, as a current or a former name.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Standing::Option | Standing::Former)
    }
}

/// The upcoming removal of an option that is still read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpcomingRemoval {
    /// Since when it is announced, as a text to follow "is deprecated".
    pub since: String,
    /// The first release without the option, if known.
    pub removed_in: Option<Series>,
    /// The first later release in which the option is no longer deprecated.
    pub taken_back: Option<Series>,
    /// What supersedes the option, if known.
    pub advice: Option<String>,
}

/// Whom files are for.
pub trait Target {
    /// Returns the name for messages.
    fn name(&self) -> Cow<'_, str>;

    /// Returns the target's pack, indexed by name.
    fn own(&self) -> &PackTarget;

    /// Returns the target's pack: the options that the files are read with.
    fn pack(&self) -> &Pack {
        &self.own().pack
    }

    /// Returns the definition of an option by its current name.
    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>>;

    /// Returns the options that read a name as a former name.
    fn readers(&self, name: &OptName) -> Vec<OptName>;

    /// Returns the standing of a name.
    fn standing(&self, name: &OptName) -> Standing;

    /// Returns the groups that have options; none if they are not known.
    fn groups(&self) -> BTreeSet<&str> {
        self.own().groups()
    }

    /// Returns the names that are known in a group.
    fn names_in(&self, group: &str) -> Vec<&str> {
        self.own().names_in(group)
    }

    /// Returns all names that are known.
    fn names(&self) -> Vec<OptName> {
        let groups = self.groups().into_iter();
        let names = groups.flat_map(|group| {
            let names = self.names_in(group).into_iter();
            names.map(move |name| OptName::new(group, name))
        });
        names.collect()
    }

    /// Describes a name that is unknown or was added later.
    fn denial(&self, name: &OptName) -> String;

    /// Returns why a removed name is not read.
    fn absence(&self, name: &OptName) -> Absence;

    /// Returns the options that took over from a removed name.
    fn successors(&self, name: &OptName) -> Vec<OptName> {
        let _ = name;
        Vec::new()
    }

    /// Returns the upcoming removal of an option, if there is one.
    fn upcoming_removal(&self, name: &OptName) -> Option<UpcomingRemoval> {
        let _ = name;
        None
    }

    /// Returns the defaults that differ from those of the older release, if there is one.
    fn changed_defaults(&self) -> Vec<ChangedDefault> {
        Vec::new()
    }

    /// Tells whether the default of an option is computed on the host.
    fn has_computed_default(&self, name: &OptName) -> bool {
        let _ = name;
        false
    }

    /// Returns the release whose authentication plugins the target has; `None` if not known.
    fn plugins(&self) -> Option<Series> {
        None
    }

    /// Returns the target as a release, if it is one.
    fn release(&self) -> Option<&ReleaseTarget<'_>> {
        None
    }
}

/// Returns a pack, joined with the site's rules if there are any.
///
/// # Errors
///
/// When the two contradict each other.
pub fn joined(pack: Pack, site: Option<&Pack>) -> Result<Pack, PackError> {
    match site {
        Some(site) => Pack::join(vec![pack, site.clone()]),
        None => Ok(pack),
    }
}

/// Returns the name of the option that an environment variable such as `OS_DEPLOY__HTTP_URL` sets,
/// if the option's name has no capitals; `None` for any other variable.
pub(crate) fn option_of_variable(variable: &str) -> Option<OptName> {
    let (group, name) = variable.strip_prefix("OS_")?.split_once("__")?;
    let group = match group {
        DEFAULT_GROUP => group.to_owned(),
        group => group.to_lowercase(),
    };
    (!group.is_empty() && !name.is_empty()).then(|| OptName::new(group, name.to_lowercase()))
}

/// Returns the name that an entry sets. Bytes that are not UTF-8, which no option's name has, are
/// replaced.
#[must_use]
pub fn name_of(entry: Entry<'_, '_>) -> OptName {
    OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy())
}

#[cfg(test)]
mod tests {
    use oslo_config::SourceFile;

    use super::*;
    use crate::history::{History, Service};
    use crate::schema::Schema;

    const FILE: &str = "[pxe]\nhttp_url = a\ntftp_server = b\n[deploy]\nno_such = c\n";

    fn standings(target: &dyn Target, names: &[(&str, &str)]) -> Vec<Standing> {
        let standing = |(group, name): &(&str, &str)| target.standing(&OptName::new(*group, *name));
        names.iter().map(standing).collect()
    }

    #[test]
    fn a_pack_knows_its_own_names_and_those_its_service_ever_had() {
        use Standing::{CannotTell, Former, Option, Removed, Unknown};
        let names = [
            ("pxe", "http_url"),
            ("deploy", "http_server_url"),
            ("pxe", "tftp_server"),
            ("deploy", "no_such"),
        ];
        let ironic = PackTarget::new(Pack::load("standalone-ilo").unwrap());
        assert_eq!(
            standings(&ironic, &names),
            [Former, Option, Option, Unknown]
        );
        let rules = "name = \"site\"\nsummary = \"s\"\n\
                     [[removed]]\ngroup = \"pxe\"\nname = \"http_url\"\nadvice = \"serve it\"\n";
        let site = PackTarget::new(Pack::parse(rules, "site.toml").unwrap());
        let cannot_tell = [Removed, CannotTell, CannotTell, CannotTell];
        assert_eq!(standings(&site, &names), cannot_tell);
        assert!(site.groups().is_empty() && site.plugins().is_none());
        assert_eq!(
            site.absence(&OptName::new("pxe", "http_url")).to_string(),
            "serve it"
        );
    }

    #[test]
    fn a_release_knows_what_it_reads() {
        use Standing::{CannotTell, Former, NotYet, Option, Removed, Unknown};
        let file = SourceFile {
            path: "ironic.conf".into(),
            text: FILE.into(),
        };
        let files = [file.parse().unwrap()];
        let history = History::new(Service::IRONIC);
        let names = [
            ("pxe", "http_url"),
            ("pxe", "tftp_server"),
            ("deploy", "http_url"),
            ("cinder", "identity_provider"),
            ("deploy", "no_such"),
            ("cache", "password"),
        ];
        let in_release = |series: &str| {
            let series = Series::parse(Service::IRONIC, series).unwrap();
            let target = ReleaseTarget::new(series, None, &files, None, &history).unwrap();
            standings(&target, &names)
        };
        let liberty = [Former, Option, Option, CannotTell, Unknown, NotYet];
        assert_eq!(in_release("liberty"), liberty);
        let newest = [Removed, Option, Option, CannotTell, Unknown, Option];
        assert_eq!(in_release("2026.2"), newest);
    }

    #[test]
    fn a_schema_knows_what_it_and_the_older_one_read() {
        use Standing::{Former, Option, Removed, Unknown};
        let schema = |name: &str, former: &str| {
            let text = format!(
                r#"{{"options": {{"gate": {{"opts": [{{"name": "{name}", "type": "string value",
                "deprecated_opts": [{{"group": "gate", "name": "{former}"}}]}},
                {{"name": "other", "type": "string value",
                "deprecated_opts": [{{"group": "gate", "name": "{former}"}}]}}
                ]}}}}}}"#
            );
            Schema::parse(&text, "schema.json").unwrap()
        };
        let (from, to) = (schema("lock", "bolt"), schema("key", "word"));
        let schemas = Schemas {
            from: Some(&from),
            to: &to,
        };
        let target = SchemaTarget::new(schemas, &[], None).unwrap();
        let names = ["key", "word", "bolt", "lock", "door"].map(|name| ("gate", name));
        let standing = [Option, Former, Removed, Removed, Unknown];
        assert_eq!(standings(&target, &names), standing);
        let readers = target.readers(&OptName::new("gate", "word"));
        assert_eq!(
            readers,
            ["key", "other"].map(|name| OptName::new("gate", name))
        );
        assert!(
            target
                .standing(&OptName::new("DEFAULT", "config_file"))
                .is_read()
        );
    }
}
