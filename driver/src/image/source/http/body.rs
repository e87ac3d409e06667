//! The content of an answer, read by code that blocks.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use reqwest::Response;
use tokio::time::timeout;

use super::super::SourceError;
use super::Failure;
use crate::http::blocking::{self, Started};

/// Reads an answer part by part. While one is used, the next one is fetched.
pub(super) struct BodyReader {
    name: String,
    stall: Duration,
    part: Bytes,
    next: Next,
}

enum Next {
    Fetched(Started<(Response, Result<Option<Bytes>, Failure>)>),
    End,
    Failed,
}

impl BodyReader {
    /// The content of `answer` that comes from the source called `name`, of which the server may
    /// keep silent for `stall` before each part.
    pub(super) fn new(name: String, stall: Duration, answer: Response) -> io::Result<Self> {
        Ok(Self {
            name,
            stall,
            part: Bytes::new(),
            next: fetch(stall, answer)?,
        })
    }

    fn next_part(&mut self) -> io::Result<()> {
        let (answer, part) = match std::mem::replace(&mut self.next, Next::Failed) {
            Next::Fetched(started) => started.wait()?,
            Next::End => {
                self.next = Next::End;
                return Ok(());
            }
            Next::Failed => return Err(io::Error::other("reading failed before")),
        };
        let part = part.map_err(|failure| self.error(failure))?;
        self.next = match &part {
            Some(_) => fetch(self.stall, answer)?,
            None => Next::End,
        };
        self.part = part.unwrap_or_default();
        Ok(())
    }

    fn error(&self, failure: Failure) -> io::Error {
        match failure {
            // The kind tells an early end.
            Failure::Io(error) => error,
            other => SourceError::into_io(other.of(self.name.clone(), self.stall)),
        }
    }
}

fn fetch(stall: Duration, mut answer: Response) -> io::Result<Next> {
    let started = blocking::start(async move {
        let part = match timeout(stall, answer.chunk()).await {
            Ok(part) => part.map_err(Failure::from),
            Err(elapsed) => Err(elapsed.into()),
        };
        (answer, part)
    })?;
    Ok(Next::Fetched(started))
}

impl Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() && !buf.is_empty() && !matches!(self.next, Next::End) {
            self.next_part()?;
        }
        let count = buf.len().min(self.part.len());
        self.part.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}
