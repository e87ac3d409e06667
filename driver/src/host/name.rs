//! The names of hosted images.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::node::NodeUuid;

/// Length of a hyphenated UUID.
const UUID_LEN: usize = 36;

/// The longest generation: with it, the longest name has 79 characters.
const GENERATION_MAX: usize = 32;

/// What an image is for. It decides the prefix and the suffix of the image's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The floppy that carries parameters: `image-….img`.
    Floppy,
    /// The ISO that the node boots from: `boot-….iso`.
    BootIso,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Floppy, Self::BootIso];

    /// The prefix that Ironic gives such a name, its hyphen included.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Floppy => "image-",
            Self::BootIso => "boot-",
        }
    }

    /// The suffix by which a BMC knows the medium. An iLO refuses others.
    fn suffix(self) -> &'static str {
        match self {
            Self::Floppy => ".img",
            Self::BootIso => ".iso",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Floppy => "floppy",
            Self::BootIso => "boot ISO",
        })
    }
}

/// What tells the images of one kind and node apart: each time an image is made anew it gets a new
/// generation, hence a new URL, so that the bytes under a URL that a BMC has mounted never change.
///
/// A generation of [`Generation::new`] is 20 hexadecimal digits: 12 for the time in milliseconds,
/// so that later ones sort after earlier ones, and 8 at random.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(String);

impl Generation {
    /// A generation that was not given out before.
    ///
    /// # Errors
    ///
    /// The system's source of random numbers failed.
    pub fn new() -> Result<Self, getrandom::Error> {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let random = getrandom::u32()?;
        // 48 bits of milliseconds last for eight thousand years.
        Ok(Self(format!(
            "{:012x}{random:08x}",
            since_1970.as_millis() & 0xffff_ffff_ffff
        )))
    }

    /// The generation as it stands in a name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that should have been a generation is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a generation of 1 to 32 characters from 0-9 and a-z, got {0:?}")]
pub struct NotAGeneration(
    /// The text, cut to its first 80 characters.
    pub String,
);

impl FromStr for Generation {
    type Err = NotAGeneration;

    /// Takes a generation of the caller's own, such as the digest of what goes into the image.
    ///
    /// # Errors
    ///
    /// [`NotAGeneration`] unless it has 1 to 32 characters, digits and lower-case ASCII letters.
    fn from_str(text: &str) -> Result<Self, NotAGeneration> {
        let fits = (1..=GENERATION_MAX).contains(&text.len());
        if fits
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        {
            return Ok(Self(text.to_owned()));
        }
        Err(NotAGeneration(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a hosted image: `image-<uuid>-<generation>.img` or `boot-<uuid>-<generation>.iso`.
///
/// Ironic's own names, `image-<uuid>` and `boot-<uuid>` with the suffix or without, are read too:
/// they are a node's images that Ironic published, and clean-up has to find them. A name holds
/// nothing but ASCII letters, digits, hyphens and at most one dot that is not its first character.
///
/// ```
/// use driver::host::{Kind, ObjectName};
///
/// let name: ObjectName = "boot-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-7.iso".parse()?;
/// assert_eq!(name.kind(), Kind::BootIso);
/// assert_eq!(name.generation().map(|g| g.as_str()), Some("7"));
/// # Ok::<(), driver::host::NotAnObjectName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    node: NodeUuid,
    kind: Kind,
    tail: Tail,
}

/// What follows the UUID. The order is the order in which a listing shows generations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Tail {
    /// Nothing: Ironic up to the release that added suffixes.
    Bare,
    /// The suffix alone: Ironic since.
    Suffix,
    /// This crate's names.
    Generation(Generation),
}

impl ObjectName {
    /// The name of a node's image of this kind and generation.
    #[must_use]
    pub fn new(kind: Kind, node: NodeUuid, generation: Generation) -> Self {
        Self {
            node,
            kind,
            tail: Tail::Generation(generation),
        }
    }

    /// Whether `text` could be the name of an image of the node `uuid`, found out without parsing
    /// it.
    pub(super) fn may_be_of(text: &str, uuid: &str) -> bool {
        let mut kinds = Kind::ALL
            .iter()
            .filter_map(|kind| text.strip_prefix(kind.prefix()));
        kinds.any(|rest| rest.starts_with(uuid))
    }

    /// What the image is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The node whose image it is.
    #[must_use]
    pub fn node(&self) -> NodeUuid {
        self.node
    }

    /// The image's generation; `None` for a name that Ironic gave.
    #[must_use]
    pub fn generation(&self) -> Option<&Generation> {
        match &self.tail {
            Tail::Generation(generation) => Some(generation),
            Tail::Bare | Tail::Suffix => None,
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, suffix) = (self.kind.prefix(), self.kind.suffix());
        match &self.tail {
            Tail::Bare => write!(f, "{prefix}{}", self.node),
            Tail::Suffix => write!(f, "{prefix}{}{suffix}", self.node),
            Tail::Generation(generation) => write!(f, "{prefix}{}-{generation}{suffix}", self.node),
        }
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({self})")
    }
}

/// A text that should have been the name of a hosted image is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a hosted image, image-<uuid>-<generation>.img or \
     boot-<uuid>-<generation>.iso, got {0:?}"
)]
pub struct NotAnObjectName(
    /// The text, cut to its first 120 characters.
    pub String,
);

impl FromStr for ObjectName {
    type Err = NotAnObjectName;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`NotAnObjectName`] for a text that is not exactly what the name read from it prints as. An
    /// upper-case UUID is refused for that reason.
    fn from_str(text: &str) -> Result<Self, NotAnObjectName> {
        parse(text).ok_or_else(|| NotAnObjectName(text.chars().take(120).collect()))
    }
}

fn parse(text: &str) -> Option<ObjectName> {
    let (kind, rest) = Kind::ALL
        .iter()
        .find_map(|kind| Some((*kind, text.strip_prefix(kind.prefix())?)))?;
    let (uuid, rest) = rest.split_at_checked(UUID_LEN)?;
    let node: NodeUuid = uuid.parse().ok()?;
    let tail = match rest.strip_prefix('-') {
        Some(rest) => Tail::Generation(rest.strip_suffix(kind.suffix())?.parse().ok()?),
        None if rest.is_empty() => Tail::Bare,
        None if rest == kind.suffix() => Tail::Suffix,
        None => return None,
    };
    // One image, one name: a name that is removed must be the one that was found.
    Some(ObjectName { node, kind, tail }).filter(|_| node.to_string() == uuid)
}
