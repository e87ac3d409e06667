//! Interrupted transactions: what a journal that was left says, and how far its run had come.

use std::collections::{HashMap, hash_map};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::io::Errno;

use crate::diagnostic::{Code, Diagnostic};
use crate::shell::word;

use super::StoreError;
use super::backup;
use super::directory::{Directories, Directory};
use super::file::{Created, Destination};
use super::journal::{Entry, Journal, Kind, Name, journals, sum};

/// What a file of an interrupted transaction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The text from before the transaction.
    Old,
    /// The text that the transaction gives it.
    New,
    /// Neither: someone else changed or removed the file since.
    Edited,
    /// Unknown: the file's directory is gone.
    Unreachable,
}

/// A transaction that was interrupted between two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// What the transaction was to do.
    pub kind: Kind,
    /// Its files, and what they hold.
    pub files: Vec<(PathBuf, State)>,
}

impl Interrupted {
    /// Returns the diagnostic for it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let first = self.files.first();
        let path = first.map_or_else(String::new, |(path, _)| word(path));
        Diagnostic::new(Code::Interrupted, self.to_string()).help(format!(
            "run `confmig recover {path}`, which finishes or reverts it"
        ))
    }

    /// Returns the paths of the files in this state.
    fn of(&self, state: State) -> impl Iterator<Item = &Path> {
        let files = self.files.iter();
        files.filter_map(move |(path, is)| (*is == state).then_some(path.as_path()))
    }
}

impl fmt::Display for Interrupted {
    /// Says which files hold what, as a clause for a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, old, new) = match self.kind {
            Kind::Write => ("a migration", "not replaced yet", "replaced"),
            Kind::Undo => ("an undo", "not restored yet", "restored"),
        };
        write!(f, "{run} of {} files was interrupted", self.files.len())?;
        let states = [
            (State::New, new),
            (State::Old, old),
            (State::Edited, "edited since"),
            (State::Unreachable, "not reachable"),
        ];
        let mut before = ": ";
        for (state, text) in states {
            let paths: Vec<String> = self
                .of(state)
                .map(|path| path.display().to_string())
                .collect();
            if !paths.is_empty() {
                write!(f, "{before}{text}: {}", paths.join(", "))?;
                before = "; ";
            }
        }
        Ok(())
    }
}

/// An open transaction: a journal with its directories, as far as they can be reached.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) journal: Journal,
    directories: Vec<Option<Rc<Directory>>>,
}

impl Open {
    /// Returns the transaction of a journal found in the directory `here`; `None` if a companion of
    /// the journal is missing, so that nothing is left to do.
    fn load(
        journal: Journal,
        here: &Rc<Directory>,
        mut reach: impl FnMut(Directory) -> Result<Rc<Directory>, StoreError>,
    ) -> Result<Option<Self>, StoreError> {
        let mut directories = Vec::new();
        for (index, path) in journal.directories().enumerate() {
            if index == journal.here {
                directories.push(Some(Rc::clone(here)));
                continue;
            }
            let directory = match Directory::open(path) {
                Ok(directory) => directory,
                Err(Errno::NOENT | Errno::NOTDIR) => {
                    directories.push(None);
                    continue;
                }
                Err(errno) => return Err(StoreError::reading(path, "open", errno.into())),
            };
            if !journal.is_in(&directory)? {
                return Ok(None);
            }
            directories.push(Some(reach(directory)?));
        }
        Ok(Some(Self {
            journal,
            directories,
        }))
    }

    /// Returns the file of an entry, if its directory can be reached.
    pub(super) fn destination(&self, entry: &Entry) -> Option<Destination> {
        let directory = self.directories[entry.directory].as_ref()?;
        Some(Destination {
            given: directory.join(&entry.name.0),
            directory: Rc::clone(directory),
            name: entry.name.0.clone(),
        })
    }

    /// Returns the path of an entry's file, for messages.
    pub(super) fn path(&self, entry: &Entry) -> PathBuf {
        match self.destination(entry) {
            Some(destination) => destination.given,
            None => self.journal.path(entry),
        }
    }

