//! The validated UUID of a node.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The length of a UUID as Ironic writes it: 32 hexadecimal digits and 4 hyphens.
const TEXT_LEN: usize = 36;

/// The UUID of a node, the only part of a node that appears in the names of its images.
///
/// Being a UUID makes an image's name safe: it contains no slash, no dot and no character that a
/// URL would have to escape. It is always displayed in lower case, so that a node has one name
/// however its UUID was written.
///
/// ```
/// use driver::node::NodeUuid;
///
/// let uuid: NodeUuid = "1BE26C0B-03F2-4D2E-AE87-C02D7F33C123".parse()?;
/// assert_eq!(uuid.to_string(), "1be26c0b-03f2-4d2e-ae87-c02d7f33c123");
/// assert!("../../etc/passwd".parse::<NodeUuid>().is_err());
/// # Ok::<(), driver::node::NotAUuid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeUuid(uuid::Uuid);

impl From<uuid::Uuid> for NodeUuid {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(uuid)
    }
}

impl From<NodeUuid> for uuid::Uuid {
    fn from(node: NodeUuid) -> Self {
        node.0
    }
}

impl TryFrom<String> for NodeUuid {
    type Error = NotAUuid;

    fn try_from(text: String) -> Result<Self, NotAUuid> {
        text.parse()
    }
}

impl From<NodeUuid> for String {
    fn from(node: NodeUuid) -> Self {
        node.to_string()
    }
}

/// A text that is not a node's UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a node UUID like 1be26c0b-03f2-4d2e-ae87-c02d7f33c123, got {0:?}: give the node's \
     uuid, not its name"
)]
pub struct NotAUuid(
    /// The first 80 characters of the text.
    pub String,
);

impl FromStr for NodeUuid {
    type Err = NotAUuid;

    /// Reads the hyphenated form, in either case.
    ///
    /// # Errors
    ///
    /// [`NotAUuid`] for anything else, including the braced, URN and unhyphenated forms, which
    /// Ironic's API never returns.
    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let refused = || NotAUuid(text.chars().take(80).collect());
        // The parser also accepts the other forms; only the hyphenated one has 36 characters.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_accepted() {
        for text in [
            "",
            "1be26c0b03f24d2eae87c02d7f33c123",
            "{1be26c0b-03f2-4d2e-ae87-c02d7f33c123}",
            "urn:uuid:1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
            "1be26c0b-03f2-4d2e-ae87-c02d7f33c12g",
        ] {
            assert!(text.parse::<NodeUuid>().is_err(), "{text}");
        }
    }
}
