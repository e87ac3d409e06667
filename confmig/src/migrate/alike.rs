//! The short proof: nothing but names differs.
//!
//! Most renamings are plain: an option is set once, under one name, to a text without references, and no
//! value or default refers to it. Then every value is read as before when the entries are the same but for that
//! name, whatever the options' types and whoever reads them.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{OptName, ParsedFile, references};

use super::ChangeKind;
use super::plan::Step;
use crate::pack::Pack;

/// Group, key and value.
type Plain<'f> = (Cow<'f, BStr>, &'f BStr, Cow<'f, BStr>);

/// The file of an option's only entry, and its value.
type Only<'f> = (usize, Cow<'f, BStr>);

/// Tells whether plain renamings by these steps are all that makes a difference. `false` says nothing:
/// there is another way to find out.
pub(super) fn only_names_differ(
    before: &[ParsedFile<'_>],
    after: &[ParsedFile<'_>],
    pack: &Pack,
    steps: &[Step<'_>],
) -> bool {
    let plain = |step: &Step<'_>| matches!(step.action, ChangeKind::Rename | ChangeKind::Move);
    if before.len() != after.len() || steps.is_empty() || !steps.iter().all(plain) {
        return false;
    }
    let concerned = Concerned::new(pack, steps);
    let mut defaults = pack.opts.iter().flat_map(|opt| opt.default());
    if defaults.any(|default| concerned.may_lead_to_one(default.as_bytes())) {
        return false;
    }
    let (Some(old), Some(new)) = (concerned.read(before), concerned.read(after)) else {
        return false;
    };
    let kept = |step: &Step<'_>| {
        let value = old.only.get(&step.from);
        value.is_some_and(|(file, _)| *file == step.file) && value == new.only.get(&step.to)
    };
    steps.iter().all(kept)
        && old.only.len() == steps.len()
        && new.only.len() == steps.len()
        && old.others == new.others
}

/// The options that steps are about.
struct Concerned<'p> {
    /// Every name of each, with the option.
    names: HashMap<(&'p str, &'p str), &'p OptName>,
    /// The names without their groups.
    bare: HashSet<&'p str>,
}

/// What a set of files has.
struct Read<'f> {
    only: HashMap<OptName, Only<'f>>,
    /// The entries of all other options, for each file in their order.
    others: Vec<Vec<Plain<'f>>>,
}

impl<'p> Concerned<'p> {
    fn new(pack: &'p Pack, steps: &[Step<'_>]) -> Self {
        let targets: HashSet<&OptName> = steps.iter().map(|step| &step.to).collect();
        let opts = pack.opts.iter().filter(|opt| targets.contains(opt.name()));
        let names = opts.flat_map(|opt| {
            let all = std::iter::once(opt.name()).chain(opt.deprecated());
            all.map(move |name| ((name.group(), name.name()), opt.name()))
        });
        let names: HashMap<_, _> = names.collect();
        Concerned {
            bare: names.keys().map(|(_, name)| *name).collect(),
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