    /// Returns what an entry's file holds.
    pub(super) fn state(&self, entry: &Entry) -> Result<State, StoreError> {
        let Some(destination) = self.destination(entry) else {
            return Ok(State::Unreachable);
        };
        Ok(match sum_of(&destination)? {
            Some(text) if text == entry.before => State::Old,
            Some(text) if text == entry.after => State::New,
            _ => State::Edited,
        })
    }

    /// Returns the transaction as others see it.
    pub(super) fn interrupted(&self) -> Result<Interrupted, StoreError> {
        let files = self.journal.files.iter();
        let files = files.map(|entry| Ok((self.path(entry), self.state(entry)?)));
        Ok(Interrupted {
            kind: self.journal.kind,
            files: files.collect::<Result<_, StoreError>>()?,
        })
    }

    /// Returns whether there is nothing left to do: no file is old while another is new.
    pub(super) fn is_settled(&self) -> Result<bool, StoreError> {
        let files = self.interrupted()?.files;
        let states = files.iter().map(|(_, state)| *state);
        let mut known = states.filter(|state| *state != State::Edited);
        let first = known.next();
        let all = [State::Old, State::New];
        Ok(first.is_none_or(|first| all.contains(&first) && known.all(|other| other == first)))
    }

    /// Finds a text by its sum among the files that the transaction made.
    pub(super) fn text(&self, entry: &Entry, wanted: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(destination) = self.destination(entry) else {
            return Ok(None);
        };
        let names = [Some(&entry.staged), Some(&entry.saved)];
        let more = [entry.backup.as_ref(), entry.used.as_ref()];
        for name in names.into_iter().chain(more).flatten() {
            let text = text_of(&destination.beside(&name.0))?;
            if text.as_ref().is_some_and(|text| sum(text) == wanted) {
                return Ok(text);
            }
        }
        Ok(None)
    }

    /// Removes what the transaction made and no one needs, then its journal.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, renamed or removed. The journal stays then. So does that in a
    /// directory that cannot be written: the next run that can write there clears it.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let reached = self.directories.iter().flatten();
        let writable = reached.filter(|directory| directory.is_writable());
        let writable: Vec<Rc<Directory>> = writable.map(Rc::clone).collect();
        let mut backups = 0;
        for entry in &self.journal.files {
            let Some(destination) = self.destination(entry) else {
                continue;
            };
            let state = self.state(entry)?;
            if state != State::Old && self.journal.kind == Kind::Write {
                backups += 1;
            }
            let here = destination.directory.identity;
            if writable.iter().any(|directory| directory.identity == here) {
                self.clear(entry, &destination, state)?;
            }
        }
        self.journal.close(&writable, backups > 1);
        Ok(())
    }

    /// Gives an entry's backup its name, and removes what else the transaction made for it.
    fn clear(
        &self,
        entry: &Entry,
        destination: &Destination,
        state: State,
    ) -> Result<(), StoreError> {
        if state != State::Old {
            self.name_backup(entry, destination)?;
        }
        for name in [&entry.staged, &entry.saved] {
            discard(destination, name, entry)?;
        }
        if let (State::New, Some(used)) = (state, &entry.used) {
            remove(destination, &used.0)?;
        }
        destination.sync()
    }

    /// Gives the old text its final name, unless it has it.
    fn name_backup(&self, entry: &Entry, destination: &Destination) -> Result<(), StoreError> {
        let Some(backup) = &entry.backup else {
            return Ok(());
        };
        if sum_of(&destination.beside(&backup.0))?.is_some() {
            return Ok(());
        }
        for name in [&entry.staged, &entry.saved] {
            if sum_of(&destination.beside(&name.0))?.as_ref() == Some(&entry.before) {
                return rename(destination, name, &backup.0);
            }
        }
        Ok(())
    }
}

