//! The directory of images, `http_server_root`, and its subdirectories for iPXE.
//!
//! Every file is accessed through an open directory and a name without a slash. No name can
//! therefore lead out of the directory, and replacing one of its parents during the work has no
//! effect. The directory itself may be a symbolic link, as the operator chooses.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, fchmod, fsync, linkat, mkdirat,
    openat, readlinkat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::super::name::ObjectName;
use super::super::object::Stored;
use super::selinux;
use crate::node::NodeUuid;

/// The mode of a new directory: the web server runs as another user.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);

/// The prefix of the name of a directory that is not complete yet. No image and no staged file has
/// such a name.
const STAGED_DIRECTORY: &str = ".publishing-";

/// An open directory of images.
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    /// Without symbolic links, for the SELinux policy.
    path: PathBuf,
}

impl Root {
    /// Opens the directory at `path`, after creating it and its parents if they are missing.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        make_directories(path)?;
        Self::open_existing(path)
    }

    /// Opens the directory at `path`; `None` if it does not exist, and therefore has no images.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Self>> {
        match Self::open_existing(path) {
            Ok(root) => Ok(Some(root)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn open_existing(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, &path, flags, Mode::empty())?;
        Ok(Self { dir, path })
    }

    /// Opens the subdirectory `name`, after creating it with mode 0755 if it is missing.
    pub(crate) fn make_subdirectory(&self, name: &str) -> io::Result<Self> {
        match self.subdirectory(name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        make_directory(self.dir.as_fd(), name.as_ref(), &self.path.join(name))?;
        self.subdirectory(name)
    }

    /// Opens the subdirectory `name`. A symbolic link to a directory is refused.
    pub(crate) fn subdirectory(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self {
            dir: openat(&self.dir, name, flags, Mode::empty())?,
            path: self.path.join(name),
        })
    }

    /// Removes the subdirectory `name` if it is empty; returns `false` if it did not exist.
    pub(crate) fn remove_subdirectory(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.dir, name, AtFlags::REMOVEDIR) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Returns the target of the symbolic link `name`; `None` if there is no such link.
    pub(crate) fn link_target(&self, name: &str) -> io::Result<Option<String>> {
        match readlinkat(&self.dir, name, Vec::new()) {
            Ok(target) => Ok(target.into_string().ok()),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Returns the content of the file `name`, up to `limit` bytes; `None` if there is no such
    /// file.
    pub(crate) fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.dir, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT | Errno::LOOP) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let mut content = Vec::new();
        file.take(limit).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Renames the file `from` to `to`, replacing any file of that name.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.dir, from, &self.dir, to)?)
    }

    /// Exchanges the files `one` and `two`; returns `false` if the file system cannot do that.
    pub(super) fn exchange(&self, one: &str, two: &str) -> io::Result<bool> {
        match renameat_with(&self.dir, one, &self.dir, two, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// Returns the path of `name`, for messages and the SELinux policy.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the names in the directory that `wanted` accepts, without those that are not UTF-8,
    /// which are never this library's. With the images of thousands of nodes in the directory, this
    /// dominates the time: `wanted` must be cheap.
    pub(crate) fn names(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.dir)? {
            match entry?.file_name().to_str() {
                Ok(name) if wanted(name) => names.push(name.to_owned()),
                _ => {}
            }
        }
        Ok(names)
    }

    /// Returns the images of one node, sorted by name.
    pub(super) fn images_of(&self, node: NodeUuid) -> io::Result<Vec<Stored>> {
        Ok(self.images_of_and(node, |_| false)?.0)
    }

    /// Returns the images of one node, sorted by name, and the other names that `wanted` accepts,
    /// from one listing of the directory.
    pub(super) fn images_of_and(
        &self,
        node: NodeUuid,
        wanted: impl Fn(&str) -> bool,
    ) -> io::Result<(Vec<Stored>, Vec<String>)> {
        let uuid = node.to_string();
        let names = self.names(|name| ObjectName::may_be_of(name, &uuid) || wanted(name))?;
        let (others, images) = names.into_iter().partition(|name| wanted(name));
        Ok((self.images(images)?, others))
    }

    /// Returns the images of all nodes, sorted by name.
    pub(super) fn all_images(&self) -> io::Result<Vec<Stored>> {
        self.images(self.names(|_| true)?)
    }

    /// Returns those of `names` that are images. A symbolic link with the name of an image is never
    /// followed, but counts as an image; a directory does not.
    fn images(&self, names: Vec<String>) -> io::Result<Vec<Stored>> {
        let mut images = Vec::new();
        for text in names {
            let Ok(name) = text.parse::<ObjectName>() else {
                continue;
            };
            let Some(stat) = self.stat(&text)? else {
                continue;
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            if matches!(kind, FileType::RegularFile | FileType::Symlink) {
                let size = u64::try_from(stat.st_size).unwrap_or_default();
                images.push(Stored {
                    name,
                    size,
                    modified: modified(&stat),
                });
            }
        }
        images.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(images)
    }

    /// Returns the metadata of `name`, without following links; `None` if it does not exist.
    pub(super) fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        match statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Removes the file `name`; returns `false` if it did not exist.
    pub(crate) fn remove(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.dir, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Renames the file `from` to `to`; an `AlreadyExists` error if that name is taken.
    pub(super) fn rename_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        match renameat_with(&self.dir, from, &self.dir, to, RenameFlags::NOREPLACE) {
            // NFS and some others do not support flags. A hard link that becomes the only name is
            // as atomic, and does not replace an existing file either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.link_to_free(from, to),
            done => Ok(done?),
        }
    }

    fn link_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        linkat(&self.dir, from, &self.dir, to, AtFlags::empty())?;
        // The image is published. If the old name remains, the next sweep removes it.
        if let Err(e) = self.remove(from) {
            log::warn!("cannot remove {}: {e}", self.path_of(from).display());
        }
        Ok(())
    }

    /// Syncs the directory, so that its names survive a crash of the machine.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.dir).or_else(ignore_unsupported)?)
    }
}

