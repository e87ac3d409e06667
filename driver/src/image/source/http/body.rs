//! The body of a response for blocking readers.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use reqwest::Response;
use tokio::time::timeout;

use super::super::SourceError;
use super::limits::{Failure, Limits};
use super::progress::Progress;
use crate::http::blocking::{self, Task};

/// A reader of a response's body, which fetches the next chunk while the current one is consumed.
pub(super) struct BodyReader {
    name: String,
    limits: Limits,
    progress: Progress,
    chunk: Bytes,
    next: Next,
}

enum Next {
    Fetched(Task<Fetched>),
    End,
    Failed,
}

/// The result of waiting for the next chunk.
struct Fetched {
    response: Response,
    /// The chunk, nothing at the end, or an error; `None` if it did not come in time.
    chunk: Option<reqwest::Result<Option<Bytes>>>,
    waited: Duration,
}

impl BodyReader {
    /// Creates a reader for the source `name`, whose request was begun at `began`.
    pub(super) fn new(
        name: String,
        limits: &Limits,
        began: Instant,
        response: Response,
    ) -> io::Result<Self> {
        let progress = Progress::new(*limits, began);
        Ok(Self {
            name,
            limits: *limits,
            chunk: Bytes::new(),
            next: fetch(progress.patience(), response)?,
            progress,
        })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let Fetched {
            response,
            chunk,
            waited,
        } = match std::mem::replace(&mut self.next, Next::Failed) {
            Next::Fetched(started) => started.wait()?,
            Next::End => {
                self.next = Next::End;
                return Ok(());
            }
            Next::Failed => return Err(io::Error::other("an earlier read failed")),
        };
        let chunk = match chunk.transpose() {
            Err(error) => return Err(self.error(error.into())),
            Ok(Some(None)) => {
                self.next = Next::End;
                return Ok(());
            }
            Ok(chunk) => chunk.flatten(),
        };
        // Without a chunk, a window of the minimum rate may have ended, which is no error yet.
        let received = chunk.as_ref().map(|bytes| bytes.len() as u64);
        let recorded = self.progress.record(waited, received);
        recorded.map_err(|failure| self.error(failure))?;
        self.next = fetch(self.progress.patience(), response)?;
        self.chunk = chunk.unwrap_or_default();
        Ok(())
    }

    fn error(&self, failure: Failure) -> io::Error {
        match failure {
            // Its kind tells an early end from other errors.
            Failure::Io(error) => error,
            other => SourceError::into_io(other.of(self.name.clone(), &self.limits)),
        }
    }
}

fn fetch(patience: Duration, mut response: Response) -> io::Result<Next> {
    let started = blocking::start(async move {
        let began = Instant::now();
        let chunk = timeout(patience, response.chunk()).await.ok();
        Fetched {
            response,
            chunk,
            waited: began.elapsed(),
        }
    })?;
    Ok(Next::Fetched(started))
}

impl Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !buf.is_empty() && !matches!(self.next, Next::End) {
            self.next_chunk()?;
        }
        let count = buf.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}
