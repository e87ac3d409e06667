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
//! - **All or none.** [`replace_all`] and [`undo()`] prepare every file before they switch the
//!   first, and put back those already switched if a later one fails. If the process is killed
//!   between two files, a journal tells the next run, which [reports](interrupted()), finishes or
//!   reverts it ([`recover()`]).
//! - **One at a time.** Directories are locked (`flock`) while files in them are replaced. A second
//!   run waits a few seconds for the first.
//! - **No contents in messages.** Errors and log lines contain paths, never contents.
//!
//! # How files are replaced
//!
//! 1. Follow symbolic links; open and lock the directories, in the order of their inodes; clear
//!    away what runs that were killed left; check that each destination is a regular file with a
//!    single name, is writable, and still holds what was read.
//! 2. For each file, write a copy and the new file to the destination's directory, each with mode
//!    0600 and a temporary name; set owner, group, attributes and mode to those of the original, in
//!    this order; sync them; sync the directory.
//! 3. Write the journal to every directory concerned; sync it; sync the directories. The last one
//!    opens the transaction.
//! 4. For each file, exchange the new file and the destination (`renameat2` with
//!    `RENAME_EXCHANGE`); compare the old file with what was read; sync the directory. Where the
//!    file system cannot exchange files, compare once more and rename.
//! 5. For each file, rename the original, which now has the temporary name, to the backup's name:
//!    the backup is then the very same file as before, with its timestamps. Remove the copy. An
//!    undo removes the backup that it restored instead.
//! 6. Sync the directories, and remove the journals. The first one that is gone closes the
//!    transaction. The journal of several files becomes the record of which backups belong
//!    together.
//!
//! # What a run that was killed leaves
//!
//! Before step 3 is done, temporary files, which the next run on the same file removes: they are
//! called `.NAME.confmig-PROCESS-NUMBER.tmp`, their process is gone, and no journal names them.
//! After it, journals, copies and new files. If all files are old, or all new, the next run clears
//! up. Otherwise it has to be finished, from the new files, or reverted, from the copies.
//!
//! # Limits
//!
//! - `security.ima` and `security.evm` are not kept on the new file: they sign the old one.
//! - `trusted.*` attributes are kept only when run as root: no one else sees them.
//! - Inode number and birth time change, as with every atomic replacement. Hard links would break,
//!   so a file with more than one name is refused.
//! - Where the file system cannot exchange files, as on NFS, a change made in the microseconds
//!   between the last comparison and the rename is lost.
//! - Where it has no locks, two runs at once rely on these comparisons, and temporary files stay.
//! - If a directory of an interrupted transaction is gone when that is finished or reverted, its
//!   files are only named. When it comes back, its journal is no longer obeyed.
//! - [`prepare_new`] keeps no journal: a kill leaves each file whole, but maybe not all written.

use std::path::PathBuf;

mod backup;
mod directory;
mod error;
mod file;
mod interrupted;
mod journal;
mod list;
mod metadata;
mod output;
mod recover;
mod stage;
mod stray;
#[cfg(test)]
mod tests;
mod transaction;
mod undo;
mod write;

pub use error::StoreError;
pub use interrupted::{Interrupted, State, interrupted};
pub use journal::Kind;
pub use list::{Backup, backups};
pub use output::{NewFile, PreparedFiles, prepare_new, write_new};
pub use recover::{Direction, Recovered, recover};
pub use undo::{PreparedUndo, Undo, UndoSettings, Undone, prepare_undo, undo};
pub use write::{Prepared, Replacement, prepare, replace_all};

/// A file that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The path given by the caller.
    pub path: PathBuf,
    /// The backup of its old text.
    pub backup: PathBuf,
}
