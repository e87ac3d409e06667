//! Replaces files: prepares all, then switches all, and puts back those switched if one fails.

use std::fmt;
use std::path::PathBuf;

use super::backup;
use super::directory::Listings;
use super::file::Destination;
use super::journal::Kind;
use super::stage::Staged;
use super::transaction::{Transaction, Turn};
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
/// names those that are not, and [`StoreError::NotFinished`].
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
    prepare(replacements)?.commit()
}

/// Files that are ready to be replaced: new texts and copies of the old ones are on disk, beside
/// them. If dropped, it leaves no trace.
#[derive(Debug)]
pub struct Prepared<'a> {
    transaction: Transaction<'a>,
    replaced: Vec<Replaced>,
}

impl Prepared<'_> {
    /// Returns what [`Self::commit`] returns, before it is done.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &self.replaced
    }

    /// Replaces all files, or none.
    ///
    /// # Errors
    ///
    /// As those of [`replace_all`].
    pub fn commit(self) -> Result<Vec<Replaced>, StoreError> {
        self.transaction.commit()?;
        Ok(self.replaced)
    }
}

/// Does all of [`replace_all`] that can fail for want of space or rights, and replaces nothing yet.
///
/// # Errors
///
/// Any [`StoreError`]. All files are unchanged then.
pub fn prepare(replacements: &[Replacement]) -> Result<Prepared<'_>, StoreError> {
    let changing: Vec<&Replacement> = replacements
        .iter()
        .filter(|replacement| replacement.before != replacement.after)
        .collect();
    let found = changing
        .iter()
        .map(|replacement| Destination::find(&replacement.path));
    let mut destinations: Vec<Destination> = found.collect::<Result<_, _>>()?;
    let mut transaction = Transaction::new(Kind::Write, Turn::begin(&mut destinations)?);
    let mut listings = Listings::default();
    for (replacement, destination) in changing.into_iter().zip(destinations) {
        let present = destination.observe()?;
        if transaction.has(&present) {
            return Err(StoreError::Twice(destination.given));
        }
        if present.content != replacement.before {
            return Err(StoreError::Changed(destination.given));
        }
        destination.check_replaceable(&present)?;
        let backup = backup::next_name(&destination, &replacement.after, &mut listings)?;
        let after = &*replacement.after;
        let staged = Staged::prepare(destination, present, after, Some(backup))?;
        transaction.add(staged, None);
    }
    let replaced = transaction.staged.iter().filter_map(Staged::replaced);
    let replaced = replaced.collect();
    Ok(Prepared {
        transaction,
        replaced,
    })
}
