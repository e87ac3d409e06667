//! Finishes or reverts interrupted transactions.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::StoreError;
use super::directory::{Directories, Directory};
use super::file::Destination;
use super::interrupted::{Interrupted, Open, State, open_in};
use super::journal::{Entry, Kind};
use super::stage::Staged;
use super::stray::remove_strays;

/// How an interrupted transaction is brought to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// All files get the texts that the transaction was to give them.
    Finish,
    /// All files get the texts from before the transaction.
    Revert,
}

/// An interrupted transaction that was brought to an end.
#[derive(Debug)]
pub struct Recovered {
    /// The transaction as it was found.
    pub found: Interrupted,
    /// How it was brought to an end.
    pub direction: Direction,
    /// The files that were changed for it.
    pub changed: Vec<PathBuf>,
    /// The files that it does not hold for, each with the reason.
    pub left: Vec<(PathBuf, String)>,
}

/// Finishes or reverts the interrupted transactions that have one of these files.
///
/// `direction` says how. Without it, a transaction is finished if all new texts are there, and
/// reverted otherwise; but files whose directory can no longer be written decide, since the others
/// can follow them. A file that was edited since is left as it is.
///
/// # Errors
///
/// [`StoreError::Locked`], or a failure to read a directory or file, and nothing is changed then;
/// [`StoreError::NotFinished`], which names the files that are changed.
pub fn recover<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
    direction: Option<Direction>,
) -> Result<Vec<Recovered>, StoreError> {
    recover_by(paths, |_| direction)
}

/// Does the same as [`recover`], with a direction for each kind of transaction.
pub(super) fn recover_by<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
    direction: impl Fn(Kind) -> Option<Direction>,
) -> Result<Vec<Recovered>, StoreError> {
    let found = paths.into_iter().map(Destination::find_any);
    let found: Vec<Option<Destination>> = found.collect::<Result<_, _>>()?;
    let destinations: Vec<Destination> = found.into_iter().flatten().collect();
    let directories = destinations.iter().map(|file| Rc::clone(&file.directory));
    let mut locked = Directories::lock(directories.collect())?;
    let mut recovered = Vec::new();
    match recover_each(&destinations, &mut locked, direction, &mut recovered) {
        Ok(()) => Ok(recovered),
        Err(error) => Err(after(&recovered, error)),
    }
}

/// Returns an error that came after these transactions were brought to an end, with the files that
/// were changed for it.
pub(super) fn after(recovered: &[Recovered], error: StoreError) -> StoreError {
    let changed = recovered.iter().flat_map(|one| &one.changed).cloned();
    let done: Vec<PathBuf> = changed.collect();
    match done.is_empty() {
        true => error,
        false => StoreError::NotFinished {
            done,
            doing: "do the rest".into(),
            cause: error.into(),
        },
    }
}

fn recover_each(
    destinations: &[Destination],
    locked: &mut Directories,
    direction: impl Fn(Kind) -> Option<Direction>,
    recovered: &mut Vec<Recovered>,
) -> Result<(), StoreError> {
    let mut tried: Vec<String> = Vec::new();
    let directories: Vec<Rc<Directory>> = locked.iter().map(Rc::clone).collect();
    for here in directories {
        let files = destinations.iter();
        let files = files.filter(|file| file.directory.identity == here.identity);
        let files: Vec<&OsStr> = files.map(|file| &*file.name).collect();
        for open in open_in(&here, locked)? {
            let id = &open.journal.id;
            if files.iter().any(|file| open.journal.names(file)) && !tried.contains(id) {
                tried.push(id.clone());
                recovered.push(end(&open, direction(open.journal.kind))?);
            }
        }
        remove_strays(&here, &files)?;
    }
    Ok(())
}

/// Brings a transaction to an end.
fn end(open: &Open, direction: Option<Direction>) -> Result<Recovered, StoreError> {
    let direction = match direction {
        Some(direction) => direction,
        None => choose(open)?,
    };
    let mut recovered = Recovered {
        found: open.interrupted()?,
        direction,
        changed: Vec::new(),
        left: Vec::new(),
    };
    match bring_all(open, &mut recovered) {
        Ok(()) => Ok(recovered),
        Err(error) => Err(after(&[recovered], error)),
    }
}

/// Gives all files of a transaction the texts that they should have, and closes it.
fn bring_all(open: &Open, recovered: &mut Recovered) -> Result<(), StoreError> {
    let mut is_done = true;
    for entry in &open.journal.files {
        let path = open.path(entry);
        let (wanted, sum) = match recovered.direction {
            Direction::Finish => (State::New, &entry.after),
            Direction::Revert => (State::Old, &entry.before),
        };
        let left = match open.state(entry)? {
            state if state == wanted => continue,
            State::Edited => "it was edited since, and stays as it is".into(),
            State::Unreachable => "its directory is gone: when it is back, compare by hand".into(),
            State::Old | State::New => {
                let brought = bring(open, entry, sum);
                is_done &= brought.is_ok();
                match brought {
                    Ok(()) => {
                        recovered.changed.push(path);
                        continue;
                    }
                    Err(why) => why,
                }
            }
        };
        recovered.left.push((path, left));
    }
    // Otherwise another run may succeed where this one did not.
    if is_done {
        open.close()?;
    }
    Ok(())
}

/// Gives a file the text that has this sum.
fn bring(open: &Open, entry: &Entry, sum: &str) -> Result<(), String> {
    let destination = open.destination(entry).ok_or("its directory is gone")?;
    let replace = || {
        let Some(text) = open.text(entry, sum)? else {
            return Ok(false);
        };
        let present = destination.observe()?;
        destination.check_replaceable(&present)?;
        Staged::prepare_without_copy(destination, present, text)?.switch()?;
        Ok(true)
    };
    match replace() {
        Ok(true) => Ok(()),
        Ok(false) => Err("the text for it is gone".into()),
        Err(error) => Err(StoreError::to_string(&error)),
    }
}

/// Chooses how to bring a transaction to an end.
fn choose(open: &Open) -> Result<Direction, StoreError> {
    let mut stuck = Vec::new();
    let mut lacking = Vec::new();
    for entry in &open.journal.files {
        let state = open.state(entry)?;
        let sum = match state {
            State::Old => &entry.after,
            State::New => &entry.before,
            State::Edited | State::Unreachable => continue,
        };
        let destination = open.destination(entry);
        if !destination.is_some_and(|destination| destination.directory.is_writable()) {
            stuck.push(state);
        }
        if open.text(entry, sum)?.is_none() {
            lacking.push(state);
        }
    }
    let reverts = stuck.contains(&State::Old)
        || !stuck.contains(&State::New)
            && lacking.contains(&State::Old)
            && !lacking.contains(&State::New);
    Ok(match reverts {
        true => Direction::Revert,
        false => Direction::Finish,
    })
}
