//! One pass of renamings: planned, applied, proved.

use foldhash::HashSet;
use oslo_config::{OptName, ParsedFile};

use super::apply::Applier;
use super::effect::Planned;
use super::keep::keep_proved;
use super::names::Names;
use super::prove::{Difference, Prover};
use super::renaming::{self, Plan};
use super::view::View;
use super::{Decision, FileMigration, MigrateError, Settings, texts_of};
use crate::pack::Pack;

/// What a pass works on.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'p, 'd> {
    /// What is seen of the files.
    pub(crate) files: &'d [ParsedFile<'d>],
    pub(crate) pack: &'p Pack,
    pub(crate) settings: &'p Settings,
    pub(crate) view: &'p View,
    /// For each file the header lines of sections that had no entry at first.
    pub(crate) empty: &'p [HashSet<usize>],
}

/// Follows the renamings of a pack. What might change a value is left to decide.
///
/// # Errors
///
/// When a new text cannot be made or read back.
pub(crate) fn rename(
    pass: Pass<'_, '_>,
) -> Result<(Vec<FileMigration>, Vec<Decision>), MigrateError> {
    let names = Names::new(pass.files, pass.pack);
    let mut plan = renaming::plan(pass.files, &names, pass.settings);
    let mut made = pass.apply_proved(&names, &mut plan)?;
    if !plan.decisions.is_empty() && !pass.is_settled(&made)? {
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
        made = pass.apply(&names, &plan, &all(&plan))?;
    }
    let decisions = plan.decisions.into_iter();
    let decisions = decisions.map(|pending| pending.into_decision(pass.files));
    Ok((made, decisions.collect()))
}

fn all<'p, 'd>(plan: &'p Plan<'d>) -> Vec<&'p Planned<'d>> {
    plan.planned.iter().collect()
}

impl<'d> Pass<'_, 'd> {
    fn is_accepted(&self, planned: &Planned<'_>) -> bool {
        let mut options = planned.options().iter();
        options.any(|option| self.settings.accept.contains(option))
    }

    /// Leaves out what changes a value and was not accepted, and applies the rest.
    fn apply_proved(
        &self,
        names: &Names<'_>,
        plan: &mut Plan<'d>,
    ) -> Result<Vec<FileMigration>, MigrateError> {
        let doubtful = (0..plan.planned.len()).filter(|at| !self.is_accepted(&plan.planned[*at]));
        let doubtful: Vec<usize> = doubtful.collect();
        let mut made = None;
        let mut prove = |changes: &[usize]| -> Result<Vec<Difference>, MigrateError> {
            let planned: Vec<&Planned<'d>> = changes.iter().map(|at| &plan.planned[*at]).collect();
            let applied = self.apply(names, plan, &planned)?;
            let differences = self.prover(names).differences(&applied, &planned)?;
            made = (planned.len() == plan.planned.len()).then_some(applied);
            Ok(differences)
        };
        let kept = keep_proved(&doubtful, &mut prove)?;
        if let (Some(made), true) = (made, kept.unproved.is_empty()) {
            return Ok(made);
        }
        let mut unproved = kept.unproved;
        unproved.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, difference) in unproved {
            plan.leave_out_all(at, &difference.to_string());
        }
        self.apply(names, plan, &all(plan))
    }

    fn prover<'n>(&'n self, names: &'n Names<'n>) -> Prover<'n, 'd> {
        Prover {
            files: self.files,
            view: self.view,
            names,
            keep_old: self.settings.keep_old,
        }
    }

    fn apply(
        &self,
        names: &Names<'_>,
        plan: &Plan<'d>,
        planned: &[&Planned<'d>],
    ) -> Result<Vec<FileMigration>, MigrateError> {
        let in_use = plan.in_use();
        let renaming = |from: &OptName, to: &OptName| {
            let rule = self.pack.rule(from, to);
            rule.map_or_else(|| from.to_string(), |rule| rule.id.clone())
        };
        let applier = Applier {
            files: self.files,
            names,
            renaming: &renaming,
            keep_old: self.settings.keep_old,
            in_use: &in_use,
            empty: self.empty,
        };
        applier.apply(planned)
    }

    /// Tells whether a second run would change nothing.
    fn is_settled(&self, made: &[FileMigration]) -> Result<bool, MigrateError> {
        if made.iter().all(|file| file.changes.is_empty()) {
            return Ok(true);
        }
        let texts = texts_of(made);
        let parsed = self.view.parse(&texts, self.files)?;
        let again = Pass {
            files: &parsed,
            pack: self.pack,
            settings: self.settings,
            view: self.view,
            empty: &[],
        };
        let names = Names::new(&parsed, self.pack);
        let mut plan = renaming::plan(&parsed, &names, self.settings);
        let made = again.apply_proved(&names, &mut plan)?;
        Ok(made.iter().all(|file| file.changes.is_empty()))
    }
}
