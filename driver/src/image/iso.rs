//! Reading ISO 9660 images from anything that reads and seeks.

use std::collections::HashSet;
use std::io::{Read, Seek};

use hadris_fs::sync::FileSystem;
use hadris_fs::{DirCursor, Extent, FileType, MountOptions, NodeId};
use hadris_io::StdIo;
use hadris_iso::sync::IsoFs;
use hadris_iso::{CatalogEntry, Namespace};
use hadris_storage::sync::StreamDevice;
use hadris_storage::{BlockSize, ReadOnly};

type HadrisError = hadris_fs::Error<std::io::Error>;

/// The limits of an image's tree, against hostile images; deploy and boot ISOs are far below.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 64;
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
        "the ISO image has more than {MAX_FILES} files or {MAX_DEPTH} levels of directories: \
         expected a boot or deploy ISO"
    )]
    TooLarge,
    /// Reading the image failed.
    #[error("the ISO image cannot be read: {source}")]
    Io {
        /// The system's error.
        source: std::io::Error,
    },
}

impl From<std::io::Error> for IsoReadError {
    fn from(source: std::io::Error) -> Self {
        Self::Io { source }
    }
}

impl From<HadrisError> for IsoReadError {
    fn from(error: HadrisError) -> Self {
        if error.kind() == hadris_fs::ErrorKind::NotRecognized {
            return Self::NotAnIso;
        }
        let reason = error.to_string();
        error
            .into_device_error()
            .map_or(Self::Damaged { reason }, Self::from)
    }
}

/// A file of an image.
#[derive(Debug, Clone)]
pub(super) struct FoundFile {
    /// The path from the root, without a leading `/`.
    pub(super) path: String,
    pub(super) len: u64,
    /// The byte offset of its data in the image; `None` without data.
    pub(super) start: Option<u64>,
}

/// A mounted image.
pub(super) struct Iso<R> {
    fs: IsoFs<StreamDevice<ReadOnly<StdIo<R>>>>,
    len: u64,
}

impl<R: Read + Seek> Iso<R> {
    /// Opens the tree with the most expressive names, or the one of `namespace`.
    pub(super) fn open(mut reader: R, namespace: Option<Namespace>) -> Result<Self, IsoReadError> {
        let len = reader.seek(std::io::SeekFrom::End(0))?;
        // The descriptors start at sector 16.
        if len < 17 * SECTOR {
            return Err(IsoReadError::NotAnIso);
        }
        let device = StreamDevice::new(ReadOnly::new(StdIo::new(reader)), BLOCK)?;
        let mounted = match namespace {
            Some(namespace) => IsoFs::mount_namespace(device, MountOptions::new(), namespace),
            None => IsoFs::mount(device, MountOptions::new()),
        };
        let fs = mounted.map_err(|error| IsoReadError::from(error.into_error()))?;
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

    pub(super) fn fs(&self) -> &IsoFs<StreamDevice<ReadOnly<StdIo<R>>>> {
        &self.fs
    }

    /// Returns the reader.
    pub(super) fn into_reader(self) -> R {
        self.fs.into_inner().into_inner().into_inner().into_inner()
    }

    /// Returns the entries of the El Torito boot catalogue, which are none without one.
    pub(super) fn boot_entries(&mut self) -> Result<Vec<CatalogEntry>, IsoReadError> {
        // As large as the reader accepts, so that it reports a longer catalogue.
        let mut buf = vec![0; 64 * 1024];
        Ok(match self.fs.boot_catalog(&mut buf)? {
            Some(catalog) => catalog.entries().collect(),
            None => Vec::new(),
        })
    }

    /// Fills `buf` from byte `offset` of the image.
    pub(super) fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), IsoReadError> {
        self.check_len(offset.saturating_add(buf.len() as u64))?;
        Ok(self.fs.read_raw(offset, buf)?)
    }

    /// Returns every file of the tree, sorted by path.
    pub(super) fn files(&mut self) -> Result<Vec<FoundFile>, IsoReadError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![(self.fs.root(), String::new(), 0)];
        while let Some((dir, prefix, depth)) = open.pop() {
            if depth > MAX_DEPTH || !seen.insert(dir) || seen.len() > MAX_FILES {
                return Err(IsoReadError::TooLarge);
            }
            let mut cursor = DirCursor::START;
            while let Some(entry) = self.fs.readdir(dir, cursor)? {
                cursor = entry.next_cursor();
                let path = format!(
                    "{prefix}{}",
                    String::from_utf8_lossy(entry.name().as_bytes())
                );
                match entry.file_type() {
                    FileType::Dir => open.push((entry.node(), format!("{path}/"), depth + 1)),
                    FileType::File => {
                        found.push(self.found(path, entry.node(), entry.metadata().len())?);
                    }
                    _ => {}
                }
                if found.len() + open.len() > MAX_FILES {
                    return Err(IsoReadError::TooLarge);
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn found(&mut self, path: String, node: NodeId, len: u64) -> Result<FoundFile, IsoReadError> {
        let mut extents = [Extent::new(0, 0)];
        let count = self.fs.extents(node, 0, &mut extents)?;
        let start = (count > 0).then(|| extents[0].offset());
        self.check_len(start.unwrap_or(0).saturating_add(len))?;
        Ok(FoundFile { path, len, start })
    }
}
