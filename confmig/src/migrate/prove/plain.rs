//! The short proof: only names differ.
//!
//! Most renamings are plain: the option is set once, under a name that nothing else reads, to a
//! text without references, and no value or default refers to it. If the entries are the same
//! except for that name, every program reads the same values, whatever their types.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{Opt, OptName, ParsedFile, references};

use crate::migrate::names::Names;
use crate::migrate::planned::{Planned, Transfer};
use crate::pack::names_of;

/// Group, key and value.
type Plain<'f> = (&'f BStr, &'f BStr, Cow<'f, BStr>);

/// The file of an option's only entry, and its value.
type Only<'f> = (usize, Cow<'f, BStr>);

/// Tells whether plain renamings are the only difference. If not, the full proof has to decide.
pub(super) fn only_names_differ(
    before: &[ParsedFile<'_>],
    after: &[ParsedFile<'_>],
    names: &Names<'_>,
    planned: &[&Planned<'_>],
) -> bool {
    let transfers = planned.iter().flat_map(|planned| planned.transfers());
    let transfers: Vec<&Transfer<'_>> = transfers.collect();
    let are_plain = planned.iter().all(|planned| planned.effects().is_empty())
        && transfers.iter().all(|transfer| is_plain(transfer, names));
    if transfers.is_empty() || !are_plain {
        return false;
    }
    if before.len() != after.len() {
        return false;
    }
    let renamed = RenamedOptions::new(names.opts, &transfers);
    let mut defaults = names.opts.iter().flat_map(|opt| opt.default());
    if defaults.any(|default| renamed.may_lead_to_one(default.as_bytes())) {
        return false;
    }
    let (Some(old), Some(new)) = (renamed.read(before), renamed.read(after)) else {
        return false;
    };
    let kept = |transfer: &&Transfer<'_>| {
        let value = old.only.get(&transfer.from);
        value.is_some_and(|(file, _)| *file == transfer.file) && value == new.only.get(&transfer.to)
    };
    transfers.iter().all(kept)
        && old.only.len() == transfers.len()
        && new.only.len() == transfers.len()
        && old.others == new.others
}

/// Tells whether one option alone reads an entry, and no other reads its new name.
fn is_plain(transfer: &Transfer<'_>, names: &Names<'_>) -> bool {
    let (from, to) = (&transfer.from, &transfer.to);
    !transfer.hidden
        && names.readers(from.group(), from.name()).len() == 1
        && !names.is_current(from.group(), from.name())
        && names.readers(to.group(), to.name()).is_empty()
}

/// The options that get their current names.
struct RenamedOptions<'p> {
    /// Every name of each option.
    names: HashMap<(&'p str, &'p str), &'p OptName>,
    /// The names, without groups, by which a reference may resolve to one of the options.
    bare: HashSet<&'p str>,
}

/// The entries of a set of files.
struct Entries<'f> {
    /// The only entry of each renamed option.
    only: HashMap<OptName, Only<'f>>,
    /// The entries of all other options, for each file in order.
    others: Vec<Vec<Plain<'f>>>,
}

impl<'p> RenamedOptions<'p> {
    fn new(opts: &'p [Opt], transfers: &[&Transfer<'_>]) -> Self {
        let targets: HashSet<&OptName> = transfers.iter().map(|transfer| &transfer.to).collect();
        let renamed = opts.iter().filter(|opt| targets.contains(opt.name()));
        let names = renamed.flat_map(|opt| {
            names_of(opt).map(move |name| ((name.group(), name.name()), opt.name()))
        });
        let names: HashMap<_, _> = names.collect();
        let own: HashSet<&str> = names.keys().map(|(_, name)| *name).collect();
        // A reference by a former name of another option finds that option's current key first.
        let other = opts
            .iter()
            .filter(|opt| names_of(opt).any(|name| own.contains(name.name())));
        RenamedOptions {
            bare: other.flat_map(names_of).map(OptName::name).collect(),
            names,
        }
    }

    /// Reads files; `None` when one of the options is set twice or refers to others, or a value may
    /// refer to one of them.
    fn read<'f>(&self, files: &'f [ParsedFile<'_>]) -> Option<Entries<'f>> {
        let mut set: HashSet<&OptName> = HashSet::default();
        let mut found = Entries {
            only: HashMap::default(),
            others: Vec::with_capacity(files.len()),
        };
        for (at, file) in files.iter().enumerate() {
            let mut others = Vec::new();
            for section in file.document.sections() {
                let group = section.group();
                let group_text = group.to_str().ok();
                for entry in section.entries() {
                    let (key, value) = (entry.key(), entry.value());
                    let refers = value.contains(&b'$');
                    if refers && self.may_lead_to_one(&value) {
                        return None;
                    }
                    let name = group_text.zip(key.to_str().ok());
                    let Some(option) = name.and_then(|name| self.names.get(&name)) else {
                        others.push((group, key, value));
                        continue;
                    };
                    if refers || !set.insert(option) {
                        return None;
                    }
                    let (group, key) = name?;
                    found.only.insert(OptName::new(group, key), (at, value));
                }
            }
            found.others.push(others);
        }
        Some(found)
    }

    fn may_lead_to_one(&self, value: &[u8]) -> bool {
        references(value)
            .iter()
            .any(|reference| self.bare.contains(reference.parts().1))
    }
}
