//! Sinks between the producer of an image and what takes its bytes.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::image::Sink;

/// After how many bytes progress is reported, and how many are copied at a time.
const STEP: u64 = 4 * 1024 * 1024;

/// Reports how much of an image is written.
pub(crate) struct Metered<'s> {
    out: &'s mut dyn Sink,
    total: u64,
    done: u64,
    reported: u64,
    report: &'s mut dyn FnMut(u64, u64),
}

impl<'s> Metered<'s> {
    pub(crate) fn new(
        out: &'s mut dyn Sink,
        total: u64,
        report: &'s mut dyn FnMut(u64, u64),
    ) -> Self {
        report(0, total);
        Self {
            out,
            total,
            done: 0,
            reported: 0,
            report,
        }
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let is_end = self.done == self.total && self.reported != self.total;
        if is_end || self.done - self.reported >= STEP {
            self.reported = self.done;
            (self.report)(self.done, self.total);
        }
    }
}

impl Write for Metered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes)?;
        self.add(done as u64);
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Sink for Metered<'_> {
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            let part = left.min(STEP);
            self.out.append(source, part)?;
            self.add(part);
            left -= part;
        }
        Ok(())
    }
}

/// Accepts exactly the announced number of bytes.
pub(super) struct Exact<'w> {
    out: &'w mut dyn Write,
    pub(super) left: u64,
    pub(super) too_much: bool,
}

impl<'w> Exact<'w> {
    pub(super) fn new(out: &'w mut dyn Write, size: u64) -> Self {
        Self {
            out,
            left: size,
            too_much: false,
        }
    }

    fn admit(&mut self, len: u64) -> io::Result<()> {
        if len > self.left {
            self.too_much = true;
            return Err(io::Error::other("the image is larger than announced"));
        }
        Ok(())
    }
}

impl Write for Exact<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.admit(bytes.len() as u64)?;
        let done = self.out.write(bytes)?;
        self.left -= done as u64;
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Sink for Exact<'_> {
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()> {
        self.admit(len)?;
        let done = io::copy(&mut Read::take(source, len), self)?;
        if done < len {
            let text = format!("the source is {} bytes shorter than expected", len - done);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::*;

    #[test]
    fn progress_is_reported_every_few_mib_and_at_the_end() {
        let size = 2 * STEP + 10;
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(2 * STEP).unwrap();
        file.rewind().unwrap();
        let (mut image, mut reports) = (Vec::new(), Vec::new());
        let mut report = |done, total| reports.push((done, total));
        let mut out = Exact::new(&mut image, size);
        let mut metered = Metered::new(&mut out, size, &mut report);
        metered.append(&mut file, 2 * STEP).unwrap();
        metered.write_all(&[1; 10]).unwrap();
        let expected = [0, STEP, 2 * STEP, size].map(|done| (done, size));
        assert_eq!(reports, expected);
        assert_eq!(image.len() as u64, size);
    }

    #[test]
    fn exactly_the_announced_bytes_are_accepted() {
        let mut image = Vec::new();
        let mut out = Exact::new(&mut image, 3);
        out.write_all(b"ab").unwrap();
        out.write_all(b"cd").unwrap_err();
        assert!(out.too_much);
        let mut file = tempfile::tempfile().unwrap();
        let mut out = Exact::new(&mut image, 3);
        let error = out.append(&mut file, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
