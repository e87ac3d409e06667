//! What makes one text out of another, line by line.

use foldhash::HashMap;
use similar::algorithms::{Capture, Compact, DiffHook as _, Replace};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

/// What makes the lines `new` out of `old`.
///
/// Entries that stay are found first, and only what stands between them is searched for lines in
/// common: who reads the difference looks for entries, and the search takes a time that grows with the
/// square of what changes.
pub(crate) fn difference(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    let mut kept = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    for (at_old, at_new) in steady(old, new).into_iter().chain([(old.len(), new.len())]) {
        let between = (&old[from_old..at_old], &new[from_new..at_new]);
        let equal = capture_diff_slices(Algorithm::Myers, between.0, between.1)
            .into_iter()
            .filter(|op| op.tag() == DiffTag::Equal)
            .flat_map(|op| op.old_range().zip(op.new_range()));
        kept.extend(equal.map(|(old, new)| (from_old + old, from_new + new)));
        kept.push((at_old, at_new));
        (from_old, from_new) = (at_old + 1, at_new + 1);
    }
    around(kept, old, new)
}

/// The places of entries that both sides have once and in the same order: as many as there can be.
fn steady(old: &[&[u8]], new: &[&[u8]]) -> Vec<(usize, usize)> {
    let of_old = entries(old);
    let of_new = entries(new);
    let place = |(line, at): (&&[u8], &Option<usize>)| Some(((*at)?, (*of_new.get(line)?)?));
    let mut pairs: Vec<_> = of_old.iter().filter_map(place).collect();
    pairs.sort_unstable();
    longest_ascending(&pairs)
}

/// Where lines with entries stand; no place for those that are there more than once.
fn entries<'t>(lines: &[&'t [u8]]) -> HashMap<&'t [u8], Option<usize>> {
    let mut places = HashMap::default();
    for (at, line) in lines.iter().enumerate() {
        let is_entry = !matches!(line.first(), Some(b'[' | b'#' | b';')) && line.contains(&b'=');
        if is_entry {
            let place = places.entry(*line).or_insert(Some(at));
            *place = place.filter(|first| *first == at);
        }
    }
    places
}

/// The longest sequence out of `pairs`, whose first numbers ascend, of which the second ones do, too.
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // By length less one, the pair with the lowest second number that a sequence can end with.
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

/// The operations that leave the pairs of lines `kept`, which ascend on both sides, as they are. The last
/// pair is the ends of both.
fn around(kept: Vec<(usize, usize)>, old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    let mut hook = Compact::new(Replace::new(Capture::new()), old, new);
    // Lines that are equal on both sides, as far as they are known to go on.
    let (mut same_old, mut same_new) = (0..0, 0..0);
    for (at_old, at_new) in kept {
        let (gone, come) = (same_old.end..at_old, same_new.end..at_new);
        if !(gone.is_empty() && come.is_empty()) || at_old == old.len() {
            if !same_old.is_empty() {
                let Ok(()) = hook.equal(same_old.start, same_new.start, same_old.len());
            }
            if !gone.is_empty() {
                let Ok(()) = hook.delete(gone.start, gone.len(), come.start);
            }
            if !come.is_empty() {
                let Ok(()) = hook.insert(at_old, come.start, come.len());
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

    /// What is done to the old lines makes the new ones, and entries that both have in the same order stay.
    #[test]
    fn a_difference_is_right() {
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
    fn entries_that_stay_are_kept_before_comments() {
        let old: Vec<&[u8]> = vec![b"# one", b"# two", b"# three", b"x = 1", b"y = 2", b"z = 3"];
        let new: Vec<&[u8]> = vec![b"y = 2", b"z = 3", b"# one", b"# two", b"# three", b"x = 1"];
        let ops = difference(&old, &new);
        let kept = ops.iter().filter(|op| op.tag() == DiffTag::Equal);
        let kept: Vec<&[u8]> = kept.flat_map(|op| old[op.old_range()].to_vec()).collect();
        assert_eq!(kept, [b"y = 2", b"z = 3"]);
    }

    #[test]
    fn sequences_are_as_long_as_they_can_be() {
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
