//! A bounded channel from the producer of an image to the bodies of requests.
//!
//! The producer writes on a thread where it may block. When the channel is full it waits for the
//! network, so only a few pieces of an image are in memory. Each object's bytes are followed by
//! their MD5.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use md5::{Digest, Md5};
use tokio::sync::mpsc;

use crate::image::Sink;

/// The size of a piece in bytes.
const PIECE: usize = 256 * 1024;

/// How many pieces the channel holds.
const CAPACITY: usize = 4;

/// The MD5 of an object's bytes.
pub(super) type ObjectDigest = [u8; 16];

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End(ObjectDigest),
}

/// Returns a channel for an image of `size` bytes, divided into objects of `object_size` bytes
/// each. The first `skip` bytes, whole objects, are already stored.
pub(super) fn channel(size: u64, object_size: u64, skip: u64) -> (PieceSink, Pieces) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let object_size = object_size.max(1);
    let sink = PieceSink {
        sender,
        buffer: Vec::with_capacity(PIECE),
        digest: Md5::new(),
        size,
        written: 0,
        object_size,
        object_left: object_size.min(size),
        skip,
        report: ProducerReport::default(),
    };
    let pieces = Pieces(Arc::new(Mutex::new(Receiving {
        receiver,
        turn: 0,
        waits_for_producer: true,
        since: Instant::now(),
    })));
    (sink, pieces)
}

/// How the producer of an image fared.
#[derive(Debug, Default)]
pub(super) struct ProducerReport {
    /// The number of bytes written, up to the announced size.
    pub(super) written: u64,
    /// Whether it wrote more than announced.
    pub(super) too_much: bool,
    /// Whether the receiver was dropped before the end.
    pub(super) closed: bool,
    /// The MD5s of the skipped objects.
    pub(super) skipped: Vec<ObjectDigest>,
}

/// The sending side. It accepts exactly the announced number of bytes.
#[derive(Debug)]
pub(super) struct PieceSink {
    sender: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
    digest: Md5,
    size: u64,
    written: u64,
    object_size: u64,
    object_left: u64,
    skip: u64,
    report: ProducerReport,
}

impl PieceSink {
    /// Sends the end of the last object if the image is `complete`, and returns the report. Until
    /// then that object lacks its last bytes, so an image with too many bytes is never stored.
    pub(super) fn finish(mut self, complete: bool) -> ProducerReport {
        if complete && self.written == self.size && !self.report.too_much {
            // If the receiver is gone, `closed` says so.
            let _ = self.end_object();
        }
        self.report.written = self.written;
        self.report
    }

    fn admit(&mut self, len: u64) -> io::Result<()> {
        if len > self.size - self.written {
            self.report.too_much = true;
            return Err(io::Error::other("the image is larger than announced"));
        }
        Ok(())
    }

    /// Makes room in the buffer, and returns for how many bytes.
    fn room(&mut self) -> io::Result<usize> {
        if self.object_left == 0 {
            self.end_object()?;
            self.object_left = self.object_size.min(self.size - self.written);
        } else if self.buffer.len() == PIECE {
            self.send_buffer()?;
        }
        let room = PIECE - self.buffer.len();
        Ok(usize::try_from(self.object_left).map_or(room, |left| left.min(room)))
    }

    /// Counts the bytes of the buffer from `at` on, and drops them if their object is already
    /// stored.
    fn take(&mut self, at: usize) {
        let bytes = &self.buffer[at..];
        self.digest.update(bytes);
        let len = bytes.len() as u64;
        if self.written < self.skip {
            self.buffer.truncate(at);
        }
        self.written += len;
        self.object_left -= len;
    }

    fn end_object(&mut self) -> io::Result<()> {
        let digest = self.digest.finalize_reset().into();
        if self.written <= self.skip && self.written > 0 {
            self.report.skipped.push(digest);
            return Ok(());
        }
        self.send_buffer()?;
        self.send(Piece::End(digest))
    }

    fn send_buffer(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let data = mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.send(Piece::Data(data.into()))
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| {
            self.report.closed = true;
            io::Error::other("the receiver of the image is gone")
        })
    }
}

impl Write for PieceSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.admit(bytes.len() as u64)?;
        let len = self.room()?.min(bytes.len());
        let at = self.buffer.len();
        self.buffer.extend_from_slice(&bytes[..len]);
        self.take(at);
        Ok(len)
    }

    /// Does nothing: small pieces would only slow the transfer down.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for PieceSink {
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()> {
        self.admit(len)?;
        let mut missing = len;
        while missing > 0 {
            let room = self.room()?;
            let room = usize::try_from(missing).map_or(room, |missing| missing.min(room));
            let at = self.buffer.len();
            let done = Read::take(&mut *source, room as u64).read_to_end(&mut self.buffer)?;
            if done == 0 {
                let text = format!("the source is {missing} bytes shorter than expected");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            self.take(at);
            missing -= done as u64;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Receiving {
    receiver: mpsc::Receiver<Piece>,
    /// The body that may receive. The client may hold an older one for a while after its request
    /// has failed.
    turn: u64,
    /// Whether a body waits for the producer; otherwise the server is waited for.
    waits_for_producer: bool,
    /// Since when the server has been waited for.
    since: Instant,
}

/// The receiving side. Dropping it stops the producer, even if the client still holds a body.
#[derive(Debug)]
pub(super) struct Pieces(Arc<Mutex<Receiving>>);

impl Pieces {
    /// Returns the body of the next object, of `len` bytes.
    pub(super) fn body(&self, len: u64) -> PieceBody {
        let mut receiving = lock(&self.0);
        receiving.turn += 1;
        receiving.waits_for_producer = len > 0;
        receiving.since = Instant::now();
        PieceBody {
            turn: receiving.turn,
            receiving: Arc::clone(&self.0),
            left: len,
        }
    }

    /// Returns the MD5 of the object whose body was read to its end; `None` if it was not, or if
    /// the producer failed.
    pub(super) async fn end(&self) -> Option<ObjectDigest> {
        lock(&self.0).turn += 1;
        let next = poll_fn(|cx| lock(&self.0).receiver.poll_recv(cx)).await;
        match next {
            Some(Piece::End(digest)) => Some(digest),
            _ => None,
        }
    }

    /// Returns how long the server has been waited for; `None` while the producer is waited for.
    pub(super) fn server_silent_for(&self) -> Option<Duration> {
        let receiving = lock(&self.0);
        (!receiving.waits_for_producer).then(|| receiving.since.elapsed())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let mut receiving = lock(&self.0);
        receiving.receiver.close();
        while receiving.receiver.try_recv().is_ok() {}
    }
}

/// The body of one object, sent while it is produced.
#[derive(Debug)]
pub(super) struct PieceBody {
    receiving: Arc<Mutex<Receiving>>,
    turn: u64,
    left: u64,
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let shared = Arc::clone(&self.receiving);
        let mut receiving = lock(&shared);
        if receiving.turn != self.turn {
            let error = io::Error::other("the request has failed");
            return Poll::Ready(Some(Err(error)));
        }
        let polled = receiving.receiver.poll_recv(cx);
        receiving.waits_for_producer = polled.is_pending();
        receiving.since = Instant::now();
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Piece::Data(data))) if data.len() as u64 <= self.left => {
                self.left -= data.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(_) => {
                let error = io::Error::other("the image ended early");
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Ignores poisoning: nothing that holds the lock can panic halfway.
fn lock(shared: &Mutex<Receiving>) -> MutexGuard<'_, Receiving> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
