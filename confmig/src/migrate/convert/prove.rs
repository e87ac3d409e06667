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
    let before_names = values(world);
    let after_names = values(&after);
    let all: BTreeSet<&OptName> = before_names.keys().chain(after_names.keys()).copied().collect();
    for option in all {
        let (before, after) = (before_names.get(option), after_names.get(option));
        if before != after && !promised.contains(option) {
            found.push(Difference { option: option.clone(), before: before.cloned(), after: after.cloned() });
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

/// The values of every option, file by file, as they are read.
fn values<'w>(world: &'w World<'_, '_>) -> BTreeMap<&'w OptName, Vec<String>> {
    let mut values = BTreeMap::new();
    for (option, entries) in &world.entries {
        let texts = entries.iter().map(|(file, entry)| {
            let value = entry.value();
            let text = value.to_str_lossy();
            let read = world.read(&text, option.group()).unwrap_or_else(|_| format!("\u{1}{text}"));
            format!("{file}\u{1}{read}")
        });
        values.insert(option, texts.collect());
    }
    values
}
