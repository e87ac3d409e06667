//! Removes entries.

use oslo_config::{Document, Edit, Entry};

use super::draft::Draft;

/// Removes entries, and the sections that they leave empty, except those for whose header line
/// `was_empty` holds.
pub(in crate::migrate) fn remove<'t>(
    document: &'t Document<'t>,
    entries: &[Entry<'t, 't>],
    was_empty: impl Fn(usize) -> bool,
) -> Edit<'t, 't> {
    let mut draft = Draft::new(document);
    for entry in entries {
        draft.remove(entry.lines());
    }
    draft.finish(was_empty)
}
