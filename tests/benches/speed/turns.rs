//! Contestants that run by turns.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::Criterion;

/// Somebody who does a piece of work and returns how much was found, as a proof of it.
pub(crate) struct Contestant<'c> {
    pub(crate) name: &'static str,
    pub(crate) work: Box<dyn Fn() -> usize + 'c>,
    /// What the work returns when it was done.
    pub(crate) found: usize,
}

/// The times of a contestant in all rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn best(&self) -> Duration {
        self.0.iter().min().copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// Lets each contestant do its work once in each round, until criterion has its samples of each and
/// there were at least `rounds` rounds. Returns their times, in the contestants' order; none of
/// them when criterion was told to leave this group out.
pub(crate) fn run(
    criterion: &mut Criterion,
    group: &str,
    rounds: usize,
    contestants: &[Contestant<'_>],
) -> Vec<Times> {
    let times = RefCell::new(vec![Times::default(); contestants.len()]);
    let round = || {
        for (contestant, times) in contestants.iter().zip(times.borrow_mut().iter_mut()) {
            let start = Instant::now();
            let found = (contestant.work)();
            times.0.push(start.elapsed());
            assert_eq!(found, contestant.found, "{}", contestant.name);
        }
    };
    let mut group = criterion.benchmark_group(group);
    group.sampling_mode(criterion::SamplingMode::Flat);
    for (index, contestant) in contestants.iter().enumerate() {
        group.bench_function(contestant.name, |bencher| {
            bencher.iter_custom(|iterations| {
                // Criterion gets the time of one; the others' are kept all the same.
                let before = times.borrow()[index].count();
                (0..iterations).for_each(|_| round());
                times.borrow()[index].0[before..].iter().sum()
            });
        });
    }
    group.finish();
    let measured = times.borrow()[0].count();
    if measured > contestants.len() {
        (measured..rounds).for_each(|_| round());
    }
    times.into_inner()
}
