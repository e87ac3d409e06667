//! Writes new files, which may replace existing ones without a backup.

use std::path::Path;

use rustix::io::Errno;

use super::StoreError;
use super::file::{Created, Destination};
use super::metadata::{self, Metadata};
use super::stage::{Staged, switch_all};
use super::transaction::Turn;

/// A file to write, whether or not it exists.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// Where to write it.
    pub path: &'a Path,
    /// Its text.
    pub text: &'a [u8],
    /// The file that a new one resembles in mode and group.
    pub mode_like: Option<&'a Path>,
}

/// Writes `bytes` to `path` atomically, whether or not the file exists.
///
/// An existing file is replaced as by [`replace_all`](super::replace_all), keeping its metadata,
/// but without a backup. A new file gets the mode of `mode_like` and, if this user may set it, its
/// group; otherwise the group gets no more rights than others. Without `mode_like`, the mode is
/// 0640. The umask is ignored.
///
/// # Errors
///
/// Any [`StoreError`] except those of [`undo`](super::undo()). `path` is unchanged then.
pub fn write_new(path: &Path, bytes: &[u8], mode_like: Option<&Path>) -> Result<(), StoreError> {
    let file = NewFile {
        path,
        text: bytes,
        mode_like,
    };
    prepare_new(&[file])?.commit()
}

/// New files that are ready: their texts are on disk. If dropped, it leaves no trace.
#[derive(Debug)]
pub struct PreparedFiles<'a> {
    replacing: Vec<Staged<'a>>,
    creating: Vec<(Destination, Created)>,
    _turn: Turn,
}

/// Does all of [`write_new`] for several files that can fail for want of space or rights.
///
/// # Errors
///
/// As those of [`write_new`]. All paths are unchanged then.
pub fn prepare_new<'a>(files: &[NewFile<'a>]) -> Result<PreparedFiles<'a>, StoreError> {
    let found = files.iter().map(|file| Destination::find(file.path));
    let mut destinations: Vec<Destination> = found.collect::<Result<_, _>>()?;
    let mut prepared = PreparedFiles {
        _turn: Turn::begin(&mut destinations)?,
        replacing: Vec::new(),
        creating: Vec::new(),
    };
    for (file, destination) in files.iter().zip(destinations) {
        match destination.observe() {
            Ok(present) if present.content == file.text => {}
            Ok(present) => {
                destination.check_replaceable(&present)?;
                let staged = Staged::prepare(destination, present, file.text, None)?;
                prepared.replacing.push(staged);
            }
            Err(StoreError::Missing(_)) => {
                let new = create(&destination, file)?;
                prepared.creating.push((destination, new));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(prepared)
}

impl PreparedFiles<'_> {
    /// Writes all files, or none unless the process is killed between two of them.
    ///
    /// # Errors
    ///
    /// As those of [`write_new`].
    pub fn commit(mut self) -> Result<(), StoreError> {
        for (destination, new) in &mut self.creating {
            new.rename(&destination.name).map_err(|errno| match errno {
                Errno::EXIST => StoreError::Changed(destination.given.clone()),
                other => destination.writing("write", other.into()),
            })?;
            destination.sync()?;
        }
        switch_all(&mut self.replacing)?;
        self.creating
            .iter_mut()
            .for_each(|(_, new)| new.kept = true);
        Ok(())
    }
}

/// Prepares a file that does not exist yet, under a temporary name.
fn create(destination: &Destination, file: &NewFile<'_>) -> Result<Created, StoreError> {
    let like = match file.mode_like {
        Some(source) => Some(Destination::find(source)?.observe()?.metadata),
        None => None,
    };
    let (new, created) = destination.temporary()?;
    match &like {
        Some(like) => metadata::resemble(&created, like),
        None => metadata::set_mode_only(&created, 0o640),
    }
    .map_err(|error| destination.not_kept(error))?;
    let now = Metadata::of(&created).map_err(|error| destination.not_kept(error))?;
    destination.fill(&created, file.text, &now)?;
    Ok(new)
}
