//! Compares this project with the real oslo.config from PyPI on the same files.

// The tallies are printed, which is shown if a test fails.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use tests::cases::{self, Tally};
use tests::differences::DIFFERENCES;
use tests::generate::ConfigSource;
use tests::oracle::Oracle;
use tests::{agree, files, generate};

#[test]
fn the_oracle_has_the_version_that_this_project_follows() {
    assert_eq!(Oracle::start().version(), "10.7.0");
}

/// Compares lists of files and directories, valid or not. Each list is what one service reads.
fn compare(lists: &[Vec<PathBuf>]) -> Tally {
    let (mut oracle, tally) = (Oracle::start(), Tally::default());
    let compare = |paths: &Vec<PathBuf>| {
        let sources: Vec<_> = paths.iter().map(|path| ConfigSource::read(path)).collect();
        let difference = agree::sources(&mut oracle, &sources, &tally).err()?;
        Some(format!("{paths:?}: {difference}"))
    };
    let failed: Vec<String> = lists.iter().filter_map(compare).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} lists of files: {tally}", lists.len());
    tally
}

/// Makes a list of each file.
fn alone(paths: Vec<PathBuf>) -> Vec<Vec<PathBuf>> {
    paths.into_iter().map(|path| vec![path]).collect()
}

#[test]
fn fixtures_are_read_the_same() {
    let tally = compare(&alone(files::fixtures()));
    let kinds = [
        "parsed",
        "syntax error",
        "not UTF-8",
        "value",
        "value error",
        "recursion",
    ];
    for kind in kinds {
        assert!(tally.of(kind) > 0, "no fixture gives {kind:?}");
    }
}

#[test]
fn layers_of_fixtures_are_read_the_same() {
    let list = |paths: &[&str]| {
        let fixtures = files::workspace().join("fixtures");
        paths
            .iter()
            .map(|path| fixtures.join(path))
            .collect::<Vec<_>>()
    };
    compare(&[
        list(&[
            "layered/ironic-dist.conf",
            "layered/ironic.conf",
            "layered/ironic.conf.d",
        ]),
        list(&["layered-two/first.conf", "layered-two/second.conf"]),
        list(&["layered-two/second.conf", "layered-two/first.conf"]),
        list(&["multi-valued/conf.d"]),
        list(&["multi-valued/one-file.conf", "multi-valued/conf.d"]),
        list(&[
            "multi-valued/layered/ironic-dist.conf",
            "multi-valued/layered/ironic.conf",
        ]),
    ]);
}

#[test]
fn real_files_are_read_the_same() {
    let corpus = files::corpus();
    let mut lists = alone(corpus.clone());
    // The file that RPM distributions read before the operator's own.
    let packaged = corpus
        .iter()
        .find(|path| path.ends_with("ironic/rdo-dist.conf"));
    if let Some(packaged) = packaged {
        let ironic = corpus
            .iter()
            .filter(|path| path.parent() == packaged.parent());
        lists.extend(ironic.map(|path| vec![packaged.clone(), path.clone()]));
    }
    compare(&lists);
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
fn deliberate_differences_are_as_listed() {
    let mut oracle = Oracle::start();
    for difference in DIFFERENCES {
        println!("{}", difference.sentence);
        (difference.shows)(&mut oracle);
    }
}
