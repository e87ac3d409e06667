//! Sources of kernels, ramdisks and boot loader images.

mod access;
mod checksum;
mod exact;
mod file;
mod http;
mod seek;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

pub use access::SourceAccess;
pub use checksum::{Checksum, ChecksumParseError, Verified};
pub(crate) use exact::ExactReader;
pub use file::FileSource;
pub use http::{HttpClient, HttpSource};
pub(super) use seek::SeekingReader;

use crate::causes::with_causes;
use crate::http::url::redacted_text;

/// The maximum size of a content in bytes: that of an ISO, which counts blocks of 2048 bytes with
/// 32 bits. Sizes are compared with it before anything is planned or allocated for them.
pub(crate) const MAX_SIZE: u64 = u32::MAX as u64 * 2048;

/// Content of known size that can be opened for reading any number of times.
///
/// A boot ISO is planned from the sizes alone; the content is read once, from start to end, while
/// the ISO is written. Deploy code can implement this trait for its own sources, such as an image
/// service.
///
/// ```
/// use std::io::{Cursor, Read};
/// use driver::image::{Source, SourceError};
///
/// #[derive(Debug)]
/// struct Embedded(&'static [u8]);
///
/// impl Source for Embedded {
///     fn name(&self) -> String {
///         "the embedded kernel".into()
///     }
///     fn size(&self) -> u64 {
///         self.0.len() as u64
///     }
///     fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
///         Ok(Box::new(Cursor::new(self.0)))
///     }
/// }
/// ```
pub trait Source: fmt::Debug + Send + Sync {
    /// Returns a name for messages: a path, or a URL without its secrets.
    fn name(&self) -> String;

    /// Returns the size in bytes, which must not change. Reading content that turns out shorter or
    /// longer is an error.
    fn size(&self) -> u64;

    /// Opens the content at its start.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; [`SourceError::other`] wraps errors from outside this library.
    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError>;

    /// Opens the content at byte `offset`.
    ///
    /// The default implementation reads up to there. Sources with random access should override it,
    /// since a deploy ISO is read in random order.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let mut reader = self.open()?;
        skip(&self.name(), self.size(), &mut reader, offset)?;
        Ok(reader)
    }

    /// Opens `len` bytes of the content from byte `offset`.
    ///
    /// The default implementation opens the content at `offset`. Sources that can request a part of
    /// their content should override it.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    fn open_range(&self, offset: u64, len: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(self.open_at(offset)?.take(len)))
    }

    /// Opens the regular file that consists of exactly this content. Returns `None`, the default,
    /// if there is no such file or if its content must be verified.
    ///
    /// [`PlannedBootIso::write_to_sink`](super::PlannedBootIso::write_to_sink) lets the system copy
    /// such a file or share its blocks, without passing it through this process.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    fn open_file(&self) -> Result<Option<File>, SourceError> {
        Ok(None)
    }
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn size(&self) -> u64 {
        (**self).size()
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        (**self).open()
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        (**self).open_at(offset)
    }

    fn open_range(&self, offset: u64, len: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        (**self).open_range(offset, len)
    }

    fn open_file(&self) -> Result<Option<File>, SourceError> {
        (**self).open_file()
    }
}

/// Skips the first `offset` bytes of `reader`, which has the content `name` of `size` bytes.
fn skip(name: &str, size: u64, reader: &mut dyn Read, offset: u64) -> Result<(), SourceError> {
    let skipped = io::copy(&mut reader.take(offset), &mut io::sink());
    let skipped = skipped.map_err(|error| SourceError::from_io(name, error))?;
    if skipped == offset {
        return Ok(());
    }
    Err(SourceError::Short {
        name: name.into(),
        expected: size,
        actual: skipped,
    })
}

