//! Why a pack cannot be used.

use std::path::PathBuf;

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There is no built-in pack of this name, and no file either.
    #[error("no rule pack is named {name:?}: expected one of {known}, or the path of a .toml file")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The built-in packs.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the rules in {}: {cause}: give a readable TOML file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The text is not of the form that rules have.
    #[error("the rules in {origin} are not well-formed: {cause}")]
    Form {
        /// The file or pack.
        origin: String,
        /// What is wrong, with line and column.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// The rules contradict themselves, or name a type that there is not.
    #[error("the rules in {origin} cannot be used: {reason}")]
    Meaning {
        /// The file or pack.
        origin: String,
        /// What is wrong and what was expected.
        reason: String,
    },
}
