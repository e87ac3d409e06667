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

    /// Returns the options that the files are read with, and what is told of other names.
    fn pack(&self) -> &Pack;

    /// Returns the definition of an option by its current name.
    fn option(&self, name: &OptName) -> Option<Cow<'_, Opt>>;

    /// Returns the options that read a name as a former one.
    fn readers(&self, name: &OptName) -> Vec<OptName>;

    /// Returns what becomes of a name.
    fn standing(&self, name: &OptName) -> Standing;

    /// Returns the groups that have options; none where that cannot be told.
    fn groups(&self) -> BTreeSet<&str>;

    /// Returns the names that are known in a group.
    fn names_in(&self, group: &str) -> Vec<&str>;

    /// Says that a name is not read: one that is unknown or came later.
    fn denial(&self, name: &OptName) -> String;

    /// Says what took over from a name that is gone, or where that can be looked up.
    fn advice(&self, name: &OptName) -> String;

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
fn joined(pack: Pack, site: Option<&Pack>) -> Result<Pack, PackError> {
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
fn in_words(default: &[String]) -> String {
    match default {
        [] => "none".to_owned(),
        values => format!("{:?}", values.join(", ")),
    }
}
