//! One pass over a set of files: changes that are applied as far as they can be proved.

use bumpalo::Bump;
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, LineMap, OptName, ParsedFile};

use super::apply::Applier;
use super::effect::Planned;
use super::names::Names;
use super::prove::{Difference, Prover};
use super::view::View;
use super::{Change, MigrateError, Settings};
use crate::pack::Pack;

/// What a pass works on.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'p, 'd, 'm> {
    /// What is seen of the files.
    pub(crate) files: &'d [ParsedFile<'d>],
    pub(crate) pack: &'p Pack,
    pub(crate) settings: &'p Settings,
    pub(crate) view: &'p View,
    /// Tells whether a section, by its file and header line, had no entry at first.
    pub(crate) was_empty: &'p dyn Fn(usize, usize) -> bool,
    /// Holds the new texts.
    pub(crate) texts: &'m Bump,
    /// Tells whether the program that knows the old names has an option of this name as well.
    pub(crate) is_old: &'p dyn Fn(&OptName) -> bool,
    /// What steps before left to decide.
    pub(crate) held: &'p Held,
    /// Tells whether an entry, by its file and line, was hidden by another one for a release before.
    pub(crate) is_superseded: &'p dyn Fn(usize, usize) -> bool,
    /// Renamings are those of rules, which no program knows as former names.
    pub(crate) by_rules: bool,
}

/// What steps before left to decide, and later ones leave.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// These options, each with its former names.
    former: HashMap<OptName, Vec<OptName>>,
    /// All names of theirs, since every entry is looked up here.
    pub(crate) names: HashSet<OptName>,
}

impl Held {
    /// Adds an option with its former names.
    pub(crate) fn add(&mut self, option: &OptName, former: Vec<OptName>) {
        self.names.extend(former.iter().chain([option]).cloned());
        let known = self.former.entry(option.clone()).or_default();
        known.extend(former);
    }

    /// Tells whether a reference by a former name of one of them meets an option of this name
    /// first.
    pub(crate) fn meets(&self, name: &OptName) -> bool {
        let mut former = self.former.iter();
        former.any(|(option, former)| {
            let mut groups = former.iter().map(OptName::group);
            option.name() == name.name() && groups.any(|group| group == name.group())
        })
    }

    /// The former names of an option.
    pub(crate) fn former(&self, option: &OptName) -> &[OptName] {
        self.former.get(option).map_or(&[], Vec::as_slice)
    }
}

/// What became of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied<'m> {
    /// Its new text, of which everything is seen; `None` when nothing changes.
    pub(crate) document: Option<Document<'m>>,
    pub(crate) changes: Vec<Change>,
    /// Which line of the new text was which line of the old one.
    pub(crate) lines: LineMap,
}

/// What became of a set of files, and what could not be proved.
pub(crate) struct Proved<'m> {
    pub(crate) files: Vec<Applied<'m>>,
    /// Which of the planned changes were left out, each with what it would change.
    pub(crate) unproved: Vec<(usize, Difference)>,
}

impl<'d, 'm> Pass<'_, 'd, 'm> {
    /// Applies planned changes, except those that change a value and are not accepted. `in_use` are the
    /// options with a former name in use.
    pub(crate) fn apply_proved(
        &self,
        names: &Names<'_>,
        in_use: &HashSet<OptName>,
        planned: &[Planned<'d>],
    ) -> Result<Proved<'m>, MigrateError> {
        let applier = Applier {
            pass: self,
            names,
            in_use,
        };
        let prover = Prover { pass: self, names };
        let pick = |which: &[usize]| -> Vec<&Planned<'d>> {
            which.iter().map(|at| &planned[*at]).collect()
        };
        let (mut accepted, doubtful): (Vec<usize>, Vec<usize>) =
            (0..planned.len()).partition(|at| self.is_accepted(&planned[*at]));
        let kept = keep_proved(&doubtful, &mut |changes| {
            let changes = pick(changes);
            let files = applier.apply(&changes)?;
            let difference = prover.difference(&files, &changes)?;
            Ok::<_, MigrateError>(difference.map_or(Ok(files), Err))
        })?;
        let files = match kept.made {
            Some(files) if accepted.is_empty() => files,
            _ => {
                accepted.extend(kept.proved);
                accepted.sort_unstable();
                applier.apply(&pick(&accepted))?
            }
        };
        Ok(Proved {
            files,
            unproved: kept.unproved,
        })
    }

    /// Tells whether an entry is of an option that a step before left to decide.
    pub(crate) fn holds(&self, group: &str, key: &str) -> bool {
        !self.held.names.is_empty() && self.held.names.contains(&OptName::new(group, key))
    }

    /// Tells whether changes were accepted although their meaning may change.
    pub(crate) fn is_accepted(&self, planned: &Planned<'_>) -> bool {
        let mut options = planned.options().iter();
        options.any(|option| self.settings.accept.contains(option))
    }
}

