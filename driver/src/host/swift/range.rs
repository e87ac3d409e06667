//! Reading a stored image back by range requests, as a BMC does.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderValue, RANGE};
use tokio::runtime::Handle;

use super::super::error::CANCELLED;
use super::client::Client;
use super::request::{Request, Resource};
use crate::http::peer::one_line;
use crate::http::work;

/// The size of a request in bytes: a floppy takes six requests, the structure of an ISO two or
/// three.
const BLOCK: u64 = 256 * 1024;

/// A reader of an image in Swift, for a thread that may block.
#[derive(Debug)]
pub(super) struct RangeReader {
    client: Arc<Client>,
    runtime: Handle,
    name: String,
    size: u64,
    position: u64,
    block_at: u64,
    block: Bytes,
}

impl RangeReader {
    pub(super) fn new(client: Arc<Client>, runtime: Handle, name: String, size: u64) -> Self {
        Self {
            client,
            runtime,
            name,
            size,
            position: 0,
            block_at: 0,
            block: Bytes::new(),
        }
    }

    /// Fetches the block around the position.
    fn fetch(&mut self) -> io::Result<()> {
        let start = self.position - self.position % BLOCK;
        let end = (start + BLOCK).min(self.size);
        let range = HeaderValue::from_str(&format!("bytes={start}-{}", end - 1));
        let range = range.map_err(io::Error::other)?;
        let request = Request::new(Method::GET, Resource::Object(&self.name));
        let request = request.header(RANGE, range);
        let sending = self.client.send(&request);
        let response = match work::cancellation() {
            Some(cancellation) => self.runtime.block_on(cancellation.or_cancelled(sending)),
            None => Some(self.runtime.block_on(sending)),
        };
        let response = response.ok_or_else(|| io::Error::other(CANCELLED))?;
        let response = response.map_err(io::Error::other)?;
        if response.status != 206 {
            return Err(io::Error::other(response.unexpected()));
        }
        let expected = format!("bytes {start}-{}/{}", end - 1, self.size);
        let got = response.header("content-range").unwrap_or_default();
        if got != expected || response.body.len() as u64 != end - start {
            let text = format!(
                "expected {expected} of {}, got {:?}",
                self.name,
                one_line(got)
            );
            return Err(io::Error::other(text));
        }
        (self.block_at, self.block) = (start, response.body);
        Ok(())
    }
}

impl Read for RangeReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || out.is_empty() {
            return Ok(0);
        }
        let in_block = |reader: &Self| {
            let offset = reader.position.checked_sub(reader.block_at)?;
            let offset = usize::try_from(offset).ok()?;
            reader
                .block
                .get(offset..)
                .filter(|rest| !rest.is_empty())
                .map(<[u8]>::len)
        };
        if in_block(self).is_none() {
            self.fetch()?;
        }
        let rest = in_block(self).unwrap_or_default();
        let done = rest.min(out.len());
        let at = self.block.len() - rest;
        out[..done].copy_from_slice(&self.block[at..at + done]);
        self.position += done as u64;
        Ok(done)
    }
}

impl Seek for RangeReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