/// Returns the text of a file; `None` if there is no such file, or it is not a regular one.
fn text_of(file: &Destination) -> Result<Option<Vec<u8>>, StoreError> {
    match file.observe() {
        Ok(observed) => Ok(Some(observed.content)),
        Err(StoreError::Missing(_) | StoreError::NotRegular(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn sum_of(file: &Destination) -> Result<Option<String>, StoreError> {
    Ok(text_of(file)?.map(|text| sum(&text)))
}

/// Removes a file that a transaction made. If it holds a text that the transaction does not know,
/// which someone else wrote in the last instant, keeps it under a name that no run removes.
fn discard(destination: &Destination, name: &Name, entry: &Entry) -> Result<(), StoreError> {
    let Some(text) = sum_of(&destination.beside(&name.0))? else {
        return Ok(());
    };
    if text == entry.before || text == entry.after {
        return remove(destination, &name.0);
    }
    let kept = backup::edited_name(destination)?;
    rename(destination, name, &kept)?;
    log::warn!(
        "kept a change of {} by someone else as {}",
        destination.given.display(),
        destination.directory.join(&kept).display()
    );
    Ok(())
}

/// Renames a file that a transaction made.
fn rename(destination: &Destination, from: &Name, to: &OsStr) -> Result<(), StoreError> {
    let mut file = Created::new(&destination.directory, from.0.clone());
    file.kept = true;
    file.rename(to)
        .map_err(|errno| destination.writing("name the backup of", errno.into()))
}

fn remove(destination: &Destination, name: &OsStr) -> Result<(), StoreError> {
    let removed = destination.directory.remove(name);
    removed.map_err(|errno| destination.writing("remove a file beside", errno.into()))
}

/// Returns the open transactions whose journals are in a directory that is locked, and closes those
/// that have nothing left to do.
pub(super) fn open_in(
    here: &Rc<Directory>,
    locked: &mut Directories,
) -> Result<Vec<Open>, StoreError> {
    let mut found = Vec::new();
    for journal in journals(here)? {
        let alone = journal.clone();
        match Open::load(journal, here, |directory| locked.add(directory))? {
            Some(open) if open.is_settled()? => open.close()?,
            Some(open) => found.push(open),
            None => close_alone(alone, here)?,
        }
    }
    Ok(found)
}

/// Closes the journal of a transaction that was closed elsewhere, or never opened.
fn close_alone(journal: Journal, here: &Rc<Directory>) -> Result<(), StoreError> {
    let mut directories: Vec<Option<Rc<Directory>>> = vec![None; journal.directories().len()];
    directories[journal.here] = Some(Rc::clone(here));
    let rest = Open {
        journal,
        directories,
    };
    rest.close()
}

/// Returns the interrupted transactions that have one of these files. Changes nothing.
///
/// Paths that lead nowhere or that the user may not read are left out, as are transactions that a
/// run is busy with now.
///
/// # Errors
///
/// A directory that cannot be opened or listed for another reason.
pub fn interrupted<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
) -> Result<Vec<Interrupted>, StoreError> {
    let mut found: Vec<(String, Interrupted)> = Vec::new();
    let mut listed: HashMap<(u64, u64), Vec<Journal>> = HashMap::default();
    for path in paths {
        let Some(destination) = readable(Destination::find_any(path))? else {
            continue;
        };
        let here = &destination.directory;
        let all = match listed.entry(here.identity) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => new.insert(readable_journals(here)?),
        };
        for journal in all
            .iter()
            .filter(|journal| journal.names(&destination.name))
        {
            let is_known = found.iter().any(|(id, _)| *id == journal.id);
            if is_known || here.is_locked() {
                continue;
            }
            let open = Open::load(journal.clone(), here, |directory| Ok(Rc::new(directory)))?;
            if let Some(open) = open
                && !open.is_settled()?
            {
                found.push((open.journal.id.clone(), open.interrupted()?));
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|(_, interrupted)| interrupted)
        .collect())
}

/// Returns the journals in a directory that is not locked.
fn readable_journals(here: &Directory) -> Result<Vec<Journal>, StoreError> {
    match journals(here) {
        // Another run has removed it since it was listed.
        Err(StoreError::Missing(_)) => Ok(Vec::new()),
        other => readable(other),
    }
}

/// Leaves out what the user may not read, and warns of it.
pub(super) fn readable<T: Default>(read: Result<T, StoreError>) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Unreadable(path, cause)) => {
            log::warn!("cannot read {} ({cause})", path.display());
            Ok(T::default())
        }
        other => other,
    }
}
