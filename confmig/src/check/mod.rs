//! Checks a set of files for everything but their syntax.

mod hosting;
mod installed;
mod interfaces;
mod names;
mod plugins;
mod references;
mod standing;
mod values;
mod variables;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use bstr::ByteSlice;
use oslo_config::{Config, Entry, Opt, OptName, ParsedFile, Setting};

use crate::diagnostic::{Code, Diagnostic, Place, Places};
use crate::pack::Pack;
use crate::secret::Secrets;
use crate::target::{Suggestions, Target, name_of, option_of_variable, registered_for_references};
use plugins::Plugins;

/// The settings of a check, and what it needs to know of the machine.
pub struct Environment<'e> {
    /// The environment variables.
    pub variables: &'e HashMap<String, String>,
    /// Whether a legacy program reads the files too, so that former names may be set beside
    /// current ones.
    pub keep_old: bool,
    /// The arguments of `confmig` that name the target, for commands in advice: empty, or with a
    /// space before each.
    pub arguments: &'e str,
    /// Whether to report unset options whose default differs from the older release's.
    pub defaults: bool,
    /// Returns whether a path is a directory.
    pub is_directory: &'e dyn Fn(&Path) -> bool,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// Checks `files`, given in the order in which the service reads them, against `target`.
#[must_use]
pub fn check(
    files: &[ParsedFile<'_>],
    target: &dyn Target,
    secrets: &Secrets<'_>,
    environment: &Environment<'_>,
) -> Vec<Diagnostic> {
    let variables = environment.variables.iter();
    let variables = variables.map(|(name, value)| (name.clone(), value.clone()));
    let current: HashSet<&OptName> = target.pack().opts.iter().map(Opt::name).collect();
    let of_variables = options_of_variables(environment, target);
    let only_in_variables = of_variables.filter(|opt| !current.contains(opt.name()));
    let only_in_variables: Vec<Opt> = only_in_variables.collect();
    let mut opts = registered_for_references(files, target.pack());
    opts.extend_from_slice(&only_in_variables);
    let checker = Checker {
        files,
        target,
        pack: target.pack(),
        current,
        groups: target.groups(),
        plugins: Plugins::new(files, target, environment.keep_old, Places { secrets }),
        suggestions: Suggestions::new(target),
        referred: OnceCell::new(),
        advised: RefCell::default(),
        config: Config::new(files, &opts).with_environment(variables),
        places: Places { secrets },
        environment,
    };
    let mut found = Vec::new();
    checker.options(&mut found);
    found.extend(
        only_in_variables
            .iter()
            .filter_map(|opt| checker.ill_typed(opt)),
    );
    checker.variables(&mut found);
    for file in files {
        checker.file(file, &mut found);
    }
    checker.hosting(&mut found);
    checker.interfaces(&mut found);
    if environment.defaults {
        checker.defaults(&mut found);
    }
    sort(&mut found, files);
    found
}

impl Checker<'_> {
    /// Returns the command that migrates to the target.
    fn migrate(&self) -> String {
        format!("confmig migrate{}", self.environment.arguments)
    }
}

/// Returns the options of a target that environment variables set.
fn options_of_variables<'t>(
    environment: &'t Environment<'_>,
    target: &'t dyn Target,
) -> impl Iterator<Item = Opt> + 't {
    let names = environment.variables.keys();
    let names = names.filter_map(|variable| option_of_variable(variable));
    names.filter_map(|name| Some(target.option(&name)?.into_owned()))
}

/// Tells whether a value has marks of a template, such as `{{ port }}`. It shows after rendering
/// whether it is valid.
fn is_template(value: &[u8]) -> bool {
    let has = |marks: [&str; 2]| marks.iter().all(|mark| value.contains_str(mark));
    has(["{{", "}}"]) || has(["{%", "%}"])
}

/// Sorts diagnostics by file, in reading order, then by line; those without a place come last.
fn sort(found: &mut [Diagnostic], files: &[ParsedFile<'_>]) {
    let paths = files.iter().enumerate().rev();
    let order: HashMap<&Path, usize> = paths.map(|(at, file)| (&*file.path, at)).collect();
    let order = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref();
        let file = place.and_then(|place| order.get(&*place.path));
        (
            file.copied().unwrap_or(usize::MAX),
            place.map(|place| (place.line, place.column)),
        )
    };
    found.sort_by_key(order);
}

/// An entry of a file, with its name.
struct NamedEntry<'e> {
    file: &'e ParsedFile<'e>,
    entry: Entry<'e, 'e>,
    name: OptName,
}

impl<'e> NamedEntry<'e> {
    fn new(file: &'e ParsedFile<'e>, entry: Entry<'e, 'e>) -> Self {
        let name = name_of(entry);
        NamedEntry { file, entry, name }
    }

    /// Returns the place of the entry's key.
    fn place(&self, places: &Places<'_, '_>) -> Place {
        places.key(&self.file.path, self.entry)
    }
}

/// Creates a diagnostic with its help, as yet without a place.
fn finding(code: Code, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, message).help(help)
}

/// The state shared by all checks.
struct Checker<'c> {
    files: &'c [ParsedFile<'c>],
    target: &'c dyn Target,
    pack: &'c Pack,
    /// The current names of the pack's options.
    current: HashSet<&'c OptName>,
    groups: BTreeSet<&'c str>,
    plugins: Option<Plugins<'c>>,
    suggestions: Suggestions<'c>,
    /// The groups that references name.
    referred: OnceCell<HashSet<String>>,
    /// The rules whose advice was given.
    advised: RefCell<HashSet<String>>,
    config: Config<'c>,
    places: Places<'c, 'c>,
    environment: &'c Environment<'c>,
}

impl<'c> Checker<'c> {
    /// Checks each option of the target, under whichever names it is set.
    fn options(&self, found: &mut Vec<Diagnostic>) {
        for opt in &self.pack.opts {
            self.occurrences(opt, found);
            found.extend(self.ill_typed(opt));
        }
    }

    /// Checks a file entry by entry.
    fn file(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        self.duplicates(file, found);
        for section in file.document.sections() {
            self.section(file, section, found);
        }
        self.not_utf8(file, found);
    }

    /// Returns the first of these options that the pack has.
    fn option(&self, group: &str, names: &[&str]) -> Option<&'c Opt> {
        let named = |opt: &&Opt| opt.name().group() == group && names.contains(&opt.name().name());
        self.pack.opts.iter().find(named)
    }

    /// Returns the setting of the first of these options that the pack has; `None` when it has none
    /// of them or the value cannot be read.
    fn setting(&self, group: &str, names: &[&str]) -> Option<Setting<'_>> {
        let opt = self.option(group, names)?.name();
        self.config.setting(opt.group(), opt.name()).ok()
    }

    /// Returns whether any file has an entry of this name.
    fn is_set(&self, name: &OptName) -> bool {
        let mut entries = self.config.entries(name.group(), name.name());
        entries.next().is_some()
    }
}
