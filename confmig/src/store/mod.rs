//! Replaces configuration files that matter, and puts them back.
//!
//! A service does not start without its configuration, so this module promises:
//!
//! - **Whole.** Interrupted at any moment, each path holds the old text or the new, whole and on
//!   disk. The new text is written beside the file, synced, and takes its place in one step.
//! - **Same file otherwise.** Mode, owner, group, access control list, SELinux label and every
//!   other extended attribute stay; a symbolic link stays a link. What cannot be kept is an error,
//!   and nothing is changed.
//! - **Nothing lost.** The old text stays beside the file as a backup that is never overwritten
//!   and at no instant readable by more people than the file is. A change that someone else
//!   makes meanwhile is found and kept, even one in the last microsecond: the two files are
//!   *exchanged*, what came out is compared, and they are exchanged back if it is not what was
//!   read.
//! - **All or none.** [`replace_all`] prepares every file before it switches the first, and puts
//!   back the ones it switched when a later one fails.
//! - **Quiet.** Errors and log lines hold paths, never contents.
//!
//! # How one file is replaced
//!
//! 1. Find the link's target; check that it is a regular file with one name, may be written, and
//!    still holds what was read.
//! 2. Write the backup and the new file to the target's directory, each with mode 0600 and a
//!    temporary name; give them owner, group, attributes and mode of the original, in this order;
//!    sync them; give the backup its name; sync the directory.
//! 3. Exchange the new file and the target (`renameat2` with `RENAME_EXCHANGE`); compare what came
//!    out with what was read; sync the directory. Where the file system cannot exchange, compare
//!    once more and rename.
//! 4. Give the original, now under the temporary name, the backup's name: the backup is then the
//!    very file that stood there, with its times.
//!
//! # What it does not preserve
//!
//! - `security.ima` and `security.evm` on the new file: they sign the old one; the kernel or the
//!   administrator signs anew.
//! - `trusted.*` attributes, when not run as root: only root sees them.
//! - Inode number and birth time, as with every atomic replacement. Hard links would break, so a
//!   file with more than one name is refused.
//! - A killed process may leave `.NAME.confmig-….tmp` behind, no more readable than the file.
//! - Where the file system cannot exchange (NFS, for one), a change made between the last
//!   comparison and the rename, microseconds, is lost.

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
pub use write::{Replaced, Replacement, replace_all, write_new};
