//! Adapters that make `hadris-iso` stream: its output is a plain `Write` that can also append whole
//! files, and its input is a file system whose files are sources.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use hadris_fs::sync::{FileSystem, Volume, read_tree};
use hadris_fs::{
    Capabilities, CaseRule, Charset, Content, DirCursor, DirEntry, Error, ErrorKind, FileType,
    FsResult, FsStats, Metadata, Name, NodeId, OpenMode, PathError, Permissions,
};
use hadris_storage::sync::BlockDevice;
use hadris_storage::{BlockIndex, BlockSize};

use super::BootIsoError;
use crate::image::source::{ExactReader, Source, SourceError};

pub(super) const BLOCK: u64 = crate::image::iso::SECTOR;
const SECTOR: BlockSize = match BlockSize::new(BLOCK as u32) {
    Some(size) => size,
    None => unreachable!(), // Only for zero.
};

/// A local file that is appended to the output as a whole.
pub(super) struct Appended {
    /// The index of its source.
    pub(super) index: usize,
    /// Its byte offset in the output.
    pub(super) at: u64,
    pub(super) file: File,
    pub(super) len: u64,
    pub(super) name: String,
}

/// A block device that accepts blocks only in ascending order, and forwards them to a `Write`.
pub(super) struct Sequential<W> {
    out: W,
    next: u64,
    blocks: u64,
    append: fn(&mut W, &mut File, u64) -> io::Result<()>,
    /// By first block. The blocks that the writer provides for them are ignored.
    files: BTreeMap<u64, Appended>,
    appended_until: u64,
    error: Option<BootIsoError>,
}

impl<W: Write> Sequential<W> {
    /// Creates a device for `size` bytes that writes to `out`, and appends `files` with `append`.
    pub(super) fn new(
        out: W,
        size: u64,
        append: fn(&mut W, &mut File, u64) -> io::Result<()>,
        files: Vec<Appended>,
    ) -> Self {
        let files = files.into_iter().map(|file| (file.at / BLOCK, file));
        Self {
            out,
            next: 0,
            blocks: size.div_ceil(BLOCK),
            append,
            files: files.collect(),
            appended_until: 0,
            error: None,
        }
    }

    /// Returns the indices of the sources that are appended as files.
    pub(super) fn appended(&self) -> Vec<usize> {
        self.files.values().map(|file| file.index).collect()
    }

    /// Takes the error of the output or of an appended file, if one failed.
    pub(super) fn take_error(&mut self) -> Option<BootIsoError> {
        self.error.take()
    }

    /// Records the error, since the writer returns only its message.
    fn failed(&mut self, cause: io::Error) -> Error<io::Error> {
        let kind = cause.kind();
        self.error = Some(BootIsoError::Write { cause });
        Error::device(kind.into(), "the output failed")
    }

    fn append(&mut self, mut appended: Appended) -> Result<(), Error<io::Error>> {
        let Appended {
            file, len, name, ..
        } = &mut appended;
        let done = (self.append)(&mut self.out, file, *len);
        if let Err(error) = done {
            if error.kind() != io::ErrorKind::UnexpectedEof {
                return Err(self.failed(error));
            }
            let actual = file.stream_position().unwrap_or_default();
            let (name, expected) = (name.clone(), *len);
            let short = SourceError::Short {
                name,
                expected,
                actual,
            };
            self.error = Some(short.into());
            return Err(Error::new(ErrorKind::Corrupt, "a source failed"));
        }
        let rest = [0; BLOCK as usize];
        let used = (*len % BLOCK) as usize;
        if used > 0 {
            self.out
                .write_all(&rest[used..])
                .map_err(|error| self.failed(error))?;
        }
        self.appended_until = self.next + len.div_ceil(BLOCK);
        Ok(())
    }
}

impl<W> hadris_io::ErrorType for Sequential<W> {
    type Error = io::Error;
}

impl<W: Write> BlockDevice for Sequential<W> {
    fn block_size(&self) -> BlockSize {
        SECTOR
    }

    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn writable(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, _: BlockIndex, _: &mut [u8]) -> Result<(), Error<io::Error>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a stream cannot be read back",
        ))
    }

    fn write_blocks(&mut self, first: BlockIndex, buf: &[u8]) -> Result<(), Error<io::Error>> {
        if first.get() != self.next {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a stream accepts blocks only in order",
            ));
        }
        if let Some(appended) = self.files.remove(&self.next) {
            self.append(appended)?;
        }
        // A request never extends beyond the file that it belongs to.
        if self.next >= self.appended_until {
            self.out
                .write_all(buf)
                .map_err(|error| self.failed(error))?;
        }
        self.next += buf.len() as u64 / BLOCK;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error<io::Error>> {
        self.out.flush().map_err(|error| self.failed(error))
    }
}

/// Sources as the files of a volume, the kind of content that `hadris-iso` reads piece by piece
/// while it writes.
pub(super) struct SourceFiles {
    volume: Volume<SourceVolume>,
}

impl SourceFiles {
    /// Creates a volume of sources. The flag marks sources that are not read, because their content
    /// is appended as a file.
    pub(super) fn new(sources: impl IntoIterator<Item = (Arc<dyn Source>, bool)>) -> Self {
        let files = sources
            .into_iter()
            .map(|(source, unread)| Stream {
                source,
                unread,
                open: None,
            })
            .collect();
        Self {
            volume: Volume::new(SourceVolume { files, error: None }),
        }
    }

