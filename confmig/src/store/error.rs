//! Errors of replacing and restoring files.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::Replaced;
use crate::shell::{word, words};

/// The reason why a file was not replaced, written or restored.
///
/// Each message is self-contained: it has the system's error, what was expected and what to do. It
/// has the paths of files, but not their contents. The first path of each variant is the one given
/// by the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages explain the fields")]
pub enum StoreError {
    /// There is no such file, or the path is a symbolic link to nothing.
    #[error(
        "cannot find {}: there is no such file, or it is a broken symbolic link; check the path",
        .0.display()
    )]
    Missing(PathBuf),

    /// The directory that should hold the file does not exist.
    #[error(
        "cannot write {}: there is no directory {}; check the path, or create the directory first",
        path.display(), directory.display()
    )]
    MissingDirectory { path: PathBuf, directory: PathBuf },

    /// The user may not create, rename or remove files in the directory.
    #[error(
        "cannot write {}: no permission to create or replace files in {} ({cause}); the new text \
         is written to a new file in that directory first, so run as a user who may write there, \
         for example root",
        path.display(), directory.display()
    )]
    DirectoryNotWritable {
        path: PathBuf,
        directory: PathBuf,
        cause: io::Error,
    },

    /// The file, a backup or its directory may not be read.
    #[error(
        "cannot read {}: {cause}; run as a user who may read it, for example root",
        .0.display(), cause = .1
    )]
    Unreadable(PathBuf, io::Error),

    /// The path is a directory, a device, a pipe or a socket.
    #[error(
        "cannot replace {}: it is not a regular file; give the path of one (or - for standard \
         output)",
        .0.display()
    )]
    NotRegular(PathBuf),

    /// The file has more than one name, and the others would keep the old text.
    #[error(
        "cannot replace {0}: it has {links} hard links, and its other names would keep the old \
         text; break the link first (cp -a {0} {0}.new && mv {0}.new {0}), or write the new text \
         elsewhere with --output",
        path.display()
    )]
    HardLinks { path: PathBuf, links: u64 },

    /// The file's mode gives no one write permission.
    #[error(
        "cannot replace {0}: it is read-only (mode {mode:04o}); make it writable first \
         (chmod u+w {0})",
        path.display()
    )]
    ReadOnly { path: PathBuf, mode: u32 },

    /// The user may not write to the file.
    #[error(
        "cannot replace {}: no permission to write to it ({cause}); run as its owner or as root",
        .0.display(), cause = .1
    )]
    NotPermitted(PathBuf, io::Error),

    /// The file has the immutable attribute.
    #[error(
        "cannot replace {path}: it is immutable; allow changes first (chattr -i {path})",
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

    /// The disk is full, or the quota is exhausted. Nothing was changed.
    #[error(
        "cannot write {}: no space left in {} ({cause}); nothing was changed: free enough space \
         for the new text and a backup of the old one, then run again",
        path.display(), directory.display()
    )]
    NoSpace {
        path: PathBuf,
        directory: PathBuf,
        cause: io::Error,
    },

    /// The file is a mount point, as are files bind-mounted into a container.
    #[error(
        "cannot replace {}: it is a mount point ({cause}), for example a file bind-mounted into a \
         container; write the new text to another file with --output, and copy it over the \
         original on the host",
        .0.display(), cause = .1
    )]
    Busy(PathBuf, io::Error),

    /// Someone else changed the file after it was read. Their change is kept.
    #[error(
        "cannot replace {}: someone else changed it in the meantime, and that change is kept; \
         check the file and run again",
        .0.display()
    )]
    Changed(PathBuf),

    /// Another run holds the directory's lock.
    #[error(
        "another confmig is replacing files in {}: wait until it ends, and run again",
        .0.display()
    )]
    Locked(PathBuf),

    /// The file is in a transaction that was interrupted between two files.
    #[error(
        "cannot replace {}: {what}; run `confmig recover {}` first",
        path.display(), word(path)
    )]
    Interrupted { path: PathBuf, what: String },

    /// A journal is not one that this version wrote.
    #[error(
        "cannot use the journal {}: {why}; if no other version of confmig wrote it, remove it",
        path.display()
    )]
    UnusableJournal { path: PathBuf, why: String },

    /// The new text is in place, but may not be on disk.
    #[error(
        "replaced {}, but could not sync its directory ({cause}): the new text is in place, and \
         may be lost in a power failure",
        path.display()
    )]
    NotSynced { path: PathBuf, cause: io::Error },

    /// All files hold the texts that they should, but something else is left to do.
    #[error(
        "changed {}, but could not {doing} ({cause}); run `confmig recover {}`, which tries again",
        paths(done),
        words(done.iter().map(PathBuf::as_path))
    )]
    NotFinished {
        done: Vec<PathBuf>,
        doing: String,
        cause: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The same file was given twice, perhaps under two names.
    #[error(
        "cannot replace {} twice in one run; give each file once, under a single name",
        .0.display()
    )]
    Twice(PathBuf),

    /// The owner, group, mode or an extended attribute cannot be kept. Nothing was changed.
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
        "cannot undo {}: there is no backup {pattern} in {}",
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
         edits would be lost; compare the two and edit by hand, or undo with --force, which keeps \
         the current text in a file beside it",
        path.display(), backup.display()
    )]
    Edited { path: PathBuf, backup: PathBuf },

    /// Someone else changed the file repeatedly while it was being replaced: one text is in the
    /// file, another is kept beside it.
    #[error(
        "cannot replace {}: someone else changed it again while their first change was being \
         restored; one of the texts is kept as {}: compare the two and keep what you need",
        path.display(), kept.display()
    )]
    Stranded { path: PathBuf, kept: PathBuf },

    /// One file failed, and files that were already replaced could not be put back.
    #[error(
        "{first}; these files had already been replaced and could not be restored: {}; run \
         `confmig recover` on them, or copy each backup over its file by hand",
        list(stuck)
    )]
    NotPutBack {
        first: Box<StoreError>,
        stuck: Vec<Replaced>,
    },

    /// Any other system error.
    #[error("cannot {doing} {}: {cause}; fix this and run again", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        cause: io::Error,
    },
}

fn paths(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| path.display().to_string());
    paths.collect::<Vec<_>>().join(" ")
}

fn list(stuck: &[Replaced]) -> String {
    let each = |r: &Replaced| format!("{} (backup: {})", r.path.display(), r.backup.display());
    stuck.iter().map(each).collect::<Vec<_>>().join(", ")
}

impl StoreError {
    /// Returns the error for a failure to write `path` or a file beside it in `directory`.
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

    /// Returns the error for a failure to read `path`.
    pub(super) fn reading(path: &Path, doing: &'static str, cause: io::Error) -> Self {
        let path = path.to_path_buf();
        match Errno::from_io_error(&cause) {
            Some(Errno::NOENT) => Self::Missing(path),
            Some(Errno::ACCESS | Errno::PERM) => Self::Unreadable(path, cause),
            _ => Self::Io { path, doing, cause },
        }
    }
}
