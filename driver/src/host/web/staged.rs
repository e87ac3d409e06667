//! Staged files: files that are being written and do not have their final name yet.
//!
//! A process holds a lock on its staged file for as long as it lives. A file whose lock is free was
//! therefore left by a dead process, and whoever acquires the lock removes the file.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, fstat, fstatvfs, openat};
use rustix::io::Errno;

use super::root::{Root, modified};
use super::selinux;

/// The prefix of a staged file's name. The dot hides it from a web server's listings, and no
/// image's name begins with it.
const PREFIX: &str = ".publishing-";

/// The number of random hexadecimal digits after the prefix.
const DIGITS: usize = 16;

/// Until the image is complete nobody else may read it, including the web server.
const PRIVATE: Mode = Mode::from_raw_mode(0o600);

/// Readable for the web server, which runs as another user.
const READABLE: Mode = Mode::from_raw_mode(0o644);

/// If locks do not work, a file that has not been modified for this long counts as abandoned. No
/// image takes nearly as long.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How many times creating a file is tried: again only if a sweep removed it before it was locked.
const TRIES: usize = 16;

/// Whether `name` is that of a staged file.
pub(super) fn is_staging_name(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == DIGITS && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A staged file, which is removed on drop unless it was published.
#[derive(Debug)]
pub(crate) struct Staged<'r> {
    root: &'r Root,
    name: String,
    file: File,
    published: bool,
}

impl<'r> Staged<'r> {
    /// Creates an empty file with a unique name.
    pub(crate) fn create(root: &'r Root) -> io::Result<Self> {
        for _ in 0..TRIES {
            let name = new_name()?;
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
            if staged.lock()? {
                return Ok(staged);
            }
        }
        Err(io::Error::other(
            "other processes keep removing the files that are being written",
        ))
    }

    /// Locks the file; returns `false` if a sweep found it before.
    fn lock(&self) -> io::Result<bool> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(fstat(&self.file)?.st_nlink > 0),
            Err(Errno::WOULDBLOCK) => Ok(false),
            // Without locks, a sweep decides by the file's age.
            Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) => Ok(true),
            Err(e) => Err(e.into()),
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Checks that the file system has space for `size` bytes, so that a full disk is usually
    /// detected before the work. Nothing is reserved, since the size may be a server's word.
    pub(crate) fn check_space(&self, size: u64) -> io::Result<()> {
        let known = fstatvfs(&self.file)?;
        // Some file systems, such as a tmpfs without a limit, have no figures.
        if known.f_blocks > 0 && known.f_bfree.saturating_mul(known.f_frsize) < size {
            return Err(Errno::NOSPC.into());
        }
        Ok(())
    }

    /// Returns the length of the file in bytes.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Makes the file readable for the web server under its final name, and safe on disk.
    pub(crate) fn finish(&self, name: &str) -> Result<(), (&'static str, io::Error)> {
        fchmod(&self.file, READABLE).map_err(|e| ("set the mode of", e.into()))?;
        let path = self.root.path_of(name);
        selinux::restore(&self.file, &path, selinux::Class::File)
            .map_err(|e| ("set the SELinux context of", e))?;
        self.file.sync_all().map_err(|e| ("sync", e))
    }

    /// Renames the file to its final name; an `AlreadyExists` error if that is taken.
    pub(super) fn publish(&mut self, name: &str) -> io::Result<()> {
        self.root.rename_to_free(&self.name, name)?;
        self.published = true;
        Ok(())
    }

    /// Keeps the file under its temporary name, which is returned with the file's lock.
    pub(super) fn keep(mut self) -> io::Result<(String, File)> {
        let lock = self.file.try_clone()?;
        self.published = true;
        Ok((self.name.clone(), lock))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        if let Err(e) = self.root.remove(&self.name) {
            // The next sweep removes it.
            log::warn!(
                "cannot remove {}: {e}",
                self.root.path_of(&self.name).display()
            );
        }
    }
}

/// Returns a new name of a staged file.
pub(super) fn new_name() -> io::Result<String> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!("{PREFIX}{random:016x}"))
}

/// Removes the staged files that dead processes left in `root`, and returns their number.
pub(crate) fn remove_unfinished(root: &Root) -> usize {
    let names = root.names(is_staging_name).unwrap_or_else(|e| {
        let path = root.path_of("");
        log::warn!(
            "cannot look for half-written files in {}: {e}",
            path.display()
        );
        Vec::new()
    });
    remove_dead(root, &names)
}

/// Removes those of the staged files `names` that dead processes left in `root`, and returns their
/// number. One that cannot be removed is logged and left: it belongs to no image.
pub(super) fn remove_dead(root: &Root, names: &[String]) -> usize {
    let mut removed = 0;
    for name in names {
        match remove_if_dead(root, name) {
            Ok(was_dead) => removed += usize::from(was_dead),
            Err(e) => log::warn!("cannot remove {}: {e}", root.path_of(name).display()),
        }
    }
    removed
}

/// Removes the staged file `name` if the process that wrote it is dead.
fn remove_if_dead(root: &Root, name: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let dead = match openat(root.fd(), name, flags, Mode::empty()) {
        // Removed under the lock: a writer that has not locked its new file yet notices, and
        // creates another.
        Ok(file) => match flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return root.remove(name),
            Err(Errno::WOULDBLOCK) => false,
            Err(_) => is_abandoned(root, name)?,
        },
        Err(Errno::NOENT) => false,
        // It belongs to another user, or is a link or a socket with a similar name.
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

        assert_eq!(remove_unfinished(&root), 1);
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
        assert_eq!(remove_unfinished(&root), 1);
        assert!(!staged.lock().unwrap());
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
