//! The proof: what rules set is read as they promise, and every other option as before.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile, SourceFile};

use super::evaluate::Effect;
use super::{Planned, World, opts};
use crate::migrate::names::Names;
use crate::migrate::prove::Difference;
use crate::migrate::{FileMigration, MigrateError};
use crate::pack::Pack;

/// The options that would not be read as they must be.
pub(super) fn differences(world: &World<'_, '_>, planned: &[Planned<'_>], made: &[FileMigration], pack: &Pack) -> Result<Vec<Difference>, MigrateError> {
    let texts: Vec<SourceFile> = made
        .iter()
        .map(|file| SourceFile { path: file.path.clone(), text: file.after.to_vec() })
        .collect();
    let parsed: Vec<ParsedFile<'_>> =
        texts.iter().map(SourceFile::parse).collect::<Result<_, _>>().map_err(MigrateError::Unreadable)?;
    let names = Names::new(&parsed, pack);
    let opts = opts(&parsed, pack, &names, &[]);
    let mut after = World {
        files: &parsed,
        names: &names,
        config: oslo_config::Config::new(&parsed, &opts),
        entries: std::collections::HashMap::new(),
        referred: BTreeMap::new(),
    };
    after.index();
    let mut found = Vec::new();
    let mut promised: BTreeSet<OptName> = BTreeSet::new();
    for effect in planned.iter().flat_map(|planned| &planned.effects) {
        promised.insert(effect.option());
        found.extend(of_effect(effect, &after));
    }
    let all: BTreeSet<&OptName> = world.entries.keys().chain(after.entries.keys()).collect();
    for option in all.into_iter().filter(|option| !promised.contains(option)) {
        if !reads_alike(option, world, &after) {
            let (before, after) = (values(option, world), values(option, &after));
            found.push(Difference { option: option.clone(), before, after });
        }
    }
    Ok(found)
}

/// What an effect promised, and is not so.
fn of_effect(effect: &Effect<'_>, after: &World<'_, '_>) -> Option<Difference> {
    let option = effect.option();
    match effect {
        Effect::Replace { value, file, entry, .. } => {
            // Of an entry that another file hides, only that it was written can be told.
            let counts = after.entries(&option).iter().any(|(of, _)| of == file);
            let read: Vec<Option<String>> = after
                .entries(&option)
                .iter()
                .map(|(_, entry)| after.read(&entry.value().to_str_lossy(), option.group()).ok())
                .collect();
            let kept = counts && read.contains(&Some(value.read.clone()));
            let before = entry.value().to_str_lossy().into_owned();
            (!kept).then(|| Difference { option, before: Some(vec![before]), after: None })
        }
        Effect::Add { value, file, .. } => {
            let here = after.entries(&option).iter().filter(|(of, _)| of == file);
            let read: Vec<Option<String>> =
                here.map(|(_, entry)| after.read(&entry.value().to_str_lossy(), option.group()).ok()).collect();
            let kept = read == [Some(value.read.clone())];
            (!kept).then(|| Difference { option, before: Some(vec![value.read.clone()]), after: None })
        }
        Effect::Take { .. } => None,
    }
}

/// Tells whether an option has the same values in the same files, as they are read.
fn reads_alike(option: &OptName, before: &World<'_, '_>, after: &World<'_, '_>) -> bool {
    let (old, new) = (before.entries(option), after.entries(option));
    old.len() == new.len()
        && old.iter().zip(new).all(|((file, old), (new_file, new))| {
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
    let texts = entries.iter().map(|(_, entry)| entry.value().to_str_lossy().into_owned());
    (!entries.is_empty()).then(|| texts.collect())
}
