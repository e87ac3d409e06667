//! Restores replaced files from their backups.

use std::path::{Path, PathBuf};

use rustix::fs::AtFlags;

use super::StoreError;
use super::backup;
use super::file::Destination;
use super::stage::{Staged, switch_all};

/// A file that was restored from a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The path given by the caller.
    pub path: PathBuf,
    /// The backup that was restored. It no longer exists.
    pub backup: PathBuf,
    /// Where the edited text is kept that a forced undo replaced.
    pub kept: Option<PathBuf>,
}

/// Restores the newest backup of the file at `path`.
///
/// The file keeps its current mode, owner and attributes. The backup is removed, so that the next
/// call restores the next older one. If the file was edited since the migration, this is an error;
/// with `force`, the edited text is first kept as `NAME.confmig-TIME-edited`, which no undo takes
/// for a backup.
///
/// An interrupted undo is completed.
///
/// # Errors
///
/// [`StoreError::NothingToUndo`]; [`StoreError::Edited`] without `force`; and any other
/// [`StoreError`] of [`replace_all`](super::replace_all). The file is unchanged, except after
/// [`StoreError::BackupNotRemoved`].
pub fn undo(path: &Path, force: bool) -> Result<Undone, StoreError> {
    let destination = Destination::find(path)?;
    let present = destination.observe()?;
    let Some((stamp, name)) = backup::list(&destination)?.pop() else {
        return Err(StoreError::NothingToUndo {
            path: path.to_path_buf(),
            directory: destination.directory.path.clone(),
            pattern: backup::pattern(&destination.name),
        });
    };
    let backup = destination.directory.join(&name);
    let old = Destination {
        given: backup.clone(),
        name,
        ..destination.clone()
    };
    let text = old.observe()?.content;
    let mut kept = None;
    if text == present.content {
        log::debug!(
            "{} already holds the text of {}",
            path.display(),
            backup.display()
        );
    } else {
        destination.check_replaceable(&present)?;
        let mut edited = None;
        if backup::hash(&present.content) != stamp.hash {
            if !force {
                return Err(StoreError::Edited {
                    path: path.to_path_buf(),
                    backup,
                });
            }
            edited = Some(backup::keep_edited(&destination, &present)?);
        }
        let mut replaced = switch_all(vec![Staged::prepare(destination, present, &text, edited)?])?;
        kept = replaced.pop().map(|replaced| replaced.backup);
    }
    // The file now holds the backup's text.
    if let Err(errno) = rustix::fs::unlinkat(&old.directory, &old.name, AtFlags::empty()) {
        let cause = errno.into();
        return Err(StoreError::BackupNotRemoved {
            path: path.to_path_buf(),
            backup,
            cause,
        });
    }
    // If the backup reappears after a power failure, the next undo removes it.
    old.sync_or_warn();
    log::debug!("restored {} from {}", path.display(), backup.display());
    Ok(Undone {
        path: path.to_path_buf(),
        backup,
        kept,
    })
}
