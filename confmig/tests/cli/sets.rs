//! Tests of sets of files: `--each`, directories, and what is counted and told about all of them.

use std::fs;

use serde_json::Value;

use crate::policy::{ALL, codes, directory, run};
use crate::support::Ran;

#[test]
fn each_file_is_a_set_of_its_own() {
    // As one set, the second file would hide the value of the first.
    let text = "[pxe]\nhttp_root = /srv\n";
    let directory = directory(&[("a/ironic.conf", text), ("b/ironic.conf", text)]);
    let together = run(
        directory.path(),
        "migrate --format json a/ironic.conf b/ironic.conf",
    );
    let each = run(
        directory.path(),
        "migrate --each --format json a/ironic.conf b/ironic.conf",
    );
    let kinds = |ran: Ran| {
        let json = ran.expect(0).json();
        let files = json["files"].as_array().unwrap();
        let kind = |file: &Value| file["changes"][0]["kind"].as_str().unwrap().to_owned();
        files.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(together), ["move", "move"]);
    assert_eq!(kinds(each), ["move", "move"]);
    let ran = run(
        directory.path(),
        "migrate --each --write a/ironic.conf b/ironic.conf",
    );
    assert!(ran.expect(0).stderr().contains("2 files: 2 changes"));
    for name in ["a", "b"] {
        let text = fs::read_to_string(directory.path().join(name).join("ironic.conf")).unwrap();
        assert_eq!(text, "[deploy]\nhttp_server_root = /srv\n");
    }
    let ran = run(directory.path(), "check --each a/ironic.conf missing.conf").expect(2);
    assert!(ran.stderr().contains("missing.conf"));
}

#[test]
fn each_reports_files_that_cannot_be_parsed_with_the_others() {
    let directory = directory(&[("bad.conf", "[pxe\n")]);
    let ran = run(
        directory.path(),
        "check --each --format json ironic.conf bad.conf",
    )
    .expect(2);
    let mut found = codes(&ran.json(), "diagnostics");
    found.sort();
    assert_eq!(found, [&ALL[..2], &["syntax"], &ALL[2..]].concat());
}

#[test]
fn a_directory_without_files_is_a_set_without_files() {
    let directory = directory(&[]);
    fs::create_dir(directory.path().join("empty")).unwrap();
    for words in [
        "check --each --config-dir empty",
        "check --config-dir empty",
    ] {
        let ran = run(directory.path(), words).expect(0);
        assert_eq!(
            ran.stderr(),
            "warning: empty has no files *.conf\nchecked 0 files: no findings\n"
        );
        let json = run(directory.path(), &format!("{words} --format json")).expect(0);
        assert_eq!(json.json()["diagnostics"], serde_json::json!([]));
    }
}

/// The files may be for releases that give other results.
#[test]
fn guesses_about_several_files_are_told_together() {
    let directory = directory(&[
        ("a.conf", "[DEFAULT]\nrabbit_host = a\n"),
        ("b.conf", "[DEFAULT]\nrabbit_host = b\n"),
        ("c.conf", "[deploy]\nhttp_url = http://192.0.2.1\n"),
    ]);
    let words = "migrate --each --service ironic --to 2026.2 a.conf b.conf c.conf";
    let ran = run(directory.path(), words).expect(0);
    let said = "assuming the files that change were written for icehouse (2)";
    assert!(ran.stderr().contains(said), "{}", ran.transcript());
}

/// What a check will find is counted as the check counts it.
#[test]
fn a_migration_counts_what_a_check_leaves_open() {
    let text = "[DEFAULT]\n# confmig: ignore unknown-option site patch\nfoo = 1\nbar = 1\n\
                [pxe]\npxe_append_params = x\n";
    let policy = "[[ignore]]\ncode = \"unknown-option\"\noptions = [\"DEFAULT.bar\"]\n\
                  reason = \"site patch\"\n";
    let directory = directory(&[("confmig.toml", policy), ("ironic.conf", text)]);
    let words = "migrate --from train --to 2026.2";
    for keep_old in ["", " --keep-old"] {
        let ran = run(
            directory.path(),
            &format!("{words}{keep_old} --output new.conf ironic.conf"),
        );
        let check = format!("check --to 2026.2{keep_old}");
        let said = format!("; `confmig {check}` has no findings\n");
        assert!(ran.stderr().contains(&said), "{}", ran.transcript());
        run(directory.path(), &format!("{check} new.conf")).expect(0);
    }
}
