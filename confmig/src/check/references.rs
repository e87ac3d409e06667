//! References in values.

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, OptName, ParsedFile, Reference, references};

use crate::diagnostic::{Code, Diagnostic, Places};

/// Every reference in an entry's value, and the bytes of the document that it stands in.
pub(super) fn references_of(
    file: &ParsedFile<'_>,
    entry: Entry<'_, '_>,
) -> Vec<(Range<usize>, Reference)> {
    let text = file.document.text();
    let of_range = |range: Range<usize>| {
        let found = references(&text[range.clone()]);
        found.into_iter().map(move |found| (range.clone(), found))
    };
    entry.value_ranges().flat_map(of_range).collect()
}

/// The options that a reference in a value of `group` may lead to, in the order in which oslo.config
/// tries them.
pub(super) fn candidates(group: &str, reference: &Reference) -> Vec<OptName> {
    let (named, name) = reference.parts();
    match named {
        Some(named) => vec![OptName::new(named, name)],
        None => vec![OptName::new(group, name), OptName::new(DEFAULT_GROUP, name)],
    }
}

/// A reference that leads to nothing.
pub(super) fn dangling(
    places: &Places<'_, '_>,
    file: &ParsedFile<'_>,
    entry: Entry<'_, '_>,
    (range, reference): (&Range<usize>, &Reference),
    (message, help): (String, String),
) -> Diagnostic {
    let (group, key) = (entry.group(), entry.key());
    if places
        .secrets
        .hides(&group.to_str_lossy(), &key.to_str_lossy())
    {
        // The name would give a part of the secret away.
        let message = "a reference in the value leads nowhere";
        let help = "correct its name, or write $$ for a dollar sign";
        let place = places.key(file.path, entry);
        return Diagnostic::new(Code::DanglingReference, message)
            .at(place)
            .help(help);
    }
    let offset = range.start + reference.range().start;
    let chars = reference.name().chars().count();
    let place = places.in_value(file.path, entry, offset, chars);
    Diagnostic::new(Code::DanglingReference, message)
        .at(place)
        .help(help)
}
