//! The values of options as one of two releases reads them.

use std::collections::BTreeMap;

use oslo_config::{Config, OptName, ParsedFile};

use super::reader::Reader;
use crate::migrate::prove::{ComparedValues, Reading, Registration, texts_of};

/// The options whose values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::migrate) enum Compared {
    /// Those without a reference in one of their values, and those that only one release reads.
    Plain,
    /// Those with a reference in their values.
    Referring,
}

/// The values of options as a program with the options of one release reads them.
pub(super) type ReadValues = BTreeMap<OptName, Value>;

pub(super) struct Value {
    /// The file and line of the last entry, or the last one with a reference.
    pub(super) place: (usize, usize),
    pub(super) refers: bool,
    text: Reading,
    /// The value with referred options as Python prints them; `None` when it is refused.
    typed: Option<Vec<String>>,
}

impl Value {
    /// Tells whether the value is that of the older release, or resolves more references, all of
    /// them to names that are known.
    pub(super) fn is_kept(&self, was: &Value, is_known: impl Fn(&str) -> bool) -> bool {
        let is_same = match (&self.typed, &was.typed) {
            (Some(one), Some(other)) => one == other,
            _ => self.text == was.text,
        };
        let resolves_more = || {
            let mut unresolved = was.text.unresolved_beside(&self.text);
            self.text.resolves_more_than(&was.text) && unresolved.all(is_known)
        };
        is_same || resolves_more()
    }
}

/// Reads files as a program with the options of a release and all others that are set, except
/// removed ones.
pub(super) fn read(
    reader: &Reader<'_>,
    files: &[ParsedFile<'_>],
    compared: Compared,
    is_removed: impl Fn(&OptName) -> bool,
) -> ReadValues {
    let names = reader.names(files);
    let mut registration = Registration::new(&names);
    registration.add_files(files.iter(), |_, _| true);
    let mut opts = registration.into_opts();
    opts.retain(|opt| !names.is_only_referred(opt.name()) && !is_removed(opt.name()));
    let typed = [names.opts, &opts[names.opts.len()..]].concat();
    let config = Config::new(files, &opts);
    let typed = config.with_opts(&typed);
    let values = opts.iter().filter_map(|opt| {
        let (option, set) = (opt.name(), config.occurrences(opt).effective);
        let mut referring = set.iter().filter(|set| set.entry.value().contains(&b'$'));
        let referring = referring.next_back();
        let last = set.last().filter(|_| compared == Compared::Plain);
        let place = referring.or(last)?;
        let value = Value {
            place: (place.file, place.entry.line()),
            refers: referring.is_some(),
            text: ComparedValues::Effective.read(opt, &config)?,
            typed: texts_of(&typed, option),
        };
        Some((option.clone(), value))
    });
    values.collect()
}
