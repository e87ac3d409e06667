//! oslo.config itself, from PyPI, says what is right: it and this project read the same files.

// What a run has seen is told; it is shown when the run fails.
#![allow(clippy::print_stdout)]

use tests::cases::{self, Tally};
use tests::differences::DIFFERENCES;
use tests::oracle::Oracle;
use tests::{agree, files, generate};

#[test]
fn the_oracle_is_the_release_that_the_rules_are_of() {
    assert_eq!(Oracle::start().version(), "10.7.0");
}

/// Compares every file of a list; they need not be valid.
fn compare_files(paths: &[std::path::PathBuf]) -> Tally {
    let (mut oracle, tally) = (Oracle::start(), Tally::default());
    let compare = |path: &std::path::PathBuf| {
        let difference = agree::file(&mut oracle, path, &tally).err()?;
        Some(format!("{}: {difference}", path.display()))
    };
    let failed: Vec<String> = paths.iter().filter_map(compare).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} files: {tally}", paths.len());
    tally
}

#[test]
fn fixtures_are_read_the_same() {
    let tally = compare_files(&files::fixtures());
    for kind in [
        "parsed",
        "syntax error",
        "not UTF-8",
        "value",
        "no such option",
    ] {
        assert!(tally.of(kind) > 0, "no fixture gives {kind:?}");
    }
}

#[test]
fn real_files_are_read_the_same() {
    compare_files(&files::corpus());
}

#[test]
fn texts_parse_the_same() {
    let tally = cases::run("texts", generate::texts, |oracle, text, tally| {
        agree::parse(oracle, text, tally)
    });
    tally.assert_seen(&["parsed", "syntax error"]);
}

#[test]
fn values_convert_the_same() {
    let tally = cases::run("conversions", generate::conversions, agree::values);
    tally.assert_seen(&["value", "value None", "value error"]);
}

#[test]
fn sets_resolve_the_same() {
    let tally = cases::run("sets", generate::sets, agree::values);
    tally.assert_seen(&[
        "read",
        "refused",
        "value",
        "value None",
        "value error",
        "no such option",
        "no such group",
        "group reference",
        "recursion",
        "former name in a file",
        "former name in a reference",
    ]);
}

#[test]
fn deliberate_differences_are_as_they_are_listed() {
    let mut oracle = Oracle::start();
    for difference in DIFFERENCES {
        println!("{}", difference.sentence);
        (difference.shows)(&mut oracle);
    }
}
