//! Reading ISO 9660 images from anything that reads and seeks.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

use hadris_fs::sync::FileSystem;
use hadris_fs::{DirCursor, Extent, FileType, MountOptions, NodeId};
use hadris_io::StdIo;
use hadris_iso::sync::IsoFs;
use hadris_iso::{CatalogEntry, Namespace};
use hadris_storage::sync::StreamDevice;
use hadris_storage::{BlockSize, ReadOnly};

use crate::http::work;

type HadrisError = hadris_fs::Error<io::Error>;

/// The limits of an image's tree, against hostile images; deploy and boot ISOs are far below.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 64;
/// The maximum number of bytes of all paths that are kept.
const MAX_NAMES: usize = 16 * 1024 * 1024;
/// The maximum number of bytes of the paths of all files named `grub.cfg`.
pub(super) const MAX_GRUB_CFG_NAMES: usize = 16 * 1024;
/// The maximum number of reads, several times what the largest tree needs. Some structures make the
/// reader look through all directories for each file.
const MAX_READS: u64 = 1_000_000;
/// The size of an ISO 9660 sector in bytes.
pub(super) const SECTOR: u64 = 2048;
// Any image is a multiple of this, whatever tool wrote it.
const BLOCK: BlockSize = match BlockSize::new(512) {
    Some(size) => size,
    None => unreachable!(), // Only for zero.
};

/// An error from reading an ISO.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsoReadError {
    /// The image has no ISO 9660 file system.
    #[error("this is not an ISO image: expected an ISO 9660 volume descriptor")]
    NotAnIso,
    /// The image is shorter than its header says.
    #[error(
        "the ISO image is incomplete: expected at least {expected} bytes, found {actual}; copy it \
         again"
    )]
    Truncated {
        /// The announced length in bytes.
        expected: u64,
        /// The actual length in bytes.
        actual: u64,
    },
    /// A structure of the image violates the standard.
    #[error("the ISO image is damaged: {reason}")]
    Damaged {
        /// The cause.
        reason: String,
    },
    /// The image has too many files or too deeply nested directories for a boot or deploy ISO.
    #[error(
        "the ISO image has more than {MAX_FILES} files, {MAX_DEPTH} levels of directories or {} \
         MiB of names: expected a boot or deploy ISO",
        MAX_NAMES >> 20
    )]
    TooLarge,
    /// The image has too many files named `grub.cfg` for a deploy ISO.
    #[error(
        "the ISO image has more than {} KiB of paths of grub.cfg: expected a deploy ISO",
        MAX_GRUB_CFG_NAMES >> 10
    )]
    TooManyGrubCfg,
    /// Reading the image failed.
    #[error("the ISO image cannot be read: {cause}")]
    Io {
        /// The system's error.
        cause: io::Error,
    },
}

impl From<io::Error> for IsoReadError {
    fn from(cause: io::Error) -> Self {
        Self::Io { cause }
    }
}

/// Returns what an error of the reader of ISO 9660 means.
fn of_reader(error: HadrisError) -> IsoReadError {
    if error.kind() == hadris_fs::ErrorKind::NotRecognized {
        return IsoReadError::NotAnIso;
    }
    let reason = error.to_string();
    error
        .into_device_error()
        .map_or(IsoReadError::Damaged { reason }, IsoReadError::from)
}

/// A file of an image.
#[derive(Debug, Clone)]
pub(super) struct FoundFile<P = String> {
    /// The path from the root, without a leading `/`.
    pub(super) path: P,
    pub(super) len: u64,
    /// The byte offset of its data in the image; `None` without data.
    pub(super) start: Option<u64>,
}

/// A mounted image.
pub(super) struct Iso<R> {
    fs: IsoFs<Device<R>>,
    len: u64,
}

type Device<R> = StreamDevice<ReadOnly<StdIo<Bounded<R>>>>;

