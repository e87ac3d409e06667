//! Tests of wrong usage: exit status 2, and what was expected.

use crate::support::{assert_as, line};

#[test]
fn wrong_usage() {
    for (name, words) in [
        ("nothing", ""),
        ("no-such-command", "migrat fixtures/names/both-names.conf"),
        (
            "no-such-option",
            "migrate --dry-run fixtures/names/both-names.conf",
        ),
        (
            "write-and-check",
            "migrate --write --check fixtures/names/both-names.conf",
        ),
        (
            "write-and-output",
            "migrate --write --output - fixtures/names/both-names.conf",
        ),
        (
            "no-such-format",
            "check --format yaml fixtures/check/clean.conf",
        ),
        ("no-such-shell", "completions tcsh"),
        ("undo-of-nothing", "undo"),
        ("no-release", "migrate --to fixtures/check/clean.conf"),
        ("several-options", "show -o pxe.* fixtures/check/clean.conf"),
    ] {
        let ran = line(words).run().expect(2);
        assert_eq!(ran.stdout(), "", "{words}");
        assert_as("usage", name, &ran.transcript());
    }
}
