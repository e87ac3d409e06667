//! Random access to content.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::{Source, SourceError};

/// The size of a block in bytes: directories and catalogues are read in small pieces.
const BLOCK: u64 = 64 * 1024;
/// The number of blocks that are kept, 4 MiB.
const KEPT: usize = 64;
/// The maximum number of blocks that are read at once. Each time that content is read on from where
/// the last request ended, twice as many are read.
const READ_AHEAD_MAX: u64 = 16;
/// The maximum number of bytes that are read, far above what a deploy ISO's directories need.
const READ_MAX: u64 = 64 * 1024 * 1024;

/// A seekable reader of any content, which reads it in blocks and keeps those that were used last.
pub(in crate::image) struct SeekingReader {
    source: Arc<dyn Source>,
    at: u64,
    /// Blocks by index, those that were used last at the end.
    blocks: VecDeque<(u64, Vec<u8>)>,
    /// The block after the last one that was read, and how many were read with it.
    next: u64,
    read_ahead: u64,
    /// How many more bytes may be read.
    left: u64,
}

impl SeekingReader {
    pub(in crate::image) fn new(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            at: 0,
            blocks: VecDeque::new(),
            next: 0,
            read_ahead: 1,
            left: READ_MAX,
        }
    }

    /// Returns the block `index`.
    fn block(&mut self, index: u64) -> Result<&[u8], SourceError> {
        let place = self.blocks.iter().position(|(known, _)| *known == index);
        if let Some(known) = place.and_then(|place| self.blocks.remove(place)) {
            self.blocks.push_back(known);
        } else {
            self.fetch(index)?;
        }
        Ok(self.blocks.back().map_or(&[], |(_, bytes)| bytes))
    }

    /// Reads the block `index`, and those after it if content is being read on.
    fn fetch(&mut self, index: u64) -> Result<(), SourceError> {
        let reads_on = index == self.next && index > 0;
        let ahead = if reads_on { self.read_ahead * 2 } else { 1 };
        self.read_ahead = ahead.min(READ_AHEAD_MAX);
        let start = index * BLOCK;
        let len = (self.read_ahead * BLOCK).min(self.source.size() - start);
        let name = self.source.name();
        self.left = self.left.checked_sub(len).ok_or_else(|| {
            let text = format!(
                "expected a boot or deploy ISO, whose directories are found within {} MiB",
                READ_MAX >> 20
            );
            SourceError::other(name.clone(), text)
        })?;
        let mut reader = self.source.open_range(start, len)?;
        let mut fetched = Vec::new();
        let mut missing = len;
        while missing > 0 {
            let mut bytes = Vec::new();
            let part = missing.min(BLOCK);
            let got = (&mut reader).take(part).read_to_end(&mut bytes);
            let got = got.map_err(|error| SourceError::from_io(&name, error))? as u64;
            if got < part {
                let (expected, actual) = (self.source.size(), start + len - missing + got);
                return Err(SourceError::Short {
                    name,
                    expected,
                    actual,
                });
            }
            missing -= part;
            fetched.push(bytes);
        }
        self.next = index + fetched.len() as u64;
        // The requested block is the last one, as the one that is used now.
        for (ahead, bytes) in fetched.into_iter().enumerate().rev() {
            let number = index + ahead as u64;
            self.blocks.retain(|(known, _)| *known != number);
            self.blocks.push_back((number, bytes));
        }
        while self.blocks.len() > KEPT {
            self.blocks.pop_front();
        }
        Ok(())
    }
}

impl Read for SeekingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.source.size() || buf.is_empty() {
            return Ok(0);
        }
        let (index, offset) = (self.at / BLOCK, self.at % BLOCK);
        let block = self.block(index).map_err(SourceError::into_io)?;
        // Less than a block.
        let rest = block.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SeekingReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::image::FileSource;

    /// A file that records the ranges that are requested.
    #[derive(Debug)]
    struct Recorded(FileSource, Mutex<Vec<(u64, u64)>>);

    impl Source for Recorded {
        fn name(&self) -> String {
            self.0.name()
        }

        fn size(&self) -> u64 {
            self.0.size()
        }

        fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
            self.0.open()
        }

        fn open_range(&self, offset: u64, len: u64) -> Result<Box<dyn Read + Send>, SourceError> {
            self.1.lock().unwrap().push((offset, len));
            self.0.open_range(offset, len)
        }
    }

    fn recorded(dir: &std::path::Path, bytes: &[u8]) -> Arc<Recorded> {
        std::fs::write(dir.join("f"), bytes).unwrap();
        let file = FileSource::new(dir.join("f")).unwrap();
        Arc::new(Recorded(file, Mutex::default()))
    }

    #[test]
    fn every_place_reads_as_in_the_file() {
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n >> 3) as u8).collect();
        let dir = tempfile::tempdir().unwrap();
        let source = recorded(dir.path(), &bytes);
        let mut reader = SeekingReader::new(source.clone());
        for at in [0, 5, 999_000, 100, 300_000, 310_000, 999_999, 65_500, 0] {
            assert_eq!(reader.seek(SeekFrom::Start(at)).unwrap(), at);
            let mut got = vec![0; 700.min(1_000_000 - at as usize)];
            reader.read_exact(&mut got).unwrap();
            assert_eq!(got, bytes[at as usize..at as usize + got.len()], "{at}");
        }
        reader.seek(SeekFrom::End(0)).unwrap();
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
        assert!(reader.seek(SeekFrom::Current(-1_000_001)).is_err());
        let asked = source.1.lock().unwrap().clone();
        let block = |index| (index * BLOCK, BLOCK);
        let last = (15 * BLOCK, 1_000_000 - 15 * BLOCK);
        // The last one reads on after the first.
        let expected = [block(0), last, block(4), (BLOCK, BLOCK)];
        assert_eq!(asked, expected);
    }

    #[test]
    fn reading_on_takes_fewer_and_larger_requests_up_to_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        let source = recorded(dir.path(), &[7]);
        let file = std::fs::File::options().write(true).open(source.0.path());
        file.unwrap().set_len(READ_MAX + 1).unwrap();
        let source = Arc::new(Recorded(
            FileSource::new(source.0.path()).unwrap(),
            Mutex::default(),
        ));
        let error = io::copy(&mut SeekingReader::new(source.clone()), &mut io::sink());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("within 64 MiB"), "{error}");
        let asked = source.1.lock().unwrap();
        let blocks: Vec<u64> = asked.iter().map(|(_, len)| len / BLOCK).collect();
        assert_eq!(blocks[..6], [1, 2, 4, 8, 16, 16]);
        assert!(asked.len() < 80);
    }
}
