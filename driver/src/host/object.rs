//! What goes onto a host, and what is found there.

use std::error::Error;
use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use super::name::{Generation, Kind, ObjectName};
use crate::image::{Floppy, FloppyError, PlannedBootIso, Sink};

/// Any error of the code that makes or reads an image.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An image that can be read back.
pub trait ReadBack: Read + Seek {}

impl<T: Read + Seek> ReadBack for T {}

pub(super) type Produce = Box<dyn FnMut(&mut dyn Sink) -> Result<(), BoxError> + Send>;
pub(super) type Verify = Box<dyn FnOnce(&mut dyn ReadBack) -> Result<(), BoxError> + Send>;

/// An image to publish: what it is for, its size, and the code that writes it.
///
/// The image is made while it is published: no temporary copy is needed beside the host's own. The
/// code runs on a thread where it may block.
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
    /// An image of `size` bytes that `produce` writes. Exactly as many have to come, or nothing is
    /// published.
    ///
    /// A host that sends the image over a network has `produce` write it once more when the
    /// connection breaks; it has to write the same bytes then.
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

    /// A floppy, read back byte by byte.
    ///
    /// # Errors
    ///
    /// [`FloppyError`] when it cannot be made.
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
            Err(std::io::Error::other("other bytes than were written"))
        }))
    }

    /// A boot ISO, read back as [`PlannedBootIso::verify`] does.
    #[must_use]
    pub fn boot_iso(iso: PlannedBootIso) -> Self {
        let iso = Arc::new(iso);
        let written = Arc::clone(&iso);
        Self::new(Kind::BootIso, iso.size(), move |out| iso.write_to_sink(out))
            .read_back(move |found| written.verify(found).map(drop))
    }

    /// Has the written image read back by `verify`, from its start, before it becomes visible. When
    /// `verify` fails, nothing is published.
    #[must_use]
    pub fn read_back<F, E>(mut self, verify: F) -> Self
    where
        F: FnOnce(&mut dyn ReadBack) -> Result<(), E> + Send + 'static,
        E: Into<BoxError>,
    {
        self.verify = Some(Box::new(move |image| verify(image).map_err(Into::into)));
        self
    }

    /// Publishes the image as this generation instead of a new one. When the node has one of that
    /// name, that one stays as it is and publishing fails.
    #[must_use]
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Asks the server for the published image's length, by a HEAD of its URL. When it does not
    /// serve the image with that length, the image is withdrawn and publishing fails.
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

/// An image that was published.
#[derive(Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name, to be remembered for [`url`](super::Host::url) and
    /// [`unpublish`](super::Host::unpublish).
    pub name: ObjectName,
    /// The URL to hand to the BMC. It may hold a secret, when the base URL does.
    pub url: Url,
    /// Its size in bytes.
    pub size: u64,
}

/// Shows the URL without what may be secret in it.
impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("name", &self.name)
            .field("url", &crate::http::url::redacted(&self.url))
            .field("size", &self.size)
            .finish()
    }
}

/// An image that a host was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: ObjectName,
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes were last written, by the host's clock.
    pub modified: SystemTime,
}

/// Which of a node's images are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// All of them.
    All,
    /// Every generation of one kind.
    Kind(Kind),
    /// This one; none at all when it is another node's.
    Only(ObjectName),
    /// Every other generation of this one's kind: what is left over once it is in use.
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

/// What a sweep removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Images of nodes that are gone.
    pub images: Vec<ObjectName>,
    /// How many files that a dead process had left half-written.
    pub unfinished: usize,
}
