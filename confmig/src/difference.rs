//! The difference between two texts, line by line.

use foldhash::HashMap;
use oslo_config::LineMap;
use similar::algorithms::{Capture, Compact, DiffHook as _, Replace};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use crate::lines::Lines;

/// The most pairs of lines that are compared to find common ones.
const SEARCHED: usize = 40_000;

/// Returns the operations that turn the lines `old` into `new`, where `lines` maps the new lines to
/// the old ones.
///
/// First, the lines that stayed where they were are matched, according to the map. Only between
/// them, other lines are searched for common ones: unchanged entries first, since readers of a diff
/// look for these, then any, unless there are so many that the search, which takes time quadratic
/// in their number, would take long.
pub(crate) fn difference(old: &Lines<'_>, new: &Lines<'_>, lines: &LineMap) -> Vec<DiffOp> {
    let mut kept = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    let ends = Run {
        old: old.len(),
        new: new.len(),
        count: 1,
    };
    for run in heaviest(&runs(old, new, lines)).into_iter().chain([ends]) {
        let old: Vec<&[u8]> = old.range(from_old..run.old).collect();
        let new: Vec<&[u8]> = new.range(from_new..run.new).collect();
        let found = searched(&old, &new).into_iter();
        kept.extend(found.map(|found| Run {
            old: from_old + found.old,
            new: from_new + found.new,
            ..found
        }));
        kept.push(run);
        (from_old, from_new) = (run.old + run.count, run.new + run.count);
    }
    operations(kept, old, new)
}

/// A run of lines that are the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    old: usize,
    new: usize,
    count: usize,
}

/// Adds a pair of lines to runs.
fn add(runs: &mut Vec<Run>, old: usize, new: usize) {
    match runs.last_mut() {
        Some(run) if run.old + run.count == old && run.new + run.count == new => run.count += 1,
        _ => runs.push(Run { old, new, count: 1 }),
    }
}

/// Returns the runs of lines that were kept, in the order of the new lines.
fn runs(old: &Lines<'_>, new: &Lines<'_>, lines: &LineMap) -> Vec<Run> {
    let mut runs = Vec::new();
    for (at, line) in new.range(0..new.len()).enumerate() {
        if let Some(original) = lines.original(at + 1)
            && old.get(original - 1) == Some(line)
        {
            add(&mut runs, original - 1, at);
        }
    }
    runs
}

/// Returns the runs with the most lines that are in the same order on both sides. The runs are
/// disjoint and in the order of the new lines.
fn heaviest(runs: &[Run]) -> Vec<Run> {
    // The best chain that ends with a run, by the run's rank in the old order: a tree whose node
    // `n` has the best of the ranks that it covers.
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|at| runs[*at].old);
    let mut rank = vec![0; runs.len()];
    for (position, at) in order.iter().enumerate() {
        rank[*at] = position + 1;
    }
    let mut tree: Vec<Option<usize>> = vec![None; runs.len() + 1];
    let mut weight = vec![0; runs.len()];
    let mut before: Vec<Option<usize>> = vec![None; runs.len()];
    for (at, run) in runs.iter().enumerate() {
        let mut node = rank[at] - 1;
        while node > 0 {
            let best = tree[node].filter(|best| {
                let chained = before[at].map_or(0, |before| weight[before]);
                weight[*best] > chained && runs[*best].old + runs[*best].count <= run.old
            });
            before[at] = best.or(before[at]);
            node &= node - 1;
        }
        weight[at] = run.count + before[at].map_or(0, |before| weight[before]);
        let mut node = rank[at];
        while node < tree.len() {
            if tree[node].is_none_or(|best| weight[best] < weight[at]) {
                tree[node] = Some(at);
            }
            node += node & node.wrapping_neg();
        }
    }
    let last = (0..runs.len()).max_by_key(|at| (weight[*at], std::cmp::Reverse(*at)));
    let chain = std::iter::successors(last, |at| before[*at]);
    let mut chain: Vec<Run> = chain.map(|at| runs[at]).collect();
    chain.reverse();
    chain
}

