//! Images to publish, and images on a host.

use std::error::Error;
use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use super::name::{Generation, Kind, ObjectName};
use crate::image::{Floppy, FloppyError, PlannedBootIso, Sink};

/// Any error of the code that produces or verifies an image.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An image that can be read back.
pub trait ReadBack: Read + Seek {}

impl<T: Read + Seek> ReadBack for T {}

pub(super) type Produce = Box<dyn FnMut(&mut dyn Sink) -> Result<(), BoxError> + Send>;
pub(super) type Verify = Box<dyn FnOnce(&mut dyn ReadBack) -> Result<(), BoxError> + Send>;

/// An image to publish: its kind, its size, and the code that produces it.
///
/// The image is produced while it is published, without a temporary copy besides the host's own.
/// The code runs on a thread where it may block.
///
/// ```
/// use driver::host::{Kind, NewObject};
/// use std::io::Write;
///
/// let floppy = vec![0; 1440 * 1024];
/// NewObject::new(Kind::Floppy, floppy.len() as u64, move |out| out.write_all(&floppy));
/// ```
pub struct NewObject {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) produce: Produce,
    pub(super) verify: Option<Verify>,
    pub(super) generation: Option<Generation>,
    pub(super) check_served: bool,
}

impl NewObject {
    /// Creates an image of `size` bytes, which `produce` writes. Unless it writes exactly that
    /// many, nothing is published.
    ///
    /// A host that sends the image over a network calls `produce` again if the connection breaks;
    /// it must then write the same bytes.
    pub fn new<F, E>(kind: Kind, size: u64, mut produce: F) -> Self
    where
        F: FnMut(&mut dyn Sink) -> Result<(), E> + Send + 'static,
        E: Into<BoxError>,
    {
        Self {
            kind,
            size,
            produce: Box::new(move |out| produce(out).map_err(Into::into)),
            verify: None,
            generation: None,
            check_served: false,
        }
    }

    /// Creates a floppy that is verified byte by byte.
    ///
    /// # Errors
    ///
    /// [`FloppyError`] if it cannot be built.
    pub fn floppy(floppy: &Floppy) -> Result<Self, FloppyError> {
        let image = Arc::new(floppy.build()?);
        let written = Arc::clone(&image);
        let object = Self::new(Kind::Floppy, image.len() as u64, move |out| {
            out.write_all(&image)
        });
        Ok(object.read_back(move |found| {
            let (mut rest, mut part) = (written.as_slice(), vec![0; 64 * 1024]);
            loop {
                match found.read(&mut part)? {
                    0 if rest.is_empty() => return Ok(()),
                    got if got > 0 && rest.starts_with(&part[..got]) => rest = &rest[got..],
                    _ => break,
                }
            }
            Err(std::io::Error::other("the bytes differ from those written"))
        }))
    }

    /// Creates a boot ISO that [`PlannedBootIso::verify`] verifies.
    #[must_use]
    pub fn boot_iso(iso: PlannedBootIso) -> Self {
        let iso = Arc::new(iso);
        let written = Arc::clone(&iso);
        Self::new(Kind::BootIso, iso.size(), move |out| iso.write_to_sink(out))
            .read_back(move |found| written.verify(found).map(drop))
    }

    /// Passes the written image to `verify`, from its start, before it becomes visible. If `verify`
    /// fails, nothing is published.
    #[must_use]
    pub fn read_back<F, E>(mut self, verify: F) -> Self
    where
        F: FnOnce(&mut dyn ReadBack) -> Result<(), E> + Send + 'static,
        E: Into<BoxError>,
    {
        self.verify = Some(Box::new(move |image| verify(image).map_err(Into::into)));
        self
    }

    /// Publishes the image as this generation instead of a new one. If an image of that name
    /// exists, it stays unchanged and publishing fails.
    #[must_use]
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Checks with a HEAD request that the server serves the published image with its length. If it
    /// does not, the image is withdrawn and publishing fails.
    #[must_use]
    pub fn check_served(mut self) -> Self {
        self.check_served = true;
        self
    }
}

impl fmt::Debug for NewObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewObject")
            .field("kind", &self.kind)
            .field("size", &self.size)
            .field("generation", &self.generation)
            .field("check_served", &self.check_served)
            .finish_non_exhaustive()
    }
}

/// A published image.
#[derive(Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name, for [`url`](super::Host::url) and [`unpublish`](super::Host::unpublish).
    pub name: ObjectName,
    /// The URL for the BMC. It contains a secret if the base URL does, or if it is a temporary URL.
    pub url: Url,
    /// Its size in bytes.
    pub size: u64,
}

/// Shows the URL without its secrets.
impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("name", &self.name)
            .field("url", &crate::http::url::redacted(&self.url))
            .field("size", &self.size)
            .finish()
    }
}

/// An image on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: ObjectName,
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes were last written, by the host's clock.
    pub modified: SystemTime,
}

/// A selection of a node's images.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// All of them.
    All,
    /// Every generation of one kind.
    Kind(Kind),
    /// This one; none at all if it is another node's.
    Only(ObjectName),
    /// Every other generation of this one's kind, which is obsolete once this one is in use.
    OthersThan(ObjectName),
}

impl Which {
    pub(super) fn covers(&self, name: &ObjectName) -> bool {
        match self {
            Self::All => true,
            Self::Kind(kind) => name.kind() == *kind,
            Self::Only(only) => name == only,
            Self::OthersThan(kept) => name.kind() == kept.kind() && name != kept,
        }
    }
}

/// The result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// The removed images, of nodes that no longer exist.
    pub images: Vec<ObjectName>,
    /// The number of removed half-written files of dead processes.
    pub unfinished: usize,
}
