//! The directory of images, `http_server_root`, and the directories in it that iPXE needs.
//!
//! Every file is reached through one open directory and a name without a slash, so that no name can
//! lead out of the directory, and exchanging a directory above it in the middle of the work changes
//! nothing. The directory itself may be a symbolic link: that is the operator's choice.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, fchmod, fsync, linkat, mkdir,
    mkdirat, openat, readlinkat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::super::name::ObjectName;
use super::super::object::Stored;
use super::selinux;
use crate::node::NodeUuid;

/// The mode of a directory that is made here: the web server runs as another user.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);

/// An open directory of images.
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    /// Free of symbolic links, for the SELinux policy, which goes by such paths.
    path: PathBuf,
}

impl Root {
    /// Opens the directory at `path`, made with all that is missing above it if need be.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        make_directories(path)?;
        Self::open_existing(path)
    }

    /// Opens the directory at `path`; `None` when it is not there, and so holds no images.
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

    /// Opens the directory `name` in this one, made with mode 0755 if need be.
    pub(crate) fn make_subdirectory(&self, name: &str) -> io::Result<Self> {
        match mkdirat(&self.dir, name, DIRECTORY_MODE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return self.subdirectory(name),
            Err(e) => return Err(e.into()),
        }
        let made = self.subdirectory(name)?;
        let dir = File::from(made.dir.try_clone()?);
        fchmod(&dir, DIRECTORY_MODE)?;
        selinux::restore(&dir, &made.path, selinux::Class::Directory)?;
        Ok(made)
    }

    /// Opens the directory `name` in this one. A symbolic link to one is refused.
    pub(crate) fn subdirectory(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self {
            dir: openat(&self.dir, name, flags, Mode::empty())?,
            path: self.path.join(name),
        })
    }

    /// Removes the directory `name` in this one if it is empty; `false` when it was gone.
    pub(crate) fn remove_subdirectory(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.dir, name, AtFlags::REMOVEDIR) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Where the symbolic link `name` leads to; `None` when there is no such link.
    pub(crate) fn link_target(&self, name: &str) -> io::Result<Option<String>> {
        match readlinkat(&self.dir, name, Vec::new()) {
            Ok(target) => Ok(target.into_string().ok()),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The content of the file `name`, up to `limit` bytes; `None` when there is no such file.
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

    /// Gives the file `from` the name `to`, whatever had that name before.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.dir, from, &self.dir, to)?)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// The path of `name`, for those who cannot use the open directory.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The names in the directory that `wanted` accepts. A name that is not UTF-8 is neither an
    /// image's nor a half-written one's. With the images of thousands of nodes in one directory
    /// this is what takes the time: `wanted` has to be cheap.
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

    /// The images of one node, in the order of their names.
    pub(super) fn images_of(&self, node: NodeUuid) -> io::Result<Vec<Stored>> {
        let uuid = node.to_string();
        self.images(self.names(|name| ObjectName::may_be_of(name, &uuid))?)
    }

    /// The images of every node, in the order of their names.
    pub(super) fn all_images(&self) -> io::Result<Vec<Stored>> {
        self.images(self.names(|_| true)?)
    }

    /// Those of `names` that are images. A symbolic link in an image's place counts as itself: it
    /// is never followed. A directory in such a place is not an image.
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

    /// What is known of `name` itself, links not followed; `None` when it is gone.
    pub(super) fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        match statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Removes the file `name`; `false` when it was gone.
    pub(crate) fn remove(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.dir, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Gives the file `from` the name `to`, which must be free: `AlreadyExists` if not.
    pub(super) fn rename_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        match renameat_with(&self.dir, from, &self.dir, to, RenameFlags::NOREPLACE) {
            // NFS, and some others, know no flags at all. A second name that then becomes the only
            // one is as atomic, and as careful with what is there.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.link_to_free(from, to),
            done => Ok(done?),
        }
    }

    fn link_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        linkat(&self.dir, from, &self.dir, to, AtFlags::empty())?;
        // The image is published. Should its first name stay, the next sweep takes it.
        if let Err(e) = self.remove(from) {
            log::warn!("cannot remove {}: {e}", self.path_of(from).display());
        }
        Ok(())
    }

    /// Makes the names in the directory survive a crash of the machine.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match fsync(&self.dir) {
            // Some network file systems do not do this for directories: they have done it already.
            Err(Errno::INVAL | Errno::NOTSUP | Errno::ROFS) => Ok(()),
            done => Ok(done?),
        }
    }
}

/// Makes the directory `path` and those above it that are missing, each with mode 0755 whatever the
/// umask. Directories that are there are left as they are.
fn make_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directories(parent)?;
    }
    match mkdir(path, DIRECTORY_MODE) {
        Ok(()) => {}
        // Another task was faster, and sets the mode as well.
        Err(Errno::EXIST) => return Ok(()),
        Err(e) => return Err(e.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = File::from(openat(CWD, path, flags, Mode::empty())?);
    fchmod(&made, DIRECTORY_MODE)?;
    selinux::restore(&made, &path.canonicalize()?, selinux::Class::Directory)
}

/// When the bytes of the file were last written.
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
