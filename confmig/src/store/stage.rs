//! Staged files: the new text is prepared beside the file, switched in, and put back if need be.

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::file::{Created, Destination, Observed, is_unsupported};
use super::metadata::Metadata;
use super::{Replaced, StoreError};

/// How a file was switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switched {
    /// The old file has the temporary name.
    Exchanged,
    /// The old file is gone, except for its backup.
    Renamed,
}

/// A file that is ready to be switched. If dropped before, it leaves no trace.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    destination: Destination,
    pub(super) before: Observed,
    after: &'a [u8],
    /// The metadata of the new file.
    metadata: Metadata,
    temporary: Created,
    backup: Option<Created>,
    switched: Option<Switched>,
}

impl<'a> Staged<'a> {
    /// Writes the new file beside the destination.
    pub(super) fn prepare(
        destination: Destination,
        before: Observed,
        after: &'a [u8],
        backup: Option<Created>,
    ) -> Result<Self, StoreError> {
        let (temporary, file) = destination.temporary()?;
        let metadata = destination.fill(&file, after, &before.metadata)?;
        destination.sync()?;
        log::debug!("prepared the new text of {}", destination.given.display());
        Ok(Self {
            destination,
            before,
            after,
            metadata,
            temporary,
            backup,
            switched: None,
        })
    }

    /// Puts the new file in the destination's place, if the destination is unchanged.
    fn switch(&mut self) -> Result<(), StoreError> {
        // From here on, the backup may be the only copy of the old text.
        self.keep_backup(true);
        let switched = swap(
            &self.destination,
            &mut self.temporary,
            (self.after, &self.metadata),
            (&self.before.content, &self.before.metadata),
        );
        match switched {
            Ok(switched) => self.switched = Some(switched),
            Err(error) => {
                // With two texts to choose from, the old one helps in comparing them.
                self.keep_backup(matches!(error, StoreError::Stranded { .. }));
                return Err(error);
            }
        }
        log::debug!(
            "replaced {} ({:?})",
            self.destination.given.display(),
            self.switched
        );
        self.destination.sync()
    }

    /// Puts the old file back, if the new one is unchanged. Nothing of the attempt is left then.
    fn put_back(&mut self) -> Result<(), StoreError> {
        let old = match (self.switched, &mut self.backup) {
            (Some(Switched::Exchanged), _) => &mut self.temporary,
            (Some(Switched::Renamed), Some(backup)) => backup,
            // The old text is gone: no backup was asked for.
            (Some(Switched::Renamed), None) | (None, _) => return Ok(()),
        };
        let new = (self.after, &self.metadata);
        let way = swap(
            &self.destination,
            old,
            (&self.before.content, &self.before.metadata),
            new,
        )?;
        // After an exchange, this name has the new text.
        old.kept = way == Switched::Renamed;
        if self.switched == Some(Switched::Exchanged) {
            self.keep_backup(false);
        }
        self.switched = None;
        log::debug!("put {} back", self.destination.given.display());
        self.destination.sync_or_warn();
        Ok(())
    }

    /// Cleans up after a final switch: the old file itself becomes the backup, or is removed.
    fn finish(mut self) {
        let Some(backup) = &self.backup else { return };
        if self.switched != Some(Switched::Exchanged) {
            return;
        }
        let directory = &self.destination.directory;
        match rustix::fs::renameat(directory, &self.temporary.name, directory, &backup.name) {
            Ok(()) => self.temporary.kept = true,
            // The backup is a faithful copy, so the old file can be removed.
            Err(errno) => log::debug!("left the copy {}: {errno}", backup.path().display()),
        }
    }

    fn keep_backup(&mut self, kept: bool) {
        if let Some(backup) = &mut self.backup {
            backup.kept = kept;
        }
    }

    fn replaced(&self) -> Option<Replaced> {
        let backup = self.backup.as_ref()?;
        Some(Replaced {
            path: self.destination.given.clone(),
            backup: backup.path(),
        })
    }
}

/// Switches all files or none. Returns where the old texts are kept.
pub(super) fn switch_all(mut staged: Vec<Staged<'_>>) -> Result<Vec<Replaced>, StoreError> {
    let Some(first) = staged.iter_mut().find_map(|file| file.switch().err()) else {
        let replaced = staged.iter().filter_map(Staged::replaced).collect();
        staged.into_iter().for_each(Staged::finish);
        return Ok(replaced);
    };
    let mut stuck = Vec::new();
    for file in staged.iter_mut().rev() {
        if let Err(error) = file.put_back() {
            log::debug!(
                "could not put {} back: {error}",
                file.destination.given.display()
            );
            stuck.extend(file.replaced());
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
            let kept = from.path();
            let stranded = StoreError::Stranded {
                path: destination.given.clone(),
                kept,
            };
            from.kept = true;
            if exchange(destination, from).is_err() {
                return Err(stranded);
            }
            match destination.is_still(&from.name, ours.0, ours.1) {
                Ok(true) => from.kept = false,
                _ => return Err(stranded),
            }
            old_unchanged.and(Err(changed()))
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

fn exchange(destination: &Destination, other: &Created) -> rustix::io::Result<()> {
    #[cfg(test)]
    super::tests::before_exchange()?;
    let directory = &destination.directory;
    let flags = RenameFlags::EXCHANGE;
    rustix::fs::renameat_with(directory, &other.name, directory, &destination.name, flags)
}
