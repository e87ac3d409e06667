//! Transactions: files that are prepared, journalled, and switched all or none.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::rc::Rc;

use super::StoreError;
use super::backup;
use super::directory::{Directories, Directory};
use super::file::{Destination, Observed};
use super::interrupted::open_in;
use super::journal::{Entry, Journal, Kind, Name, remove_old_records, sum};
use super::stage::{Staged, switch_all};
use super::stray::remove_strays;

/// The right to replace some files, and only those, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _locked: Directories,
}

impl Turn {
    /// Locks the directories of these files, and clears away what runs that were killed left.
    ///
    /// # Errors
    ///
    /// [`StoreError::Interrupted`] if one of the files is in an interrupted transaction.
    pub(super) fn begin(destinations: &mut [Destination]) -> Result<Self, StoreError> {
        let directories = destinations.iter().map(|file| Rc::clone(&file.directory));
        let mut locked = Directories::lock(directories.collect())?;
        for destination in destinations.iter_mut() {
            if let Some(directory) = locked.find(destination.directory.identity) {
                destination.directory = directory;
            }
        }
        let all: Vec<Rc<Directory>> = locked.iter().map(Rc::clone).collect();
        for directory in &all {
            let here = |file: &&Destination| file.directory.identity == directory.identity;
            for open in open_in(directory, &mut locked)? {
                let mut files = destinations.iter().filter(here);
                if let Some(file) = files.find(|file| open.journal.names(&file.name)) {
                    return Err(StoreError::Interrupted {
                        path: file.given.clone(),
                        what: open.interrupted()?.to_string(),
                    });
                }
            }
            let names = destinations.iter().filter(here).map(|file| &*file.name);
            let names: Vec<&OsStr> = names.collect();
            remove_strays(directory, &names)?;
            remove_old_records(directory);
        }
        Ok(Self { _locked: locked })
    }
}

/// Files that are ready to be switched. If dropped before, it leaves no trace.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    kind: Kind,
    // Before the locks, so that it is dropped first.
    pub(super) staged: Vec<Staged<'a>>,
    /// The backups to remove in the end, one for each staged file.
    used: Vec<Option<OsString>>,
    _turn: Turn,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(kind: Kind, turn: Turn) -> Self {
        Self {
            kind,
            staged: Vec::new(),
            used: Vec::new(),
            _turn: turn,
        }
    }

    /// Adds a file, and the backup that it is restored from, if any.
    pub(super) fn add(&mut self, staged: Staged<'a>, used: Option<OsString>) {
        self.staged.push(staged);
        self.used.push(used);
    }

    /// Returns whether it has this file, perhaps under another name.
    pub(super) fn has(&self, file: &Observed) -> bool {
        let mut staged = self.staged.iter();
        staged.any(|other| other.before.identity == file.identity)
    }

    /// Switches all files or none.
    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let (journal, directories) = self.journal()?;
        journal.write(&directories)?;
        match switch_all(&mut self.staged) {
            Ok(()) => {}
            // The journal stays, so that `recover` can try again.
            Err(error @ StoreError::NotPutBack { .. }) => return Err(error),
            Err(error) => {
                self.staged.clear();
                journal.close(&directories, false);
                return Err(error);
            }
        }
        // With an error, the journal stays, so that the next run does the rest.
        self.finish()?;
        let record = self.kind == Kind::Write && self.staged.len() > 1;
        self.staged.clear();
        directories
            .iter()
            .for_each(|directory| directory.sync_or_warn());
        journal.close(&directories, record);
        Ok(())
    }

    /// Gives backups their names, and removes those that are used.
    fn finish(&mut self) -> Result<(), StoreError> {
        let finished = self
            .staged
            .iter_mut()
            .zip(&self.used)
            .find_map(|(file, used)| {
                let path = file.destination.given.clone();
                if let Err(cause) = file.finish() {
                    return Some((format!("name the backup of {}", path.display()), cause));
                }
                let used = used.as_ref()?;
                let directory = &file.destination.directory;
                let removed = directory.remove(used).err()?;
                let doing = format!("remove the used backup {}", directory.join(used).display());
                Some((doing, removed.into()))
            });
        let Some((doing, cause)) = finished else {
            return Ok(());
        };
        self.staged.iter_mut().for_each(Staged::leave);
        let done = self
            .staged
            .iter()
            .map(|file| file.destination.given.clone());
        Err(StoreError::NotFinished {
            done: done.collect(),
            doing,
            cause: cause.into(),
        })
    }

    /// Returns the journal of the transaction, and the directories that it is written to.
    fn journal(&self) -> Result<(Journal, Vec<Rc<Directory>>), StoreError> {
        let mut directories: Vec<Rc<Directory>> = Vec::new();
        let mut numbers = HashMap::new();
        let mut entries = Vec::new();
        for (staged, used) in self.staged.iter().zip(&self.used) {
            let here = &staged.destination.directory;
            let directory = *numbers.entry(here.identity).or_insert_with(|| {
                directories.push(Rc::clone(here));
                directories.len() - 1
            });
            // Files of a transaction always have a copy.
            let saved = staged
                .saved
                .as_ref()
                .map_or_else(OsString::new, |saved| saved.name.clone());
            entries.push(Entry {
                directory,
                name: Name(staged.destination.name.clone()),
                staged: Name(staged.temporary.name.clone()),
                saved: Name(saved),
                backup: staged.backup.clone().map(Name),
                used: used.clone().map(Name),
                before: sum(&staged.before.content),
                after: sum(&staged.after),
            });
        }
        let journal = Journal::new(self.kind, &backup::now(), &directories, entries)?;
        Ok((journal, directories))
    }
}
