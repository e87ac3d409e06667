//! The body of a response for blocking readers.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use reqwest::Response;
use tokio::time::timeout;

use super::super::SourceError;
use super::Failure;
use crate::http::blocking::{self, Task};

/// A reader of a response's body, which fetches the next chunk while the current one is consumed.
pub(super) struct BodyReader {
    name: String,
    stall: Duration,
    chunk: Bytes,
    next: Next,
}

enum Next {
    Fetched(Task<(Response, Result<Option<Bytes>, Failure>)>),
    End,
    Failed,
}

impl BodyReader {
    /// Creates a reader for the source `name`, whose server may be silent for `stall` before each
    /// chunk.
    pub(super) fn new(name: String, stall: Duration, response: Response) -> io::Result<Self> {
        Ok(Self {
            name,
            stall,
            chunk: Bytes::new(),
            next: fetch(stall, response)?,
        })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let (response, chunk) = match std::mem::replace(&mut self.next, Next::Failed) {
            Next::Fetched(started) => started.wait()?,
            Next::End => {
                self.next = Next::End;
                return Ok(());
            }
            Next::Failed => return Err(io::Error::other("an earlier read failed")),
        };
        let chunk = chunk.map_err(|failure| self.error(failure))?;
        self.next = match &chunk {
            Some(_) => fetch(self.stall, response)?,
            None => Next::End,
        };
        self.chunk = chunk.unwrap_or_default();
        Ok(())
    }

    fn error(&self, failure: Failure) -> io::Error {
        match failure {
            // Its kind tells an early end from other errors.
            Failure::Io(error) => error,
            other => SourceError::into_io(other.of(self.name.clone(), self.stall)),
        }
    }
}

fn fetch(stall: Duration, mut response: Response) -> io::Result<Next> {
    let started = blocking::start(async move {
        let chunk = match timeout(stall, response.chunk()).await {
            Ok(chunk) => chunk.map_err(Failure::from),
            Err(elapsed) => Err(elapsed.into()),
        };
        (response, chunk)
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
