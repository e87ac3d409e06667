//! Makes the new texts: renames, moves, inserts and removes lines.

mod comments;
mod draft;
mod file;
mod put_back;
mod rule;

use foldhash::HashSet;
use oslo_config::OptName;

use super::MigrateError;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Planned};
use file::FileApplier;
pub(super) use put_back::put_back;

/// Applies planned changes to a set of files.
pub(crate) struct Applier<'a, 'd, 'm> {
    pub(crate) pass: &'a Pass<'a, 'd, 'm>,
    pub(crate) names: &'a Names<'a>,
    /// The options with a former name in use.
    pub(crate) in_use: &'a HashSet<OptName>,
}

impl<'d, 'm> Applier<'_, 'd, 'm> {
    /// Applies planned changes to each file.
    pub(crate) fn apply(&self, planned: &[&Planned<'d>]) -> Result<Vec<Applied<'m>>, MigrateError> {
        let options = planned.iter().flat_map(|planned| planned.options());
        let follows: HashSet<&OptName> = options.collect();
        let files = self.pass.files.iter().enumerate();
        files
            .map(|(index, file)| FileApplier::new(self, file, &follows).apply(index, planned))
            .collect()
    }

    /// Returns the id of the renaming from a former name to a current name.
    fn renaming(&self, from: &OptName, to: &OptName) -> String {
        let renaming = self.pass.pack.renaming(from, to);
        renaming.map_or_else(|| from.to_string(), |renaming| renaming.id.clone())
    }

    /// Tells whether old names are kept, and with them the references to them.
    fn keeps_old(&self) -> bool {
        self.pass.settings.keep_old
    }
}
