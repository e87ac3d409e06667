//! The sets of files of a run: each is read by one service, and independent of the others.

use std::path::{Path, PathBuf};

use confmig::diagnostic::Diagnostic;
use confmig::policy::{Policy, ProjectTarget};
use oslo_config::SourceFile;
use rayon::prelude::*;

use super::Failure;
use super::args::SourceArgs;
use super::given::{Given, TargetNames};
use super::sources;

/// A set of files, and the number of what determines its target.
struct FileSet {
    given: usize,
    paths: Vec<PathBuf>,
}

/// The sets of files of a run.
pub(crate) struct Sets {
    given: Vec<Given>,
    sets: Vec<FileSet>,
}

/// What names the files of a run and their targets.
pub(crate) struct Naming<'a> {
    pub(crate) sources: &'a SourceArgs,
    pub(crate) names: TargetNames,
    pub(crate) policy: &'a Policy,
    /// Each file is a set.
    pub(crate) each: bool,
    pub(crate) show_secrets: bool,
}

impl Sets {
    /// Finds the files and their targets. What the arguments name takes precedence over the policy.
    pub(crate) fn new(naming: &Naming<'_>) -> Result<Self, Failure> {
        let mut sets = Sets {
            given: Vec::new(),
            sets: Vec::new(),
        };
        let targets = &naming.policy.targets;
        let ordered = &naming.sources.ordered;
        let paths = sources::paths(ordered)?;
        if !naming.names.is_empty() || targets.is_empty() {
            let given = Given::load(naming.names.clone(), naming.show_secrets)?;
            let paths = match ordered.is_empty() {
                true => sources::of_service(&given)?,
                false => paths,
            };
            sets.add(given, paths, naming.each);
        } else if ordered.is_empty() {
            for target in targets {
                let (paths, without) = target.files.files();
                for pattern in without {
                    log::warn!("no file matches \"{pattern}\" of the policy");
                }
                sets.add_target(Some(target), paths, naming)?;
            }
            if sets.sets.is_empty() {
                return Err(Failure::Message(
                    "no file matches the targets of the policy: correct their files, or give the \
                     files to read"
                        .into(),
                ));
            }
        } else {
            sets.by_target(&paths, naming)?;
        }
        Ok(sets)
    }

    /// Adds files by the targets of the policy.
    fn by_target(&mut self, paths: &[PathBuf], naming: &Naming<'_>) -> Result<(), Failure> {
        let targets = &naming.policy.targets;
        let mut left: Vec<Vec<PathBuf>> = vec![Vec::new(); targets.len() + 1];
        for path in paths {
            let mut at = targets.iter();
            let at = at.position(|target| target.files.matches(path));
            left[at.unwrap_or(targets.len())].push(path.clone());
        }
        for (at, paths) in left.into_iter().enumerate() {
            self.add_target(targets.get(at), paths, naming)?;
        }
        Ok(())
    }

    /// Adds files of a target of the policy, or without one.
    fn add_target(
        &mut self,
        target: Option<&ProjectTarget>,
        paths: Vec<PathBuf>,
        naming: &Naming<'_>,
    ) -> Result<(), Failure> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut names = match target {
            Some(target) => TargetNames::of_policy(target),
            None => naming.names.clone(),
        };
        names.keep_old |= naming.names.keep_old;
        if !naming.names.pinned.is_empty() {
            names.pinned.clone_from(&naming.names.pinned);
        }
        let given = Given::load(names, naming.show_secrets)?;
        let each = naming.each || target.is_some_and(|target| target.each);
        self.add(given, paths, each);
        Ok(())
    }

    fn add(&mut self, given: Given, paths: Vec<PathBuf>, each: bool) {
        let number = self.given.len();
        self.given.push(given);
        let set = |paths| FileSet {
            given: number,
            paths,
        };
        match each && !paths.is_empty() {
            true => self
                .sets
                .extend(paths.into_iter().map(|path| set(vec![path]))),
            false => self.sets.push(set(paths)),
        }
    }

    /// Returns what is doubtful about the schemas.
    pub(crate) fn doubts(&self) -> impl Iterator<Item = &str> {
        self.given.iter().filter_map(|given| given.doubt.as_deref())
    }

    /// Returns the number of sets.
    pub(crate) fn count(&self) -> usize {
        self.sets.len()
    }

    /// Returns the paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> + Clone {
        let sets = self.sets.iter();
        sets.flat_map(|set| set.paths.iter().map(PathBuf::as_path))
    }

    /// Reads each set, does some work with it, on all processors, and returns the results in order;
    /// the first failure if there is one.
    pub(crate) fn map<'s, T: Send>(
        &'s self,
        work: impl Fn(&'s Given, Vec<SourceFile>) -> Result<T, Failure> + Sync,
    ) -> Result<Vec<T>, Failure> {
        let one = |set: &'s FileSet| work(&self.given[set.given], sources::read(&set.paths)?);
        // A single set, as most runs have, needs no threads.
        if let [set] = self.sets.as_slice() {
            return Ok(vec![one(set)?]);
        }
        let results: Vec<_> = self.sets.par_iter().map(one).collect();
        results.into_iter().collect()
    }
}

/// Makes diagnostics without a place name the file of their set, if it has only one.
pub(crate) fn name_file(diagnostics: &mut [Diagnostic], files: &[SourceFile]) {
    if let [file] = files {
        let without = diagnostics.iter_mut().filter(|found| found.place.is_none());
        without.for_each(|found| found.file = Some(file.path.clone()));
    }
}
