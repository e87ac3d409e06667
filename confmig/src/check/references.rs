//! References in values.

use std::ops::Range;

use oslo_config::{Reference, references};

use super::named::Named;
use crate::diagnostic::{Code, Diagnostic, Places};

/// Every reference in an entry's value, and the bytes of the document that it stands in.
pub(super) fn references_of(it: &Named<'_>) -> Vec<(Range<usize>, Reference)> {
    let text = it.file.document.text();
    let of_range = |range: Range<usize>| {
        let found = references(&text[range.clone()]);
        found.into_iter().map(move |found| (range.clone(), found))
    };
    it.entry.value_ranges().flat_map(of_range).collect()
}

/// A reference that leads to nothing.
pub(super) fn dangling(
    places: &Places<'_, '_>,
    it: &Named<'_>,
    (range, reference): (&Range<usize>, &Reference),
    (message, help): (String, String),
) -> Diagnostic {
    if places.secrets.hides(it.name.group(), it.name.name()) {
        // The name would give a part of the secret away.
        let message = "a reference in the value leads nowhere";
        let help = "correct its name, or write $$ for a dollar sign";
        let place = it.place(places);
        return Diagnostic::new(Code::DanglingReference, message)
            .at(place)
            .help(help);
    }
    let offset = range.start + reference.range().start;
    let chars = reference.name().chars().count();
    let place = places.in_value(it.file.path, it.entry, offset, chars);
    Diagnostic::new(Code::DanglingReference, message)
        .at(place)
        .help(help)
}