/// An error from opening or reading content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The reference is neither a path, nor a `file://`, `http://` or `https://` URL.
    #[error("{reference:?} cannot be read: expected a path or a file://, http:// or https:// URL")]
    Reference {
        /// The reference without its secrets.
        reference: String,
    },
    /// The path is not one that images may be read from.
    #[error(
        "{name:?} may not be read: expected a file below a directory of [conductor] \
         file_url_allowed_paths"
    )]
    Path {
        /// The path.
        name: String,
    },
    /// The URL leads to an address that images may not be fetched from.
    #[error(
        "{name} leads to {kind}: expected a public address, or one in a network of [ilo] \
         image_networks, and no link-local one"
    )]
    Address {
        /// The URL without its secrets.
        name: String,
        /// The kind of address.
        kind: String,
    },
    /// The path is that of a directory, a device or a pipe.
    #[error("{name} is {what}: expected a regular file")]
    NotAFile {
        /// The path.
        name: String,
        /// The kind of file.
        what: &'static str,
    },
    /// The content is empty.
    #[error("{name} is empty: expected at least one byte")]
    Empty {
        /// The source's name.
        name: String,
    },
    /// Opening or reading failed.
    #[error("{name} cannot be read: {cause}")]
    Io {
        /// The source's name.
        name: String,
        /// The system's error.
        cause: io::Error,
    },
    /// The server's response has another status than 200.
    #[error("{name} returned {status}: expected 200 OK")]
    Status {
        /// The URL without its secrets.
        name: String,
        /// The status code and its standard text.
        status: String,
    },
    /// The server does not announce the size of the content, or sends it encoded.
    #[error(
        "the size of {name} is unknown ({reason}): expected a Content-Length, since the ISO is \
         planned before the content is read"
    )]
    NoSize {
        /// The URL without its secrets.
        name: String,
        /// The header that is missing or wrong.
        reason: &'static str,
    },
    /// The content is larger than an image.
    #[error(
        "{name} has {size} bytes: expected at most {MAX_SIZE}, the size of an ISO, and much less \
         for a kernel or ramdisk"
    )]
    TooLarge {
        /// The source's name.
        name: String,
        /// The announced size in bytes.
        size: u64,
    },
    /// The server was silent for too long.
    #[error("{name} stalled: received nothing for {seconds} s")]
    Stalled {
        /// The URL without its secrets.
        name: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The server sent too few bytes in a time.
    #[error(
        "{name} is too slow: expected at least {min_rate} bytes per second, on average over \
         {seconds} s"
    )]
    TooSlow {
        /// The URL without its secrets.
        name: String,
        /// The minimum in bytes per second.
        min_rate: u64,
        /// The time in seconds over which it is measured.
        seconds: u64,
    },
    /// The whole content took too long.
    #[error("{name} takes too long: expected all of it within {seconds} s")]
    Deadline {
        /// The URL without its secrets.
        name: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The content ended early.
    #[error("{name} ended after {actual} bytes: expected {expected}")]
    Short {
        /// The source's name.
        name: String,
        /// The announced size in bytes.
        expected: u64,
        /// The number of bytes received.
        actual: u64,
    },
    /// The content is longer than announced, or has changed.
    #[error("{name} changed during use: expected {expected} bytes, found {found}")]
    Changed {
        /// The source's name.
        name: String,
        /// The announced size in bytes.
        expected: u64,
        /// What was found, such as `more`.
        found: String,
    },
    /// The content does not match the checksum.
    #[error("{name} is not the expected content: expected {expected}, found {actual}")]
    Checksum {
        /// The source's name.
        name: String,
        /// The given checksum.
        expected: Checksum,
        /// The checksum of the content.
        actual: Checksum,
    },
    /// An error of a [`Source`] outside this library.
    #[error("{name} cannot be read: {}", with_causes(&**cause))]
    Other {
        /// The source's name.
        name: String,
        /// The error.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SourceError {
    /// Wraps an error of a [`Source`] outside this library.
    pub fn other(
        name: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Other {
            name: name.into(),
            cause: cause.into(),
        }
    }

    /// Converts a reader's error, unwrapping a `SourceError` inside it.
    pub(crate) fn from_io(name: &str, error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(cause) => Self::Io {
                name: name.into(),
                cause,
            },
        }
    }

    pub(crate) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Io { cause, .. } => cause.kind(),
            Self::Short { .. } => io::ErrorKind::UnexpectedEof,
            Self::Stalled { .. } | Self::TooSlow { .. } | Self::Deadline { .. } => {
                io::ErrorKind::TimedOut
            }
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }
}

/// Returns the source for a reference: a path, a `file://` URL, or an `http(s)://` URL, whose size
/// is requested immediately with `http`.
///
/// # Errors
///
/// [`SourceError::Reference`] for anything else; otherwise the same as [`FileSource::new`] and
/// [`HttpSource::new`].
pub fn from_reference(reference: &str, http: &HttpClient) -> Result<Arc<dyn Source>, SourceError> {
    let unknown = || SourceError::Reference {
        reference: redacted_text(reference),
    };
    let scheme = reference
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Ok(Arc::new(HttpSource::new(http, reference)?)),
        Some("file") => {
            let url = url::Url::parse(reference).map_err(|_| unknown())?;
            Ok(Arc::new(FileSource::new(
                url.to_file_path().map_err(|()| unknown())?,
            )?))
        }
        Some(_) => Err(unknown()),
        None if reference.is_empty() => Err(unknown()),
        None => Ok(Arc::new(FileSource::new(reference)?)),
    }
}
