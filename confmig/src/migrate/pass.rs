//! The context of one pass over a set of files.

use foldhash::{HashMap, HashSet};
use oslo_config::{OptName, ParsedFile};

use super::Settings;
use super::definitions::{Definitions, also_found_by};
use super::planned::Planned;
use super::view::View;
use crate::history::ReleaseRange;
use crate::pack::Pack;

/// The context of one pass over a set of files.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'p, 'd> {
    /// The files, narrowed to what the pass is about.
    pub(crate) files: &'d [ParsedFile<'d>],
    pub(crate) pack: &'p Pack,
    pub(crate) settings: &'p Settings,
    pub(crate) view: &'p View,
    /// Tells whether a section, by its file and header line, was empty at the start.
    pub(crate) was_empty: &'p dyn Fn(usize, usize) -> bool,
    /// Tells whether the legacy program has an option of this current name, too.
    pub(crate) legacy_has: &'p dyn Fn(&OptName) -> bool,
    /// The options that earlier steps left to decide.
    pub(crate) held: &'p Held,
    /// Tells whether the renaming of an option is left to decide.
    pub(crate) is_undecided: &'p dyn Fn(&OptName) -> bool,
    /// Tells whether an entry, by its file and line, was hidden from an earlier release.
    pub(crate) is_superseded: &'p dyn Fn(usize, usize) -> bool,
    /// The release of a step and the one before it; `None` when the step is not one of a release.
    pub(crate) releases: Option<ReleaseRange>,
    /// The renamings are those of rules: no program knows their old names as former names.
    pub(crate) by_rules: bool,
}

/// The options that a step left to decide, and which later steps leave alone.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The options, each with its former names.
    former: HashMap<OptName, Vec<OptName>>,
    /// All names of the options, to look up every entry.
    pub(crate) names: HashSet<OptName>,
}

impl Held {
    /// Adds an option with its former names.
    pub(crate) fn add(&mut self, option: &OptName, former: Vec<OptName>) {
        self.names.extend(former.iter().chain([option]).cloned());
        let known = self.former.entry(option.clone()).or_default();
        known.extend(former);
    }

    /// Tells whether a reference by a former name of one of the options would find an option of
    /// this name first.
    pub(crate) fn is_shadowed_by(&self, name: &OptName) -> bool {
        self.also_found_by(name).next().is_some()
    }

    /// Returns the former names of these options by which a reference finds `option`.
    fn also_found_by(&self, option: &OptName) -> impl Iterator<Item = &OptName> {
        let held = self.former.iter();
        also_found_by(option, held.map(|(held, former)| (held, &**former)))
    }

    /// Returns the former names of an option.
    pub(crate) fn former(&self, option: &OptName) -> &[OptName] {
        self.former.get(option).map_or(&[], Vec::as_slice)
    }

    /// Returns the other names by which a reference may find an option, and the option that reads
    /// its own name as a former one.
    pub(crate) fn other_names(
        &self,
        option: &OptName,
        definitions: &dyn Definitions,
    ) -> Vec<OptName> {
        let former = definitions.former(option).into_iter();
        let held = self.former(option).iter();
        let held = held.chain(self.also_found_by(option)).cloned();
        let all = former.chain(definitions.also_found_by(option)).chain(held);
        all.chain(definitions.by_former(option)).collect()
    }
}

impl Pass<'_, '_> {
    /// Tells whether an entry belongs to an option that an earlier step left to decide.
    pub(crate) fn is_held(&self, group: &str, key: &str) -> bool {
        !self.held.names.is_empty() && self.held.names.contains(&OptName::new(group, key))
    }

    /// Tells whether the operator accepted changes although a value might change.
    pub(crate) fn is_accepted(&self, planned: &Planned<'_>) -> bool {
        let mut options = planned.options().iter();
        options.any(|option| self.settings.accept.contains(option))
    }
}
