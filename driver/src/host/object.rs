//! Images to publish, and images on a host.

use std::fmt;
use std::io::{Read, Seek, Write};
use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use super::error::{BoxError, HostError};
use super::name::{Generation, Kind, ObjectName};
use super::produce::{Exact, Metered};
use crate::http::work::Turn;
use crate::image::{Floppy, FloppyError, PlannedBootIso, Sink};
use crate::node::NodeUuid;

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
    /// The turn of the host in which the image was prepared.
    pub(super) turn: Option<Turn>,
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
            turn: None,
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

    /// Calls `report` with the number of bytes that are written and with that of the whole image,
    /// every few MiB and at the end, on the thread that writes. The number begins again at 0 if a
    /// host has to have the image produced again.
    #[must_use]
    pub fn on_progress<F>(mut self, mut report: F) -> Self
    where
        F: FnMut(u64, u64) + Send + 'static,
    {
        let (mut produce, size) = (self.produce, self.size);
        self.produce = Box::new(move |out| produce(&mut Metered::new(out, size, &mut report)));
        self
    }

    /// Publishes the image in a turn of its host, in which it was prepared.
    pub(crate) fn in_turn(mut self, turn: Turn) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Returns the image's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the image's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the name under which a host publishes the image for `node`: with the requested
    /// generation, or else with a new one.
    ///
    /// # Errors
    ///
    /// [`HostError::Random`].
    pub fn new_name(&self, node: NodeUuid) -> Result<ObjectName, HostError> {
        let generation = match &self.generation {
            Some(generation) => generation.clone(),
            None => Generation::new().map_err(|cause| HostError::Random { node, cause })?,
        };
        Ok(ObjectName::new(self.kind, node, generation))
    }

    /// Writes the image of `node` to `out`, as a host does. Blocks.
    ///
    /// # Errors
    ///
    /// [`HostError::Content`] if the content cannot be produced or written, [`HostError::Size`] if
    /// it has another size than announced.
    pub fn write_to(&mut self, node: NodeUuid, out: &mut dyn Write) -> Result<(), HostError> {
        let (kind, announced) = (self.kind, self.size);
        let mut out = Exact::new(out, announced);
        let produced = (self.produce)(&mut out).and_then(|()| Ok(out.flush()?));
        if let Err(cause) = produced
            && !out.too_much
        {
            return Err(HostError::Content { node, kind, cause });
        }
        let written = announced - out.left;
        if written == announced && !out.too_much {
            return Ok(());
        }
        Err(HostError::Size {
            node,
            kind,
            announced,
            written,
            more: out.too_much,
        })
    }

    /// Verifies the written image of `node`, from its start, if a host is to do that. Blocks.
    ///
    /// # Errors
    ///
    /// [`HostError::ReadBack`].
    pub fn verify(&mut self, node: NodeUuid, written: &mut dyn ReadBack) -> Result<(), HostError> {
        let Some(verify) = self.verify.take() else {
            return Ok(());
        };
        verify(written).map_err(|cause| HostError::ReadBack {
            node,
            kind: self.kind,
            cause,
        })
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
#[non_exhaustive]
pub struct Published {
    /// Its name, for [`url`](super::Host::url) and [`unpublish`](super::Host::unpublish).
    pub name: ObjectName,
    /// The URL for the BMC. It contains a secret if the base URL does, or if it is a temporary URL.
    pub url: Url,
    /// Its size in bytes.
    pub size: u64,
}

impl Published {
    /// Describes the image `name` of `size` bytes, which a BMC can fetch from `url`.
    #[must_use]
    pub fn new(name: ObjectName, url: Url, size: u64) -> Self {
        Self { name, url, size }
    }
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
#[non_exhaustive]
pub struct Stored {
    /// Its name.
    pub name: ObjectName,
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes were last written, by the host's clock.
    pub modified: SystemTime,
}

impl Stored {
    /// Describes the image `name` of `size` bytes, which were written at `modified`.
    #[must_use]
    pub fn new(name: ObjectName, size: u64, modified: SystemTime) -> Self {
        Self {
            name,
            size,
            modified,
        }
    }
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
    /// Whether the selection includes the image `name` of the same node.
    #[must_use]
    pub fn covers(&self, name: &ObjectName) -> bool {
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
#[non_exhaustive]
pub struct Swept {
    /// The removed images, of nodes that no longer exist.
    pub images: Vec<ObjectName>,
    /// The number of removed half-written files of dead processes.
    pub unfinished: usize,
}