/// Returns runs of common lines: unchanged entries first, then what is found between them.
fn searched(old: &[&[u8]], new: &[&[u8]]) -> Vec<Run> {
    let mut kept = Vec::new();
    if old.is_empty() || new.is_empty() {
        return kept;
    }
    let (mut from_old, mut from_new) = (0, 0);
    let entries = unchanged_entries(old, new).into_iter();
    for (at_old, at_new) in entries.chain([(old.len(), new.len())]) {
        let between = (&old[from_old..at_old], &new[from_new..at_new]);
        if between.0.len() * between.1.len() <= SEARCHED {
            let equal = capture_diff_slices(Algorithm::Myers, between.0, between.1)
                .into_iter()
                .filter(|op| op.tag() == DiffTag::Equal)
                .flat_map(|op| op.old_range().zip(op.new_range()));
            equal.for_each(|(old, new)| add(&mut kept, from_old + old, from_new + new));
        }
        if at_old < old.len() {
            add(&mut kept, at_old, at_new);
        }
        (from_old, from_new) = (at_old + 1, at_new + 1);
    }
    kept
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

/// Returns the operations that keep these runs of lines and change the rest. The runs ascend on
/// both sides; the last one starts at the two ends.
fn operations(kept: Vec<Run>, old: &Lines<'_>, new: &Lines<'_>) -> Vec<DiffOp> {
    let mut hook = Compact::new(Replace::new(Capture::new()), old, new);
    // The run of equal lines found so far.
    let (mut same_old, mut same_new) = (0..0, 0..0);
    for run in kept {
        let (deleted, inserted) = (same_old.end..run.old, same_new.end..run.new);
        if !(deleted.is_empty() && inserted.is_empty()) || run.old == old.len() {
            if !same_old.is_empty() {
                let Ok(()) = hook.equal(same_old.start, same_new.start, same_old.len());
            }
            if !deleted.is_empty() {
                let Ok(()) = hook.delete(deleted.start, deleted.len(), inserted.start);
            }
            if !inserted.is_empty() {
                let Ok(()) = hook.insert(run.old, inserted.start, inserted.len());
            }
            (same_old, same_new) = (run.old..run.old, run.new..run.new);
        }
        (same_old.end, same_new.end) = (run.old + run.count, run.new + run.count);
    }
    let Ok(()) = hook.finish();
    hook.into_inner().into_inner().into_ops()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference_of(old: &[&[u8]], new: &[&[u8]], lines: &LineMap) -> Vec<DiffOp> {
        let (old, new) = (old.concat(), new.concat());
        difference(&Lines::new(&old), &Lines::new(&new), lines)
    }

    /// The operations turn random old lines into random new ones.
    #[test]
    fn operations_turn_the_old_lines_into_the_new() {
        let mut state = 1_u32;
        let mut next = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let known: [&[u8]; 7] = [
            b"a = 1\n", b"b = 2\n", b"c = 3\n", b"\n", b"# x\n", b"# y\n", b"[d]\n",
        ];
        for _ in 0..5000 {
            let mut lines =
                || -> Vec<&[u8]> { (0..next(12)).map(|_| known[next(7) as usize]).collect() };
            let (old, new) = (lines(), lines());
            let ops = difference_of(&old, &new, &LineMap::default());
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

    /// The heaviest runs in ascending order.
    #[test]
    fn runs_are_chosen_by_their_lines() {
        let run = |old, new, count| Run { old, new, count };
        let all = [run(10, 0, 3), run(0, 3, 2), run(2, 5, 2), run(13, 7, 1)];
        assert_eq!(heaviest(&all), [all[1], all[2], all[3]]);
        assert_eq!(heaviest(&all[..2]), [all[0]]);
        assert_eq!(heaviest(&[]), []);
    }

    /// Many changed lines that look alike are matched by the map of the lines.
    #[test]
    fn many_alike_lines_are_matched_as_they_were_kept() {
        let old: Vec<&[u8]> = [&b"a = 1\n"[..], b"b = 1\n"].repeat(2000);
        let new: Vec<&[u8]> = vec![b"a = 1\n"; 2000];
        let text = [b"[x]\n".as_slice(), &old.concat()].concat();
        let document = oslo_config::Document::parse(&text).unwrap();
        let mut edit = oslo_config::Edit::new(&document);
        (0..2000).for_each(|at| edit.remove_lines(2 * at + 3..2 * at + 4));
        let (_, lines) = edit.finish_with_lines().unwrap();
        let with_header = |lines: &[&'static [u8]]| [&[b"[x]\n".as_slice()][..], lines].concat();
        let (old, new) = (with_header(&old), with_header(&new));
        let ops = difference_of(&old, &new, &lines);
        let kept = ops.iter().filter(|op| op.tag() == DiffTag::Equal);
        assert_eq!(kept.map(|op| op.old_range().len()).sum::<usize>(), 2001);
    }

    #[test]
    fn unchanged_entries_are_matched_before_comments() {
        let old: Vec<&[u8]> = vec![
            b"# one\n",
            b"# two\n",
            b"# three\n",
            b"x = 1\n",
            b"y = 2\n",
            b"z = 3\n",
        ];
        let new: Vec<&[u8]> = vec![
            b"y = 2\n",
            b"z = 3\n",
            b"# one\n",
            b"# two\n",
            b"# three\n",
            b"x = 1\n",
        ];
        let ops = difference_of(&old, &new, &LineMap::default());
        let kept = ops.iter().filter(|op| op.tag() == DiffTag::Equal);
        let kept: Vec<&[u8]> = kept.flat_map(|op| old[op.old_range()].to_vec()).collect();
        assert_eq!(kept, [b"y = 2\n", b"z = 3\n"]);
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
