//! Staged files: the new text is prepared beside the file, switched in, and put back if need be.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::backup;
use super::file::{Created, Destination, Observed, is_unsupported};
use super::metadata::Metadata;
use super::{Replaced, StoreError};

/// How a file was switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switched {
    /// The old file has the temporary name.
    Exchanged,
    /// The old file is gone, except for its copy.
    Renamed,
}

/// A file that is ready to be switched. If dropped before, it leaves no trace.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    pub(super) destination: Destination,
    pub(super) before: Observed,
    pub(super) after: Cow<'a, [u8]>,
    /// The metadata of the new file.
    metadata: Metadata,
    pub(super) temporary: Created,
    /// A copy of the old file, unless that has to do without.
    pub(super) saved: Option<Created>,
    /// The name that the old text gets in the end, unless it is dropped.
    pub(super) backup: Option<OsString>,
    switched: Option<Switched>,
}

impl<'a> Staged<'a> {
    /// Writes the new file and a copy of the old one beside the destination.
    pub(super) fn prepare(
        destination: Destination,
        before: Observed,
        after: impl Into<Cow<'a, [u8]>>,
        backup: Option<OsString>,
    ) -> Result<Self, StoreError> {
        let saved = backup::save(&destination, &before)?;
        let mut staged = Self::prepare_without_copy(destination, before, after)?;
        staged.saved = Some(saved);
        staged.backup = backup;
        Ok(staged)
    }

    /// Writes the new file beside the destination.
    pub(super) fn prepare_without_copy(
        destination: Destination,
        before: Observed,
        after: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Self, StoreError> {
        let after = after.into();
        let (temporary, file) = destination.temporary()?;
        let metadata = destination.fill(&file, &after, &before.metadata)?;
        destination.sync()?;
        log::debug!("prepared the new text of {}", destination.given.display());
        Ok(Self {
            destination,
            before,
            after,
            metadata,
            temporary,
            saved: None,
            backup: None,
            switched: None,
        })
    }

    /// Puts the new file in the destination's place, if the destination is unchanged.
    pub(super) fn switch(&mut self) -> Result<(), StoreError> {
        let switched = swap(
            &self.destination,
            &mut self.temporary,
            (&self.after, &self.metadata),
            (&self.before.content, &self.before.metadata),
        );
        match switched {
            Ok(switched) => self.switched = Some(switched),
            Err(error) => {
                // With two texts to choose from, the old one helps in comparing them.
                if matches!(error, StoreError::Stranded { .. }) {
                    self.keep_copy();
                }
                return Err(error);
            }
        }
        log::debug!(
            "replaced {} ({:?})",
            self.destination.given.display(),
            self.switched
        );
        match self.destination.directory.sync() {
            Ok(()) => Ok(()),
            // There is nothing to put back.
            Err(cause) if self.switched == Some(Switched::Renamed) && self.saved.is_none() => {
                Err(StoreError::NotSynced {
                    path: self.destination.given.clone(),
                    cause,
                })
            }
            Err(cause) => Err(self.destination.writing("sync the directory of", cause)),
        }
    }

    /// Puts the old file back, if the new one is unchanged. Nothing of the attempt is left then.
    fn put_back(&mut self) -> Result<(), StoreError> {
        let old = match (self.switched, &mut self.saved) {
            (Some(Switched::Exchanged), _) => &mut self.temporary,
            (Some(Switched::Renamed), Some(saved)) => saved,
            (Some(Switched::Renamed), None) | (None, _) => return Ok(()),
        };
        let new = (&*self.after, &self.metadata);
        let before = (&*self.before.content, &self.before.metadata);
        let way = swap(&self.destination, old, before, new)?;
        // After an exchange, this name has the new text.
        old.kept = way == Switched::Renamed;
        self.switched = None;
        log::debug!("put {} back", self.destination.given.display());
        self.destination.directory.sync_or_warn();
        Ok(())
    }

    /// Cleans up after a final switch: the old file itself becomes the backup, or is removed.
    ///
    /// # Errors
    ///
    /// Neither the old file nor its copy got the backup's name.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(backup) = self.backup.as_deref() else {
            return Ok(());
        };
        if self.switched == Some(Switched::Exchanged) {
            match self.temporary.rename(backup) {
                Ok(()) => {
                    self.temporary.kept = true;
                    return Ok(());
                }
                Err(errno) => log::debug!("left the old file: {errno}"),
            }
        }
        let Some(saved) = &mut self.saved else {
            return Ok(());
        };
        saved.rename(backup)?;
        saved.kept = true;
        Ok(())
    }

    /// Leaves all files as they are, for the next run.
    pub(super) fn leave(&mut self) {
        self.temporary.kept = true;
        if let Some(saved) = &mut self.saved {
            saved.kept = true;
        }
    }

    /// Keeps the copy of the old text, under the backup's name if possible.
    fn keep_copy(&mut self) {
        if let Some(saved) = &mut self.saved {
            saved.kept = true;
            if let Some(Err(errno)) = self.backup.as_deref().map(|name| saved.rename(name)) {
                log::warn!("left {}: {errno}", saved.path().display());
            }
        }
    }

    pub(super) fn replaced(&self) -> Option<Replaced> {
        let backup = self.backup.as_ref()?;
        Some(Replaced {
            path: self.destination.given.clone(),
            backup: self.destination.directory.join(backup),
        })
    }

    /// Returns where a copy of the old text is, in the end or for now.
    fn kept_at(&self) -> PathBuf {
        match &self.saved {
            Some(saved) => saved.path(),
            None => self.temporary.path(),
        }
    }
}

