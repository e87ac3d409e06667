//! Lists the backups that an undo would restore.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::backup;
use super::directory::Listings;
use super::file::Destination;
use super::interrupted::readable;
use super::journal::records;
use super::undo::may_have_backups;

/// A backup that an undo would restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The path given by the caller.
    pub path: PathBuf,
    /// The backup.
    pub backup: PathBuf,
    /// When the file was replaced, in UTC (`20260131T235959Z`).
    pub time: String,
    /// Whether the text that replaced it was edited since.
    pub edited: bool,
    /// The other files that were replaced by the same run.
    pub together: Vec<PathBuf>,
}

/// Returns the backups of these files, the newest of each file first: the order in which they would
/// be restored. A directory, and a path that
/// is itself a backup of another file, are left out.
///
/// # Errors
///
/// A file, backup or directory that cannot be read.
pub fn backups<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Backup>, StoreError> {
    let (mut found, mut listings) = (Vec::new(), Listings::default());
    let given = paths.iter().map(AsRef::as_ref);
    for path in given.filter(|path| may_have_backups(path)) {
        let destination = Destination::find(path)?;
        let mut text = destination.observe()?.content;
        let records = readable(records(&destination.directory))?;
        for (stamp, name) in backup::list(&destination, &mut listings)?.into_iter().rev() {
            let record = records.iter().find(|record| record.made(&name));
            let others = record.into_iter().flat_map(|record| {
                let paths = record.files.iter();
                paths.map(|entry| record.path_from(&destination.directory, entry))
            });
            let itself = destination.directory.join(&destination.name);
            let older = destination.beside(&name);
            found.push(Backup {
                path: path.to_path_buf(),
                backup: older.given.clone(),
                time: stamp.time.clone(),
                edited: backup::hash(&text) != stamp.hash,
                together: others.filter(|other| *other != itself).collect(),
            });
            text = older.observe()?.content;
        }
    }
    Ok(found)
}
