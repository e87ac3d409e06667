//! Content in a local file.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Source, SourceError};

/// A regular file.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
    size: u64,
}

impl FileSource {
    /// Creates a source for the file at `path`, and determines its size.
    ///
    /// # Errors
    ///
    /// [`SourceError::Io`] if the file is missing or inaccessible, [`SourceError::NotAFile`] for
    /// anything but a regular file, [`SourceError::Empty`] for an empty one.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, SourceError> {
        let path = path.into();
        let name = path.display().to_string();
        // Checked before opening, since opening a pipe waits for its other end.
        let metadata = fs::metadata(&path).map_err(|cause| SourceError::Io {
            name: name.clone(),
            cause,
        })?;
        if metadata.is_dir() {
            return Err(SourceError::NotAFile {
                name,
                what: "a directory",
            });
        }
        if !metadata.is_file() {
            return Err(SourceError::NotAFile {
                name,
                what: "a device, a pipe or a socket",
            });
        }
        match metadata.len() {
            0 => Err(SourceError::Empty { name }),
            size => Ok(Self { path, size }),
        }
    }

    /// Opens the file, and checks that its size is unchanged.
    fn checked(&self) -> Result<File, SourceError> {
        let failed = |cause| SourceError::Io {
            name: self.name(),
            cause,
        };
        let file = File::open(&self.path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        if found != self.size {
            let (name, expected) = (self.name(), self.size);
            return Err(SourceError::Changed {
                name,
                expected,
                found: found.to_string(),
            });
        }
        Ok(file)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Source for FileSource {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(self.checked()?))
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let mut file = self.checked()?;
        file.seek(SeekFrom::Start(offset))
            .map_err(|error| SourceError::from_io(&self.name(), error))?;
        Ok(Box::new(file))
    }

    fn open_file(&self) -> Result<Option<File>, SourceError> {
        self.checked().map(Some)
    }
}
