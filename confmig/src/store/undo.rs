//! Restores replaced files from their backups.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::backup::{self, Stamp};
use super::directory::Listings;
use super::file::{Destination, Observed};
use super::journal::{Kind, records, remove_old_records};
use super::recover::{Direction, Recovered, after, recover_by};
use super::stage::Staged;
use super::transaction::{Transaction, Turn};

/// How files are restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UndoSettings {
    /// Restore a file even if it was edited since; the edited text is kept beside it.
    pub force: bool,
    /// Restore the files that were replaced by the same run, too.
    pub transaction: bool,
}

/// A file that is restored from a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The path given by the caller.
    pub path: PathBuf,
    /// The backup that is restored. It no longer exists in the end.
    pub backup: PathBuf,
    /// Where the edited text is kept that a forced undo replaces.
    pub kept: Option<PathBuf>,
}

/// What an undo does.
#[derive(Debug, Default)]
pub struct Undo {
    /// Interrupted transactions, which were brought to an end first: those that replace files are
    /// reverted, those that restore files are finished.
    pub recovered: Vec<Recovered>,
    /// The files that are restored.
    pub undone: Vec<Undone>,
    /// The files that have no backup to restore, and stay as they are: with
    /// [`transaction`](UndoSettings::transaction), also those of the run whose backup is gone, or
    /// not the newest.
    pub skipped: Vec<PathBuf>,
    /// The files that were replaced by the same runs, and keep their new texts.
    pub remaining: Vec<PathBuf>,
}

/// Files that are ready to be restored. If dropped, it leaves no trace.
#[derive(Debug)]
pub struct PreparedUndo {
    transaction: Transaction<'static>,
    /// The backups of files that already hold their texts.
    used: Vec<(Destination, OsString)>,
    undo: Undo,
}

impl PreparedUndo {
    /// Returns what [`Self::commit`] returns, before it is done.
    #[must_use]
    pub fn undo(&self) -> &Undo {
        &self.undo
    }

    /// Restores all files, or none.
    ///
    /// # Errors
    ///
    /// As those of [`undo`].
    pub fn commit(self) -> Result<Undo, StoreError> {
        self.transaction.commit()?;
        for (destination, used) in &self.used {
            // If the backup reappears after a power failure, the next undo removes it.
            if let Err(errno) = destination.directory.remove(used) {
                let backup = destination.directory.join(used);
                let done = self.undo.undone.iter().map(|undone| undone.path.clone());
                return Err(StoreError::NotFinished {
                    done: done.collect(),
                    doing: format!("remove the used backup {}", backup.display()),
                    cause: errno.into(),
                });
            }
            remove_old_records(&destination.directory);
            destination.directory.sync_or_warn();
        }
        Ok(self.undo)
    }
}

/// Restores the newest backup of each of these files; all of them, or none.
///
/// The files keep their current mode, owner and attributes. The backups are removed, so that the
/// next call restores the next older ones. If a file was edited since the migration, this is an
/// error; with [`UndoSettings::force`], the edited text is first kept as
/// `NAME.confmig-TIME-edited`, which no undo takes for a backup. A directory, and a path that
/// is itself a backup of another file, are left out.
///
/// # Errors
///
/// [`StoreError::NothingToUndo`] if none of the files has a backup; [`StoreError::Edited`]; and any
/// other [`StoreError`] of [`replace_all`](super::replace_all). The files are unchanged, except
/// after [`StoreError::NotPutBack`] and [`StoreError::NotFinished`].
pub fn undo<P: AsRef<Path>>(paths: &[P], settings: UndoSettings) -> Result<Undo, StoreError> {
    prepare_undo(paths, settings)?.commit()
}

/// Does all of [`undo`] that can fail for want of space or rights, and restores nothing yet, except
/// that interrupted transactions are brought to an end.
///
/// # Errors
///
/// As those of [`undo`].
pub fn prepare_undo<P: AsRef<Path>>(
    paths: &[P],
    settings: UndoSettings,
) -> Result<PreparedUndo, StoreError> {
    let mut undo = Undo::default();
    let given = paths.iter().map(AsRef::as_ref);
    let files: Vec<&Path> = given.filter(|path| may_have_backups(path)).collect();
    undo.recovered = recover_by(files.iter().copied(), |kind| match kind {
        Kind::Write => Some(Direction::Revert),
        Kind::Undo => Some(Direction::Finish),
    })?;
    let is_done = |path: &Path| {
        let mut changed = undo.recovered.iter().flat_map(|one| &one.found.files);
        changed.any(|(done, _)| is_same(done, path))
    };
    let left: Vec<&Path> = files.into_iter().filter(|path| !is_done(path)).collect();
    let mut prepared = match prepare_left(&left, settings) {
        Ok(prepared) => prepared,
        Err(error) => return Err(after(&undo.recovered, error)),
    };
    prepared.undo.recovered = undo.recovered;
    let undo = &prepared.undo;
    if undo.undone.is_empty() && undo.recovered.is_empty() {
        return Err(nothing(paths));
    }
    Ok(prepared)
}

