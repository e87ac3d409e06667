//! Tests of policies, baselines and comments: what counts as a finding, and what fails a run.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Ran, ironic_conf, line};

/// A file with three findings on its lines 2, 4 and 5.
const CONF: &str = "[pxe]\nhttp_root = /tmp\n[ilo]\nclient_port = x\nverify_caa = True\n[swift]\n";

pub(crate) fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = ironic_conf(CONF);
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

pub(crate) fn run(directory: &Path, words: &str) -> Ran {
    line(words).directory(directory).run()
}

/// Returns the codes under a key of a report.
pub(crate) fn codes(json: &Value, key: &str) -> Vec<String> {
    let found = json[key].as_array().unwrap().iter();
    let codes = found.map(|found| found["code"].as_str().unwrap().to_owned());
    codes.collect()
}

pub(crate) const ALL: [&str; 3] = ["deprecated-name", "ill-typed-value", "unknown-option"];

#[test]
fn a_policy_beside_the_file_sets_severities_and_ignores() {
    let policy = "[severity]\nunknown-option = \"note\"\n[[ignore]]\ncode = \"deprecated-name\"\n\
                  options = [\"pxe.*\"]\nreason = \"read by the old driver\"\nuntil = 2999-12-31\n";
    let directory = directory(&[("confmig.toml", policy)]);
    let json = run(directory.path(), "check --format json ironic.conf")
        .expect(1)
        .json();
    assert_eq!(codes(&json, "diagnostics"), ALL[1..]);
    assert_eq!(json["diagnostics"][1]["severity"], "note");
    assert_eq!(codes(&json, "settled"), ALL[..1]);
    assert_eq!(json["settled"][0]["settled"]["by"], "policy");
    assert_eq!(
        json["settled"][0]["settled"]["reason"],
        "read by the old driver"
    );
    let text = run(directory.path(), "check ironic.conf").expect(1);
    assert!(
        text.stderr()
            .ends_with("2 findings; settled: 1 by the policy\n")
    );
    assert!(!text.stdout().contains("deprecated-name"));
}

#[test]
fn an_ignore_is_about_its_files_and_options_until_its_date() {
    let ignore = |keys: &str| {
        let head = "[[ignore]]\ncode = \"unknown-option\"\nreason = \"patched\"\n";
        let directory = directory(&[("site.toml", &format!("{head}{keys}\n"))]);
        let ran = run(
            directory.path(),
            "check --policy site.toml --format json ironic.conf",
        );
        codes(&ran.json(), "diagnostics")
    };
    for keys in ["", "files = [\"*.conf\"]", "options = [\"ilo.verify_ca?\"]"] {
        assert_eq!(ignore(keys), ALL[..2], "{keys}");
    }
    for keys in ["files = [\"*/*.conf\"]", "options = [\"pxe.*\"]"] {
        assert_eq!(ignore(keys), ALL, "{keys}");
    }
    let expired = ignore("until = 2020-01-31");
    assert_eq!(expired, [&ALL[..], &["ineffective-ignore"]].concat());
}