/// A reader that ends after [`MAX_READS`] reads, and when its job is cancelled.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if work::is_cancelled() {
            return Err(io::Error::other(
                "the task that waited for it was cancelled",
            ));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let text = "listing its files takes too long: expected a boot or deploy ISO";
            io::Error::other(text)
        })?;
        self.inner.read(buf)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: Read + Seek> Iso<R> {
    /// Opens the tree with the most expressive names, or the one of `namespace`.
    pub(super) fn open(mut reader: R, namespace: Option<Namespace>) -> Result<Self, IsoReadError> {
        let len = reader.seek(SeekFrom::End(0))?;
        // The descriptors start at sector 16.
        if len < 17 * SECTOR {
            return Err(IsoReadError::NotAnIso);
        }
        let reader = Bounded {
            inner: reader,
            left: MAX_READS,
        };
        let device = StreamDevice::new(ReadOnly::new(StdIo::new(reader)), BLOCK)?;
        let mounted = match namespace {
            Some(namespace) => IsoFs::mount_namespace(device, MountOptions::new(), namespace),
            None => IsoFs::mount(device, MountOptions::new()),
        };
        let fs = mounted.map_err(|error| of_reader(error.into_error()))?;
        let iso = Self { fs, len };
        iso.check_len(iso.volume_len())?;
        Ok(iso)
    }

    fn volume_len(&self) -> u64 {
        let info = self.fs.info();
        u64::from(info.volume_space_size()) * u64::from(info.block_size())
    }

    fn check_len(&self, expected: u64) -> Result<(), IsoReadError> {
        if expected > self.len {
            return Err(IsoReadError::Truncated {
                expected,
                actual: self.len,
            });
        }
        Ok(())
    }

    /// Returns the length of the image in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn fs(&self) -> &IsoFs<Device<R>> {
        &self.fs
    }

    /// Returns the reader.
    pub(super) fn into_reader(self) -> R {
        self.fs
            .into_inner()
            .into_inner()
            .into_inner()
            .into_inner()
            .inner
    }

    /// Returns the entries of the El Torito boot catalogue, which are none without one.
    pub(super) fn boot_entries(&mut self) -> Result<Vec<CatalogEntry>, IsoReadError> {
        // As large as the reader accepts, so that it reports a longer catalogue.
        let mut buf = vec![0; 64 * 1024];
        Ok(match self.fs.boot_catalog(&mut buf).map_err(of_reader)? {
            Some(catalog) => catalog.entries().collect(),
            None => Vec::new(),
        })
    }

    /// Fills `buf` from byte `offset` of the image.
    pub(super) fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), IsoReadError> {
        self.check_len(offset.saturating_add(buf.len() as u64))?;
        self.fs.read_raw(offset, buf).map_err(of_reader)
    }

    /// Returns every file of the tree, sorted by path.
    pub(super) fn files(&mut self) -> Result<Vec<FoundFile>, IsoReadError> {
        let mut found = Vec::new();
        let mut names = 0;
        self.each_file(|file| {
            names += file.path.len();
            if names > MAX_NAMES {
                return Err(IsoReadError::TooLarge);
            }
            found.push(file.to_owned());
            Ok(())
        })?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Calls `each` with every file of the tree, in the order of its directories. Only the path to
    /// the current file is kept.
    pub(super) fn each_file(
        &mut self,
        mut each: impl FnMut(FoundFile<&str>) -> Result<(), IsoReadError>,
    ) -> Result<(), IsoReadError> {
        let mut path = String::new();
        let (mut seen, mut files) = (HashSet::from([self.fs.root()]), 0);
        // Each open directory, where to read on in it, and the length of its path.
        let mut open = vec![(self.fs.root(), DirCursor::START, 0)];
        while let Some((dir, cursor, len)) = open.last_mut() {
            path.truncate(*len);
            let Some(entry) = self.fs.readdir(*dir, *cursor).map_err(of_reader)? else {
                open.pop();
                continue;
            };
            *cursor = entry.next_cursor();
            path.push_str(&String::from_utf8_lossy(entry.name().as_bytes()));
            match entry.file_type() {
                FileType::Dir => {
                    if open.len() > MAX_DEPTH || !seen.insert(entry.node()) {
                        return Err(IsoReadError::TooLarge);
                    }
                    path.push('/');
                    open.push((entry.node(), DirCursor::START, path.len()));
                }
                FileType::File => {
                    files += 1;
                    each(self.found(&path, entry.node(), entry.metadata().len())?)?;
                }
                _ => {}
            }
            if seen.len() + files > MAX_FILES {
                return Err(IsoReadError::TooLarge);
            }
        }
        Ok(())
    }

    fn found<'p>(
        &mut self,
        path: &'p str,
        node: NodeId,
        len: u64,
    ) -> Result<FoundFile<&'p str>, IsoReadError> {
        let mut extents = [Extent::new(0, 0)];
        let count = self.fs.extents(node, 0, &mut extents).map_err(of_reader)?;
        let start = (count > 0).then(|| extents[0].offset());
        self.check_len(start.unwrap_or(0).saturating_add(len))?;
        Ok(FoundFile { path, len, start })
    }
}

impl FoundFile<&str> {
    pub(super) fn to_owned(&self) -> FoundFile {
        FoundFile {
            path: self.path.to_owned(),
            len: self.len,
            start: self.start,
        }
    }
}
