//! The services whose releases are known here.

use std::fmt;
use std::sync::OnceLock;

use foldhash::HashMap;

use super::facts::{Reader, all_readers};
use super::rules::triggers;
use super::series::{Row, rows};
use super::{BuiltIn, Series};
use crate::known::KnownNames;

/// A service whose releases are known here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service(u8);

/// What is known of a service.
pub(super) struct Known {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// `SERIES NAME VERSION`, oldest first.
    pub(super) releases: &'static str,
    /// `GROUP NAME RUN FACT`, sorted; FACT is a definition in JSON, or `formerly GROUP.NAME,…`.
    pub(super) options: &'static str,
    /// `GROUP NAME VALUE RUN`, sorted.
    pub(super) values: &'static str,
    /// `PLUGIN OPTION RUN [secret] [FORMER,…]`, sorted; OPTION is `-` for a plugin without options.
    pub(super) plugins: &'static str,
    /// `FIRST LAST OPTIONS JSON`, a rule each, made by `build.rs` of `history/SERVICE/rules`.
    pub(super) rules: &'static str,
    rows: OnceLock<Vec<Row>>,
    readers: OnceLock<Vec<Reader>>,
    triggers: OnceLock<HashMap<&'static str, Vec<BuiltIn>>>,
    names: OnceLock<KnownNames>,
}

// `static KNOWN`, a row for each folder of `history/`, that of Ironic first.
include!(concat!(env!("OUT_DIR"), "/services.rs"));

impl Known {
    /// The texts are those of the folder of a service.
    const fn new(
        [id, title]: [&'static str; 2],
        [releases, options, values, plugins]: [&'static str; 4],
        rules: &'static str,
    ) -> Self {
        Known {
            id,
            title,
            releases,
            options,
            values,
            plugins,
            rules,
            rows: OnceLock::new(),
            readers: OnceLock::new(),
            triggers: OnceLock::new(),
            names: OnceLock::new(),
        }
    }
}

impl Service {
    /// Ironic, whose files are meant where nothing else is said.
    pub const IRONIC: Service = Service(0);

    /// Returns all of them.
    pub fn all() -> impl Iterator<Item = Service> {
        (0_u8..).zip(&KNOWN).map(|(at, _)| Service(at))
    }

    /// Finds a service by its name in lower case, as in `ironic`.
    #[must_use]
    pub fn find(id: &str) -> Option<Service> {
        Service::all().find(|service| service.id() == id)
    }

    /// Returns the name in lower case, as packages and files have it.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.known().id
    }

    /// Returns the name as it is written in a text.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.known().title
    }

    /// Returns the releases, oldest first.
    pub fn releases(self) -> impl DoubleEndedIterator<Item = Series> + Clone {
        (0..=self.newest().number()).map(move |number| Series::from_number(self, number))
    }

    /// Returns the oldest release.
    #[must_use]
    pub fn oldest(self) -> Series {
        Series::from_number(self, 0)
    }

    /// Returns the newest release.
    #[must_use]
    pub fn newest(self) -> Series {
        let last = self.rows().len().saturating_sub(1);
        Series::from_number(self, u8::try_from(last).unwrap_or(u8::MAX))
    }

    pub(super) fn known(self) -> &'static Known {
        // Only this file makes one, from a place in the table.
        &KNOWN[usize::from(self.0)]
    }

    pub(super) fn rows(self) -> &'static [Row] {
        self.known()
            .rows
            .get_or_init(|| rows(self.known().releases))
    }

    /// Returns the names that any of the releases knows.
    pub(crate) fn known_names(self) -> &'static KnownNames {
        let names = &self.known().names;
        names.get_or_init(|| KnownNames::new(self))
    }

    /// Returns the rules that each option sets going.
    pub(super) fn triggers(self) -> &'static HashMap<&'static str, Vec<BuiltIn>> {
        self.known().triggers.get_or_init(|| triggers(self))
    }

    /// Returns the options that read former names, sorted by these.
    pub(super) fn readers(self) -> &'static [Reader] {
        self.known().readers.get_or_init(|| all_readers(self))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