#[test]
fn a_policy_that_cannot_be_used_says_line_and_expectation() {
    for (text, line, said) in [
        (
            "[severity]\nunknown = \"note\"\n",
            2,
            "is not a code: expected one of syntax",
        ),
        (
            "[severity]\nadvice = \"fatal\"\n",
            2,
            "expected one of error, warning, note",
        ),
        (
            "\n[[ignore]]\ncode = \"advice\"\nreason = \" \"\n",
            2,
            "reason is empty",
        ),
        (
            "[[ignore]]\ncode = \"advice\"\n",
            1,
            "missing field `reason`",
        ),
        (
            "[[ignore]]\ncode = \"advice\"\nreason = \"x\"\nuntil = 07:32:00\n",
            1,
            "a date",
        ),
        (
            "[check]\nfail_on = [\"all\"]\n",
            2,
            "is not a reason to fail: expected one of error",
        ),
        (
            "targets = 1\n",
            1,
            "unknown field `targets`, expected one of",
        ),
        ("[[target]]\nfiles = []\n", 1, "files is empty"),
        (
            "[[target]]\nfiles = [\"a\"]\nservice = \"nova\"\n",
            1,
            "service = \"nova\": expected one of ironic, keystone; for any other service, give",
        ),
    ] {
        let directory = directory(&[("confmig.toml", text)]);
        let ran = run(directory.path(), "check ironic.conf").expect(2);
        let error = ran.stderr();
        assert!(error.contains(&format!("line {line}")), "{text}: {error}");
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_comment_ignores_the_findings_of_the_entry_below() {
    let text = "[pxe]\n# confmig: ignore deprecated-name the old driver reads it\n\
                # where images are\nhttp_root = /tmp\n[ilo]\n\
                # confmig: ignore deprecated-name nothing here has this code\nclient_port = x\n\
                # confmig: ignore unknown-option\n; confmig: ignore ill-type no code\n\
                # confmig: skip\nverify_caa = True\n[swift]\n";
    let directory = ironic_conf(text);
    let json = run(directory.path(), "check --format json ironic.conf")
        .expect(1)
        .json();
    let mut found = codes(&json, "diagnostics");
    found.sort();
    let wrong = ["ineffective-ignore"; 3];
    assert_eq!(found, [&[ALL[1]], &wrong[..], &[ALL[2]]].concat());
    assert_eq!(codes(&json, "settled"), ALL[..1]);
    assert_eq!(
        json["settled"][0]["settled"]["reason"],
        "the old driver reads it"
    );
    // A blank line or another entry in between ends it.
    let apart = "[pxe]\n# confmig: ignore deprecated-name apart\n\nhttp_root = /tmp\n";
    let directory = ironic_conf(apart);
    run(directory.path(), "check ironic.conf").expect(1);
}

#[test]
fn a_comment_shows_no_secret_of_a_placeholder() {
    let text = "[pxe]\n#http_password = hunter2 confmig: ignore deprecated-name x\n\
                http_root = /tmp\n";
    let directory = ironic_conf(text);
    for format in ["json", "sarif", "text", "junit", "github"] {
        let ran = run(
            directory.path(),
            &format!("check --format {format} ironic.conf"),
        );
        assert!(!ran.transcript().contains("hunter2"), "{format}");
    }
}

#[test]
fn a_baseline_hides_known_findings_wherever_they_have_moved() {
    let directory = directory(&[]);
    let sarif = run(directory.path(), "check --format sarif ironic.conf").expect(1);
    fs::write(directory.path().join("known.sarif"), sarif.stdout()).unwrap();
    let check = "check --format json --baseline known.sarif ironic.conf";
    let json = run(directory.path(), check).expect(0).json();
    assert_eq!(codes(&json, "settled"), ALL);
    let text = format!("# moved\n{CONF}http_rooot = /srv\n");
    fs::write(directory.path().join("ironic.conf"), text).unwrap();
    let json = run(directory.path(), check).expect(1).json();
    assert_eq!(codes(&json, "settled"), ALL);
    assert_eq!(codes(&json, "diagnostics"), ["unknown-option"]);
    assert_eq!(json["diagnostics"][0]["line"], 8);
    // What is known stays in the log, so that it can be the next baseline.
    let sarif = "check --format sarif --baseline known.sarif ironic.conf";
    let again = run(directory.path(), sarif).json();
    let results = again["runs"][0]["results"].as_array().unwrap();
    let known = results
        .iter()
        .filter(|result| result["baselineState"] == "unchanged");
    assert_eq!((results.len(), known.count()), (4, 3));
}

#[test]
fn findings_without_a_place_are_known_by_their_option() {
    let text = "[conductor]\n";
    let directory = ironic_conf(text);
    let check = "check --from stein --to 2026.2 --defaults ironic.conf";
    let sarif = run(directory.path(), &format!("{check} --format sarif")).expect(1);
    // A message that says it in other words makes no finding new.
    let sarif = sarif
        .stdout()
        .replace("its default has changed", "it changed");
    assert!(sarif.contains("it changed"));
    fs::write(directory.path().join("known.sarif"), sarif).unwrap();
    run(directory.path(), &format!("{check} --baseline known.sarif")).expect(0);
}

#[test]
fn a_baseline_that_is_none_is_refused() {
    let directory = directory(&[("empty.json", "{}"), ("other.json", "{\"runs\":[{}]}")]);
    for name in ["missing.json", "empty.json", "other.json", "ironic.conf"] {
        let ran = run(
            directory.path(),
            &format!("check --baseline {name} ironic.conf"),
        )
        .expect(2);
        assert!(
            ran.stderr().contains("confmig check --format sarif"),
            "{}",
            ran.stderr()
        );
    }
}

#[test]
fn what_fails_a_run_is_chosen() {
    let directory = directory(&[
        ("b.conf", "[pxe]\nhttp_root = /tmp\n"),
        ("c.conf", "[ilo]\n"),
    ]);
    let status = |words: &str| run(directory.path(), words).status.unwrap();
    assert_eq!(status("check b.conf"), 1);
    assert_eq!(status("check --fail-on error b.conf"), 0);
    assert_eq!(status("check --fail-on error ironic.conf"), 1);
    assert_eq!(status("check --fail-on decision,change ironic.conf"), 0);
    assert_eq!(status("migrate --check b.conf"), 1);
    assert_eq!(status("migrate --check --fail-on error b.conf"), 0);
    assert_eq!(status("migrate --check --fail-on change b.conf"), 1);
    assert_eq!(status("migrate --check --fail-on change c.conf"), 0);
    let decision = "[DEFAULT]\nmy_ip = 192.0.2.1\n[deploy]\nmy_ip = 192.0.2.2\n\
                    [pxe]\nhttp_url = http://$my_ip:8080\n";
    fs::write(directory.path().join("d.conf"), decision).unwrap();
    assert_eq!(status("migrate --check d.conf"), 1);
    assert_eq!(status("migrate --check --fail-on change d.conf"), 0);
    assert_eq!(status("migrate --check --fail-on decision d.conf"), 1);
    fs::write(
        directory.path().join("confmig.toml"),
        "[check]\nfail_on = [\"error\"]\n[migrate]\nfail_on = [\"change\"]\n",
    )
    .unwrap();
    assert_eq!(status("check b.conf"), 0);
    assert_eq!(status("check --fail-on warning b.conf"), 1);
    assert_eq!(status("migrate --check d.conf"), 0);
}

#[test]
fn quiet_leaves_findings_and_errors() {
    let directory = directory(&[]);
    let ran = run(directory.path(), "check -q ironic.conf").expect(1);
    assert_eq!(ran.stderr(), "");
    assert!(ran.stdout().contains("ill-typed-value"));
    let ran = run(directory.path(), "migrate -q ironic.conf").expect(0);
    assert_eq!(ran.stderr(), "");
    assert!(ran.stdout().starts_with("--- ironic.conf"));
    let ran = run(directory.path(), "check -q missing.conf").expect(2);
    assert!(ran.stderr().starts_with("error: "));
}

#[test]
fn findings_of_each_file_without_a_place_name_it() {
    let text = "[ilo]\nuse_http_web_server_for_images = True\n";
    let directory = directory(&[("a.conf", "[conductor]\n"), ("b.conf", text)]);
    let check = "check --each --from stein --to 2026.2 --defaults";
    let json = run(
        directory.path(),
        &format!("{check} --format json a.conf b.conf"),
    )
    .json();
    let found = json["diagnostics"].as_array().unwrap();
    let changed: Vec<_> = found
        .iter()
        .filter(|it| it["code"] == "default-changed")
        .collect();
    assert!(!changed.is_empty());
    assert!(
        changed
            .iter()
            .all(|found| found["file"] == "a.conf" || found["file"] == "b.conf")
    );
    let text = run(directory.path(), &format!("{check} a.conf b.conf"));
    assert!(text.stdout().contains("--> a.conf"), "{}", text.stdout());
}

#[test]
fn a_policy_names_the_files_and_their_targets() {
    let policy = "[[target]]\nfiles = [\"old/*.conf\"]\nfrom = \"stein\"\nto = \"train\"\n\
                  [[target]]\nfiles = [\"new/*/ironic.conf\"]\neach = true\n";
    let directory = directory(&[
        ("confmig.toml", policy),
        ("old/ironic.conf", "[DEFAULT]\nenabled_drivers = pxe_ilo\n"),
        ("new/a/ironic.conf", "[pxe]\nhttp_root = /a\n"),
        ("new/b/ironic.conf", "[pxe]\nhttp_root = /b\n"),
    ]);
    let json = run(directory.path(), "migrate --format json")
        .expect(0)
        .json();
    let files = json["files"].as_array().unwrap().iter();
    let found: Vec<_> = files
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["releases"]["to"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("old/ironic.conf", Some("train")),
            ("new/a/ironic.conf", None),
            ("new/b/ironic.conf", None)
        ]
    );
    // Files that are given get the targets of the policy, unless another is named.
    let words = "migrate --policy confmig.toml --format json old/ironic.conf";
    let json = run(directory.path(), words).json();
    assert_eq!(json["releases"]["to"], "train");
    let words =
        "migrate --policy confmig.toml --rules standalone-ilo --format json old/ironic.conf";
    let json = run(directory.path(), words).json();
    assert_eq!(json["releases"], Value::Null);
}

#[test]
fn a_target_of_a_policy_without_files_is_a_warning() {
    let policy = "[[target]]\nfiles = [\"nova.conf\", \"nova/*.conf\"]\n\
                  [[target]]\nfiles = [\"ironic.conf\"]\n";
    let directory = directory(&[("confmig.toml", policy), ("ironic.conf", "[pxe]\n")]);
    let ran = run(directory.path(), "check").expect(0);
    for pattern in ["nova.conf", "nova/*.conf"] {
        let warning = format!("warning: no file matches \"{pattern}\" of the policy\n");
        assert!(ran.stderr().contains(&warning), "{}", ran.transcript());
    }
}

/// What was known when the baseline was written has been ignored until that day only.
#[test]
fn an_ignore_whose_time_is_over_prevails_over_a_baseline() {
    let ignore = "[severity]\nineffective-ignore = \"note\"\n[[ignore]]\n\
                  code = \"unknown-option\"\nreason = \"patched\"\n";
    let directory = directory(&[("confmig.toml", &format!("{ignore}until = 2999-12-31\n"))]);
    let known = run(directory.path(), "check --format sarif ironic.conf").expect(1);
    fs::write(directory.path().join("known.sarif"), known.stdout()).unwrap();
    let words = "check --baseline known.sarif --format json ironic.conf";
    let json = run(directory.path(), words).expect(0).json();
    assert_eq!(codes(&json, "settled"), ALL);
    let policy = format!("{ignore}until = 2020-01-31\n");
    fs::write(directory.path().join("confmig.toml"), policy).unwrap();
    let json = run(directory.path(), words).expect(1).json();
    assert_eq!(codes(&json, "diagnostics"), [ALL[2], "ineffective-ignore"]);
    assert_eq!(json["diagnostics"][1]["severity"], "note");
    assert_eq!(codes(&json, "settled"), ALL[..2]);
}

#[test]
fn an_empty_list_fails_nothing() {
    let directory = directory(&[("confmig.toml", "[check]\nfail_on = []\n")]);
    run(directory.path(), "check ironic.conf").expect(0);
    run(directory.path(), "check --fail-on error ironic.conf").expect(1);
}
