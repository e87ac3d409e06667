//! Runs contestants in turn.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::Criterion;

/// A contestant, whose work returns a number that shows that it was done.
pub(crate) struct Contestant<'c> {
    pub(crate) name: &'static str,
    pub(crate) work: Box<dyn Fn() -> usize + 'c>,
    /// The number that the work must return.
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

    /// Returns these times, as ratios to those of `one` too.
    pub(crate) fn row(&self, name: &str, one: &Self) -> String {
        format!(
            "{name:<28}  best {:>10} {:>6.2} ×  median {:>10} {:>6.2} ×",
            milliseconds(self.best()),
            ratio(self.best(), one.best()),
            milliseconds(self.median()),
            ratio(self.median(), one.median()),
        )
    }
}

/// Returns `time` as a multiple of `one`.
pub(crate) fn ratio(time: Duration, one: Duration) -> f64 {
    time.as_secs_f64() / one.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// Runs each contestant once per round, until criterion has its samples of each and there were at
/// least `rounds` rounds. Returns their times in the contestants' order; empty ones if criterion's
/// arguments exclude this group.
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
                // Criterion gets the times of this contestant; those of the others are also kept.
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
