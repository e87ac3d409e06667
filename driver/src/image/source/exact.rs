//! Content of exactly the announced size.

use std::io::{self, Read};

use super::{Source, SourceError};

/// A reader that fails unless the content has exactly the announced size.
pub(crate) struct ExactReader {
    name: String,
    inner: Box<dyn Read + Send>,
    size: u64,
    read: u64,
}

impl ExactReader {
    pub(crate) fn open(source: &dyn Source) -> Result<Self, SourceError> {
        let (name, size) = (source.name(), source.size());
        Ok(Self {
            name,
            inner: source.open()?,
            size,
            read: 0,
        })
    }

    /// Checks that the content ends where announced.
    fn check_end(&mut self) -> Result<(), SourceError> {
        let more = loop {
            match self.inner.read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| SourceError::from_io(&self.name, error))?,
            }
        };
        if more == 0 {
            return Ok(());
        }
        let (name, expected) = (self.name.clone(), self.size);
        Err(SourceError::Changed {
            name,
            expected,
            found: "more".into(),
        })
    }
}

impl Read for ExactReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.read).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let got = match self.inner.read(&mut buf[..wanted]) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            // HTTP clients report an early end like this.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(SourceError::from_io(&self.name, error).into_io()),
        };
        if got == 0 {
            let (name, expected, actual) = (self.name.clone(), self.size, self.read);
            return Err(SourceError::Short {
                name,
                expected,
                actual,
            }
            .into_io());
        }
        self.read += got as u64;
        if self.read == self.size {
            self.check_end().map_err(SourceError::into_io)?;
        }
        Ok(got)
    }
}
