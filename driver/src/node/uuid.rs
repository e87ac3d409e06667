//! The checked UUID of a node.

use std::fmt;
use std::str::FromStr;

/// Length of a UUID as Ironic writes it: 32 hexadecimal digits and 4 hyphens.
const TEXT_LEN: usize = 36;

/// The UUID of a node, the only part of a node that gets into the names of its images.
///
/// Being a UUID is what makes an image's name safe: it holds no slash, no dot and no character that
/// a URL would have to escape. It is always shown in lower case, so that one node has one name
/// whichever way its UUID was written.
///
/// ```
/// use driver::node::NodeUuid;
///
/// let uuid: NodeUuid = "1BE26C0B-03F2-4D2E-AE87-C02D7F33C123".parse()?;
/// assert_eq!(uuid.to_string(), "1be26c0b-03f2-4d2e-ae87-c02d7f33c123");
/// assert!("../../etc/passwd".parse::<NodeUuid>().is_err());
/// # Ok::<(), driver::node::NotAUuid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeUuid(uuid::Uuid);

/// A text that should have been a node's UUID is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a node UUID like 1be26c0b-03f2-4d2e-ae87-c02d7f33c123, got {0:?}: give the node's \
     uuid, not its name"
)]
pub struct NotAUuid(
    /// The text, cut to its first 80 characters.
    pub String,
);

impl FromStr for NodeUuid {
    type Err = NotAUuid;

    /// Reads the hyphenated form, in either case.
    ///
    /// # Errors
    ///
    /// [`NotAUuid`] for anything else, the braced, URN and unhyphenated forms included: Ironic's
    /// API never gives those.
    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let refused = || NotAUuid(text.chars().take(80).collect());
        // The parser also takes the other forms; only this one has 36 characters.
        if text.len() != TEXT_LEN {
            return Err(refused());
        }
        uuid::Uuid::try_parse(text).map(Self).map_err(|_| refused())
    }
}

impl fmt::Display for NodeUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for NodeUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeUuid({self})")
    }
}
