//! Tests of SARIF 2.1.0: it is valid by its schema, another program can read it, and its fixes
//! yield the new text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use serde_sarif::sarif::Sarif;

use crate::support::{Ran, assert_as, confmig, fixtures, ironic_conf, line, read, root, stem};

/// Returns the standard's schema, which is part of the source of the crate `serde-sarif`.
fn schema() -> PathBuf {
    let run = |variable: &str, program: &str, words: &[&str]| {
        let program = std::env::var_os(variable).unwrap_or_else(|| program.into());
        let output = Command::new(program)
            .args(words)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    // Packages for other platforms may be missing.
    let version = String::from_utf8(run("RUSTC", "rustc", &["-vV"])).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let words = "metadata --format-version 1 --offline --locked --filter-platform";
    let words: Vec<&str> = words.split(' ').chain(host).collect();
    let metadata: Value = serde_json::from_slice(&run("CARGO", "cargo", &words)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "serde-sarif")
        .unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src").join("schema.json")
}

/// Validates logs by the schema. Returns whether all are valid, and the validator's output.
fn validate(logs: &[PathBuf]) -> (bool, String) {
    let python = root().join("tests/.venv/sarif/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run tests/run, or tests/peers/venv.sh sarif",
        python.display()
    );
    let output = Command::new(python)
        .arg(root().join("tests/peers/validate_sarif.py"))
        .arg(schema())
        .args(logs)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// Returns command lines that check and migrate each fixture.
fn command_lines() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for fixture in fixtures("") {
        for words in [
            "check",
            "migrate",
            "migrate --keep-old",
            "migrate --rules ironic-liberty --show-secrets",
            "migrate --to 2026.2",
            "check --service ironic --from icehouse --to 2026.2 --defaults",
        ] {
            let words = words.split(' ').map(str::to_owned);
            all.push(words.chain([fixture.clone()]).collect());
        }
    }
    all
}

fn in_format(words: &[String], format: &str) -> Ran {
    let format = ["--format".to_owned(), format.to_owned()];
    confmig(words.iter().chain(&format)).run()
}

#[test]
fn logs_as_they_are() {
    for (name, words) in [
        ("check", "check fixtures/check/both-names-differ.conf"),
        ("migrate", "migrate fixtures/check/deprecated-names.conf"),
        (
            "releases",
            "migrate --from rocky --to stein fixtures/releases/pike-containers.conf",
        ),
        ("syntax", "check fixtures/invalid/before-any-section.conf"),
        ("nothing", "check fixtures/check/clean.conf"),
    ] {
        let ran = line(&format!("{words} --format sarif"));
        assert_as("sarif", name, &ran.transcript());
    }
}

#[test]
fn logs_are_valid() {
    let directory = tempfile::tempdir().unwrap();
    let mut logs = Vec::new();
    for (at, words) in command_lines().iter().enumerate() {
        let ran = in_format(words, "sarif");
        let log = directory.path().join(format!("{at}.sarif"));
        std::fs::write(&log, &ran.stdout).unwrap();
        logs.push(log);
    }
    let (valid, said) = validate(&logs);
    assert!(valid, "{said}");

    // The validator does reject logs: one with an unknown level, one with an invalid URI.
    let log = String::from_utf8(in_format(&command_lines()[0], "sarif").stdout).unwrap();
    let bad = directory.path().join("bad.sarif");
    for (good, wrong) in [
        ("\"version\": \"2.1.0\"", "\"version\": \"2.2.0\""),
        ("\"uri\": \"", "\"uri\": \"a b%"),
        ("\"columnKind\"", "\"columnsKind\""),
    ] {
        assert!(log.contains(good), "no {good} in {log}");
        std::fs::write(&bad, log.replace(good, wrong)).unwrap();
        let (valid, said) = validate(std::slice::from_ref(&bad));
        assert!(!valid && said.contains("bad.sarif"), "{wrong}: {said}");
    }
}

#[test]
fn logs_have_the_same_content_as_json() {
    for (at, words) in command_lines().into_iter().enumerate() {
        let ran = in_format(&words, "sarif");
        let json = in_format(&words, "json");
        assert_eq!(ran.status, json.status, "{words:?}");
        // The output is the same each time, so a sample suffices.
        if at % 7 == 0 {
            assert_eq!(ran.stdout, in_format(&words, "sarif").stdout);
        }
        let (log, json) = (ran.json(), json.json());
        let changes: usize = json["files"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|file| file["changes"].as_array().unwrap().len())
            .sum();
        let count = |key: &str| json[key].as_array().unwrap().len();
        // Findings that are settled are in the log, too.
        let diagnostics = count("diagnostics") + count("settled");
        // The first result is the whole migration.
        let expected = changes + diagnostics + usize::from(changes > 0);
        assert_eq!(results(&log).len(), expected, "{words:?}");

        let read: Sarif = serde_json::from_value(log.clone()).unwrap();
        let run = &read.runs[0];
        let rules = run.tool.driver.rules.as_ref().unwrap();
        let mut fingerprints = BTreeSet::new();
        for result in run.results.as_ref().unwrap() {
            let rule = &rules[usize::try_from(result.rule_index.unwrap()).unwrap()];
            assert_eq!(Some(&rule.id), result.rule_id.as_ref());
            let text = rule.full_description.as_ref().unwrap();
            assert!(!text.text.is_empty() && rule.help.is_some());
            let fingerprint = result.partial_fingerprints.as_ref().unwrap();
            assert!(
                fingerprints.insert(format!("{fingerprint:?}")),
                "{words:?}: {fingerprint:?} twice"
            );
        }
    }
}

/// Returns the byte offset of a line and a column, both counted from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        let rest = &text[start..];
        let end = rest.find(['\n', '\r']).unwrap();
        start += end
            + if rest[end..].starts_with("\r\n") {
                2
            } else {
                1
            };
    }
    let mut chars = text[start..].char_indices().map(|(at, _)| at);
    let column = usize::try_from(column - 1).unwrap();
    start + chars.nth(column).unwrap_or(text.len() - start)
}

