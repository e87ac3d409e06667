//! Whom files are for: those who follow a pack of names, a release of Ironic, or a service by its schema.

mod pack;
mod release;
mod schema;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{Entry, Opt, OptName};

use crate::pack::{Pack, PackError};
use crate::release::Series;
pub use pack::PackTarget;
pub use release::ReleaseTarget;
pub(crate) use schema::gone;
pub use schema::{SchemaTarget, Schemas};

/// What a target makes of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An option has this name.
    Option,
    /// Options read it as a former name, and none has it.
    Former,
    /// It was read, and is not any more.
    Gone,
    /// A later release reads it.
    NotYet,
    /// Nothing reads it.
    Unknown,
    /// The target knows too little to say.
    CannotTell,
}

impl Standing {
    /// Tells whether the name is read, for itself or for another option.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Standing::Option | Standing::Former)
    }
}

/// An option is still read, and will be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecation {
    /// Since when, as it follows "is deprecated".
    pub since: String,
    /// The first release without it, if that is known.
    pub removed_in: Option<Series>,
    /// What takes its place, if that is known.
    pub advice: Option<String>,
}

/// An option has another default than in an older release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDefault {
    /// The option.
    pub option: OptName,
    /// The default, in words.
    pub now: String,
    /// The default of the older release, in words.
    pub before: String,
}

/// Whom files are for.
pub trait Target {
    /// Returns what it is called in messages.
    fn name(&self) -> Cow<'_, str>;

    /// Returns the options that the files are read with, and what it says of other names, by name.
    fn own(&self) -> &PackTarget;

    /// Returns the options that the files are read with, and what it says of other names.
    fn pack(&self) -> &Pack {
        &self.own().pack
    }

    /// Returns the definition of an option by its current name.
    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>>;

    /// Returns the options that read a name as a former one.
    fn readers(&self, name: &OptName) -> Vec<OptName>;

    /// Returns what becomes of a name.
    fn standing(&self, name: &OptName) -> Standing;

    /// Returns the groups that have options; none where that cannot be told.
    fn groups(&self) -> BTreeSet<&str> {
        self.own().groups()
    }

    /// Returns the names that are known in a group.
    fn names_in(&self, group: &str) -> Vec<&str> {
        self.own().names_in(group)
    }

    /// Says that a name is not read: one that is unknown or came later.
    fn denial(&self, name: &OptName) -> String;

    /// Says where it can be looked up what took over from a name that is gone.
    fn whereabouts(&self, name: &OptName) -> String;

    /// Says what took over from a name that is gone, or where that can be looked up.
    fn advice(&self, name: &OptName) -> String {
        let removed = self.own().removed(name);
        removed.map_or_else(|| self.whereabouts(name), |it| it.advice.clone())
    }

    /// Returns what is known of an option's removal; `None` when it stays.
    fn deprecation(&self, name: &OptName) -> Option<Deprecation> {
        let _ = name;
        None
    }

    /// Returns the options that have another default than in the older release, if there is one.
    fn changed_defaults(&self) -> Vec<ChangedDefault> {
        Vec::new()
    }

    /// Returns the release whose authentication plugins it has; `None` when that is not known.
    fn plugins(&self) -> Option<Series> {
        None
    }

    /// Returns the release of Ironic that it is.
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

/// Returns the name that an entry sets. What is not UTF-8 in it is replaced: no option is named like that.
pub(crate) fn name_of(entry: Entry<'_, '_>) -> OptName {
    OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy())
}

/// Returns a default in words.
pub(crate) fn in_words(default: &[String]) -> String {
    match default {
        [] => "none".to_owned(),
        values => format!("{:?}", values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use oslo_config::SourceFile;

    use super::*;
    use crate::release::{Lives, Service};
    use crate::schema::Schema;

    const FILE: &str = "[pxe]\nhttp_url = a\ntftp_server = b\n[deploy]\nno_such = c\n";

    fn standings(target: &dyn Target, names: &[(&str, &str)]) -> Vec<Standing> {
        let standing = |(group, name): &(&str, &str)| target.standing(&OptName::new(*group, *name));
        names.iter().map(standing).collect()
    }

    #[test]
    fn a_pack_tells_of_what_its_project_ever_had_and_of_its_own() {
        use Standing::{CannotTell, Former, Gone, Option, Unknown};
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
        let rules = "name = \"site\"\nsummary = \"s\"\n[[removed]]\ngroup = \"pxe\"\nname = \"http_url\"\n\
                     advice = \"serve it\"\n";
        let site = PackTarget::new(Pack::parse(rules, "site.toml").unwrap());
        let cannot_tell = [Gone, CannotTell, CannotTell, CannotTell];
        assert_eq!(standings(&site, &names), cannot_tell);
        assert!(site.groups().is_empty() && site.plugins().is_none());
        assert_eq!(site.advice(&OptName::new("pxe", "http_url")), "serve it");
    }

    #[test]
    fn a_release_tells_what_it_reads() {
        use Standing::{CannotTell, Former, Gone, NotYet, Option, Unknown};
        let file = SourceFile {
            path: "ironic.conf".into(),
            text: FILE.into(),
        };
        let files = [file.parse().unwrap()];
        let lives = Lives::new(Service::IRONIC);
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
            let target = ReleaseTarget::new(series, None, &files, None, &lives).unwrap();
            standings(&target, &names)
        };
        let liberty = [Former, Option, Option, CannotTell, Unknown, NotYet];
        assert_eq!(in_release("liberty"), liberty);
        let newest = [Gone, Option, Option, CannotTell, Unknown, Option];
        assert_eq!(in_release("2026.2"), newest);
    }

    #[test]
    fn a_schema_tells_what_it_and_the_older_one_read() {
        use Standing::{Former, Gone, Option, Unknown};
        let schema = |name: &str, former: &str| {
            let text = format!(
                r#"{{"options": {{"gate": {{"opts": [{{"name": "{name}", "type": "string value",
                "deprecated_opts": [{{"group": "gate", "name": "{former}"}}]}},
                {{"name": "other", "type": "string value", "deprecated_opts": [{{"group": "gate", "name": "{former}"}}]}}
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
        let standing = [Option, Former, Gone, Gone, Unknown];
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
