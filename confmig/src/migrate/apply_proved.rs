//! Applies planned changes as far as they can be proved.

use foldhash::HashSet;
use oslo_config::OptName;

use super::MigrateError;
use super::edit::Applier;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Planned};
use super::prove::{Mismatch, Prover};

/// The outcome of planned changes for a set of files, and the changes that could not be proved.
pub(crate) struct Proved {
    pub(crate) files: Vec<Applied>,
    /// The indices of the changes that were left out, each with a value that it would change.
    pub(crate) unproved: Vec<(usize, Mismatch)>,
}

impl<'d> Pass<'_, 'd> {
    /// Applies planned changes, except those that would change a value and are not accepted.
    /// `in_use` are the options with a former name in use.
    pub(crate) fn apply_proved(
        &self,
        names: &Names<'_>,
        in_use: &HashSet<OptName>,
        planned: &[Planned<'d>],
    ) -> Result<Proved, MigrateError> {
        let applier = Applier::new(self, names, in_use);
        let prover = Prover { pass: self, names };
        let pick = |which: &[usize]| -> Vec<&Planned<'d>> {
            which.iter().map(|at| &planned[*at]).collect()
        };
        let (mut accepted, doubtful): (Vec<usize>, Vec<usize>) =
            (0..planned.len()).partition(|at| self.is_accepted(&planned[*at]));
        let kept = keep_proved(&doubtful, &mut |changes| {
            let changes = pick(changes);
            let files = applier.apply(&changes)?;
            let mismatch = prover.mismatch(&files, &changes)?;
            Ok::<_, MigrateError>(mismatch.map_or(Ok(files), Err))
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
}

/// The changes that are kept, and those that are not, each with the reason: mostly a value that it
/// would change.
#[derive(Debug)]
pub(crate) struct Kept<T, W> {
    pub(crate) proved: Vec<usize>,
    /// What those that are kept come to; `None` when none are.
    pub(crate) made: Option<T>,
    pub(crate) unproved: Vec<(usize, W)>,
}

/// The number of changes that are found, one by one, not to be provable. Beyond it, those that
/// cannot be proved together are left out together: each further one would take a proof of its own.
const UNPROVED_MAX: usize = 64;

/// Finds the changes that can be proved together, by bisection.
///
/// Changes that would change a value are left out, and so are changes that can be proved alone but
/// not together, since the program cannot choose between them.
///
/// # Errors
///
/// The outer error of `prove`; its inner result is what the changes come to, or the reason.
pub(crate) fn keep_proved<T, W: Clone, E>(
    changes: &[usize],
    prove: &mut impl FnMut(&[usize]) -> Result<Result<T, W>, E>,
) -> Result<Kept<T, W>, E> {
    bisect(changes, prove, &mut 0)
}

/// `found` counts the changes found one by one.
fn bisect<T, W: Clone, E>(
    changes: &[usize],
    prove: &mut impl FnMut(&[usize]) -> Result<Result<T, W>, E>,
    found: &mut usize,
) -> Result<Kept<T, W>, E> {
    let reason = match prove(changes)? {
        Ok(made) => {
            return Ok(Kept {
                proved: changes.to_vec(),
                made: Some(made),
                unproved: Vec::new(),
            });
        }
        Err(reason) => reason,
    };
    if changes.len() == 1 || *found == UNPROVED_MAX {
        *found = (*found + 1).min(UNPROVED_MAX);
        let unproved = changes.iter().map(|change| (*change, reason.clone()));
        return Ok(Kept {
            proved: Vec::new(),
            made: None,
            unproved: unproved.collect(),
        });
    }
    let (left, right) = changes.split_at(changes.len() / 2);
    let mut kept = bisect(left, prove, found)?;
    let right = bisect(right, prove, found)?;
    let with_others = !kept.proved.is_empty() && !right.proved.is_empty();
    kept.proved.extend(right.proved);
    kept.made = kept.made.or(right.made);
    kept.unproved.extend(right.unproved);
    if with_others {
        match prove(&kept.proved)? {
            Ok(made) => kept.made = Some(made),
            Err(reason) => {
                kept.made = None;
                let left_out = kept.proved.drain(..);
                let left_out = left_out.map(|change| (change, reason.clone()));
                kept.unproved.extend(left_out);
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is kept of `count` changes, and the number of proofs.
    fn kept(count: usize, holds: impl Fn(&[usize]) -> bool) -> (Vec<usize>, usize) {
        let changes: Vec<usize> = (0..count).collect();
        let mut proofs = 0;
        let mut prove = |changes: &[usize]| {
            proofs += 1;
            let mismatch = Mismatch {
                option: OptName::new("a", "x"),
                is_read: false,
                would_be_read: false,
            };
            Ok::<_, ()>(holds(changes).then_some(()).ok_or(mismatch))
        };
        let kept = keep_proved(&changes, &mut prove).unwrap();
        assert_eq!(kept.proved.len() + kept.unproved.len(), count);
        (kept.proved, proofs)
    }

    #[test]
    fn bisection_finds_one_of_many() {
        let (proved, proofs) = kept(1024, |changes| !changes.contains(&700));
        assert_eq!(proved.len(), 1023);
        assert!(proofs < 40, "{proofs}");
    }

    #[test]
    fn beyond_a_number_of_them_changes_are_left_out_together() {
        let (proved, proofs) = kept(65_536, |changes| changes.iter().all(|at| at % 2 == 1));
        assert_eq!(proved.len(), 64);
        assert!(proofs < 500, "{proofs}");
    }

    #[test]
    fn changes_that_exclude_each_other_are_all_left_out() {
        let together = |changes: &[usize]| changes.contains(&1) && changes.contains(&3);
        let (proved, _) = kept(4, |changes| !together(changes));
        assert!(!together(&proved), "{proved:?}");
    }
}
