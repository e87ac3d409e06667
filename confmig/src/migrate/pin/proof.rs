//! The proof that pinned options have the values that the older release used, and that no other
//! option is read differently.

use std::collections::{BTreeSet, HashMap};

use foldhash::HashSet;
use oslo_config::{Config, Opt, OptName, OptType, ParsedFile, references};

use super::{Pin, Pins};
use crate::migrate::prove::ComparedValues::Effective;
use crate::migrate::prove::{Mismatch, texts_of};
use crate::target::{Target, name_of};

/// Proves pins: of each pinned option, that the target reads from the new files what the older
/// release reads from the original ones; of all other options, that they are as if the target had
/// the old defaults.
pub(super) struct Proof<'p> {
    pub(super) pins: &'p Pins<'p>,
    /// The files before the migration.
    pub(super) original: &'p [ParsedFile<'p>],
    /// The files after it, without the pins.
    pub(super) before: &'p [ParsedFile<'p>],
    /// The options of the target whose defaults refer to others.
    pub(super) referring: Vec<OptName>,
}

/// Returns the options of a target whose defaults refer to others.
pub(super) fn referring(target: &dyn Target) -> Vec<OptName> {
    let refers = |name: &OptName| {
        let opt = target.option(name);
        opt.is_some_and(|opt| opt.default().iter().any(|text| text.contains('$')))
    };
    target.names().into_iter().filter(refers).collect()
}

impl Proof<'_> {
    /// Returns an option that would be read differently from the new files; `None` is the proof.
    pub(super) fn mismatch(&self, after: &[ParsedFile<'_>], pinned: &[&Pin]) -> Option<Mismatch> {
        let names = pinned.iter().map(|pin| pin.former_name());
        let older = orders(registered(self.original, self.pins.older, names));
        let names = pinned.iter().map(|pin| pin.opt.name());
        let names = names.chain(&self.referring);
        let new = orders(registered(after, self.pins.target, names));
        // The order in which a service registers its options is not known.
        let with_others = new.iter().skip(1).map(|new| (&older[0], new));
        let mut all = older
            .iter()
            .map(|older| (older, &new[0]))
            .chain(with_others);
        all.find_map(|(older, new)| self.mismatch_of((older, new), after, pinned))
    }

    /// Does the same for programs that register these options in this order.
    fn mismatch_of(
        &self,
        (older, new): (&[Opt], &[Opt]),
        after: &[ParsedFile<'_>],
        pinned: &[&Pin],
    ) -> Option<Mismatch> {
        let older = Config::new(self.original, older);
        let is = Config::new(after, new);
        for pin in pinned {
            let (expected, now) = (
                texts_of(&older, pin.former_name()),
                texts_of(&is, pin.opt.name()),
            );
            if now.is_none() || now != expected {
                return Some(Mismatch {
                    option: pin.opt.name().clone(),
                    is_read: expected.is_some(),
                    would_be_read: now.is_some(),
                });
            }
        }
        let pinned = pinned.iter().map(|pin| (pin.opt.name(), *pin));
        let pinned: HashMap<&OptName, &Pin> = pinned.collect();
        let old = new.iter().map(|opt| match pinned.get(opt.name()) {
            Some(pin) => pin.with_old_default(),
            None => opt.clone(),
        });
        let old: Vec<Opt> = old.collect();
        let was = Config::new(self.before, &old);
        let differs = |(old, new): &(&Opt, &Opt)| {
            texts_of(&was, old.name()) != texts_of(&is, new.name())
                || Effective.read(old, &was) != Effective.read(new, &is)
        };
        let (old, new) = old.iter().zip(new).find(differs)?;
        Some(Mismatch {
            option: new.name().clone(),
            is_read: texts_of(&was, old.name()).is_some(),
            would_be_read: texts_of(&is, new.name()).is_some(),
        })
    }
}

/// Returns the options in each order that matters, at least one: a reference by a name that several
/// options read as a former name leads to the last of these.
fn orders((opts, referred): (Vec<Opt>, HashSet<OptName>)) -> Vec<Vec<Opt>> {
    let mut last: Vec<usize> = Vec::new();
    for name in &referred {
        let readers = opts.iter().enumerate();
        let readers = readers.filter(|(_, opt)| opt.deprecated().contains(name));
        let readers: Vec<usize> = readers.map(|(at, _)| at).collect();
        if readers.len() > 1 {
            last.extend(readers);
        }
    }
    last.sort_unstable();
    last.dedup();
    let others = last.into_iter().map(|at| {
        let mut others = opts.clone();
        others[at..].rotate_left(1);
        others
    });
    let others: Vec<Vec<Opt>> = others.collect();
    std::iter::once(opts).chain(others).collect()
}

/// Returns the options that the target registers, as far as the files set them or refer to them,
/// with these, and the names that are referred to. Whether it has further options is not known: a
/// reference to one proves nothing.
fn registered<'n>(
    files: &[ParsedFile<'_>],
    target: &dyn Target,
    names: impl Iterator<Item = &'n OptName>,
) -> (Vec<Opt>, HashSet<OptName>) {
    let mut found: Vec<Opt> = Vec::new();
    let mut referred: HashSet<OptName> = HashSet::default();
    let mut seen: HashSet<OptName> = HashSet::default();
    let mut open: Vec<OptName> = names.cloned().collect();
    // Former names alone make no group.
    let has_options = |group: &str| {
        let mut names = target.names_in(group).into_iter();
        names.any(|name| target.option(&OptName::new(group, name)).is_some())
    };
    let mut groups: BTreeSet<String> = BTreeSet::new();
    let mut add_referred = |text: &[u8], group: &str, open: &mut Vec<OptName>| {
        for reference in references(text) {
            if let (Some(group), _) = reference.parts()
                && !groups.contains(group)
                && has_options(group)
            {
                groups.insert(group.to_owned());
            }
            for option in reference.options(group) {
                referred.insert(option.clone());
                open.push(option);
            }
        }
    };
    for entry in files.iter().flat_map(|file| file.document.entries()) {
        let (name, value) = (name_of(entry), entry.value());
        if value.contains(&b'$') {
            // An option reads the value of a former name in its own group.
            let readers = target.readers(&name);
            for option in readers.iter().chain([&name]) {
                add_referred(&value, option.group(), &mut open);
            }
        }
        open.push(name);
    }
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        open.extend(target.readers(&name));
        if let Some(opt) = target.option(&name) {
            for text in opt.default() {
                add_referred(text.as_bytes(), name.group(), &mut open);
            }
            found.push(opt.into_owned());
        }
    }
    // Without its group, a reference by a former name would be an error of another kind.
    let of_groups = groups.into_iter();
    found.extend(of_groups.map(|group| Opt::new(group, "\u{1}", OptType::string())));
    (found, referred)
}
