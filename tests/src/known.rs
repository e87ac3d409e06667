//! Mismatches that are known, while migrations are made to keep what they do not keep yet.
//!
//! `known-mismatches.toml` has how many cases of each kind do not hold, for one seed and one number of
//! cases. A number may only shrink. When the file is empty, it goes, and this module with it: a test
//! then calls [`cases::run`] in place of [`run`].
//!
//! `ORACLE_STRICT=1` does that now: it stops at the first mismatch and shows it in its smallest form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use proptest::strategy::Strategy;

use crate::cases::{self, Amount, Tally};
use crate::generate::Set;
use crate::oracle::Oracle;

/// What the numbers are of.
const AMOUNT: Amount = Amount {
    cases: 1000,
    seed: 10,
};

/// A case that is of a kind.
pub trait OfKind {
    /// The name of the kind.
    fn kind(&self) -> &str;
}

impl OfKind for Set {
    fn kind(&self) -> &str {
        "set"
    }
}

/// As [`cases::run`], with the mismatches that are known allowed.
///
/// # Panics
///
/// When there are more mismatches of a kind, or fewer: then the number in the file must follow.
pub fn run<S, T>(name: &str, strategy: impl Fn() -> S + Sync, test: T) -> Tally
where
    S: Strategy<Value: OfKind>,
    T: Fn(&mut Oracle, &S::Value, &Tally) -> Result<(), String> + Sync,
{
    if std::env::var_os("ORACLE_STRICT").is_some() {
        return cases::run(name, strategy, test);
    }
    let (all, failed) = (Counts::default(), Counts::default());
    let tally = cases::run_amount(name, AMOUNT, strategy, |oracle, case, tally| {
        count(&all, case.kind());
        let outcome = catch_unwind(AssertUnwindSafe(|| test(oracle, case, tally)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(_)) => count(&failed, case.kind()),
            Err(_) => count(&failed, &format!("{}, panicked", case.kind())),
        }
        Ok(())
    });
    let (all, failed) = (all.into_inner(), failed.into_inner());
    let (all, failed) = (all.expect("no panic"), failed.expect("no panic"));
    for (kind, count) in &failed {
        let of = all.get(kind).copied().unwrap_or_default();
        println!("{name}: {kind}: {count} mismatches in {of} cases");
    }
    compare(name, &failed);
    tally
}

type Counts = Mutex<BTreeMap<String, u64>>;

fn count(counts: &Counts, kind: &str) {
    let mut counts = counts.lock().expect("no holder panics");
    *counts.entry(kind.to_owned()).or_default() += 1;
}

fn compare(name: &str, found: &BTreeMap<String, u64>) {
    // Some kinds only: nothing to compare with.
    if std::env::var_os("ORACLE_KIND").is_some() {
        return;
    }
    let known = of_mode(&fs::read_to_string(path()).expect("the file"), name);
    let kinds: BTreeSet<&String> = known.keys().chain(found.keys()).collect();
    let mut wrong = Vec::new();
    for kind in kinds {
        let of = |counts: &BTreeMap<String, u64>| counts.get(kind).copied().unwrap_or_default();
        let (known, found) = (of(&known), of(found));
        if found > known {
            wrong.push(format!(
                "{kind}: {found} mismatches, {known} are known: ORACLE_STRICT=1 shows one"
            ));
        } else if found < known {
            wrong.push(format!(
                "{kind}: {found} mismatches, no longer {known}: lower the number"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{name}, as {} has it:\n{}",
        path().display(),
        wrong.join("\n")
    );
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("known-mismatches.toml")
}

/// The numbers of a mode: the lines `"KIND" = NUMBER` below `["MODE"]`.
fn of_mode(text: &str, mode: &str) -> BTreeMap<String, u64> {
    let header = format!("[\"{mode}\"]");
    let lines = text.lines().skip_while(|line| *line != header).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let pair = |line: &str| {
        let (kind, number) = line.strip_prefix('"')?.split_once("\" = ")?;
        Some((kind.to_owned(), number.parse().ok()?))
    };
    lines.filter_map(pair).collect()
}
