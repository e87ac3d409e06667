//! Replaces files: prepares all, then switches all, and puts back those switched if one fails.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::backup;
use super::file::Destination;
use super::metadata::{self, Metadata};
use super::stage::{Staged, switch_all};
use super::{Replaced, StoreError};

/// A file to replace.
#[derive(Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The file, or a symbolic link to it.
    pub path: PathBuf,
    /// The text that was read from it. The file is replaced only if it still holds exactly this.
    pub before: Vec<u8>,
    /// The new text.
    pub after: Vec<u8>,
}

impl fmt::Debug for Replacement {
    /// Prints only the lengths of the texts, since they contain passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replacement")
            .field("path", &self.path)
            .field("before", &format_args!("{} bytes", self.before.len()))
            .field("after", &format_args!("{} bytes", self.after.len()))
            .finish()
    }
}

/// Replaces all these files, or none.
///
/// Returns the files and their backups in the order given, without those whose text does not
/// change.
///
/// # Errors
///
/// Any [`StoreError`]. All files are unchanged then, except after [`StoreError::NotPutBack`], which
/// names those that are not.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("ironic.conf");
/// use confmig::store::{Replacement, replace_all};
///
/// std::fs::write(&path, "[pxe]\nhttp_url = http://192.0.2.1\n")?;
/// let replaced = replace_all(&[Replacement {
///     path: path.clone(),
///     before: std::fs::read(&path)?,
///     after: b"[deploy]\nhttp_server_url = http://192.0.2.1\n".to_vec(),
/// }])?;
/// assert!(std::fs::read_to_string(&path)?.starts_with("[deploy]"));
/// assert!(std::fs::read_to_string(&replaced[0].backup)?.starts_with("[pxe]"));
/// # Ok(())
/// # }
/// ```
pub fn replace_all(replacements: &[Replacement]) -> Result<Vec<Replaced>, StoreError> {
    let mut staged: Vec<Staged<'_>> = Vec::new();
    for replacement in replacements.iter().filter(|r| r.before != r.after) {
        let destination = Destination::find(&replacement.path)?;
        let present = destination.observe()?;
        if staged
            .iter()
            .any(|other| other.before.identity == present.identity)
        {
            return Err(StoreError::Twice(destination.given));
        }
        if present.content != replacement.before {
            return Err(StoreError::Changed(destination.given));
        }
        destination.check_replaceable(&present)?;
        let backup = backup::make(&destination, &present, &replacement.after)?;
        staged.push(Staged::prepare(
            destination,
            present,
            &replacement.after,
            Some(backup),
        )?);
    }
    switch_all(staged)
}

/// Writes `bytes` to `path` atomically, whether or not the file exists.
///
/// An existing file is replaced as by [`replace_all`], keeping its metadata, but without a backup.
/// A new file gets the mode of `mode_like` and, if this user may set it, its group; otherwise the
/// group gets no more rights than others. Without `mode_like`, the mode is 0640. The umask is
/// ignored.
///
/// # Errors
///
/// Any [`StoreError`] except those of [`undo`](super::undo()). `path` is unchanged then.
pub fn write_new(path: &Path, bytes: &[u8], mode_like: Option<&Path>) -> Result<(), StoreError> {
    let destination = Destination::find(path)?;
    match destination.observe() {
        Ok(present) if present.content == bytes => Ok(()),
        Ok(present) => {
            destination.check_replaceable(&present)?;
            switch_all(vec![Staged::prepare(destination, present, bytes, None)?]).map(drop)
        }
        Err(StoreError::Missing(_)) => create(&destination, bytes, mode_like),
        Err(other) => Err(other),
    }
}

/// Writes a file that does not exist yet.
fn create(
    destination: &Destination,
    bytes: &[u8],
    mode_like: Option<&Path>,
) -> Result<(), StoreError> {
    let like = match mode_like {
        Some(source) => Some(Destination::find(source)?.observe()?.metadata),
        None => None,
    };
    let (mut new, file) = destination.temporary()?;
    match &like {
        Some(like) => metadata::resemble(&file, like),
        None => metadata::set_mode_only(&file, 0o640),
    }
    .map_err(|error| destination.not_kept(error))?;
    let now = Metadata::of(&file).map_err(|error| destination.not_kept(error))?;
    destination.fill(&file, bytes, &now)?;
    new.rename(&destination.name).map_err(|errno| match errno {
        Errno::EXIST => StoreError::Changed(destination.given.clone()),
        other => destination.writing("write", other.into()),
    })?;
    new.kept = true;
    destination.sync()
}
