//! From the code that writes an image to the bodies of requests: a bounded channel between them.
//!
//! The code writes on a thread where it may block. When the channel is full it waits for the network, so
//! that of an image only a few pieces are in memory. An object's bytes are followed by their MD5.

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

/// Bytes of a piece.
const PIECE: usize = 256 * 1024;

/// How many pieces wait for the network.
const WAITING: usize = 4;

/// The MD5 of an object's bytes.
pub(super) type ObjectDigest = [u8; 16];

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End(ObjectDigest),
}

/// A channel for an image of `size` bytes that is cut into objects of `object_size` bytes each, of which
/// the first `skip` bytes, whole objects, are already stored.
pub(super) fn channel(size: u64, object_size: u64, skip: u64) -> (PieceSink, Pieces) {
    let (sender, receiver) = mpsc::channel(WAITING);
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
        made: Made::default(),
    };
    let pieces = Pieces(Arc::new(Mutex::new(Receiving {
        receiver,
        turn: 0,
        waits_for_maker: true,
        since: Instant::now(),
    })));
    (sink, pieces)
}

/// How the making of an image went.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The bytes that came, up to the announced size.
    pub(super) written: u64,
    /// Whether it went on after that.
    pub(super) too_much: bool,
    /// Whether nobody wanted the rest.
    pub(super) closed: bool,
    /// The MD5s of the objects that were skipped.
    pub(super) skipped: Vec<ObjectDigest>,
}

/// Takes exactly the announced number of bytes.
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
    made: Made,
}

impl PieceSink {
    /// Says how it went, and sends the end of the last object if the image is `complete`. Until then
    /// that object lacks its last bytes, so that one of an image with too many is never stored.
    pub(super) fn finish(mut self, complete: bool) -> Made {
        if complete && self.written == self.size && !self.made.too_much {
            // When nobody is there to take it, `closed` tells.
            let _ = self.end_object();
        }
        self.made.written = self.written;
        self.made
    }

    fn admit(&mut self, len: u64) -> io::Result<()> {
        if len > self.size - self.written {
            self.made.too_much = true;
            return Err(io::Error::other("the image is larger than was announced"));
        }
        Ok(())
    }

    /// Makes room for bytes that are to come, and says for how many.
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

    /// Counts the bytes at the end of the buffer from `at` on, and keeps them if they are to be sent.
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
            self.made.skipped.push(digest);
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
            self.made.closed = true;
            io::Error::other("nobody waits for the rest of the image")
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

    /// Does nothing: small pieces would only be slow.
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
    /// Whose turn it is to receive. The client may hold a body for a while after its request has failed.
    turn: u64,
    /// Whether a body waits for the image's maker; otherwise it is the server that is waited for.
    waits_for_maker: bool,
    /// Since when the server is waited for.
    since: Instant,
}

/// The receiving side. When it is dropped the image's maker is told that nobody waits for the rest, even
/// where the client still holds a body.
#[derive(Debug)]
pub(super) struct Pieces(Arc<Mutex<Receiving>>);

impl Pieces {
    /// The body of the next object, of `len` bytes.
    pub(super) fn body(&self, len: u64) -> PieceBody {
        let mut receiving = lock(&self.0);
        receiving.turn += 1;
        receiving.waits_for_maker = len > 0;
        receiving.since = Instant::now();
        PieceBody {
            turn: receiving.turn,
            receiving: Arc::clone(&self.0),
            left: len,
        }
    }

    /// The MD5 of the object whose body was read to its end; `None` when it was not, or the image's
    /// maker failed.
    pub(super) async fn end(&self) -> Option<ObjectDigest> {
        lock(&self.0).turn += 1;
        let next = poll_fn(|cx| lock(&self.0).receiver.poll_recv(cx)).await;
        match next {
            Some(Piece::End(digest)) => Some(digest),
            _ => None,
        }
    }

    /// How long the server has been waited for; `None` while the image's maker is.
    pub(super) fn server_silent_for(&self) -> Option<Duration> {
        let receiving = lock(&self.0);
        (!receiving.waits_for_maker).then(|| receiving.since.elapsed())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let mut receiving = lock(&self.0);
        receiving.receiver.close();
        while receiving.receiver.try_recv().is_ok() {}
    }
}

/// The bytes of one object, sent while they are made.
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
        receiving.waits_for_maker = polled.is_pending();
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

/// Nothing that holds the lock can panic halfway.
fn lock(shared: &Mutex<Receiving>) -> MutexGuard<'_, Receiving> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
