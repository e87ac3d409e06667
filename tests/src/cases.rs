//! Runs a test on generated cases and prints a failing case in its smallest form.
//!
//! `ORACLE_SEED` (a number) repeats a run; without it, each run chooses a seed and prints it.
//! `ORACLE_CASES` sets the number of cases of each test, and `ORACLE_KIND` (a part of a name)
//! selects kinds of cases where there are several.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::oracle::Oracle;

/// Few enough for a quick `cargo test`; `tests/run` sets more.
const DEFAULT_CASES: u64 = 1000;

/// The number of parts that the cases are split into, each with its own seed. It does not depend on
/// the number of processors, so that a seed gives the same cases on every machine.
const PARTS: u64 = 8;

/// Counts what the cases cover.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<&'static str, u64>>);

impl Tally {
    /// Adds one to a count.
    pub fn count(&self, what: &'static str) {
        *self
            .0
            .lock()
            .expect("no holder panics")
            .entry(what)
            .or_default() += 1;
    }

    /// Returns a count.
    pub fn of(&self, what: &str) -> u64 {
        let counts = self.0.lock().expect("no holder panics");
        counts.get(what).copied().unwrap_or_default()
    }

    /// Checks that each of these was counted. A run of few cases may miss some.
    ///
    /// # Panics
    ///
    /// Panics if one was not counted in a run of 5000 cases or more.
    pub fn assert_seen(&self, all: &[&str]) {
        let missed: Vec<_> = all.iter().filter(|what| self.of(what) == 0).collect();
        assert!(
            missed.is_empty() || count() < 5000,
            "no case with {missed:?} in {self}"
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().expect("no holder panics");
        let all: Vec<String> = counts
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        f.write_str(&all.join(", "))
    }
}

/// Returns the number of cases that each test tries.
///
/// # Panics
///
/// Panics if `ORACLE_CASES` is not a number.
#[must_use]
pub fn count() -> u64 {
    number("ORACLE_CASES").unwrap_or(DEFAULT_CASES)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is {text:?}: set it to a number")),
    )
}

/// Runs `test` on cases from a strategy, each part with its own oracle, and returns the tally.
///
/// # Panics
///
/// Panics if a case fails, with the seed and the smallest case that still fails.
pub fn run<S, T>(name: &str, strategy: impl Fn() -> S + Sync, test: T) -> Tally
where
    S: Strategy,
    T: Fn(&mut Oracle, &S::Value, &Tally) -> Result<(), String> + Sync,
{
    run_all(name, Amount::requested(), strategy, || {
        let oracle = RefCell::new(Oracle::start());
        let test = &test;
        move |case: &S::Value, tally: &Tally| test(&mut oracle.borrow_mut(), case, tally)
    })
}

/// Runs a slow `test` as [`run`] does, without an oracle and on a tenth of the cases.
///
/// # Panics
///
/// Panics if a case fails.
pub fn run_fewer<S, T>(name: &str, strategy: impl Fn() -> S + Sync, test: T) -> Tally
where
    S: Strategy,
    T: Fn(&S::Value, &Tally) -> Result<(), String> + Sync,
{
    let Amount { cases, seed } = Amount::requested();
    let cases = cases.div_ceil(10);
    run_all(name, Amount { cases, seed }, strategy, || &test)
}

/// The number of cases and their seed.
#[derive(Debug, Clone, Copy)]
struct Amount {
    cases: u64,
    seed: u64,
}

impl Amount {
    /// Reads the environment; without a seed there, takes one from the clock.
    fn requested() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH);
        Amount {
            cases: count(),
            seed: number("ORACLE_SEED")
                .unwrap_or_else(|| now().map_or(0, |now| now.as_millis() as u64)),
        }
    }
}

/// Runs the tests that `start` returns, one per thread.
fn run_all<S, T>(
    name: &str,
    Amount { cases, seed }: Amount,
    strategy: impl Fn() -> S + Sync,
    start: impl Fn() -> T + Sync,
) -> Tally
where
    S: Strategy,
    T: Fn(&S::Value, &Tally) -> Result<(), String>,
{
    println!("{name}: {cases} cases, ORACLE_SEED={seed}");
    let tally = Tally::default();
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(PARTS as usize);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let test = start();
                loop {
                    let part = next.fetch_add(1, Ordering::Relaxed);
                    let failed = !failures.lock().expect("no holder panics").is_empty();
                    if part >= PARTS || failed {
                        return;
                    }
                    let cases = cases / PARTS + u64::from(part < cases % PARTS);
                    let found = run_part(seed, part, cases, &strategy(), |case| test(case, &tally));
                    if let Err(failure) = found {
                        failures.lock().expect("no holder panics").push(failure);
                    }
                }
            });
        }
    });
    println!("{name}: {tally}");
    let failures = failures.into_inner().expect("no holder panics");
    if let Some(failure) = failures.first() {
        panic!(
            "{name}: a case fails. To repeat it: ORACLE_SEED={seed} ORACLE_CASES={}\n{failure}",
            count()
        );
    }
    tally
}

fn run_part<S: Strategy>(
    seed: u64,
    part: u64,
    cases: u64,
    strategy: &S,
    test: impl Fn(&S::Value) -> Result<(), String>,
) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&part.to_le_bytes());
    let config = Config {
        cases: u32::try_from(cases).expect("fewer cases"),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng)
        .run(strategy, |case| test(&case).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, case)) => Err(format!("{reason}\n\n{case:?}")),
        Err(TestError::Abort(reason)) => Err(format!("the strategy gave up: {reason}")),
    }
}
