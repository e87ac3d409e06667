//! Shared downloads of kernels, ramdisks and deploy ISOs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::event::{EventKind, Reporter};
use crate::http::work;
use crate::image::source::{ExactReader, from_reference};
use crate::image::{Checksum, HttpClient, Source, SourceError, Verified};

/// The number of copies that are kept although no node needs them at the moment: the next node may.
const KEPT: usize = 8;

/// How many bytes are downloaded between two reports.
const PART: u64 = 4 * 1024 * 1024;

/// Who chose the URL of an image, which decides which addresses it may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NamedBy {
    /// A user of the cloud, in `instance_info` or in the properties of an image.
    User,
    /// The operator, in `driver_info`, or the image service.
    Operator,
}

/// An image, by what it is. Two nodes with equal keys share one download.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum ImageKey {
    /// An image of the image service, by its ID and checksum. Its URL may have another signature
    /// each time.
    Service(String, Option<Checksum>),
    /// An image that a node names by URL or path. A signature is part of the URL: without a valid
    /// one, a node does not get the image. Who names it decides whether it may be fetched at
    /// all.
    Reference(String, NamedBy),
}

/// Downloads by image, in temporary files without a name: the system removes them with the last
/// process that has them open, even if that process is killed.
#[derive(Debug)]
pub(super) struct Downloads {
    directory: PathBuf,
    known: Mutex<HashMap<ImageKey, Known>>,
}

/// A download and when it was last needed.
#[derive(Debug)]
struct Known {
    download: Arc<tokio::sync::Mutex<Download>>,
    needed: Instant,
}

/// The state of one download. Whoever holds its lock fetches it.
#[derive(Debug, Default)]
struct Download {
    source: Option<Arc<dyn Source>>,
    failure: Option<Failure>,
}

/// A failed attempt.
#[derive(Debug)]
struct Failure {
    error: Arc<SourceError>,
    /// Whoever asks before this moment gets the same error.
    until: Instant,
}

