//! The names that an option had over the releases of Ironic.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use oslo_config::OptName;

use crate::pack::Pack;
use crate::release::{Lives, Series};

/// A name, and which releases read it how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: OptName,
    /// The first and the last release that have it as an option.
    pub(crate) option: Option<(Series, Series)>,
    /// The first and the last release that read it as a former name.
    pub(crate) former: Option<(Series, Series)>,
}

/// The names that an option had, by the releases that had them; none when Ironic never had it under
/// two names, or the pack is for another service.
pub(crate) fn names_of(option: &OptName, pack: &Pack) -> Vec<Named> {
    if pack.project.as_deref() != Some("ironic") {
        return Vec::new();
    }
    let lives = Lives::default();
    let mut seen: BTreeSet<OptName> = BTreeSet::new();
    let mut open = vec![option.clone()];
    let mut found = Vec::new();
    while let Some(name) = open.pop() {
        // A name with a hyphen has no effect in a file.
        if name.name().contains('-') || !seen.insert(name.clone()) {
            continue;
        }
        let Some(life) = lives.of_option(&name) else {
            continue;
        };
        let former = life.all_former_of();
        open.extend(former.iter().map(|(reader, ..)| reader.clone()));
        open.extend(life.all_former().into_iter().map(|(name, ..)| name));
        let first = former.iter().map(|(_, first, _)| *first).min();
        let last = former.iter().map(|(.., last)| *last).max();
        found.push(Named {
            name,
            option: life.as_option(),
            former: first.zip(last),
        });
    }
    found.sort_by_key(|named| named.option.or(named.former));
    if found.len() < 2 { Vec::new() } else { found }
}

/// The names that an option had over the releases, a line for each.
#[must_use]
pub fn names_text(option: &OptName, pack: &Pack) -> String {
    let mut text = String::new();
    for named in names_of(option, pack) {
        let span = |(first, last): (Series, Series)| {
            if first == last {
                format!("{first}")
            } else {
                format!("{first} to {last}")
            }
        };
        let option = named
            .option
            .map(|releases| format!("an option in {}", span(releases)));
        let former = named
            .former
            .map(|releases| format!("a former name in {}", span(releases)));
        let said: Vec<String> = option.into_iter().chain(former).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    in Ironic {}: {}", named.name, said.join(", "));
    }
    text
}
