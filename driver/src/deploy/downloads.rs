//! Shared downloads of kernels and ramdisks.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::image::source::from_reference;
use crate::image::{FileSource, HttpClient, Source, SourceError};

/// Downloads by reference, in temporary files that are removed on drop.
#[derive(Debug)]
pub(super) struct Downloads {
    directory: PathBuf,
    fetched: Mutex<HashMap<String, Arc<Fetched>>>,
}

/// A download, fetched once. A failure is kept too, so that the next thousand nodes do not wait for
/// it again.
type Fetched = OnceCell<Result<Arc<dyn Source>, Arc<SourceError>>>;

impl Downloads {
    /// Creates downloads with temporary files in `directory`.
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            fetched: Mutex::default(),
        }
    }

    /// Returns the image at `reference`: a local file itself, or the temporary copy of one on a web
    /// server.
    pub(super) async fn get(
        &self,
        reference: &str,
        http: &HttpClient,
    ) -> Result<Arc<dyn Source>, SourceError> {
        let cell = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(reference.to_owned()).or_default())
        };
        let fetch = async || {
            let (reference, http) = (reference.to_owned(), http.clone());
            let directory = self.directory.clone();
            let fetched =
                tokio::task::spawn_blocking(move || fetch(&reference, &http, &directory)).await;
            let fetched =
                fetched.unwrap_or_else(|error| Err(SourceError::other("the download", error)));
            fetched.map_err(Arc::new)
        };
        match cell.get_or_init(fetch).await {
            Ok(source) => Ok(Arc::clone(source)),
            Err(error) => Err(SourceError::other("a shared download", Arc::clone(error))),
        }
    }
}

fn fetch(
    reference: &str,
    http: &HttpClient,
    directory: &Path,
) -> Result<Arc<dyn Source>, SourceError> {
    let source = from_reference(reference, http)?;
    if source.open_file()?.is_some() {
        return Ok(source);
    }
    let name = source.name();
    let failed = |source| SourceError::Io {
        name: format!("the copy of {name} in {}", directory.display()),
        source,
    };
    let mut copy = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    // The source's own errors are returned unchanged, since they name the server.
    let mut reader = source.open()?;
    io::copy(&mut reader, &mut copy).map_err(failed)?;
    let path = copy.into_temp_path();
    let file = FileSource::new(path.to_path_buf())?;
    if file.size() != source.size() {
        return Err(SourceError::Changed {
            name,
            expected: source.size(),
            found: file.size().to_string(),
        });
    }
    Ok(Arc::new(Download {
        name,
        file,
        _path: path,
    }))
}

/// A copy in a temporary file.
struct Download {
    /// The name of the original.
    name: String,
    file: FileSource,
    /// Removes the file on drop.
    _path: tempfile::TempPath,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Download").field(&self.name).finish()
    }
}

impl Source for Download {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> u64 {
        self.file.size()
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        self.file.open()
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        self.file.open_at(offset)
    }

    fn open_file(&self) -> Result<Option<File>, SourceError> {
        self.file.open_file()
    }
}
