//! Which of the planned changes can be proved.

use super::prove::Difference;

/// Which changes are kept, and which are not, each with what it would change.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) proved: Vec<usize>,
    pub(crate) unproved: Vec<(usize, Difference)>,
}

/// Finds the changes that can be proved together, by bisection: what changes a value is left out, and
/// so are all of those that can be proved by themselves and not together, since which of them to make
/// is not for a program to choose.
///
/// # Errors
///
/// With what `prove` returns.
pub(crate) fn keep_proved<E>(
    changes: &[usize],
    prove: &mut impl FnMut(&[usize]) -> Result<Vec<Difference>, E>,
) -> Result<Kept, E> {
    let Some(difference) = first(prove(changes)?) else {
        return Ok(Kept {
            proved: changes.to_vec(),
            unproved: Vec::new(),
        });
    };
    if let [only] = changes {
        return Ok(Kept {
            proved: Vec::new(),
            unproved: vec![(*only, difference)],
        });
    }
    let (left, right) = changes.split_at(changes.len() / 2);
    let mut kept = keep_proved(left, prove)?;
    let right = keep_proved(right, prove)?;
    let with_others = !kept.proved.is_empty() && !right.proved.is_empty();
    kept.proved.extend(right.proved);
    kept.unproved.extend(right.unproved);
    if with_others && let Some(difference) = first(prove(&kept.proved)?) {
        let left_out = kept.proved.drain(..);
        let left_out = left_out.map(|change| (change, difference.clone()));
        kept.unproved.extend(left_out);
    }
    Ok(kept)
}

fn first(differences: Vec<Difference>) -> Option<Difference> {
    differences.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oslo_config::OptName;

    fn difference() -> Vec<Difference> {
        vec![Difference {
            option: OptName::new("a", "x"),
            before: None,
            after: None,
        }]
    }

    /// What is kept of `count` changes, and how often something was proved.
    fn kept(count: usize, holds: impl Fn(&[usize]) -> bool) -> (Vec<usize>, usize) {
        let changes: Vec<usize> = (0..count).collect();
        let mut proofs = 0;
        let mut prove = |changes: &[usize]| {
            proofs += 1;
            Ok::<_, ()>(match holds(changes) {
                true => Vec::new(),
                false => difference(),
            })
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
