//! oslo.config itself, from PyPI, says what is right: it and this project read the same files.

use tests::oracle::Oracle;
use tests::{agree, cases, generate};

#[test]
fn the_oracle_is_the_release_that_the_rules_are_of() {
    assert_eq!(Oracle::start().version(), "10.7.0");
}

#[test]
fn texts_parse_the_same() {
    cases::run("texts", generate::texts, |oracle, text, tally| {
        agree::parse(oracle, text, tally)
    });
}

#[test]
fn values_convert_the_same() {
    cases::run("conversions", generate::conversions, agree::values);
}

#[test]
fn sets_resolve_the_same() {
    cases::run("sets", generate::sets, agree::values);
}
