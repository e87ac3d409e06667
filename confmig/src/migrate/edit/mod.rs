//! Makes the new texts: renames, moves, inserts and removes lines.

mod add;
mod comments;
mod draft;
mod file;
mod put_back;
mod rule;

use std::cell::OnceCell;

use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Edit, Entry, OptName};

use super::MigrateError;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Effect, Planned, Transfer};
use crate::pack::Renaming;
use crate::rule::Rule;
pub(super) use add::add;
use draft::Draft;
use file::FileApplier;
pub(super) use put_back::put_back;

/// Removes entries, and the sections that they leave empty, except those for whose header line
/// `was_empty` holds.
pub(super) fn remove<'t>(
    document: &'t Document<'t>,
    entries: impl Iterator<Item = Entry<'t, 't>>,
    was_empty: impl Fn(usize) -> bool,
) -> Edit<'t, 't> {
    let mut draft = Draft::new(document);
    for entry in entries {
        draft.remove(entry.lines());
    }
    draft.finish(was_empty)
}

/// What planned changes do to one file.
#[derive(Default)]
struct WorkOnFile<'e, 'd> {
    transfers: Vec<&'e Transfer<'d>>,
    /// The rules that are followed in the file, each with its effects there.
    rules: Vec<(&'e Rule, Vec<&'e Effect<'d>>)>,
}

/// Applies planned changes to a set of files.
pub(crate) struct Applier<'a, 'd> {
    pub(crate) pass: &'a Pass<'a, 'd>,
    pub(crate) names: &'a Names<'a>,
    /// The options with a former name in use.
    pub(crate) in_use: &'a HashSet<OptName>,
    /// The ids of the renamings, by the former and the current names.
    ids: OnceCell<HashMap<[OptName; 2], String>>,
}

/// Returns names as they are spelled with underscores: one with a hyphen is read by that, too.
fn spelled(names: [&OptName; 2]) -> [OptName; 2] {
    names.map(|name| OptName::new(name.group(), name.name().replace('-', "_")))
}

impl<'a, 'd> Applier<'a, 'd> {
    pub(crate) fn new(
        pass: &'a Pass<'a, 'd>,
        names: &'a Names<'a>,
        in_use: &'a HashSet<OptName>,
    ) -> Self {
        Applier {
            pass,
            names,
            in_use,
            ids: OnceCell::new(),
        }
    }

    /// Applies planned changes to each file.
    pub(crate) fn apply(&self, planned: &[&Planned<'d>]) -> Result<Vec<Applied>, MigrateError> {
        let options = planned.iter().flat_map(|planned| planned.options());
        let follows: HashSet<&OptName> = options.collect();
        let work = self.by_file(planned);
        let files = self.pass.files.iter().zip(work).enumerate();
        files
            .map(|(index, (file, work))| FileApplier::new(self, file, &follows).apply(index, work))
            .collect()
    }

    /// Returns what planned changes do to each file.
    fn by_file<'e>(&self, planned: &[&'e Planned<'d>]) -> Vec<WorkOnFile<'e, 'd>> {
        let mut work: Vec<WorkOnFile<'_, '_>> = Vec::new();
        work.resize_with(self.pass.files.len(), WorkOnFile::default);
        for planned in planned {
            for transfer in planned.transfers() {
                work[transfer.file].transfers.push(transfer);
            }
            if let Planned::Rule(rule, effects) = planned {
                for effect in effects {
                    let rules = &mut work[effect.file].rules;
                    match rules.last_mut() {
                        Some((last, effects)) if std::ptr::eq(*last, &**rule) => {
                            effects.push(effect);
                        }
                        _ => rules.push((rule, vec![effect])),
                    }
                }
            }
        }
        work
    }

    /// Returns the id of the renaming from a former name to a current name.
    fn renaming(&self, from: &OptName, to: &OptName) -> String {
        let ids = self.ids.get_or_init(|| {
            let renamings = self.pass.pack.renamings.iter().rev();
            let id = |known: &Renaming| (spelled([&known.from, &known.to]), known.id.clone());
            renamings.map(id).collect()
        });
        let id = ids.get(&spelled([from, to]));
        id.map_or_else(|| from.to_string(), Clone::clone)
    }

    /// Tells whether old names are kept, and with them the references to them.
    fn keeps_old(&self) -> bool {
        self.pass.settings.keep_old
    }
}
