//! Random access to content.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::{Source, SourceError};

/// The size of the buffer: directories and catalogues are read in small pieces.
const BUFFER: usize = 64 * 1024;
/// A gap of up to this many bytes is skipped by reading, which costs less than reopening the
/// content.
const GAP: u64 = 256 * 1024;

/// A seekable reader of any content, which reopens it at another position if necessary.
pub(in crate::image) struct SeekingReader {
    source: Arc<dyn Source>,
    at: u64,
    /// An open reader and its position.
    open: Option<(BufReader<Box<dyn Read + Send>>, u64)>,
}

impl SeekingReader {
    pub(in crate::image) fn new(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            at: 0,
            open: None,
        }
    }

    /// Moves the open reader to the current position.
    fn advance(&mut self) -> Result<&mut BufReader<Box<dyn Read + Send>>, SourceError> {
        let (mut reader, from) = match self.open.take() {
            Some((reader, from)) if from <= self.at && self.at - from <= GAP => (reader, from),
            _ => {
                let opened = self.source.open_at(self.at)?;
                (BufReader::with_capacity(BUFFER, opened), self.at)
            }
        };
        let (name, size) = (self.source.name(), self.source.size());
        super::skip(&name, size, &mut reader, self.at - from)?;
        Ok(&mut self.open.insert((reader, self.at)).0)
    }
}

impl Read for SeekingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.source.size().saturating_sub(self.at);
        let wanted = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let reader = self.advance().map_err(SourceError::into_io)?;
        let got = reader.read(&mut buf[..wanted])?;
        if got == 0 {
            let (name, expected, actual) = (self.source.name(), self.source.size(), self.at);
            return Err(SourceError::Short {
                name,
                expected,
                actual,
            }
            .into_io());
        }
        self.at += got as u64;
        if let Some((_, at)) = &mut self.open {
            *at = self.at;
        }
        Ok(got)
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
    use super::*;
    use crate::image::FileSource;

    #[derive(Debug)]
    struct WholeOnly(FileSource);

    impl Source for WholeOnly {
        fn name(&self) -> String {
            self.0.name()
        }

        fn size(&self) -> u64 {
            self.0.size()
        }

        fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
            self.0.open()
        }
    }

    #[test]
    fn every_place_reads_as_in_the_file() {
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n >> 3) as u8).collect();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), &bytes).unwrap();
        let file = FileSource::new(dir.path().join("f")).unwrap();
        let sources: [Arc<dyn Source>; 2] = [Arc::new(file.clone()), Arc::new(WholeOnly(file))];
        for source in sources {
            let mut reader = SeekingReader::new(source);
            for at in [0, 5, 999_000, 100, 300_000, 310_000, 999_999, 0] {
                assert_eq!(reader.seek(SeekFrom::Start(at)).unwrap(), at);
                let mut got = vec![0; 700.min(1_000_000 - at as usize)];
                reader.read_exact(&mut got).unwrap();
                assert_eq!(got, bytes[at as usize..at as usize + got.len()], "{at}");
            }
            reader.seek(SeekFrom::End(0)).unwrap();
            assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
            assert!(reader.seek(SeekFrom::Current(-1_000_001)).is_err());
        }
    }
}
