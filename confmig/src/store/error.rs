//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::Replaced;

/// Why a file was not replaced, written or put back.
///
/// Each message is complete in itself: it holds the system's reason, what was expected and what to
/// do, and of the files only their paths. The first path of each is the one that was given, and an
/// [`io::Error`] is what the system said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what the fields are")]
pub enum StoreError {
    /// There is no such file, or the path is a symbolic link to nothing.
    #[error(
        "cannot find {}: no such file, or a symbolic link to nothing; check the path",
        .0.display()
    )]
    Missing(PathBuf),

    /// The directory that should hold the file does not exist.
    #[error(
        "cannot write {}: there is no directory {}; make it first, or choose another path",
        path.display(), directory.display()
    )]
    MissingDirectory { path: PathBuf, directory: PathBuf },

    /// The directory does not let this user make, rename or remove files.
    #[error(
        "cannot write {}: no permission to make or replace files in {} ({cause}); the new text is \
         written beside the old and then takes its place, so run as a user who may write in that \
         directory, for instance root",
        path.display(), directory.display()
    )]
    DirectoryNotWritable {
        path: PathBuf,
        directory: PathBuf,
        cause: io::Error,
    },

    /// The file, a backup or its directory may not be read.
    #[error(
        "cannot read {}: {cause}; run as a user who may read it, for instance root",
        .0.display(), cause = .1
    )]
    Unreadable(PathBuf, io::Error),

    /// The path is a directory, a device, a pipe or a socket.
    #[error(
        "cannot replace {}: it is not a regular file; give the path of a regular file \
         (for standard output, give -)",
        .0.display()
    )]
    NotRegular(PathBuf),

    /// The file has more than one name: the others would keep the old text.
    #[error(
        "cannot replace {0}: it has {links} hard links, and under its other names the old text \
         would stay; give it a copy of its own first (cp -a {0} {0}.new && mv {0}.new {0}), or \
         write the new text elsewhere with --output",
        path.display()
    )]
    HardLinks { path: PathBuf, links: u64 },

    /// No one has write permission in the file's mode: someone wants it left alone.
    #[error(
        "cannot replace {0}: it is read-only (mode {mode:04o}); make it writable first \
         (chmod u+w {0})",
        path.display()
    )]
    ReadOnly { path: PathBuf, mode: u32 },

    /// This user may not write to the file.
    #[error(
        "cannot replace {}: you may not write to it ({cause}); run as its owner or as root",
        .0.display(), cause = .1
    )]
    NotPermitted(PathBuf, io::Error),

    /// The file carries the immutable attribute.
    #[error(
        "cannot replace {path}: it is marked immutable; allow changes first (chattr -i {path})",
        path = .0.display()
    )]
    Immutable(PathBuf),

    /// The file system is mounted read-only.
    #[error(
        "cannot write {}: its file system is mounted read-only; mount it writable, or write the \
         new text elsewhere with --output",
        .0.display()
    )]
    ReadOnlyFileSystem(PathBuf),

    /// The disk is full, or the quota is used up. Nothing was changed.
    #[error(
        "cannot write {}: no room in {} ({cause}); nothing was changed: free room for the new text \
         and for a backup of the old, then run again",
        path.display(), directory.display()
    )]
    NoSpace {
        path: PathBuf,
        directory: PathBuf,
        cause: io::Error,
    },

    /// The file is a mount point, as files given to a container are.
    #[error(
        "cannot replace {}: it is a mount point ({cause}), as files bind-mounted into a container \
         are; write the new text to another file with --output, and copy it over the original on \
         the host",
        .0.display(), cause = .1
    )]
    Busy(PathBuf, io::Error),

    /// Someone else changed the file after it was read. Their change is kept.
    #[error(
        "cannot replace {}: someone else changed it meanwhile, and that change is kept; look at \
         the file and run again",
        .0.display()
    )]
    Changed(PathBuf),

    /// The same file is given twice, perhaps under two names.
    #[error(
        "cannot replace {} twice in one run; give each file once, under one name",
        .0.display()
    )]
    Twice(PathBuf),

    /// Owner, group, mode or an extended attribute cannot be kept. Nothing was changed.
    #[error(
        "cannot replace {}: its {what} cannot be kept on the new file ({cause}); nothing was \
         changed: run as the file's owner or as root",
        path.display()
    )]
    NotKept {
        path: PathBuf,
        what: String,
        cause: io::Error,
    },

    /// The file has no backup.
    #[error(
        "cannot undo {}: there is nothing to undo, no backup {pattern} stands in {}",
        path.display(), directory.display()
    )]
    NothingToUndo {
        path: PathBuf,
        directory: PathBuf,
        pattern: String,
    },

    /// The file was edited after the migration that would be undone.
    #[error(
        "cannot undo {}: it was edited after the migration that made the backup {}, and those \
         edits would go; compare the two, then edit by hand, or undo with --force, which first \
         keeps the present text in a file beside it",
        path.display(), backup.display()
    )]
    Edited { path: PathBuf, backup: PathBuf },

    /// Undone, but the used backup is still there.
    #[error(
        "put {} back, but the used backup {} could not be removed ({cause}); remove it by hand",
        path.display(), backup.display()
    )]
    BackupNotRemoved {
        path: PathBuf,
        backup: PathBuf,
        cause: io::Error,
    },

    /// Someone else changed the file again and again while it was being replaced: one text is in
    /// the file, another is kept beside it.
    #[error(
        "cannot replace {}: someone else changed it again while their first change was being put \
         back; one of the texts is kept as {}: compare the two and keep what you need",
        path.display(), kept.display()
    )]
    Stranded { path: PathBuf, kept: PathBuf },

    /// One file failed, and files that were already replaced could not be put back.
    #[error(
        "{first}; moreover, these were already replaced and could not be put back: {}; copy each \
         backup over its file by hand",
        list(stuck)
    )]
    NotPutBack {
        first: Box<StoreError>,
        stuck: Vec<Replaced>,
    },

    /// Anything else that the system refused.
    #[error("cannot {doing} {}: {cause}; put that right and run again", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        cause: io::Error,
    },
}

fn list(stuck: &[Replaced]) -> String {
    let each = |r: &Replaced| format!("{} (backup: {})", r.path.display(), r.backup.display());
    stuck.iter().map(each).collect::<Vec<_>>().join(", ")
}

impl StoreError {
    /// Says why `path` or something beside it in `directory` could not be written.
    pub(super) fn writing(
        path: &Path,
        directory: &Path,
        doing: &'static str,
        cause: io::Error,
    ) -> Self {
        let path = path.to_path_buf();
        let directory = directory.to_path_buf();
        match Errno::from_io_error(&cause) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::NoSpace {
                path,
                directory,
                cause,
            },
            Some(Errno::ROFS) => Self::ReadOnlyFileSystem(path),
            Some(Errno::ACCESS | Errno::PERM) => Self::DirectoryNotWritable {
                path,
                directory,
                cause,
            },
            Some(Errno::BUSY) => Self::Busy(path, cause),
            _ => Self::Io { path, doing, cause },
        }
    }

    /// Says why `path` could not be read.
    pub(super) fn reading(path: &Path, doing: &'static str, cause: io::Error) -> Self {
        let path = path.to_path_buf();
        match Errno::from_io_error(&cause) {
            Some(Errno::NOENT) => Self::Missing(path),
            Some(Errno::ACCESS | Errno::PERM) => Self::Unreadable(path, cause),
            _ => Self::Io { path, doing, cause },
        }
    }
}
