//! The short proof: nothing but names differs.
//!
//! Most renamings are plain: an option is set once, under one name that nothing else reads, to a text
//! without references, and no value or default refers to it. Then every value is read as before when
//! the entries are the same but for that name, whatever the options' types and whoever reads them.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{Opt, OptName, ParsedFile, references};

use super::effect::{Carry, Planned};
use super::names::Names;

/// Group, key and value.
type Plain<'f> = (Cow<'f, BStr>, &'f BStr, Cow<'f, BStr>);

/// The file of an option's only entry, and its value.
type Only<'f> = (usize, Cow<'f, BStr>);

/// Tells whether plain renamings are all that makes a difference. `false` says nothing: there is
/// another way to find out.
pub(super) fn only_names_differ(
    before: &[ParsedFile<'_>],
    after: &[ParsedFile<'_>],
    names: &Names<'_>,
    planned: &[&Planned<'_>],
) -> bool {
    let carried = planned.iter().flat_map(|planned| planned.carries());
    let carried: Vec<&Carry<'_>> = carried.collect();
    let are_plain = planned.iter().all(|planned| planned.effects().is_empty())
        && carried.iter().all(|carry| is_plain(carry, names));
    if carried.is_empty() || !are_plain {
        return false;
    }
    if before.len() != after.len() {
        return false;
    }
    let renamed = RenamedOptions::new(names.opts, &carried);
    let mut defaults = names.opts.iter().flat_map(|opt| opt.default());
    if defaults.any(|default| renamed.may_lead_to_one(default.as_bytes())) {
        return false;
    }
    let (Some(old), Some(new)) = (renamed.read(before), renamed.read(after)) else {
        return false;
    };
    let kept = |carry: &&Carry<'_>| {
        let value = old.only.get(&carry.from);
        value.is_some_and(|(file, _)| *file == carry.file) && value == new.only.get(&carry.to)
    };
    carried.iter().all(kept)
        && old.only.len() == carried.len()
        && new.only.len() == carried.len()
        && old.others == new.others
}

/// Tells whether one option alone reads an entry, and no other reads its new name.
fn is_plain(carry: &Carry<'_>, names: &Names<'_>) -> bool {
    let (from, to) = (&carry.from, &carry.to);
    !carry.hidden
        && names.readers(from.group(), from.name()).len() == 1
        && !names.is_current(from.group(), from.name())
        && names.readers(to.group(), to.name()).is_empty()
}

/// The options that are renamed.
struct RenamedOptions<'p> {
    /// Every name of each, with the option.
    names: HashMap<(&'p str, &'p str), &'p OptName>,
    /// The names without their groups by which a reference may lead to one.
    bare: HashSet<&'p str>,
}

/// What a set of files has.
struct Read<'f> {
    only: HashMap<OptName, Only<'f>>,
    /// The entries of all other options, for each file in their order.
    others: Vec<Vec<Plain<'f>>>,
}

/// Every name of an option.
fn names_of(opt: &Opt) -> impl Iterator<Item = &OptName> {
    std::iter::once(opt.name()).chain(opt.deprecated())
}

impl<'p> RenamedOptions<'p> {
    fn new(opts: &'p [Opt], carried: &[&Carry<'_>]) -> Self {
        let targets: HashSet<&OptName> = carried.iter().map(|carry| &carry.to).collect();
        let renamed = opts.iter().filter(|opt| targets.contains(opt.name()));
        let names = renamed.flat_map(|opt| {
            names_of(opt).map(move |name| ((name.group(), name.name()), opt.name()))
        });
        let names: HashMap<_, _> = names.collect();
        let own: HashSet<&str> = names.keys().map(|(_, name)| *name).collect();
        // A reference by a former name of another option looks for the current key of that one first.
        let other = opts
            .iter()
            .filter(|opt| names_of(opt).any(|name| own.contains(name.name())));
        RenamedOptions {
            bare: other.flat_map(names_of).map(OptName::name).collect(),
            names,
        }
    }

    /// Reads files; `None` when one of the options is set twice or refers to others, or a value refers to
    /// what may be one of them.
    fn read<'f>(&self, files: &'f [ParsedFile<'_>]) -> Option<Read<'f>> {
        let mut set: HashSet<&OptName> = HashSet::default();
        let mut found = Read {
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
                        others.push((group.clone(), key, value));
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