/// Which changes are kept, and which are not, each with what it would change.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    pub(crate) proved: Vec<usize>,
    /// What is made of those that are kept; `None` when none are.
    pub(crate) made: Option<T>,
    pub(crate) unproved: Vec<(usize, Difference)>,
}

/// Finds the changes that can be proved together, by bisection: what changes a value is left out,
/// and so are all of those that can be proved by themselves and not together, since which of them
/// to make is not for a program to choose.
///
/// # Errors
///
/// With what `prove` returns, beside what it makes of changes or why these are not proved.
pub(crate) fn keep_proved<T, E>(
    changes: &[usize],
    prove: &mut impl FnMut(&[usize]) -> Result<Result<T, Difference>, E>,
) -> Result<Kept<T>, E> {
    let difference = match prove(changes)? {
        Ok(made) => {
            return Ok(Kept {
                proved: changes.to_vec(),
                made: Some(made),
                unproved: Vec::new(),
            });
        }
        Err(difference) => difference,
    };
    if let [only] = changes {
        return Ok(Kept {
            proved: Vec::new(),
            made: None,
            unproved: vec![(*only, difference)],
        });
    }
    let (left, right) = changes.split_at(changes.len() / 2);
    let mut kept = keep_proved(left, prove)?;
    let right = keep_proved(right, prove)?;
    let with_others = !kept.proved.is_empty() && !right.proved.is_empty();
    kept.proved.extend(right.proved);
    kept.made = kept.made.or(right.made);
    kept.unproved.extend(right.unproved);
    if with_others {
        match prove(&kept.proved)? {
            Ok(made) => kept.made = Some(made),
            Err(difference) => {
                kept.made = None;
                let left_out = kept.proved.drain(..);
                let left_out = left_out.map(|change| (change, difference.clone()));
                kept.unproved.extend(left_out);
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept of `count` changes, and how often something was proved.
    fn kept(count: usize, holds: impl Fn(&[usize]) -> bool) -> (Vec<usize>, usize) {
        let changes: Vec<usize> = (0..count).collect();
        let mut proofs = 0;
        let mut prove = |changes: &[usize]| {
            proofs += 1;
            let difference = Difference {
                option: OptName::new("a", "x"),
                is_read: false,
                would_be_read: false,
            };
            Ok::<_, ()>(holds(changes).then_some(()).ok_or(difference))
        };
        let kept = keep_proved(&changes, &mut prove).unwrap();
        assert_eq!(kept.proved.len() + kept.unproved.len(), count);
        (kept.proved, proofs)
    }

    #[test]
    fn one_of_many_is_found_by_bisection() {
        let (proved, proofs) = kept(1024, |changes| !changes.contains(&700));
        assert_eq!(proved.len(), 1023);
        assert!(proofs < 40, "{proofs}");
    }

    #[test]
    fn changes_that_exclude_each_other_are_all_left() {
        let together = |changes: &[usize]| changes.contains(&1) && changes.contains(&3);
        let (proved, _) = kept(4, |changes| !together(changes));
        assert!(!together(&proved), "{proved:?}");
    }
}
