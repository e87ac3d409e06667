//! What stands beside `hadris-iso` so that it streams: its output as a plain `Write` that may be
//! handed whole files, and its input as a file system whose files are sources.

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

/// A file of this machine that is appended to the output as it is.
pub(super) struct Appended {
    /// The number of its source.
    pub(super) index: usize,
    /// Where it starts in the output, in bytes.
    pub(super) at: u64,
    pub(super) file: File,
    pub(super) len: u64,
    pub(super) name: String,
}

/// A block device that passes blocks on in the order in which they come, and takes no other.
pub(super) struct Sequential<W> {
    out: W,
    next: u64,
    blocks: u64,
    append: fn(&mut W, &mut File, u64) -> io::Result<()>,
    /// By the block at which each starts. Blocks that the writer has for them are not used.
    files: BTreeMap<u64, Appended>,
    appended_until: u64,
    error: Option<BootIsoError>,
}

impl<W: Write> Sequential<W> {
    /// A device for `size` bytes that passes them on to `out`, and has `append` pass on `files`.
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

    /// The numbers of the sources that are appended as files.
    pub(super) fn appended(&self) -> Vec<usize> {
        self.files.values().map(|file| file.index).collect()
    }

    /// The error of the output, or of a file that was appended, if one failed.
    pub(super) fn take_error(&mut self) -> Option<BootIsoError> {
        self.error.take()
    }

    /// Keeps the error itself here, since the writer passes on only its message.
    fn failed(&mut self, source: io::Error) -> Error<io::Error> {
        let kind = source.kind();
        self.error = Some(BootIsoError::Write { source });
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
                "a stream takes blocks in order only",
            ));
        }
        if let Some(appended) = self.files.remove(&self.next) {
            self.append(appended)?;
        }
        // A request never reaches beyond the file of the tree that it belongs to.
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

/// Sources as the files of a volume, because volumes are the content that `hadris-iso` reads piece
/// by piece while it writes.
pub(super) struct SourceFiles {
    volume: Volume<SourceVolume>,
}

impl SourceFiles {
    /// Each source, with whether its content is left unread because it is filled in another way.
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

    /// The content of the source added as number `index`.
    pub(super) fn content(&self, index: usize) -> Result<Content, PathError> {
        let name = index.to_string();
        let tree = read_tree(&self.volume, &name)?;
        let content = tree.get(&name).and_then(|node| node.content().cloned());
        content.ok_or_else(|| PathError::new(ErrorKind::NotFound, "no such source"))
    }

    /// The error of the source that failed, if one did.
    pub(super) fn take_error(&self) -> Option<SourceError> {
        self.volume.lock().ok()?.error.take()
    }
}

struct SourceVolume {
    files: Vec<Stream>,
    error: Option<SourceError>,
}

/// A source, and how far it has been read.
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
                    "expected it to be read from its start on",
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
            // Nothing more is wanted of it: let its file or connection go.
            self.open = None;
        }
        Ok(got)
    }
}

/// The root is node 1, the sources follow; file names are their numbers.
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
            // The error itself is kept here, since the writer passes on only its message.
            self.error = Some(error);
            Error::device(io::Error::other(message), "a source failed")
        })
    }
}
