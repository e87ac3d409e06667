//! An image on its way: a file in the directory of images that has no image's name yet.
//!
//! The file carries a lock for as long as its process lives, whichever way that ends. So a file
//! whose lock can be had was left by a dead process, and whoever gets the lock removes it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{
    FallocateFlags, FlockOperation, Mode, OFlags, fallocate, fchmod, flock, fstat, openat,
    symlinkat,
};
use rustix::io::Errno;

use super::root::{Root, modified};
use super::selinux;

/// How such a file's name begins. The dot keeps it out of a web server's listings, and no image's
/// name begins like this.
const PREFIX: &str = ".publishing-";

/// Random hexadecimal digits after the prefix.
const DIGITS: usize = 16;

/// Until the image is whole it is nobody else's to read, the web server included.
const PRIVATE: Mode = Mode::from_raw_mode(0o600);

/// What a web server that runs as another user needs.
const READABLE: Mode = Mode::from_raw_mode(0o644);

/// Where locks do not work, a file that nobody has written to for so long counts as left over. It
/// is far longer than any image takes.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Tries to make a file before giving up: another one is needed only when a sweep came in between.
const TRIES: usize = 16;

/// Whether a file of this name is an image on its way, or the rest of one.
fn is_staging_name(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == DIGITS && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A file that is being written, removed again unless it gets an image's name.
#[derive(Debug)]
pub(crate) struct Staged<'r> {
    root: &'r Root,
    name: String,
    file: File,
    published: bool,
}

impl<'r> Staged<'r> {
    /// Makes an empty file with a name of its own.
    pub(crate) fn create(root: &'r Root) -> io::Result<Self> {
        for _ in 0..TRIES {
            let name = format!(
                "{PREFIX}{:016x}",
                getrandom::u64().map_err(io::Error::other)?
            );
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = match openat(root.fd(), &name, flags | OFlags::NOFOLLOW, PRIVATE) {
                Ok(fd) => File::from(fd),
                Err(Errno::EXIST) => continue,
                Err(e) => return Err(e.into()),
            };
            let staged = Self {
                root,
                name,
                file,
                published: false,
            };
            if staged.hold()? {
                return Ok(staged);
            }
        }
        Err(io::Error::other(
            "other processes keep removing the files that are being written",
        ))
    }

    /// Locks the file; `false` when a sweep had seen it between its making and this.
    fn hold(&self) -> io::Result<bool> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(fstat(&self.file)?.st_nlink > 0),
            Err(Errno::WOULDBLOCK) => Ok(false),
            // Without locks a sweep goes by the file's age.
            Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) => Ok(true),
            Err(e) => Err(e.into()),
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Takes the room for `size` bytes now, so that a full disk shows before the work and not after
    /// it. A file system that cannot do that is no error.
    pub(crate) fn reserve(&self, size: u64) -> io::Result<()> {
        if size == 0 {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, size) {
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            done => Ok(done?),
        }
    }

    /// The file's length in bytes, as the file system has it.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Makes the file readable for the web server under the name it will have, and safe on disk.
    pub(crate) fn finish(&self, name: &str) -> Result<(), (&'static str, io::Error)> {
        fchmod(&self.file, READABLE).map_err(|e| ("set the mode of", e.into()))?;
        let path = self.root.path_of(name);
        selinux::restore(&self.file, &path, selinux::Class::File)
            .map_err(|e| ("restore the SELinux context of", e))?;
        self.file.sync_all().map_err(|e| ("write to disk", e))
    }

    /// Gives the file its image's name, which must be free: `AlreadyExists` if not.
    pub(super) fn publish(&mut self, name: &str) -> io::Result<()> {
        self.root.rename_to_free(&self.name, name)?;
        self.published = true;
        Ok(())
    }

    /// Gives the file a name, in place of what has that name now: a reader that has the older file
    /// open goes on with that.
    pub(crate) fn replace(&mut self, name: &str) -> io::Result<()> {
        self.root.rename(&self.name, name)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        if let Err(e) = self.root.remove(&self.name) {
            // The next sweep takes it.
            log::warn!(
                "cannot remove {}: {e}",
                self.root.path_of(&self.name).display()
            );
        }
    }
}

/// Makes a symbolic link to `target`, in place of what has its name now.
pub(crate) fn replace_link(root: &Root, target: &str, name: &str) -> io::Result<()> {
    if root.link_target(name)?.as_deref() == Some(target) {
        return Ok(());
    }
    let staged = format!(
        "{PREFIX}{:016x}",
        getrandom::u64().map_err(io::Error::other)?
    );
    symlinkat(target, root.fd(), &staged)?;
    let renamed = root.rename(&staged, name);
    if renamed.is_err() {
        root.remove(&staged)?;
    }
    renamed
}

/// Removes the half-written files that dead processes left in `root`, and returns how many there
/// were.
pub(crate) fn remove_unfinished(root: &Root) -> io::Result<usize> {
    let mut removed = 0;
    for name in root.names(is_staging_name)? {
        removed += usize::from(remove_if_dead(root, &name)?);
    }
    Ok(removed)
}

/// Removes the file `name` if the process that wrote it is dead.
fn remove_if_dead(root: &Root, name: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let dead = match openat(root.fd(), name, flags, Mode::empty()) {
        // Removing under the lock: its writer, if it is just starting, sees that and starts over.
        Ok(file) => match flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return root.remove(name),
            Err(Errno::WOULDBLOCK) => false,
            Err(_) => is_abandoned(root, name)?,
        },
        Err(Errno::NOENT) => false,
        // Another user's, or a link or a socket that only looks like ours.
        Err(_) => is_abandoned(root, name)?,
    };
    if dead { root.remove(name) } else { Ok(false) }
}

fn is_abandoned(root: &Root, name: &str) -> io::Result<bool> {
    let Some(stat) = root.stat(name)? else {
        return Ok(false);
    };
    let age = SystemTime::now()
        .duration_since(modified(&stat))
        .unwrap_or_default();
    Ok(age > ABANDONED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_file_is_spared_and_a_dead_one_goes() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path()).unwrap();
        let live = Staged::create(&root).unwrap();
        let dead = dir.path().join(".publishing-0123456789abcdef");
        std::fs::write(&dead, "half").unwrap();

        assert_eq!(remove_unfinished(&root).unwrap(), 1);
        assert!(!dead.exists());
        assert!(dir.path().join(&live.name).exists());
        drop(live);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_swept_before_it_was_locked_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path()).unwrap();
        let staged = Staged::create(&root).unwrap();
        flock(&staged.file, FlockOperation::Unlock).unwrap();
        assert_eq!(remove_unfinished(&root).unwrap(), 1);
        assert!(!staged.hold().unwrap());
    }

    #[test]
    fn only_our_own_names_are_staging_names() {
        assert!(is_staging_name(".publishing-0123456789abcdef"));
        for other in [
            ".publishing-0123456789abcde",
            ".publishing-0123456789abcdeg",
            ".publishing-0123456789ABCDEF",
            "publishing-0123456789abcdef",
            ".publishing-0123456789abcdef.iso",
            ".htaccess",
        ] {
            assert!(!is_staging_name(other), "{other}");
        }
    }
}