    /// Returns the content of the source `index`.
    pub(super) fn content(&self, index: usize) -> Result<Content, PathError> {
        let name = index.to_string();
        let tree = read_tree(&self.volume, &name)?;
        let content = tree.get(&name).and_then(|node| node.content().cloned());
        content.ok_or_else(|| PathError::new(ErrorKind::NotFound, "no such source"))
    }

    /// Takes the error of the source that failed, if one did.
    pub(super) fn take_error(&self) -> Option<SourceError> {
        self.volume.lock().ok()?.error.take()
    }
}

struct SourceVolume {
    files: Vec<Stream>,
    error: Option<SourceError>,
}

/// A source, and the position up to which it has been read.
struct Stream {
    source: Arc<dyn Source>,
    unread: bool,
    open: Option<(ExactReader, u64)>,
}

impl Stream {
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        if self.unread {
            let left = self.source.size().saturating_sub(offset);
            return Ok(buf.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        }
        if self.open.as_ref().is_none_or(|(_, at)| *at != offset) {
            let name = self.source.name();
            if offset != 0 {
                return Err(SourceError::other(
                    name,
                    "expected it to be read from its start",
                ));
            }
            self.open = Some((ExactReader::open(&*self.source)?, 0));
        }
        let Some((reader, at)) = &mut self.open else {
            return Ok(0);
        };
        let got = loop {
            match reader.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SourceError::from_io(&self.source.name(), error)),
                Ok(got) => break got,
            }
        };
        *at += got as u64;
        if *at == self.source.size() {
            // It has been read to its end: close its file or connection.
            self.open = None;
        }
        Ok(got)
    }
}

/// The root is node 1, followed by the sources. File names are the indices of the sources.
const ROOT: NodeId = match NodeId::new(1) {
    Some(node) => node,
    None => unreachable!(), // Only for zero.
};

impl SourceVolume {
    fn index(&self, node: NodeId) -> Result<usize, Error<io::Error>> {
        let index = usize::try_from(node.get())
            .ok()
            .and_then(|raw| raw.checked_sub(2));
        index
            .filter(|&index| index < self.files.len())
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn node(index: usize) -> Result<NodeId, Error<io::Error>> {
        NodeId::new(index as u64 + 2).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl FileSystem for SourceVolume {
    type DeviceError = io::Error;

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(CaseRule::Sensitive, Charset::Bytes, 20)
    }

    fn root(&self) -> NodeId {
        ROOT
    }

    fn statfs(&mut self) -> FsResult<FsStats, io::Error> {
        Ok(FsStats::new(0, 0, SECTOR.get()))
    }

    fn label<'b>(&mut self, _: &'b mut [u8]) -> FsResult<Option<&'b str>, io::Error> {
        Ok(None)
    }

    fn lookup(&mut self, dir: NodeId, name: &Name) -> FsResult<NodeId, io::Error> {
        let number = name.to_str().ok().and_then(|name| name.parse().ok());
        match number.filter(|&index: &usize| dir == ROOT && index < self.files.len()) {
            Some(index) => Self::node(index),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn forget(&mut self, _: NodeId, _: u64) {}

    fn parent(&mut self, _: NodeId) -> FsResult<NodeId, io::Error> {
        Ok(ROOT)
    }

    fn stat(&mut self, node: NodeId) -> FsResult<Metadata, io::Error> {
        if node == ROOT {
            return Ok(Metadata::new(FileType::Dir, Permissions::new(0o755)));
        }
        let size = self.files[self.index(node)?].source.size();
        Ok(Metadata::new(FileType::File, Permissions::new(0o644)).with_len(size))
    }

    fn readdir(&mut self, dir: NodeId, from: DirCursor) -> FsResult<Option<DirEntry>, io::Error> {
        let index = usize::try_from(from.into_raw()).unwrap_or(usize::MAX);
        if dir != ROOT || index >= self.files.len() {
            return Ok(None);
        }
        let node = Self::node(index)?;
        let (name, next) = (index.to_string(), DirCursor::from_raw(from.into_raw() + 1));
        DirEntry::new(Name::new(&name), node, self.stat(node)?, next)
            .map(Some)
            .map_err(|_| ErrorKind::InvalidInput.into())
    }

    fn readlink<'b>(&mut self, _: NodeId, _: &'b mut [u8]) -> FsResult<&'b [u8], io::Error> {
        Err(ErrorKind::InvalidInput.into())
    }

    fn open(&mut self, _: NodeId, mode: OpenMode) -> FsResult<(), io::Error> {
        match mode {
            OpenMode::Read => Ok(()),
            _ => Err(ErrorKind::ReadOnly.into()),
        }
    }

    fn close(&mut self, _: NodeId) -> FsResult<(), io::Error> {
        Ok(())
    }

    fn read(&mut self, node: NodeId, offset: u64, buf: &mut [u8]) -> FsResult<usize, io::Error> {
        let index = self.index(node)?;
        self.files[index].read(offset, buf).map_err(|error| {
            let message = error.to_string();
            // Recorded, since the writer returns only the message.
            self.error = Some(error);
            Error::device(io::Error::other(message), "a source failed")
        })
    }
}
