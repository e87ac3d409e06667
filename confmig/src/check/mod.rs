//! What is wrong with a set of files, besides their syntax.

mod hosting;
mod installed;
mod names;
mod plugins;
mod references;
mod standing;
mod values;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use oslo_config::{Config, Entry, Opt, OptName, OptType, ParsedFile, Setting};

use crate::diagnostic::{Code, Diagnostic, Place, Places};
use crate::pack::Pack;
use crate::secret::Secrets;
use crate::target::{Target, name_of};
use plugins::Plugins;

/// How files are checked, and the world around them.
pub struct World<'w> {
    /// The environment's variables.
    pub environment: &'w HashMap<String, String>,
    /// The files are also read by a program that knows the former names, so that both may stand there.
    pub keep_old: bool,
    /// Tell of options that are not set and have another default than in the older release.
    pub defaults: bool,
    /// Tells whether a path is a directory.
    pub is_directory: &'w dyn Fn(&Path) -> bool,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Checks `files`, in the order in which they are read, for a target that was made for them.
#[must_use]
pub fn check(
    files: &[ParsedFile<'_>],
    target: &dyn Target,
    secrets: &Secrets<'_>,
    world: &World<'_>,
) -> Vec<Diagnostic> {
    let environment = world
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    let opts = crate::registered(files, target.pack());
    let checker = Checker {
        files,
        target,
        pack: target.pack(),
        current: target.pack().opts.iter().map(Opt::name).collect(),
        groups: target.groups(),
        plugins: Plugins::new(files, target, world.keep_old, Places { secrets }),
        config: Config::new(files, &opts).with_environment(environment),
        places: Places { secrets },
        world,
    };
    let mut found = Vec::new();
    checker.options(&mut found);
    for file in files {
        checker.file(file, &mut found);
    }
    checker.hosting(&mut found);
    if world.defaults {
        checker.defaults(&mut found);
    }
    in_order(&mut found, files);
    found
}

/// By file in the order in which they are read, then by line; what has no place comes last.
fn in_order(found: &mut [Diagnostic], files: &[ParsedFile<'_>]) {
    let order = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref();
        let file = place.and_then(|place| files.iter().position(|file| file.path == place.path));
        (
            file.unwrap_or(usize::MAX),
            place.map(|place| (place.line, place.column)),
        )
    };
    found.sort_by_key(order);
}

/// An entry of a file, with the name that it has.
struct Named<'e> {
    file: &'e ParsedFile<'e>,
    entry: Entry<'e, 'e>,
    name: OptName,
}

impl<'e> Named<'e> {
    fn new(file: &'e ParsedFile<'e>, entry: Entry<'e, 'e>) -> Self {
        let name = name_of(entry);
        Named { file, entry, name }
    }

    /// The place of its key.
    fn place(&self, places: &Places<'_, '_>) -> Place {
        places.key(self.file.path, self.entry)
    }
}

/// A finding, and what to do.
fn said(code: Code, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, message).help(help)
}

struct Checker<'c> {
    files: &'c [ParsedFile<'c>],
    target: &'c dyn Target,
    pack: &'c Pack,
    /// The current names of its options.
    current: HashSet<&'c OptName>,
    groups: BTreeSet<&'c str>,
    plugins: Option<Plugins<'c>>,
    config: Config<'c>,
    places: Places<'c, 'c>,
    world: &'c World<'c>,
}

impl<'c> Checker<'c> {
    /// The options of the target, whatever names they are set by.
    fn options(&self, found: &mut Vec<Diagnostic>) {
        for opt in &self.pack.opts {
            self.occurrences(opt, found);
            self.variables(opt, found);
            found.extend(self.ill_typed(opt));
        }
    }

    /// A file, entry by entry.
    fn file(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        self.duplicates(file, found);
        for section in file.document.sections() {
            self.section(file, section, found);
        }
        self.not_utf8(file, found);
    }

    /// The first of these options that the pack has.
    fn option(&self, group: &str, names: &[&str]) -> Option<&'c Opt> {
        let named = |opt: &&Opt| opt.name().group() == group && names.contains(&opt.name().name());
        self.pack.opts.iter().find(named)
    }

    /// The setting of the first of these options that the pack has; `None` when it has none of them
    /// or the value cannot be read.
    fn setting(&self, group: &str, names: &[&str]) -> Option<Setting<'c>> {
        let opt = self.option(group, names)?.name();
        self.config.get(opt.group(), opt.name()).ok()
    }

    /// Tells whether an entry of a file has a name.
    fn is_set(&self, name: &OptName) -> bool {
        let opt = Opt::new(name.group(), name.name(), OptType::string());
        !self.config.occurrences(&opt).effective.is_empty()
    }
}
