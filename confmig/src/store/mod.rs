//! Replaces configuration files in one transaction, and undoes it.
//!
//! A service does not start without its configuration, so this module guarantees:
//!
//! - **Atomicity.** Whenever it is interrupted, each path holds either the old text or the new one,
//!   complete and on disk. The new text is written beside the file, synced, and put in its place in
//!   one step.
//! - **Same metadata.** Mode, owner, group, access control list, SELinux label and all other
//!   extended attributes are kept; a symbolic link remains a link. If something cannot be kept,
//!   that is an error, and nothing is changed.
//! - **Nothing is lost.** The old text is kept beside the file as a backup that is never
//!   overwritten and never readable by more users than the file is. A concurrent change by someone
//!   else is detected and kept, even in the last microsecond: the two files are *exchanged*, the
//!   old one is compared with what was read, and they are exchanged back if it differs.
//! - **All or none.** [`replace_all`] prepares every file before it switches the first, and puts
//!   back those already switched if a later one fails.
//! - **No contents in messages.** Errors and log lines contain paths, never contents.
//!
//! # How one file is replaced
//!
//! 1. Follow a symbolic link; check that the destination is a regular file with a single name, is
//!    writable, and still holds what was read.
//! 2. Write the backup and the new file to the destination's directory, each with mode 0600 and a
//!    temporary name; set owner, group, attributes and mode to those of the original, in this
//!    order; sync them; rename the backup; sync the directory.
//! 3. Exchange the new file and the destination (`renameat2` with `RENAME_EXCHANGE`); compare the
//!    old file with what was read; sync the directory. Where the file system cannot exchange files,
//!    compare once more and rename.
//! 4. Rename the original, which now has the temporary name, to the backup's name: the backup is
//!    then the very same file as before, with its timestamps.
//!
//! # Limits
//!
//! - `security.ima` and `security.evm` are not kept on the new file: they sign the old one.
//! - `trusted.*` attributes are kept only when run as root: no one else sees them.
//! - Inode number and birth time change, as with every atomic replacement. Hard links would break,
//!   so a file with more than one name is refused.
//! - A killed process may leave `.NAME.confmig-….tmp` behind, no more readable than the file.
//! - Where the file system cannot exchange files, as on NFS, a change made in the microseconds
//!   between the last comparison and the rename is lost.

use std::path::PathBuf;

mod backup;
mod error;
mod file;
mod metadata;
mod stage;
#[cfg(test)]
mod tests;
mod undo;
mod write;

pub use error::StoreError;
pub use undo::{Undone, undo};
pub use write::{Replacement, replace_all, write_new};

/// A file that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The path given by the caller.
    pub path: PathBuf,
    /// The backup of its old text.
    pub backup: PathBuf,
}