/// Prepares files that are in no interrupted transaction.
fn prepare_left(files: &[&Path], settings: UndoSettings) -> Result<PreparedUndo, StoreError> {
    let mut undo = Undo::default();
    let found = files.iter().map(|path| Destination::find(path));
    let mut destinations: Vec<Destination> = found.collect::<Result<_, _>>()?;
    let together = together(&destinations)?;
    match settings.transaction {
        true => {
            destinations.extend(together.found);
            undo.skipped = together.left;
        }
        false => {
            let found = together.found.into_iter();
            undo.remaining = found.map(|other| other.given).collect();
        }
    }
    let turn = Turn::begin(&mut destinations)?;
    let mut prepared = PreparedUndo {
        transaction: Transaction::new(Kind::Undo, turn),
        used: Vec::new(),
        undo,
    };
    let mut listings = Listings::default();
    for destination in destinations {
        prepared.add(destination, settings.force, &mut listings)?;
    }
    Ok(prepared)
}

impl PreparedUndo {
    /// Adds a file to restore.
    fn add(
        &mut self,
        destination: Destination,
        force: bool,
        listings: &mut Listings,
    ) -> Result<(), StoreError> {
        let present = destination.observe()?;
        if self.transaction.has(&present) {
            return Ok(());
        }
        let path = destination.given.clone();
        let Some((stamp, name)) = backup::newest(&destination, listings)? else {
            self.undo.skipped.push(path);
            return Ok(());
        };
        let old = destination.beside(&name);
        let text = old.observe()?.content;
        let mut kept = None;
        if text == present.content {
            log::debug!("{} is as before already", path.display());
            self.used.push((destination, name));
        } else {
            destination.check_replaceable(&present)?;
            kept = edited(&destination, &present, &stamp, force, &old)?;
            let staged = Staged::prepare(destination, present, text, kept.clone())?;
            self.transaction.add(staged, Some(name));
        }
        self.undo.undone.push(Undone {
            kept: kept.map(|kept| old.directory.join(&kept)),
            path,
            backup: old.given,
        });
        Ok(())
    }
}

/// Returns the name under which the text of an edited file is to be kept; `None` if the file was
/// not edited since the backup was made.
fn edited(
    destination: &Destination,
    present: &Observed,
    stamp: &Stamp,
    force: bool,
    backup: &Destination,
) -> Result<Option<OsString>, StoreError> {
    if backup::hash(&present.content) == stamp.hash {
        return Ok(None);
    }
    if !force {
        return Err(StoreError::Edited {
            path: destination.given.clone(),
            backup: backup.given.clone(),
        });
    }
    backup::edited_name(destination).map(Some)
}

/// The other files of transactions.
#[derive(Default)]
struct Together {
    /// Those whose backups of the transaction are their newest.
    found: Vec<Destination>,
    /// Those that have none of the transaction, or a newer one.
    left: Vec<PathBuf>,
}

/// Returns the other files of the transactions whose backups are the newest of these files.
fn together(files: &[Destination]) -> Result<Together, StoreError> {
    let (mut others, mut listings) = (Together::default(), Listings::default());
    for file in files {
        let Some((_, newest)) = backup::newest(file, &mut listings)? else {
            continue;
        };
        for record in records(&file.directory)? {
            if !record.made(&newest) {
                continue;
            }
            for entry in &record.files {
                let path = record.path_from(&file.directory, entry);
                let Some(other) = Destination::find_any(&path)? else {
                    continue;
                };
                let is_same = |known: &Destination| {
                    known.name == other.name && known.directory.identity == other.directory.identity
                };
                if files.iter().chain(&others.found).any(is_same) {
                    continue;
                }
                let newest = backup::newest(&other, &mut listings)?.map(|(_, name)| name);
                if newest == entry.backup.as_ref().map(|backup| backup.0.clone()) {
                    others.found.push(other);
                } else if !others.left.contains(&other.given) {
                    others.left.push(other.given);
                }
            }
        }
    }
    Ok(others)
}

/// Returns whether a path is neither a directory nor has the name of a backup.
pub(super) fn may_have_backups(path: &Path) -> bool {
    !path.is_dir() && !path.file_name().is_some_and(backup::is_backup)
}

/// Returns whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Returns the error for files that all have no backup.
fn nothing<P: AsRef<Path>>(paths: &[P]) -> StoreError {
    let path = paths.first().map_or(Path::new(""), AsRef::as_ref);
    match Destination::find(path) {
        Ok(destination) => StoreError::NothingToUndo {
            path: path.to_path_buf(),
            directory: destination.directory.path.clone(),
            pattern: backup::pattern(&destination.name),
        },
        Err(error) => error,
    }
}
