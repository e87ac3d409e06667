//! Puts back what was replaced.

use std::path::{Path, PathBuf};

use rustix::fs::AtFlags;

use super::StoreError;
use super::backup;
use super::file::Destination;
use super::stage::{Staged, switch_all};

/// A file that holds the text of a backup again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The path as it was given.
    pub path: PathBuf,
    /// The backup that was put back. It is used up: there is no such file any more.
    pub backup: PathBuf,
    /// Where the text is that an undo by force replaced.
    pub kept: Option<PathBuf>,
}

/// Puts back the newest backup of the file at `path`.
///
/// The file keeps its present mode, owner and attributes, and the backup is removed, so that the
/// next call goes to the next older one. What is replaced is the outcome of a migration, which can
/// be had again; if it is not, because the file was edited since, this is an error, or with `force`
/// the edited text is first kept as `NAME.confmig-TIME-edited`, which no undo takes for a backup.
///
/// An undo that was interrupted is brought to its end.
///
/// # Errors
///
/// [`StoreError::NothingToUndo`], [`StoreError::Edited`] without `force`, and any other
/// [`StoreError`] of [`replace_all`](super::replace_all). The file is as it was, except after
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
            "{} holds the text of {} already",
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
    // The file holds the backup's text.
    if let Err(errno) = rustix::fs::unlinkat(&old.directory, &old.name, AtFlags::empty()) {
        let cause = errno.into();
        return Err(StoreError::BackupNotRemoved {
            path: path.to_path_buf(),
            backup,
            cause,
        });
    }
    // Should the backup come back after a power failure, the next undo removes it.
    old.sync_or_warn();
    log::debug!("put {} back from {}", path.display(), backup.display());
    Ok(Undone {
        path: path.to_path_buf(),
        backup,
        kept,
    })
}
