//! What was resolved of a value some of whose references do not resolve.

use super::{MAX_PARTLY, MAX_TEXT};
use crate::opt::OptName;

/// The options that are resolved in part for one value, since some of their references do not
/// resolve.
pub(in crate::config) struct Partly {
    /// The options on the way.
    pub(super) options: Vec<OptName>,
    /// The number of options that may still be resolved in part.
    pub(super) left: usize,
    /// The number of bytes that references may still add.
    room: usize,
    /// The references that do not resolve.
    pub(in crate::config) unresolved: Vec<String>,
}

impl Default for Partly {
    fn default() -> Self {
        Partly {
            options: Vec::new(),
            left: MAX_PARTLY,
            room: MAX_TEXT,
            unresolved: Vec::new(),
        }
    }
}

impl Partly {
    /// Leaves a reference as written.
    pub(super) fn stays<T>(&mut self, name: &str) -> Option<T> {
        self.unresolved.push(name.to_owned());
        None
    }

    /// Tells whether a text can be added, and counts it.
    pub(super) fn has_room(&mut self, text: &str) -> bool {
        let left = self.room.checked_sub(text.len());
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }
}
