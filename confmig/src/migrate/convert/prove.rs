//! The proof: what rules set is read as they promise, and every other option as before.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::OptName;

use super::Planned;
use super::effect::Effect;
use super::world::{World, opts};
use crate::migrate::names::Names;
use crate::migrate::prove::Difference;
use crate::migrate::view::View;
use crate::migrate::{FileMigration, MigrateError, texts_of};
use crate::pack::Pack;

/// The options that would not be read as they must be.
pub(super) fn differences(
    world: &World<'_, '_>,
    planned: &[Planned<'_>],
    made: &[FileMigration],
    pack: &Pack,
    view: &View,
) -> Result<Vec<Difference>, MigrateError> {
    let texts = texts_of(made);
    let parsed = view.parse(&texts, world.files)?;
    let names = Names::new(&parsed, pack);
    let opts = opts(&parsed, pack, &names, &[]);
    let after = World::new(&parsed, &names, &opts, &[]);
    let mut found = Vec::new();
    let mut promised: BTreeSet<OptName> = BTreeSet::new();
    for effect in planned.iter().flat_map(|planned| &planned.effects) {
        promised.insert(effect.option());
        found.extend(of_effect(effect, &after));
    }
    // Where all else stands as before, only values with references can be read otherwise.
    let alike = stand_alike(world, &after, &promised);
    let others = |world: &World<'_, '_>| -> BTreeSet<OptName> {
        let entries = world.files.iter().flat_map(|file| file.document.entries());
        let concerned = entries.filter(|entry| !alike || entry.value().contains(&b'$'));
        let names = concerned
            .map(|entry| OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy()));
        names.filter(|option| !promised.contains(option)).collect()
    };
    for option in others(world).union(&others(&after)) {
        if !reads_alike(option, world, &after) {
            let (before, after) = (values(option, world), values(option, &after));
            found.push(Difference {
                option: option.clone(),
                before,
                after,
            });
        }
    }
    Ok(found)
}

/// What an effect promised, and is not so.
fn of_effect(effect: &Effect<'_>, after: &World<'_, '_>) -> Option<Difference> {
    let option = effect.option();
    match effect {
        Effect::Replace {
            value, file, entry, ..
        } => {
            // Of an entry that another file hides, only that it was written can be told.
            let counts = after.entries(&option).iter().any(|(of, _)| of == file);
            let read: Vec<Option<String>> = after
                .entries(&option)
                .iter()
                .map(|(_, entry)| {
                    after
                        .read(&entry.value().to_str_lossy(), option.group())
                        .ok()
                })
                .collect();
            let kept = counts && read.contains(&Some(value.read.clone()));
            let before = entry.value().to_str_lossy().into_owned();
            (!kept).then(|| Difference {
                option,
                before: Some(vec![before]),
                after: None,
            })
        }
        Effect::Add { value, file, .. } => {
            let entries = after.entries(&option);
            let here = entries.iter().filter(|(of, _)| of == file);
            let read: Vec<Option<String>> = here
                .map(|(_, entry)| {
                    after
                        .read(&entry.value().to_str_lossy(), option.group())
                        .ok()
                })
                .collect();
            let kept = read == [Some(value.read.clone())];
            (!kept).then(|| Difference {
                option,
                before: Some(vec![value.read.clone()]),
                after: None,
            })
        }
        Effect::Take { .. } => None,
    }
}

/// Tells whether all entries but those of some options stand in both as they are written, in the same
/// order.
fn stand_alike(before: &World<'_, '_>, after: &World<'_, '_>, but: &BTreeSet<OptName>) -> bool {
    let is_one = |group: &[u8], key: &[u8]| {
        but.iter()
            .any(|option| option.name().as_bytes() == key && option.group().as_bytes() == group)
    };
    before.files.len() == after.files.len()
        && before.files.iter().zip(after.files).all(|(before, after)| {
            let before = before
                .document
                .entries()
                .map(|entry| (entry.group(), entry.key(), entry.value()));
            let after = after
                .document
                .entries()
                .map(|entry| (entry.group(), entry.key(), entry.value()));
            let mut before = before.filter(|(group, key, _)| !is_one(group, key));
            let mut after = after.filter(|(group, key, _)| !is_one(group, key));
            before.by_ref().eq(after.by_ref())
        })
}

/// Tells whether an option has the same values in the same files, as they are read.
fn reads_alike(option: &OptName, before: &World<'_, '_>, after: &World<'_, '_>) -> bool {
    let (old, new) = (before.entries(option), after.entries(option));
    old.len() == new.len()
        && old.iter().zip(&new).all(|((file, old), (new_file, new))| {
            let (old, new) = (old.value(), new.value());
            let plain = !old.contains(&b'$') && !old.contains(&b'\\');
            let alike = || {
                let (old, new) = (old.to_str_lossy(), new.to_str_lossy());
                before.read(&old, option.group()).ok() == after.read(&new, option.group()).ok()
            };
            file == new_file && old == new && (plain || alike())
        })
}

/// The values of an option as they are written; none when it is not set.
fn values(option: &OptName, world: &World<'_, '_>) -> Option<Vec<String>> {
    let entries = world.entries(option);
    let texts = entries
        .iter()
        .map(|(_, entry)| entry.value().to_str_lossy().into_owned());
    (!entries.is_empty()).then(|| texts.collect())
}