/// Creates the directory `path` and its missing parents, with mode 0755 whatever the umask.
/// Existing directories are left unchanged.
fn make_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directories(parent)?;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let parent = parent.canonicalize()?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = openat(CWD, &parent, flags, Mode::empty())?;
    make_directory(dir.as_fd(), name, &parent.join(name))
}

/// Creates the directory `name` in `parent`, with mode 0755 whatever the umask, and durably. `path`
/// is its path for the SELinux policy.
///
/// It gets its name once it is complete. A process that dies before leaves a directory of another
/// name, which the next one completes.
fn make_directory(parent: BorrowedFd<'_>, name: &OsStr, path: &Path) -> io::Result<()> {
    let mut staged = OsString::from(STAGED_DIRECTORY);
    staged.push(name);
    match mkdirat(parent, &staged, DIRECTORY_MODE) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(e) => return Err(e.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let complete = || -> io::Result<()> {
        let created = File::from(openat(parent, &staged, flags, Mode::empty())?);
        fchmod(&created, DIRECTORY_MODE)?;
        selinux::restore(&created, path, selinux::Class::Directory)?;
        fsync(&created).or_else(ignore_unsupported)?;
        match renameat_with(parent, &staged, parent, name, RenameFlags::NOREPLACE) {
            // A plain rename replaces an empty directory at most.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                Ok(renameat(parent, &staged, parent, name)?)
            }
            done => Ok(done?),
        }
    };
    match complete() {
        Ok(()) => Ok(fsync(parent).or_else(ignore_unsupported)?),
        Err(e) => match statat(parent, name, AtFlags::empty()) {
            // Another task was faster.
            Ok(_) => {
                let _ = unlinkat(parent, &staged, AtFlags::REMOVEDIR);
                Ok(())
            }
            Err(_) => Err(e),
        },
    }
}

/// Some network file systems do not support syncing directories, and have already done it.
fn ignore_unsupported(error: Errno) -> Result<(), Errno> {
    match error {
        Errno::INVAL | Errno::NOTSUP | Errno::ROFS => Ok(()),
        other => Err(other),
    }
}

/// Returns when the file was last modified.
pub(super) fn modified(stat: &Stat) -> SystemTime {
    let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or_default();
    match u64::try_from(stat.st_mtime) {
        Ok(seconds) => UNIX_EPOCH + Duration::new(seconds, nanos),
        Err(_) => UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_rename_flags_a_taken_name_is_left_alone_too() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path()).unwrap();
        std::fs::write(dir.path().join("from"), "new").unwrap();
        std::fs::write(dir.path().join("taken"), "old").unwrap();

        let refused = root.link_to_free("from", "taken").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(dir.path().join("taken")).unwrap(), b"old");

        root.link_to_free("from", "free").unwrap();
        assert_eq!(std::fs::read(dir.path().join("free")).unwrap(), b"new");
        assert!(root.names(|name| name == "from").unwrap().is_empty());
    }
}
