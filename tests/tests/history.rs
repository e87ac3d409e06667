//! Compares the history with the real releases, which `add_release.py` installs from PyPI.

#![allow(clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use confmig::history::Service;

/// Runs Python in the directory of the history.
fn python(words: &[&str]) -> Output {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new("python3")
        .args(words)
        .current_dir(tests.join("../confmig/history"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3, which tests/run needs")
}

fn assert_succeeds(output: &Output, what: &str) {
    let (text, errors) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(text),
        String::from_utf8_lossy(errors)
    );
}

/// Checks that the newest release registers what the history records, with the same libraries.
fn newest_is_as_recorded(service: &str) {
    let newest = Service::find(service).expect("a known service").newest();
    // Kept for the next run, like the other Python environments.
    let environments = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/history");
    let (series, version) = (newest.id(), newest.version());
    let output = python(&[
        "add_release.py",
        service,
        series,
        version,
        "--check",
        "--environments",
        environments,
    ]);
    assert_succeeds(&output, &format!("{service} {version}"));
}

#[test]
fn the_newest_ironic_is_as_recorded() {
    newest_is_as_recorded("ironic");
}

#[test]
fn the_newest_keystone_is_as_recorded() {
    newest_is_as_recorded("keystone");
}

#[test]
fn facts_are_merged_as_they_were_written() {
    assert_succeeds(&python(&["-m", "unittest", "discover"]), "unittest");
}