/// Switches all files or none.
pub(super) fn switch_all(staged: &mut [Staged<'_>]) -> Result<(), StoreError> {
    let Some(first) = staged.iter_mut().find_map(|file| file.switch().err()) else {
        return Ok(());
    };
    let mut stuck = Vec::new();
    for file in staged.iter_mut().rev() {
        if let Err(error) = file.put_back() {
            let path = file.destination.given.clone();
            log::debug!("could not put {} back: {error}", path.display());
            file.keep_copy();
            stuck.push(Replaced {
                path,
                backup: file.kept_at(),
            });
        }
    }
    if stuck.is_empty() {
        Err(first)
    } else {
        Err(StoreError::NotPutBack {
            first: Box::new(first),
            stuck,
        })
    }
}

/// Puts the file `from` in the destination's place if the destination is `expected`. Returns where
/// the destination's file then is. `from` holds `ours`, and is not removed when it may be someone
/// else's text.
fn swap(
    destination: &Destination,
    from: &mut Created,
    ours: (&[u8], &Metadata),
    expected: (&[u8], &Metadata),
) -> Result<Switched, StoreError> {
    let directory = &destination.directory;
    let changed = || StoreError::Changed(destination.given.clone());
    let switching = |errno: Errno| match errno {
        Errno::NOENT => changed(),
        other => destination.writing("replace", other.into()),
    };
    match exchange(destination, from) {
        Ok(()) => {
            let old_unchanged = destination.is_still(&from.name, expected.0, expected.1);
            if matches!(old_unchanged, Ok(true)) {
                return Ok(Switched::Exchanged);
            }
            // It is someone else's text: exchange again, which should return ours.
            if exchange(destination, from).is_err() {
                return Err(stranded(destination, from));
            }
            match destination.is_still(&from.name, ours.0, ours.1) {
                Ok(true) => old_unchanged.and(Err(changed())),
                _ => Err(stranded(destination, from)),
            }
        }
        Err(errno) if is_unsupported(errno) => {
            if !destination.is_still(&destination.name, expected.0, expected.1)? {
                return Err(changed());
            }
            rustix::fs::renameat(directory, &from.name, directory, &destination.name)
                .map_err(switching)?;
            from.kept = true;
            Ok(Switched::Renamed)
        }
        Err(errno) => Err(switching(errno)),
    }
}

/// Keeps someone else's text, which has a temporary name, under one that no run removes.
fn stranded(destination: &Destination, theirs: &mut Created) -> StoreError {
    theirs.kept = true;
    let name = backup::edited_name(destination);
    let renamed = name.map(|name| theirs.rename(&name));
    if !matches!(renamed, Ok(Ok(()))) {
        log::warn!("could not rename {}", theirs.path().display());
    }
    StoreError::Stranded {
        path: destination.given.clone(),
        kept: theirs.path(),
    }
}

fn exchange(destination: &Destination, other: &Created) -> rustix::io::Result<()> {
    #[cfg(test)]
    super::tests::before_exchange()?;
    let directory = &destination.directory;
    let flags = RenameFlags::EXCHANGE;
    let name: &OsStr = &destination.name;
    rustix::fs::renameat_with(directory, &other.name, directory, name, flags)
}