/// Applies all replacements of a fix to a text. As SARIF says, all regions are in the old text.
fn fixed(text: &str, change: &Value) -> String {
    let mut output = String::new();
    let mut kept = 0;
    for replacement in change["replacements"].as_array().unwrap() {
        let region = &replacement["deletedRegion"];
        let at = |line: &str, column: &str| {
            offset(
                text,
                region[line].as_u64().unwrap(),
                region[column].as_u64().unwrap(),
            )
        };
        let (start, end) = (at("startLine", "startColumn"), at("endLine", "endColumn"));
        assert!(kept <= start && start <= end, "{change}");
        output += &text[kept..start];
        output += replacement["insertedContent"]["text"]
            .as_str()
            .unwrap_or_default();
        kept = end;
    }
    output + &text[kept..]
}

#[test]
fn the_fix_makes_the_new_text() {
    let (mut made, mut left_out) = (0, BTreeSet::new());
    for fixture in fixtures("") {
        for options in ["", " --to 2026.2", " --keep-old", " --show-secrets"] {
            let words = format!("migrate{options} {fixture}");
            let ran = line(&format!("{words} --format sarif")).run();
            if ran.status != Some(0) {
                continue;
            }
            let log = ran.json();
            let Some(whole) = results(&log)
                .iter()
                .find(|found| found["ruleId"] == "migration")
            else {
                continue;
            };
            let after = line(&format!("{words} --output -")).run().expect(0).stdout;
            let Some(fixes) = whole["fixes"].as_array() else {
                left_out.insert((options, stem(&fixture).to_owned()));
                continue;
            };
            let changes = fixes[0]["artifactChanges"].as_array().unwrap();
            assert_eq!(changes.len(), 1);
            assert_eq!(changes[0]["artifactLocation"]["uri"], *fixture);
            // A fix may leave bytes that are not UTF-8 alone, but this test applies fixes to
            // strings.
            let Ok(before) = String::from_utf8(read(&fixture)) else {
                continue;
            };
            let text = fixed(&before, &changes[0]);
            assert_eq!(text.into_bytes(), after, "{words}");
            made += 1;
        }
    }
    assert!(made > 100, "{made}");
    // Fixes are missing only where a secret moves, or the change is not UTF-8.
    assert!(left_out.contains(&(" --to 2026.2", "icehouse-pxe".to_owned())));
    let shown = left_out
        .iter()
        .filter(|(options, _)| *options == " --show-secrets");
    for (_, name) in shown {
        assert!(
            name.contains("latin-1") || name.contains("encodings"),
            "{name}"
        );
    }
}

