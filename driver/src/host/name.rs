//! The names of hosted images.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::node::NodeUuid;

/// The length of a hyphenated UUID.
const UUID_LEN: usize = 36;

/// The length of the longest generation. With it, the longest name has 79 characters.
const GENERATION_MAX: usize = 32;

/// The kind of an image, which determines the prefix and the suffix of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A floppy with parameters: `image-….img`.
    Floppy,
    /// A boot ISO: `boot-….iso`.
    BootIso,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Floppy, Self::BootIso];

    /// Returns the prefix that Ironic gives such a name, including its hyphen.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Floppy => "image-",
            Self::BootIso => "boot-",
        }
    }

    /// Returns the suffix by which a BMC recognizes the medium. An iLO refuses others.
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

/// The part of a name that distinguishes the images of one kind and node. Every new image gets a
/// new generation, and therefore a new URL, so that the bytes under a URL that a BMC has mounted
/// never change.
///
/// [`Generation::new`] returns 20 hexadecimal digits: 12 for the time in milliseconds, so that
/// later generations sort after earlier ones, and 8 random ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(String);

impl Generation {
    /// Creates a new, unique generation.
    ///
    /// # Errors
    ///
    /// An error if the system's source of random numbers fails.
    pub fn new() -> io::Result<Self> {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let random = getrandom::u32().map_err(io::Error::other)?;
        // 48 bits of milliseconds suffice for eight thousand years.
        Ok(Self(format!(
            "{:012x}{random:08x}",
            since_1970.as_millis() & 0xffff_ffff_ffff
        )))
    }

    /// Returns the generation as it appears in a name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not a generation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a generation of 1 to 32 characters from 0-9 and a-z, got {0:?}")]
pub struct NotAGeneration(
    /// The first 80 characters of the text.
    pub String,
);

impl FromStr for Generation {
    type Err = NotAGeneration;

    /// Reads the caller's own generation, such as a digest of the image's content.
    ///
    /// # Errors
    ///
    /// [`NotAGeneration`] unless the text consists of 1 to 32 digits and lower-case ASCII letters.
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
/// Ironic's own names, `image-<uuid>` and `boot-<uuid>` with or without the suffix, are accepted
/// too, since clean-up must also find images that Ironic published. A name consists of ASCII
/// letters, digits, hyphens and at most one dot, which is not its first character.
///
/// ```
/// use driver::host::{Kind, ObjectName};
///
/// let name: ObjectName = "boot-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-7.iso".parse()?;
/// assert_eq!(name.kind(), Kind::BootIso);
/// assert_eq!(name.generation().map(|g| g.as_str()), Some("7"));
/// # Ok::<(), driver::host::NotAnObjectName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName {
    node: NodeUuid,
    kind: Kind,
    tail: Tail,
}

/// The part after the UUID. The order of the variants is that of generations in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Tail {
    /// Nothing, as in releases of Ironic without suffixes.
    Bare,
    /// The suffix alone, as in newer releases of Ironic.
    Suffix,
    /// A generation and the suffix, as in this crate.
    Generation(Generation),
}

impl ObjectName {
    /// Creates the name of a node's image.
    #[must_use]
    pub fn new(kind: Kind, node: NodeUuid, generation: Generation) -> Self {
        Self {
            node,
            kind,
            tail: Tail::Generation(generation),
        }
    }

    /// Whether `text` could be the name of an image of the node `uuid`, judged without parsing it.
    pub(super) fn may_be_of(text: &str, uuid: &str) -> bool {
        let mut kinds = Kind::ALL
            .iter()
            .filter_map(|kind| text.strip_prefix(kind.prefix()));
        kinds.any(|rest| rest.starts_with(uuid))
    }

    /// Returns the image's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the node that the image belongs to.
    #[must_use]
    pub fn node(&self) -> NodeUuid {
        self.node
    }

    /// Returns the image's generation; `None` for a name given by Ironic.
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

/// A text that is not the name of a hosted image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a hosted image, image-<uuid>-<generation>.img or \
     boot-<uuid>-<generation>.iso, got {0:?}"
)]
pub struct NotAnObjectName(
    /// The first 120 characters of the text.
    pub String,
);

impl FromStr for ObjectName {
    type Err = NotAnObjectName;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`NotAnObjectName`] for a text that differs from the displayed name, as one with an
    /// upper-case UUID does.
    fn from_str(text: &str) -> Result<Self, NotAnObjectName> {
        parse(text).ok_or_else(|| NotAnObjectName(text.chars().take(120).collect()))
    }
}

impl TryFrom<String> for ObjectName {
    type Error = NotAnObjectName;

    fn try_from(text: String) -> Result<Self, NotAnObjectName> {
        text.parse()
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.to_string()
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
    // One image, one name: the name that is removed must be the one that was found.
    Some(ObjectName { node, kind, tail }).filter(|_| node.to_string() == uuid)
}
