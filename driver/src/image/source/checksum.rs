//! Content with a known digest.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use md5::Md5;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

use super::{Source, SourceError};

/// A digest in the form that images use: `sha256:`, `sha512:` or `md5:` and the hexadecimal digits,
/// or digits alone, whose number determines the algorithm (32, 64 or 128).
///
/// MD5 protects against transmission errors only, not against forgery; it is supported because
/// image services still record it.
///
/// ```
/// use driver::image::Checksum;
///
/// let sum: Checksum = "md5:d41d8cd98f00b204e9800998ecf8427e".parse()?;
/// assert_eq!(sum, "D41D8CD98F00B204E9800998ECF8427E".parse()?);
/// assert_eq!(sum.to_string(), "md5:d41d8cd98f00b204e9800998ecf8427e");
/// assert!("sha256:d41d8cd9".parse::<Checksum>().is_err());
/// # Ok::<(), driver::image::source::ChecksumParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

/// A text that is not a checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a checksum: expected 32 (MD5), 64 (SHA-256) or 128 (SHA-512) hexadecimal \
     digits, optionally after \"md5:\", \"sha256:\" or \"sha512:\""
)]
pub struct ChecksumParseError {
    text: String,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Md5, Self::Sha256, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn hasher(self) -> Box<dyn DynDigest + Send> {
        match self {
            Self::Md5 => Box::<Md5>::default(),
            Self::Sha256 => Box::<Sha256>::default(),
            Self::Sha512 => Box::<Sha512>::default(),
        }
    }
}

impl FromStr for Checksum {
    type Err = ChecksumParseError;

    fn from_str(text: &str) -> Result<Self, ChecksumParseError> {
        let wrong = || ChecksumParseError { text: text.into() };
        let (name, digits) = match text.split_once(':') {
            Some((name, digits)) => (Some(name.to_ascii_lowercase()), digits),
            None => (None, text),
        };
        let digest = hex_bytes(digits).ok_or_else(wrong)?;
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| {
                algorithm.bytes() == digest.len()
                    && name.as_ref().is_none_or(|name| algorithm.name() == name)
            })
            .map(|algorithm| Self { algorithm, digest })
            .ok_or_else(wrong)
    }
}

fn hex_bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| Some(c.to_digit(16)? as u8))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.algorithm.name())?;
        self.digest
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A source whose content is verified against a digest while it is read. The last bytes are
/// returned only if the digest matches.
#[derive(Debug, Clone)]
pub struct Verified<S> {
    source: S,
    checksum: Checksum,
}

impl<S: Source> Verified<S> {
    /// Wraps `source`, whose content must match `checksum`.
    pub fn new(source: S, checksum: Checksum) -> Self {
        Self { source, checksum }
    }
}

impl<S: Source> Source for Verified<S> {
    fn name(&self) -> String {
        self.source.name()
    }

    fn size(&self) -> u64 {
        self.source.size()
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(VerifyingReader {
            name: self.name(),
            inner: self.source.open()?,
            left: self.size(),
            hasher: self.checksum.algorithm.hasher(),
            expected: self.checksum.clone(),
        }))
    }
}

struct VerifyingReader {
    name: String,
    inner: Box<dyn Read + Send>,
    left: u64,
    hasher: Box<dyn DynDigest + Send>,
    expected: Checksum,
}

impl VerifyingReader {
    fn check(&mut self) -> Result<(), SourceError> {
        let actual = Checksum {
            algorithm: self.expected.algorithm,
            digest: self.hasher.finalize_reset().into_vec(),
        };
        if actual == self.expected {
            return Ok(());
        }
        let (name, expected) = (self.name.clone(), self.expected.clone());
        Err(SourceError::Checksum {
            name,
            expected,
            actual,
        })
    }
}

impl Read for VerifyingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buf)?;
        self.hasher.update(&buf[..got]);
        let before = self.left;
        // The reader around this one reports content that is longer than announced.
        self.left = before.saturating_sub(got as u64);
        if before > 0 && self.left == 0 {
            self.check().map_err(SourceError::into_io)?;
        }
        Ok(got)
    }
}
