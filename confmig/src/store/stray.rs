//! Temporary files that killed processes left.

use std::ffi::{OsStr, OsString};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::StoreError;
use super::directory::Directory;
use super::file::temporary_owner;
use super::journal::{Journal, journals};

/// Removes temporary files for these files, which processes left that are gone, unless a journal
/// names them.
pub(super) fn remove_strays(directory: &Directory, files: &[&OsStr]) -> Result<(), StoreError> {
    if !directory.is_ours() {
        return Ok(());
    }
    let journals = journals(directory)?;
    // Journals have no file that they are for.
    let files: Vec<&OsStr> = files.iter().copied().chain([OsStr::new("")]).collect();
    let is_named = |name: &OsString| {
        let mut entries = journals.iter().flat_map(Journal::entries_here);
        entries.any(|entry| entry.staged.0 == *name || entry.saved.0 == *name)
    };
    for name in directory.names()? {
        let owner = files.iter().find_map(|file| temporary_owner(file, &name));
        if !owner.is_some_and(is_gone) || is_named(&name) {
            continue;
        }
        let path = directory.join(&name);
        match directory.remove(&name) {
            Ok(()) => log::info!(
                "removed {}, which a run left that was killed",
                path.display()
            ),
            Err(errno) => log::warn!("could not remove {}: {errno}", path.display()),
        }
    }
    Ok(())
}

/// Returns whether a process no longer uses its temporary files, given that the directory is locked
/// and this process has not made any yet.
fn is_gone(process: i32) -> bool {
    let Some(pid) = Pid::from_raw(process) else {
        return false;
    };
    pid == rustix::process::getpid() || test_kill_process(pid) == Err(Errno::SRCH)
}