/// One fix changes all files that were proved together.
#[test]
fn one_fix_for_all_files() {
    let directory = tempfile::tempdir().unwrap();
    let files = [
        ("a.conf", "[DEFAULT]\ndebug = True\n"),
        ("b.conf", "[pxe]\nhttp_root = /srv/http\n"),
        (
            "c.conf",
            "[pxe]\nimages_path = $http_root/images\nhttp_url = http://192.0.2.1",
        ),
    ];
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let run = |words: &str| line(words).directory(directory.path()).run().expect(0);
    let log = run("migrate --format sarif a.conf b.conf c.conf").json();
    let whole = &results(&log)[0];
    run("migrate --write a.conf b.conf c.conf");
    let changes = whole["fixes"][0]["artifactChanges"].as_array().unwrap();
    let names: Vec<&str> = changes
        .iter()
        .map(|change| change["artifactLocation"]["uri"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["b.conf", "c.conf"]);
    for (change, (name, before)) in changes.iter().zip(&files[1..]) {
        let after = std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_ne!(*before, after);
        assert_eq!(fixed(before, change), after);
    }
}

#[test]
fn a_fix_shows_no_secret() {
    let directory = ironic_conf(
        "[DEFAULT]\nsql_connection = mysql://ironic:hunter2@db/ironic\ndebug = True\n[deploy]\n\
         http_url = http://u:hunter3@h:80\n",
    );
    let words = "migrate --format sarif ironic.conf";
    // Renamed in place: the fix need not contain the secret.
    let ran = line(words).directory(directory.path()).run().expect(0);
    assert!(!ran.stdout().contains("hunter"), "{}", ran.transcript());
    let log = ran.json();
    let replacements = &results(&log)[0]["fixes"][0]["artifactChanges"][0]["replacements"];
    let replacements = replacements.as_array().unwrap();
    assert_eq!(replacements.len(), 1, "{log}");
    assert_eq!(replacements[0]["insertedContent"]["text"], "server_");
    // Moved: the fix would contain the secret.
    let to = "migrate --format sarif --from icehouse --to 2026.2 ironic.conf";
    let ran = line(to).directory(directory.path()).run().expect(0);
    assert!(!ran.stdout().contains("hunter"), "{}", ran.transcript());
    assert!(results(&ran.json())[0].get("fixes").is_none());
    let ran = line(&format!("{to} --show-secrets"))
        .directory(directory.path())
        .run()
        .expect(0);
    assert!(ran.stdout().contains("hunter2") && results(&ran.json())[0].get("fixes").is_some());
}

#[test]
fn a_result_is_found_again_when_its_line_has_moved() {
    let text = "[pxe]\nhttp_url = http://192.0.2.1\nhttp_root = /tmp\n";
    let log = |text: &str| {
        let ran = line("migrate --format sarif -").input(text).run().expect(0);
        ran.json()
    };
    let fingerprints = |log: &Value| -> Vec<Value> {
        let all = results(log).iter();
        all.map(|found| found["partialFingerprints"].clone())
            .collect()
    };
    let (before, after) = (log(text), log(&format!("# A comment.\n\n{text}")));
    assert_eq!(fingerprints(&before), fingerprints(&after));
    let line_of = |log: &Value| {
        results(log)[1]["locations"][0]["physicalLocation"]["region"]["startLine"].clone()
    };
    assert_ne!(line_of(&before), line_of(&after));
    let other = log(&text.replace("192.0.2.1", "192.0.2.2"));
    assert_ne!(fingerprints(&before)[1], fingerprints(&other)[1]);
}

#[test]
fn paths_become_uris() {
    let directory = tempfile::tempdir().unwrap();
    for (name, uri) in [
        ("a b.conf", "a%20b.conf"),
        ("é%41:#?.conf", "%C3%A9%2541%3A%23%3F.conf"),
    ] {
        std::fs::write(
            directory.path().join(name),
            "[deploy]\nhttp_url = http://h\n",
        )
        .unwrap();
        let ran = confmig(["migrate", "--format", "sarif", name])
            .directory(directory.path())
            .run()
            .expect(0);
        let log = ran.json();
        let location = &results(&log)[0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], uri);
    }
    let path = directory.path().join("a b.conf");
    let ran = confmig(["migrate", "--format", "sarif", path.to_str().unwrap()]).run();
    let log = ran.json();
    let uri = &results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    let expected = format!("file://{}/a%20b.conf", directory.path().display());
    assert_eq!(*uri, expected);
}