impl Downloads {
    /// Creates downloads with temporary files in `directory`.
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            known: Mutex::default(),
        }
    }

    /// Returns the image `key` that is at `reference`: a local file itself, or the temporary copy
    /// of one on a web server.
    ///
    /// A failure is shared by those who waited for the same attempt; later ones try again. A server
    /// that let an attempt wait until a time limit is left alone for as long as that took.
    pub(super) async fn get(
        &self,
        key: ImageKey,
        reference: &str,
        http: &HttpClient,
        reporter: &Reporter,
    ) -> Result<Arc<dyn Source>, SourceError> {
        let asked = Instant::now();
        let checksum = match &key {
            ImageKey::Service(_, checksum) => checksum.clone(),
            ImageKey::Reference(..) => None,
        };
        let download = self.download(key);
        let mut download = download.lock().await;
        if let Some(source) = &download.source {
            return Ok(Arc::clone(source));
        }
        if let Some(failure) = download.failure.as_ref().filter(|it| asked < it.until) {
            let error = Arc::clone(&failure.error);
            return Err(SourceError::other("a shared download", error));
        }
        let began = Instant::now();
        let (reference, http) = (reference.to_owned(), http.clone());
        let (directory, reporter) = (self.directory.clone(), reporter.clone());
        let fetch = move || {
            let source = open(&reference, checksum, &http)?;
            match source.open_file()? {
                Some(_) => Ok(source),
                None => copy(&*source, &directory, &reporter),
            }
        };
        let fetched = work::run(fetch).await;
        match fetched.unwrap_or_else(|error| Err(SourceError::other("the download", error))) {
            Ok(source) => {
                download.source = Some(Arc::clone(&source));
                Ok(source)
            }
            Err(error) => {
                let now = Instant::now();
                let until = match is_time_out(&error) {
                    true => now + (now - began),
                    false => now,
                };
                let error = Arc::new(error);
                download.failure = Some(Failure {
                    error: Arc::clone(&error),
                    until,
                });
                Err(SourceError::other("a shared download", error))
            }
        }
    }

    /// Returns the download of an image, and forgets others that no node needs.
    fn download(&self, key: ImageKey) -> Arc<tokio::sync::Mutex<Download>> {
        let mut known = self.lock();
        let mut idle: Vec<(Instant, ImageKey)> = known
            .iter()
            .filter(|(other, known)| **other != key && known.is_idle())
            .map(|(key, known)| (known.needed, key.clone()))
            .collect();
        if idle.len() > KEPT {
            idle.sort_by_key(|(needed, _)| *needed);
            idle.truncate(idle.len() - KEPT);
            for (_, key) in idle {
                known.remove(&key);
            }
        }
        let known = known.entry(key).or_insert_with(|| Known {
            download: Arc::default(),
            needed: Instant::now(),
        });
        known.needed = Instant::now();
        Arc::clone(&known.download)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ImageKey, Known>> {
        // Nothing can panic while the lock is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether nobody waits for the download or uses it.
    fn is_idle(&self) -> bool {
        let Ok(download) = self.download.try_lock() else {
            return false;
        };
        let users = download.source.as_ref().map_or(1, Arc::strong_count);
        users == 1 && Arc::strong_count(&self.download) == 1
    }
}

fn is_time_out(error: &SourceError) -> bool {
    matches!(
        error,
        SourceError::Stalled { .. } | SourceError::TooSlow { .. } | SourceError::Deadline { .. }
    )
}

/// Opens the image at `reference`, whose content is compared with `checksum` while it is read.
fn open(
    reference: &str,
    checksum: Option<Checksum>,
    http: &HttpClient,
) -> Result<Arc<dyn Source>, SourceError> {
    let source = from_reference(reference, http)?;
    Ok(match checksum {
        Some(checksum) if source.open_file()?.is_none() => {
            Arc::new(Verified::new(source, checksum))
        }
        _ => source,
    })
}

/// Copies an image into a temporary file in `directory`.
fn copy(
    source: &dyn Source,
    directory: &Path,
    reporter: &Reporter,
) -> Result<Arc<dyn Source>, SourceError> {
    let (name, size) = (source.name(), source.size());
    let failed = |cause| SourceError::Io {
        name: format!("the copy of {name} in {}", directory.display()),
        cause,
    };
    let mut file = tempfile::tempfile_in(directory).map_err(failed)?;
    let mut reader = ExactReader::open(source)?;
    let mut done = 0;
    loop {
        reporter.report(EventKind::Download {
            name: name.clone(),
            done,
            total: size,
        });
        let copied = io::copy(&mut Read::take(&mut reader, PART), &mut file);
        match copied.map_err(|error| error.downcast::<SourceError>()) {
            Ok(0) => return Ok(Arc::new(TemporaryCopy { name, size, file })),
            Ok(part) => done += part,
            Err(Ok(error)) => return Err(error),
            Err(Err(error)) => return Err(failed(error)),
        }
    }
}

/// A copy in a temporary file without a name.
#[derive(Debug)]
struct TemporaryCopy {
    /// The name of the original.
    name: String,
    size: u64,
    file: File,
}

impl Source for TemporaryCopy {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> Result<Box<dyn io::Read + Send>, SourceError> {
        self.open_at(0)
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn io::Read + Send>, SourceError> {
        let file = self.file.try_clone();
        let file = file.map_err(|error| SourceError::from_io(&self.name, error))?;
        Ok(Box::new(CopyReader { file, at: offset }))
    }

    /// Opens the file anew, since nodes read it at different positions. Without `/proc`, it is read
    /// through this process.
    fn open_file(&self) -> Result<Option<File>, SourceError> {
        Ok(File::open(format!("/proc/self/fd/{}", self.file.as_raw_fd())).ok())
    }
}

/// Reads a file at a position of its own.
struct CopyReader {
    file: File,
    at: u64,
}

impl io::Read for CopyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(buf, self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_that_no_node_needs_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let downloads = Downloads::new(dir.path().to_owned());
        let key = |n: usize| ImageKey::Service(n.to_string(), None);
        let file = dir.path().join("image");
        std::fs::write(&file, "1").unwrap();
        let reference = file.to_str().unwrap();
        let http = HttpClient::new();
        let reporter = Reporter {
            node: crate::node::test_node(r#""driver":"ilo""#).uuid(),
            step: crate::deploy::DeployStep::TakeOver,
            observer: None,
        };
        let mut used = Vec::new();
        for n in 0..50 {
            let source = downloads
                .get(key(n), reference, &http, &reporter)
                .await
                .unwrap();
            if n < 3 {
                used.push(source);
            }
        }
        let known = downloads.lock().len();
        assert_eq!(
            known,
            used.len() + KEPT + 1,
            "those in use, idle ones, the last"
        );
        assert!((0..3).all(|n| downloads.lock().contains_key(&key(n))));
    }

    #[test]
    fn readers_of_a_copy_do_not_move_each_other() {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let (name, size) = ("copy".to_owned(), 10);
        let copy = TemporaryCopy { name, size, file };
        let mut readers = [copy.open().unwrap(), copy.open_at(5).unwrap()];
        let mut files = [
            copy.open_file().unwrap().unwrap(),
            copy.open_file().unwrap().unwrap(),
        ];
        for n in 0..5 {
            let mut byte = [0];
            readers[0].read_exact(&mut byte).unwrap();
            assert_eq!(byte, [b'0' + n]);
            readers[1].read_exact(&mut byte).unwrap();
            assert_eq!(byte, [b'5' + n]);
            for file in &mut files {
                file.read_exact(&mut byte).unwrap();
                assert_eq!(byte, [b'0' + n]);
            }
        }
    }
}
