//! The destination of a path, accessed through its open directory, so that no one can move the
//! directory between two steps.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::StoreError;
use super::directory::Directory;
use super::metadata::{Metadata, MetadataError};

/// What a temporary file's name has after the name of the file it is for.
const MARK: &str = ".confmig-";
const TEMPORARY: &str = ".tmp";

/// A file that is removed on drop unless it is kept.
#[derive(Debug)]
pub(super) struct Created {
    directory: Rc<Directory>,
    pub(super) name: OsString,
    pub(super) kept: bool,
}

impl Created {
    pub(super) fn new(directory: &Rc<Directory>, name: OsString) -> Self {
        Self {
            directory: Rc::clone(directory),
            name,
            kept: false,
        }
    }

    /// Creates an empty file for use beside the file `beside`, under a name that no service reads:
    /// it starts with a dot and does not end in `.conf`. [`temporary_owner`] reads such names.
    pub(super) fn temporary(directory: &Rc<Directory>, beside: &OsStr) -> io::Result<(Self, File)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let mut name = OsString::from(".");
            name.push(beside);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            name.push(format!("{MARK}{}-{count}{TEMPORARY}", std::process::id()));
            match directory.create(&name) {
                Ok(file) => return Ok((Created::new(directory, name), file)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Renames the file; fails with `EEXIST` if there is a file of that name.
    pub(super) fn rename(&mut self, name: &OsStr) -> rustix::io::Result<()> {
        let directory = &self.directory;
        let flags = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(directory, &self.name, directory, name, flags) {
            Err(errno) if is_unsupported(errno) => {
                rustix::fs::linkat(directory, &self.name, directory, name, AtFlags::empty())?;
                drop(Self::new(directory, std::mem::take(&mut self.name)));
            }
            other => other?,
        }
        self.name = name.to_os_string();
        Ok(())
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        match self.directory.remove(&self.name) {
            Ok(()) => log::debug!("removed {}", self.path().display()),
            Err(cause) => log::warn!("could not remove {}: {cause}", self.path().display()),
        }
    }
}

/// Returns the name of the file beside which the temporary file `name` was created, and the number
/// of the process that did; `None` if it is not one.
pub(super) fn temporary_owner(name: &OsStr) -> Option<(&OsStr, i32)> {
    let rest = name.as_bytes().strip_prefix(b".")?;
    let rest = rest.strip_suffix(TEMPORARY.as_bytes())?;
    // The name of the file may have a mark, too.
    let at = memchr::memmem::rfind(rest, MARK.as_bytes())?;
    let numbers = str::from_utf8(&rest[at + MARK.len()..]).ok()?;
    let (process, count) = numbers.split_once('-')?;
    count.parse::<u64>().ok()?;
    let process = process.parse().ok().filter(|process| *process > 0)?;
    Some((OsStr::from_bytes(&rest[..at]), process))
}

/// Returns whether the file system or the kernel does not support such a rename.
pub(super) fn is_unsupported(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// The destination of a path: a name in an open directory. The file need not exist yet.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// The path given by the caller, for messages.
    pub(super) given: PathBuf,
    pub(super) directory: Rc<Directory>,
    pub(super) name: OsString,
}

impl Destination {
    /// Resolves `path`, following a symbolic link.
    pub(super) fn find(path: &Path) -> Result<Self, StoreError> {
        let is_link = fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
        let real = if is_link {
            fs::canonicalize(path).map_err(|e| StoreError::reading(path, "follow the link", e))?
        } else {
            path.to_path_buf()
        };
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(StoreError::NotRegular(path.to_path_buf()));
        };
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        let directory = Directory::open(parent).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR => StoreError::MissingDirectory {
                path: path.to_path_buf(),
                directory: parent.to_path_buf(),
            },
            other => StoreError::reading(parent, "open the directory", other.into()),
        })?;
        let directory = Rc::new(directory);
        Ok(Self {
            given: path.to_path_buf(),
            directory,
            name: name.to_os_string(),
        })
    }

    /// Resolves `path` as [`Destination::find`] does; `None` if it leads nowhere, so that no
    /// transaction can have it.
    pub(super) fn find_any(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::find(path) {
            Err(
                StoreError::Missing(_)
                | StoreError::MissingDirectory { .. }
                | StoreError::NotRegular(_),
            ) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Returns the destination with this name in the same directory.
    pub(super) fn beside(&self, name: &OsStr) -> Self {
        Self {
            given: self.directory.join(name),
            directory: Rc::clone(&self.directory),
            name: name.to_owned(),
        }
    }

    /// Reads the file.
    pub(super) fn observe(&self) -> Result<Observed, StoreError> {
        self.observe_as(&self.name)
    }

    /// Reads the file `name` in the destination's directory, without following a link or opening
    /// anything but a regular file. Errors name the destination.
    pub(super) fn observe_as(&self, name: &OsStr) -> Result<Observed, StoreError> {
        let reading = |e: io::Error| StoreError::reading(&self.given, "read", e);
        let not_regular = || StoreError::NotRegular(self.given.clone());
        let stat = rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| reading(e.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(not_regular());
        }
        // NONBLOCK: if the file has become a pipe, opening it must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.directory, name, flags, Mode::empty())
            .map_err(|e| reading(e.into()))?;
        let mut file = File::from(fd);
        let stat = file.metadata().map_err(reading)?;
        if !stat.is_file() {
            return Err(not_regular());
        }
        let mut content = Vec::with_capacity(usize::try_from(stat.len()).unwrap_or(0));
        file.read_to_end(&mut content).map_err(reading)?;
        let metadata = Metadata::of(&file).map_err(|error| self.not_kept(error))?;
        let identity = (stat.dev(), stat.ino());
        Ok(Observed {
            content,
            metadata,
            identity,
            links: stat.nlink(),
        })
    }

    /// Returns whether the file `name` still has this content and metadata.
    pub(super) fn is_still(
        &self,
        name: &OsStr,
        content: &[u8],
        metadata: &Metadata,
    ) -> Result<bool, StoreError> {
        match self.observe_as(name) {
            Ok(now) => Ok(now.content == content && now.metadata == *metadata),
            Err(StoreError::Missing(_) | StoreError::NotRegular(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Checks that a file may be replaced, before anything is created.
    pub(super) fn check_replaceable(&self, observed: &Observed) -> Result<(), StoreError> {
        let path = self.given.clone();
        if observed.links > 1 {
            return Err(StoreError::HardLinks {
                path,
                links: observed.links,
            });
        }
        let mode = observed.metadata.mode;
        if mode & 0o222 == 0 {
            return Err(StoreError::ReadOnly { path, mode });
        }
        let allowed = rustix::fs::accessat(
            &self.directory,
            &self.name,
            Access::WRITE_OK,
            AtFlags::EACCESS,
        );
        match allowed {
            // NOSYS: a set-user-id program on a kernel before 5.8; later steps fail if need be.
            Ok(()) | Err(Errno::NOSYS) => Ok(()),
            Err(Errno::PERM) => Err(StoreError::Immutable(path)),
            Err(errno @ Errno::ACCESS) => Err(StoreError::NotPermitted(path, errno.into())),
            Err(errno) => Err(self.writing("write", errno.into())),
        }
    }

    /// Creates an empty file beside the destination.
    pub(super) fn temporary(&self) -> Result<(Created, File), StoreError> {
        Created::temporary(&self.directory, &self.name)
            .map_err(|cause| self.writing("create a new file beside", cause))
    }

    /// Writes this content and metadata to a new file beside the destination, and syncs it. Returns
    /// the metadata it then has.
    pub(super) fn fill(
        &self,
        mut file: &File,
        content: &[u8],
        metadata: &Metadata,
    ) -> Result<Metadata, StoreError> {
        file.write_all(content)
            .map_err(|e| self.writing("write the text of", e))?;
        let given = metadata
            .give_to(file)
            .map_err(|error| self.not_kept(error))?;
        file.sync_all()
            .map_err(|e| self.writing("sync the text of", e))?;
        Ok(given)
    }

    /// Syncs the directory.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.directory.sync();
        synced.map_err(|cause| self.writing("sync the directory of", cause))
    }

    /// Returns the error for a failure to write the destination or a file beside it.
    pub(super) fn writing(&self, doing: &'static str, cause: io::Error) -> StoreError {
        StoreError::writing(&self.given, &self.directory.path, doing, cause)
    }

    /// Returns the error for metadata of the destination that cannot be kept.
    pub(super) fn not_kept(&self, MetadataError { what, cause }: MetadataError) -> StoreError {
        StoreError::NotKept {
            path: self.given.clone(),
            what,
            cause,
        }
    }
}

/// A regular file as it was at one point in time.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) content: Vec<u8>,
    pub(super) metadata: Metadata,
    /// Device and inode.
    pub(super) identity: (u64, u64),
    pub(super) links: u64,
}
