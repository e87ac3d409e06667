//! The sink that writes an image to its file.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use rustix::fs::{FallocateFlags, fallocate, seek};
use rustix::io::Errno;

use crate::http::work::Cancellation;
use crate::image::{HOLE, Sink, is_zero};

/// The size of the buffer for small writes.
const BUFFER: usize = 64 * 1024;

/// How many bytes the kernel copies at a time: enough to be fast, and few enough to notice a
/// cancellation soon.
const COPY: u64 = 16 * 1024 * 1024;

/// For how many bytes of a stream space is reserved at a time: its announced size may be wrong, and
/// the space is missing elsewhere until it has come.
const RESERVE: u64 = 1024 * 1024;

/// Accepts exactly the announced number of bytes, and stops when the task is cancelled.
#[derive(Debug)]
pub(crate) struct FileSink<'f> {
    out: BufWriter<&'f File>,
    left: u64,
    /// The number of bytes that are written, and for which space is reserved.
    written: u64,
    reserved: u64,
    cancellation: &'f Cancellation,
    pub(super) too_much: bool,
    /// The error with which the file system refused bytes. The producer may have wrapped or dropped
    /// it.
    pub(crate) refused: Option<io::Error>,
}

impl<'f> FileSink<'f> {
    pub(crate) fn new(file: &'f File, size: u64, cancellation: &'f Cancellation) -> Self {
        Self {
            out: BufWriter::with_capacity(BUFFER, file),
            left: size,
            cancellation,
            reserved: 0,
            written: 0,
            too_much: false,
            refused: None,
        }
    }

    /// Returns how many of the announced bytes are missing.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Checks that `len` more bytes are acceptable.
    fn admit(&mut self, len: u64) -> io::Result<()> {
        if self.cancellation.is_cancelled() {
            return Err(io::Error::other(
                "the task that publishes the image was cancelled",
            ));
        }
        if len > self.left {
            self.too_much = true;
            return Err(io::Error::other("the image is larger than announced"));
        }
        Ok(())
    }

    fn count(&mut self, done: u64) {
        self.left -= done;
        self.written += done;
    }

    /// Reserves space for the next `len` bytes, and for up to `ahead` more of those announced. Does
    /// nothing on file systems without support.
    fn reserve(&mut self, len: u64, ahead: u64) -> io::Result<()> {
        if self.written + len <= self.reserved {
            return Ok(());
        }
        let until = self.written + self.left.min(len + ahead);
        let from = self.reserved.max(self.written);
        let flags = FallocateFlags::KEEP_SIZE;
        let done = match fallocate(&**self.out.get_ref(), flags, from, until - from) {
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            done => done.map_err(io::Error::from),
        };
        self.reserved = until;
        self.recorded(done)
    }

    /// Records an error of the file system.
    fn recorded<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(e) = &done {
            self.refused.get_or_insert(copy_of(e));
        }
        done
    }
}

impl Write for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.admit(bytes.len() as u64)?;
        let done = match next_run(bytes) {
            Run::Data(len) => {
                self.reserve(len as u64, RESERVE)?;
                let done = self.out.write(&bytes[..len]);
                self.recorded(done)?
            }
            Run::Zeros(len) => {
                self.flush()?;
                self.skip(len as u64)?;
                len
            }
        };
        self.count(done as u64);
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.recorded(done)
    }
}

impl Sink for FileSink<'_> {
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()> {
        self.admit(len)?;
        let flushed = self.out.flush();
        self.recorded(flushed)?;
        // The file exists with this length.
        self.reserve(len, 0)?;
        let mut missing = len;
        while missing > 0 {
            self.admit(missing)?;
            let done = match next_part(source, missing)? {
                Part::Hole(len) => self.append_hole(source, len)?,
                Part::Data(len) => self.copy(source, len.min(COPY))?,
            };
            if done == 0 {
                let text = format!("the source is {missing} bytes shorter than expected");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            missing -= done;
            self.count(done);
        }
        Ok(())
    }
}

impl FileSink<'_> {
    /// Appends up to `len` bytes, and returns how many.
    fn copy(&mut self, source: &File, len: u64) -> io::Result<u64> {
        // Between files, the standard library lets the kernel copy, or share blocks if the file
        // system supports it.
        let done = io::copy(&mut Read::take(source, len), self.out.get_mut());
        done.inspect_err(|e| {
            // Only lack of space is certain to concern the output and not the source.
            if is_full(e) {
                self.refused.get_or_insert(copy_of(e));
            }
        })
    }

    /// Appends a hole of `source` as a hole.
    fn append_hole(&mut self, source: &mut File, len: u64) -> io::Result<u64> {
        let by = i64::try_from(len).map_err(io::Error::other)?;
        source.seek(SeekFrom::Current(by))?;
        self.skip(len)?;
        Ok(len)
    }

    /// Appends a hole, which reads as zeros.
    fn skip(&mut self, len: u64) -> io::Result<()> {
        let by = i64::try_from(len).map_err(io::Error::other)?;
        let out = self.out.get_mut();
        let longer = out
            .seek(SeekFrom::Current(by))
            .and_then(|end| out.set_len(end));
        self.recorded(longer)
    }
}

/// The beginning of a buffer.
enum Run {
    /// This many bytes of data.
    Data(usize),
    /// This many zeros, enough for a hole.
    Zeros(usize),
}

fn next_run(bytes: &[u8]) -> Run {
    let is_hole = |block: &&[u8]| block.len() == HOLE && is_zero(block);
    let zeros = bytes.chunks(HOLE).take_while(is_hole).count() * HOLE;
    if zeros > 0 {
        return Run::Zeros(zeros);
    }
    let data = bytes.chunks(HOLE).take_while(|block| !is_hole(block));
    Run::Data(data.map(<[u8]>::len).sum())
}

/// The next part of a file, with its length.
enum Part {
    Data(u64),
    Hole(u64),
}

/// Returns the part at the position of `source`, up to `len` bytes. The position does not change.
fn next_part(source: &mut File, len: u64) -> io::Result<Part> {
    let at = source.stream_position()?;
    let end = source.metadata()?.len().min(at.saturating_add(len));
    // On a file system that does not report holes, everything is data.
    let part = match seek(&*source, rustix::fs::SeekFrom::Data(at)) {
        Ok(data) if data > at => Part::Hole(data.min(end) - at),
        Ok(_) => match seek(&*source, rustix::fs::SeekFrom::Hole(at)) {
            Ok(hole) if hole > at => Part::Data(hole.min(end).saturating_sub(at)),
            _ => Part::Data(len),
        },
        Err(Errno::NXIO) => Part::Hole(end.saturating_sub(at)),
        Err(_) => Part::Data(len),
    };
    source.seek(SeekFrom::Start(at))?;
    Ok(part)
}

/// Returns a copy of an error.
fn copy_of(e: &io::Error) -> io::Error {
    match e.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(e.kind(), e.to_string()),
    }
}

/// Whether the file system has no space left for this user.
pub(crate) fn is_full(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
