//! Renamings: planned, applied, proved.

use bumpalo::Bump;
use foldhash::HashSet;

use super::names::Names;
use super::pass::{Applied, Pass};
use super::renaming;
use super::{Decision, MigrateError};

/// What renamings make of a set of files.
pub(crate) struct Renamed<'m> {
    pub(crate) files: Vec<Applied<'m>>,
    /// What is left to decide, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// Entries that stay although another one hides them: file and line.
    pub(crate) superseded: Vec<(usize, usize)>,
}

/// Follows the renamings of a pack. What might change a value is left to decide.
///
/// # Errors
///
/// When a new text cannot be made or read back.
pub(crate) fn rename<'m>(pass: Pass<'_, '_, 'm>) -> Result<Renamed<'m>, MigrateError> {
    let names = Names::new(pass.files, pass.pack);
    let mut plan = renaming::plan(pass, &names);
    let in_use = plan.in_use();
    let mut proved = pass.apply_proved(&names, &in_use, &plan.planned)?;
    proved
        .unproved
        .sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, difference) in proved.unproved {
        plan.leave_out_all(at, &difference.to_string());
    }
    if !plan.decisions.is_empty() && !is_settled(pass, &proved.files)? {
        // What is left could be migrated after all, once the others were: in what order is not for a
        // program to choose.
        for at in (0..plan.planned.len()).rev() {
            if !pass.is_accepted(&plan.planned[at]) {
                plan.leave_out_all(
                    at,
                    "another option could be migrated only after this one was, or before",
                );
            }
        }
        proved = pass.apply_proved(&names, &in_use, &plan.planned)?;
    }
    Ok(Renamed {
        files: proved.files,
        decisions: plan.decisions,
        superseded: plan.superseded,
    })
}

/// Tells whether a second run would change nothing.
fn is_settled(pass: Pass<'_, '_, '_>, made: &[Applied<'_>]) -> Result<bool, MigrateError> {
    let is_same = |made: &[Applied<'_>]| made.iter().all(|file| file.document.is_none());
    if is_same(made) {
        return Ok(true);
    }
    let files = pass.view.see(made, pass.files)?;
    let texts = Bump::new();
    let again = Pass {
        files: &files,
        was_empty: &|_, _| false,
        texts: &texts,
        ..pass
    };
    let names = Names::new(&files, pass.pack);
    let plan = renaming::plan(again, &names);
    let in_use: HashSet<_> = plan.in_use();
    let proved = again.apply_proved(&names, &in_use, &plan.planned)?;
    Ok(is_same(&proved.files))
}
