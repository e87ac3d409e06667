//! The difference between two texts, line by line.

use foldhash::HashMap;
use similar::algorithms::{Capture, Compact, DiffHook as _, Replace};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

/// Returns the operations that turn the lines `old` into `new`.
///
/// Unchanged entries are matched first, and only the lines between them are searched for common
/// ones: readers of a diff look for entries, and the search takes time quadratic in the number of
/// changed lines.
pub(crate) fn difference(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    let mut kept = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    for (at_old, at_new) in unchanged_entries(old, new)
        .into_iter()
        .chain([(old.len(), new.len())])
    {
        let between = (&old[from_old..at_old], &new[from_new..at_new]);
        let equal = capture_diff_slices(Algorithm::Myers, between.0, between.1)
            .into_iter()
            .filter(|op| op.tag() == DiffTag::Equal)
            .flat_map(|op| op.old_range().zip(op.new_range()));
        kept.extend(equal.map(|(old, new)| (from_old + old, from_new + new)));
        kept.push((at_old, at_new));
        (from_old, from_new) = (at_old + 1, at_new + 1);
    }
    operations(kept, old, new)
}

/// Returns the positions of as many entries as possible that both sides have exactly once and in
/// the same order.
fn unchanged_entries(old: &[&[u8]], new: &[&[u8]]) -> Vec<(usize, usize)> {
    let of_old = entries(old);
    let of_new = entries(new);
    let pair = |(line, at): (&&[u8], &Option<usize>)| Some(((*at)?, (*of_new.get(line)?)?));
    let mut pairs: Vec<_> = of_old.iter().filter_map(pair).collect();
    pairs.sort_unstable();
    longest_ascending(&pairs)
}

/// Returns the positions of lines with entries; `None` for lines that occur more than once.
fn entries<'t>(lines: &[&'t [u8]]) -> HashMap<&'t [u8], Option<usize>> {
    let mut positions = HashMap::default();
    for (at, line) in lines.iter().enumerate() {
        let is_entry = !matches!(line.first(), Some(b'[' | b'#' | b';')) && line.contains(&b'=');
        if is_entry {
            let position = positions.entry(*line).or_insert(Some(at));
            *position = position.filter(|first| *first == at);
        }
    }
    positions
}

/// Returns the longest subsequence of `pairs`, which ascend in their first numbers, that also
/// ascends in the second ones.
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // At index n, the pair with the lowest second number that ends a sequence of n + 1 pairs.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let shorter = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before.push(shorter.checked_sub(1).map(|last| ends[last]));
        match ends.get_mut(shorter) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let chain = std::iter::successors(ends.last().copied(), |at| before[*at]);
    let mut sequence: Vec<_> = chain.map(|at| pairs[at]).collect();
    sequence.reverse();
    sequence
}

/// Returns the operations that keep the pairs of lines `kept` and change the rest. The pairs ascend
/// on both sides; the last one is the two ends.
fn operations(kept: Vec<(usize, usize)>, old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    let mut hook = Compact::new(Replace::new(Capture::new()), old, new);
    // The run of equal lines found so far.
    let (mut same_old, mut same_new) = (0..0, 0..0);
    for (at_old, at_new) in kept {
        let (deleted, inserted) = (same_old.end..at_old, same_new.end..at_new);
        if !(deleted.is_empty() && inserted.is_empty()) || at_old == old.len() {
            if !same_old.is_empty() {
                let Ok(()) = hook.equal(same_old.start, same_new.start, same_old.len());
            }
            if !deleted.is_empty() {
                let Ok(()) = hook.delete(deleted.start, deleted.len(), inserted.start);
            }
            if !inserted.is_empty() {
                let Ok(()) = hook.insert(at_old, inserted.start, inserted.len());
            }
            (same_old, same_new) = (at_old..at_old, at_new..at_new);
        }
        (same_old.end, same_new.end) = (at_old + 1, at_new + 1);
    }
    let Ok(()) = hook.finish();
    hook.into_inner().into_inner().into_ops()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operations turn random old lines into random new ones.
    #[test]
    fn operations_turn_the_old_lines_into_the_new() {
        let mut state = 1_u32;
        let mut next = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let known: [&[u8]; 7] = [b"a = 1", b"b = 2", b"c = 3", b"", b"# x", b"# y", b"[d]"];
        for _ in 0..5000 {
            let mut lines =
                || -> Vec<&[u8]> { (0..next(12)).map(|_| known[next(7) as usize]).collect() };
            let (old, new) = (lines(), lines());
            let ops = difference(&old, &new);
            let (mut at, mut made) = (0, Vec::new());
            for op in &ops {
                assert_eq!(
                    (op.old_range().start, op.new_range().start),
                    (at, made.len()),
                    "{ops:?}"
                );
                at = op.old_range().end;
                match op.tag() {
                    DiffTag::Equal => made.extend(&old[op.old_range()]),
                    _ => made.extend(&new[op.new_range()]),
                }
            }
            assert_eq!((at, made), (old.len(), new), "{ops:?}");
        }
    }

    #[test]
    fn unchanged_entries_are_matched_before_comments() {
        let old: Vec<&[u8]> = vec![b"# one", b"# two", b"# three", b"x = 1", b"y = 2", b"z = 3"];
        let new: Vec<&[u8]> = vec![b"y = 2", b"z = 3", b"# one", b"# two", b"# three", b"x = 1"];
        let ops = difference(&old, &new);
        let kept = ops.iter().filter(|op| op.tag() == DiffTag::Equal);
        let kept: Vec<&[u8]> = kept.flat_map(|op| old[op.old_range()].to_vec()).collect();
        assert_eq!(kept, [b"y = 2", b"z = 3"]);
    }

    #[test]
    fn ascending_sequences_are_as_long_as_possible() {
        let of = |numbers: &[usize]| {
            let pairs: Vec<_> = numbers.iter().copied().enumerate().collect();
            let found = longest_ascending(&pairs);
            found
                .into_iter()
                .map(|(_, number)| number)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), [0; 0]);
        assert_eq!(of(&[3, 1, 2]), [1, 2]);
        assert_eq!(of(&[5, 0, 4, 1, 6, 2, 3]), [0, 1, 2, 3]);
    }
}
