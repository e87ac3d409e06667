//! What is done to files.

use oslo_config::{Entry, OptName};

use super::text::Text;

/// One thing that is done to a file.
#[derive(Debug, Clone)]
pub(super) enum Effect<'d> {
    /// An entry gets another value where it stands.
    Replace {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        value: Text,
        from: OptName,
    },
    /// An option is set that was not, near the entries that its value comes from.
    Add {
        file: usize,
        option: OptName,
        value: Text,
        from: OptName,
        sources: Vec<Entry<'d, 'd>>,
    },
    /// An entry goes. `into` is the option that its value is part of now; none when nothing reads it.
    Take {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        into: Option<OptName>,
        hidden: bool,
    },
}

impl Effect<'_> {
    /// The option that is set, or goes.
    pub(super) fn option(&self) -> OptName {
        match self {
            Effect::Replace { option, .. }
            | Effect::Add { option, .. }
            | Effect::Take { option, .. } => option.clone(),
        }
    }

    /// The option that it starts from.
    pub(super) fn source(&self) -> OptName {
        match self {
            Effect::Replace { from, .. } | Effect::Add { from, .. } => from.clone(),
            Effect::Take { option, .. } => option.clone(),
        }
    }
}
