//! Open directories, and the locks that keep two runs from replacing files in one of them at once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, hash_map};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::fs::{Access, AtFlags, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::StoreError;

/// How long to wait for another run to end. A run holds its locks for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

thread_local! {
    /// The directories that this thread has locked.
    static HELD: RefCell<Vec<(u64, u64)>> = const { RefCell::new(Vec::new()) };
}

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    /// The path, for messages.
    pub(super) path: PathBuf,
    /// Device and inode.
    pub(super) identity: (u64, u64),
    /// Whether it is locked, which not every file system can do.
    locked: Cell<bool>,
}

impl Directory {
    /// Opens the directory at `path`.
    pub(super) fn open(path: &Path) -> rustix::io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        Ok(Self {
            fd,
            path: path.to_path_buf(),
            identity: (stat.st_dev, stat.st_ino),
            locked: Cell::new(false),
        })
    }

    /// Creates a file, readable only by its owner, where neither a file nor a link has its name.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Removes a file; one that is gone already is no error.
    pub(super) fn remove(&self, name: &OsStr) -> rustix::io::Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Syncs names that were added, changed or removed.
    pub(super) fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.fd) {
            // Some network file systems cannot sync a directory; their servers do it themselves.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Syncs the directory, but only warns on failure, for when the work is done already.
    pub(super) fn sync_or_warn(&self) {
        if let Err(cause) = self.sync() {
            log::warn!("could not sync {}: {cause}", self.path.display());
        }
    }

    /// Returns the names of the directory's entries.
    pub(super) fn names(&self) -> Result<Vec<OsString>, StoreError> {
        let failed =
            |errno: Errno| StoreError::reading(&self.path, "list the directory", errno.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            names.push(OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
        }
        Ok(names)
    }

    /// Returns the path of a file in the directory, for messages.
    pub(super) fn join(&self, name: &OsStr) -> PathBuf {
        if self.path == Path::new(".") {
            PathBuf::from(name)
        } else {
            self.path.join(name)
        }
    }

    /// Locks the directory until it is closed. Waits for another run, but not forever.
    ///
    /// A directory that this thread has locked is only used, since the thread would wait for
    /// itself.
    fn lock(&self) -> Result<(), StoreError> {
        if HELD.with_borrow(|held| held.contains(&self.identity)) {
            return Ok(());
        }
        let start = Instant::now();
        loop {
            match rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    self.locked.set(true);
                    HELD.with_borrow_mut(|held| held.push(self.identity));
                    return Ok(());
                }
                Err(Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(Errno::WOULDBLOCK) => return Err(StoreError::Locked(self.path.clone())),
                Err(Errno::INTR) => {}
                // Locks only keep apart runs that begin at once: a file system without them is
                // used without.
                Err(errno) => {
                    log::debug!("could not lock {}: {errno}", self.path.display());
                    return Ok(());
                }
            }
        }
    }

    /// Returns whether files can be created and removed in it.
    pub(super) fn is_writable(&self) -> bool {
        let allowed = rustix::fs::accessat(&self.fd, ".", Access::WRITE_OK, AtFlags::EACCESS);
        !matches!(allowed, Err(Errno::ROFS | Errno::ACCESS | Errno::PERM))
    }

    /// Returns whether this run holds the directory's lock.
    pub(super) fn is_ours(&self) -> bool {
        self.locked.get()
    }

    /// Returns whether a run is replacing files in the directory now.
    pub(super) fn is_locked(&self) -> bool {
        let locked = rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockShared);
        if locked.is_ok() {
            // The lock also goes when the directory is closed.
            let _ = rustix::fs::flock(&self.fd, FlockOperation::Unlock);
        }
        locked == Err(Errno::WOULDBLOCK)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.locked.get() {
            HELD.with_borrow_mut(|held| held.retain(|identity| *identity != self.identity));
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The names in directories, each of which is listed once for all of its files.
#[derive(Debug, Default)]
pub(super) struct Listings(HashMap<(u64, u64), Vec<OsString>>);

impl Listings {
    /// Returns the names in a directory that begin with `prefix`, in order.
    pub(super) fn names(
        &mut self,
        directory: &Directory,
        prefix: &OsStr,
    ) -> Result<&[OsString], StoreError> {
        let names = match self.0.entry(directory.identity) {
            hash_map::Entry::Occupied(listed) => listed.into_mut(),
            hash_map::Entry::Vacant(new) => {
                let mut names = directory.names()?;
                names.sort_unstable();
                new.insert(names)
            }
        };
        let begins = |name: &OsString| name.as_bytes().starts_with(prefix.as_bytes());
        let first = names.partition_point(|name| **name < *prefix);
        let count = names[first..].partition_point(begins);
        Ok(&names[first..first + count])
    }
}

/// Locked directories, each open only once: two open descriptors of one directory would lock each
/// other out.
#[derive(Debug, Default)]
pub(super) struct Directories {
    all: Vec<Rc<Directory>>,
}

impl Directories {
    /// Locks these directories, in the order of their identities, so that two runs do not wait for
    /// each other.
    pub(super) fn lock(directories: Vec<Rc<Directory>>) -> Result<Self, StoreError> {
        let mut all = directories;
        all.sort_by_key(|directory| directory.identity);
        all.dedup_by_key(|directory| directory.identity);
        all.iter().try_for_each(|directory| directory.lock())?;
        Ok(Self { all })
    }

    /// Locks one more directory, unless it is among them. Returns the one that is locked.
    pub(super) fn add(&mut self, directory: Directory) -> Result<Rc<Directory>, StoreError> {
        if let Some(known) = self.find(directory.identity) {
            return Ok(known);
        }
        directory.lock()?;
        let directory = Rc::new(directory);
        self.all.push(Rc::clone(&directory));
        Ok(directory)
    }

    /// Returns the directory of this identity.
    pub(super) fn find(&self, identity: (u64, u64)) -> Option<Rc<Directory>> {
        let mut all = self.all.iter();
        all.find(|known| known.identity == identity).map(Rc::clone)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rc<Directory>> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_created_where_nothing_has_its_name() {
        let there = tempfile::tempdir().unwrap();
        std::fs::write(there.path().join("file"), "text").unwrap();
        symlink("gone", there.path().join("link")).unwrap();
        let directory = Directory::open(there.path()).unwrap();
        for name in ["file", "link"] {
            let error = directory.create(OsStr::new(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
        }
        directory.create(OsStr::new("new")).unwrap();
        assert!(!there.path().join("gone").exists());
    }

    #[test]
    fn a_directory_is_locked_until_it_is_closed() {
        let there = tempfile::tempdir().unwrap();
        let path = there.path().to_owned();
        let (locked, is_locked) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            let directory = Directory::open(&path).unwrap();
            assert!(!directory.is_ours());
            directory.lock().unwrap();
            assert!(directory.is_ours());
            locked.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        });
        is_locked.recv().unwrap();
        let directory = Directory::open(there.path()).unwrap();
        assert!(directory.is_locked() && !directory.is_ours());
        let start = Instant::now();
        directory.lock().unwrap();
        assert!(
            start.elapsed() >= Duration::from_millis(50),
            "{:?}",
            start.elapsed()
        );
        assert!(directory.is_ours());
        other.join().unwrap();
        // This thread would wait for itself.
        let again = Directory::open(there.path()).unwrap();
        again.lock().unwrap();
        assert!(!again.is_ours());
        // This run does not end in time.
        let path = there.path().to_owned();
        let other = std::thread::spawn(move || Directory::open(&path).unwrap().lock());
        assert!(matches!(other.join().unwrap(), Err(StoreError::Locked(_))));
    }

    #[test]
    fn a_closed_directory_is_locked_anew_and_others_stay_locked() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let locked = |path: &Path| {
            let directory = Directory::open(path).unwrap();
            directory.lock().unwrap();
            directory
        };
        let (closed, open) = (locked(one.path()), locked(other.path()));
        drop(closed);
        assert!(locked(one.path()).is_ours());
        assert!(!locked(other.path()).is_ours());
        assert!(open.is_ours());
    }

    #[test]
    fn each_directory_is_opened_once() {
        let there = tempfile::tempdir().unwrap();
        let open = || Directory::open(there.path()).unwrap();
        let mut directories = Directories::lock(vec![Rc::new(open()), Rc::new(open())]).unwrap();
        let known = directories.add(open()).unwrap();
        assert!(known.is_ours());
        assert_eq!(directories.iter().count(), 1);
        let other = tempfile::tempdir().unwrap();
        directories
            .add(Directory::open(other.path()).unwrap())
            .unwrap();
        assert_eq!(directories.iter().count(), 2);
    }

    #[test]
    fn names_that_begin_with_a_prefix_are_listed() {
        let there = tempfile::tempdir().unwrap();
        for name in ["a", "b", "b-", "b-1", "b-2", "c"] {
            std::fs::write(there.path().join(name), "").unwrap();
        }
        let directory = Directory::open(there.path()).unwrap();
        let mut listings = Listings::default();
        let names = listings.names(&directory, OsStr::new("b-")).unwrap();
        assert_eq!(names, ["b-", "b-1", "b-2"]);
    }
}
