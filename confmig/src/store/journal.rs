//! Journals: which files a run replaces, written beside them before the first is replaced.
//!
//! Every directory concerned gets the same journal, `.confmig-ID.journal`, with mode 0600. It holds
//! paths, names and SHA-256 sums, never a file's content. A transaction is open while *all* these
//! directories have its journal: the last journal that is written opens it, and the first that is
//! removed closes it. A journal whose companions are missing therefore means nothing is left to do,
//! and whoever can write to one of the directories cannot make a run replace files in another.
//!
//! After a transaction of several files, the journal is renamed to `.confmig-ID.transaction`: the
//! record of which backups belong together. It goes with the last of its backups.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::directory::Directory;
use super::file::Created;

const VERSION: u32 = 1;
const PREFIX: &str = ".confmig-";
const JOURNAL: &str = ".journal";
const RECORD: &str = ".transaction";

/// A journal of 10,000 files has 5 MB.
const MOST_BYTES: u64 = 64 << 20;

/// What is escaped in paths, besides bytes that are not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Replaces files with new texts.
    Write,
    /// Restores files from backups.
    Undo,
}

/// A path or a file's name, which need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(pub(super) OsString);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&percent_encode(self.0.as_bytes(), ESCAPED))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Vec<u8> = percent_decode_str(&text).collect();
        Ok(Name(OsString::from_vec(bytes)))
    }
}

/// One file of a transaction. All names are in the file's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The file's directory, as an index.
    pub(super) directory: usize,
    pub(super) name: Name,
    /// The new text, and after an exchange the old file.
    pub(super) staged: Name,
    /// A copy of the old text.
    pub(super) saved: Name,
    /// The name that the old text gets in the end, unless it is dropped.
    pub(super) backup: Option<Name>,
    /// The backup that an undo restores and removes.
    pub(super) used: Option<Name>,
    /// The SHA-256 of the old text.
    pub(super) before: String,
    /// The SHA-256 of the new text.
    pub(super) after: String,
}

/// What a transaction replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    pub(super) id: String,
    pub(super) kind: Kind,
    /// The absolute paths of the directories concerned.
    directories: Vec<Name>,
    /// Which of them this copy is in, so that it is found even if the directory was renamed.
    pub(super) here: usize,
    pub(super) files: Vec<Entry>,
}

impl Journal {
    /// Returns the journal of a transaction in these directories. `time` is that of its backups.
    pub(super) fn new(
        kind: Kind,
        time: &str,
        directories: &[Rc<Directory>],
        files: Vec<Entry>,
    ) -> Result<Self, StoreError> {
        let absolute = |directory: &Rc<Directory>| {
            std::fs::canonicalize(&directory.path)
                .map(|path| Name(path.into_os_string()))
                .map_err(|cause| StoreError::reading(&directory.path, "find the path of", cause))
        };
        let directories: Vec<Name> = directories.iter().map(absolute).collect::<Result<_, _>>()?;
        // Names of staged files have the process's number, and are taken only once at a time.
        let mut sum = Sha256::new();
        for entry in &files {
            let parts = [&directories[entry.directory], &entry.staged, &entry.saved];
            parts.iter().for_each(|part| sum.update(part.0.as_bytes()));
            sum.update(&entry.after);
        }
        let id = format!("{time}-{}", &hex(&sum.finalize())[..12]);
        Ok(Self {
            version: VERSION,
            id,
            kind,
            directories,
            here: 0,
            files,
        })
    }

    /// Writes the journal to these directories, which are its own, and syncs it. If that fails, it
    /// leaves none.
    pub(super) fn write(&self, directories: &[Rc<Directory>]) -> Result<(), StoreError> {
        let mut written: Vec<Created> = Vec::new();
        for (here, directory) in directories.iter().enumerate() {
            let failed = |cause| {
                StoreError::writing(
                    &directory.path,
                    &directory.path,
                    "write a journal in",
                    cause,
                )
            };
            let copy = Journal {
                here,
                ..self.clone()
            };
            // Serializing cannot fail: all keys are strings.
            let bytes = serde_json::to_vec_pretty(&copy).map_err(|e| failed(e.into()))?;
            let (mut created, mut file) =
                Created::temporary(directory, OsStr::new("")).map_err(failed)?;
            file.write_all(&bytes).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            created
                .rename(&self.name(JOURNAL))
                .map_err(|errno| failed(errno.into()))?;
            written.push(created);
            directory.sync().map_err(failed)?;
        }
        written.iter_mut().for_each(|created| created.kept = true);
        Ok(())
    }

    /// Closes the transaction: removes the journal, or makes it the record of its backups.
    ///
    /// A journal that cannot be removed is harmless once its companion is gone.
    pub(super) fn close(&self, directories: &[Rc<Directory>], record: bool) {
        for directory in directories {
            let journal = self.name(JOURNAL);
            let done = match record {
                true => {
                    let record = self.name(RECORD);
                    rustix::fs::renameat(directory, &journal, directory, &record)
                }
                false => directory.remove(&journal),
            };
            match done {
                Ok(()) => directory.sync_or_warn(),
                Err(errno) => log::warn!(
                    "could not remove {}: {errno}",
                    directory.join(&journal).display()
                ),
            }
            // An undo may have used the last backup of a record.
            remove_old_records(directory);
        }
    }

