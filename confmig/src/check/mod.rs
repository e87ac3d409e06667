//! What is wrong with a set of files, besides their syntax.

mod hosting;
mod named;
mod names;
mod plugins;
mod references;
mod release;
mod schema;
mod values;

use std::collections::HashMap;
use std::path::Path;

use oslo_config::{Config, Opt, ParsedFile, Setting};

use crate::diagnostic::{Diagnostic, Places};
use crate::known::KnownNames;
use crate::pack::Pack;
use crate::secret::Secrets;
pub use release::{Release, check_release};
pub(crate) use schema::gone;
pub use schema::{Schemas, check_schema};

/// The world around the files, as a check sees it.
pub struct World<'w> {
    /// The environment's variables.
    pub environment: &'w HashMap<String, String>,
    /// The files are also read by a program that knows the former names, so that both may stand there.
    pub keep_old: bool,
    /// Tells whether a path is a directory.
    pub is_directory: &'w dyn Fn(&Path) -> bool,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Checks `files`, in the order in which they are read, against a pack.
#[must_use]
pub fn check(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    secrets: &Secrets<'_>,
    world: &World<'_>,
) -> Vec<Diagnostic> {
    let environment = world
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    let opts = crate::registered(files, pack);
    let checker = Checker {
        files,
        pack,
        known: KnownNames::of(pack),
        config: Config::new(files, &opts).with_environment(environment),
        places: Places { secrets },
        world,
    };
    let mut found = Vec::new();
    checker.names(&mut found);
    checker.values(&mut found);
    checker.hosting(&mut found);
    in_order(&mut found, files);
    found
}

/// By file in the order in which they are read, then by line; what has no place comes last.
pub fn in_order(found: &mut [Diagnostic], files: &[ParsedFile<'_>]) {
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

struct Checker<'c> {
    files: &'c [ParsedFile<'c>],
    pack: &'c Pack,
    known: &'static KnownNames,
    config: Config<'c>,
    places: Places<'c, 'c>,
    world: &'c World<'c>,
}

impl<'c> Checker<'c> {
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
}
