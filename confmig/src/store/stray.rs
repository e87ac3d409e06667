//! Temporary files that killed processes left.

use std::collections::HashSet;
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
    let files: HashSet<&OsStr> = files.iter().copied().chain([OsStr::new("")]).collect();
    let entries = journals.iter().flat_map(Journal::entries_here);
    let named = entries.flat_map(|entry| [&entry.staged.0, &entry.saved.0]);
    let named: HashSet<&OsString> = named.collect();
    for name in directory.names()? {
        let owner = temporary_owner(&name).filter(|(file, _)| files.contains(file));
        if !owner.is_some_and(|(_, process)| is_gone(process)) || named.contains(&name) {
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
