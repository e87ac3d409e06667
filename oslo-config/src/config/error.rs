//! The reason why an option has no value.

use std::fmt;

use crate::opt::OptName;
use crate::setting::Origin;
use crate::value::TypeError;

/// The reason why an option has no value, and where the text that it is about was set.
///
/// ```
/// use oslo_config::{Config, Document, GetErrorKind, Opt, OptType, ParsedFile};
///
/// let document = Document::parse(b"[ilo]\nclient_port = many\n")?;
/// let files = [ParsedFile::new("ironic.conf", document)];
/// let opts = [Opt::new("ilo", "client_port", OptType::port())];
/// let error = Config::new(&files, &opts).get::<u16>("ilo", "client_port").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "ironic.conf:2: the value of ilo.client_port is not valid: expected a decimal whole number",
/// );
/// assert!(matches!(error.kind(), GetErrorKind::Invalid { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct GetError(Box<(GetErrorKind, Origin)>);

impl GetError {
    pub(super) fn new(kind: GetErrorKind) -> Self {
        GetError(Box::new((kind, Origin::Unset)))
    }

    /// Adds the origin of the text that the error is about, unless it is known.
    pub(super) fn at(mut self, origin: impl FnOnce() -> Origin) -> Self {
        if self.0.1 == Origin::Unset {
            self.0.1 = origin();
        }
        self
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn kind(&self) -> &GetErrorKind {
        &self.0.0
    }

    /// Returns the origin of the text that is wrong, which may be that of another option than the
    /// one that was looked up. It is [`Unset`](Origin::Unset) if no text is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.1
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin() {
            Origin::Unset => {}
            origin => write!(f, "{origin}: ")?,
        }
        self.kind().fmt(f)
    }
}

impl fmt::Debug for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetError")
            .field("kind", self.kind())
            .field("origin", self.origin())
            .finish()
    }
}

impl std::error::Error for GetError {}

/// What is wrong with an option. No message contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GetErrorKind {
    /// No such option is registered; it was looked up or referred to.
    #[error("no option {name} is known: check the name and the reference to it")]
    NoSuchOption {
        /// The option as looked up or referred to.
        name: String,
    },
    /// A value refers to an option in an unknown group.
    #[error("no group {group} is known: check the reference to an option in it")]
    NoSuchGroup {
        /// The group.
        group: String,
    },
    /// A value refers to a whole group: `$deploy`.
    #[error("{name} is a group: refer to one of its options, as in ${name}.option")]
    GroupReference {
        /// The group.
        name: String,
    },
    /// A value refers to itself, directly or indirectly.
    #[error("the value of {option} refers to itself: break the loop")]
    ReferenceLoop {
        /// An option in the loop.
        option: OptName,
    },
    /// A value takes too many references: a chain of more than 200, where oslo.config gives up
    /// after about 120, or more than 10,000 in all, where oslo.config has no limit.
    #[error("{option} is reached through too many references: shorten the chain")]
    TooDeep {
        /// The option at which evaluation stopped.
        option: OptName,
    },
    /// The references in a value add more than 64 KiB to it. oslo.config has no limit.
    #[error("the reference to {option} makes the value too long: shorten what it refers to")]
    TooLong {
        /// The option that is referred to where evaluation stopped.
        option: OptName,
    },
    /// The option is not set, has no default, and was asked for as a type that needs a value.
    #[error("{option} has no value: set it")]
    Unset {
        /// The option.
        option: OptName,
    },
    /// The text does not fit the option's type, or the type that it was asked for as.
    #[error("the value of {option} is not valid: {cause}")]
    Invalid {
        /// The option.
        option: OptName,
        /// What was expected.
        cause: TypeError,
    },
}