    /// Returns the paths of the directories.
    pub(super) fn directories(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.directories.iter().map(|name| Path::new(&name.0))
    }

    /// Returns the absolute path of one of the files.
    pub(super) fn path(&self, entry: &Entry) -> PathBuf {
        Path::new(&self.directories[entry.directory].0).join(&entry.name.0)
    }

    /// Returns the path of one of the files, for a run that found it in the directory `here`.
    pub(super) fn path_from(&self, here: &Directory, entry: &Entry) -> PathBuf {
        match entry.directory == self.here {
            true => here.join(&entry.name.0),
            false => self.path(entry),
        }
    }

    /// Returns whether it made this backup in the directory it was read from.
    pub(super) fn made(&self, backup: &OsStr) -> bool {
        let mut entries = self.entries_here();
        entries.any(|entry| entry.backup.as_ref().is_some_and(|name| name.0 == backup))
    }

    /// Returns whether it names this file in the directory it was read from.
    pub(super) fn names(&self, name: &OsStr) -> bool {
        let mut entries = self.entries_here();
        entries.any(|entry| entry.name.0 == name)
    }

    /// Returns the files in the directory it was read from.
    pub(super) fn entries_here(&self) -> impl Iterator<Item = &Entry> {
        let here = self.here;
        self.files
            .iter()
            .filter(move |entry| entry.directory == here)
    }

    fn name(&self, suffix: &str) -> OsString {
        format!("{PREFIX}{}{suffix}", self.id).into()
    }

    /// Returns whether another directory has the journal of the same transaction.
    pub(super) fn is_in(&self, directory: &Directory) -> Result<bool, StoreError> {
        match read(directory, &self.name(JOURNAL)) {
            // A journal is named after its transaction.
            Ok(_) => Ok(true),
            Err(StoreError::Missing(_) | StoreError::UnusableJournal { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Checks what a run relies on, since anything may have written the file.
    fn check(&self, name: &OsStr) -> Result<(), &'static str> {
        let is_name = |name: &Name| {
            let bytes = name.0.as_bytes();
            !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/') && !bytes.contains(&0)
        };
        if self.version != VERSION {
            return Err("it is of another version of confmig");
        }
        if self.name(JOURNAL) != name && self.name(RECORD) != name {
            return Err("its name is not that of its transaction");
        }
        let count = self.directories.len();
        let all_names = self.files.iter().all(|entry| {
            let names = [&entry.name, &entry.staged, &entry.saved];
            let more = entry.backup.iter().chain(&entry.used);
            entry.directory < count && names.into_iter().chain(more).all(is_name)
        });
        let absolute = self.directories().all(Path::is_absolute);
        match self.here < count && all_names && absolute {
            true => Ok(()),
            false => Err("it names no files"),
        }
    }
}

/// Returns the journals in a directory.
pub(super) fn journals(directory: &Directory) -> Result<Vec<Journal>, StoreError> {
    let mut names = directory.names()?;
    names.retain(|name| is_called(name, JOURNAL));
    names.sort();
    names.iter().map(|name| read(directory, name)).collect()
}

/// Returns the records of finished transactions in a directory, without those that no run wrote.
pub(super) fn records(directory: &Directory) -> Result<Vec<Journal>, StoreError> {
    let mut records = Vec::new();
    for record in records_among(&directory.names()?, directory) {
        match record {
            Err(StoreError::Missing(_) | StoreError::UnusableJournal { .. }) => {}
            record => records.push(record?),
        }
    }
    Ok(records)
}

/// Removes the records whose backups in this directory are all gone. One that stays does no harm.
pub(super) fn remove_old_records(directory: &Directory) {
    let Ok(names) = directory.names() else {
        return;
    };
    for record in records_among(&names, directory).flatten() {
        let is_left = |entry: &Entry| {
            let backup = entry.backup.as_ref();
            backup.is_some_and(|backup| names.contains(&backup.0))
        };
        if record.entries_here().any(is_left) {
            continue;
        }
        let name = record.name(RECORD);
        let removed = directory.remove(&name);
        let path = directory.join(&name);
        log::debug!("removed the record {}: {removed:?}", path.display());
    }
}

fn records_among(
    names: &[OsString],
    directory: &Directory,
) -> impl Iterator<Item = Result<Journal, StoreError>> {
    let records = names.iter().filter(|name| is_called(name, RECORD));
    records.map(|name| read(directory, name))
}

fn is_called(name: &OsStr, suffix: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(PREFIX.as_bytes()) && bytes.ends_with(suffix.as_bytes())
}

fn read(directory: &Directory, name: &OsStr) -> Result<Journal, StoreError> {
    let path = directory.join(name);
    let failed = |cause| StoreError::reading(&path, "read the journal", cause);
    let unusable = |why: String| StoreError::UnusableJournal {
        path: path.clone(),
        why,
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(directory, name, flags, Mode::empty());
    let file = File::from(fd.map_err(|errno| failed(errno.into()))?);
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(unusable("it is not a regular file".into()));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let journal: Journal =
        serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
    journal.check(name).map_err(|why| unusable(why.into()))?;
    Ok(journal)
}

/// Returns the SHA-256 of a text, in hexadecimal digits.
pub(super) fn sum(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
