//! The JSON Schemas of the reports: published keys stay, and reports are as the schemas say.

use serde_json::Value;

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line};

/// Describes how a value differs from a schema. Knows the keywords that the schemas use, and fails
/// on any other.
fn differences(value: &Value, schema: &Value, root: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().unwrap() {
        match &**keyword {
            "$schema" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                differences(value, root.pointer(pointer).unwrap(), root, at, found);
            }
            "allOf" => {
                for part in wanted.as_array().unwrap() {
                    differences(value, part, root, at, found);
                }
            }
            "type" => {
                let types = wanted
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![wanted.clone()]);
                if !types
                    .iter()
                    .any(|kind| is_of_type(value, kind.as_str().unwrap()))
                {
                    found.push(format!("{at} is {value}: expected {wanted}"));
                }
            }
            "enum" if wanted.as_array().unwrap().contains(value) => {}
            "minimum"
                if value
                    .as_u64()
                    .is_none_or(|number| number >= wanted.as_u64().unwrap()) => {}
            "required" => {
                for key in wanted.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        found.push(format!("{at} has no {key}"));
                    }
                }
            }
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    match wanted.get(key) {
                        Some(schema) => {
                            differences(value, schema, root, &format!("{at}.{key}"), found);
                        }
                        None if is_composed(schema, root, at) => {}
                        None => found.push(format!("{at} has {key}, which is not described")),
                    }
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    differences(item, wanted, root, &format!("{at}[]"), found);
                }
            }
            other => found.push(format!("{at}: {other} is {wanted}, the value {value}")),
        }
    }
}

/// The parts of a settled diagnostic describe some of its keys each.
fn is_composed(_: &Value, root: &Value, at: &str) -> bool {
    at.ends_with("settled[]") && root.pointer("/$defs/settled").is_some()
}

fn is_of_type(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn assert_described(name: &str, report: &Value) {
    let schema = confmig(["schema-of-report", name]).run().expect(0).json();
    let mut found = Vec::new();
    differences(report, &schema, &schema, name, &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A key that goes, or gets another type, breaks programs that read the reports.
#[test]
fn the_published_keys() {
    for name in ["check", "migrate", "show", "undo", "backups"] {
        let ran = confmig(["schema-of-report", name]).run().expect(0);
        assert_as("report-forms", name, ran.stdout());
    }
}

#[test]
fn reports_are_as_described() {
    for fixture in fixtures("") {
        let check = confmig(["check", "--format", "json", &fixture]).run();
        assert_described("check", &check.json());
        if check.status == Some(2) {
            continue;
        }
        for words in [&["migrate"][..], &["migrate", "--to", "2026.2"]] {
            let words = words.iter().copied().chain(["--format", "json", &fixture]);
            assert_described("migrate", &confmig(words).run().json());
        }
        let words = [
            "show",
            "--format",
            "json",
            "-o",
            "deploy.http_url",
            &fixture,
        ];
        assert_described("show", &confmig(words).run().json());
    }
}

#[test]
fn reports_of_several_files_and_of_backups() {
    let directory = ironic_conf("[pxe]\n# confmig: ignore deprecated-name x\nhttp_root = /tmp\n");
    let run = |words: &str| line(words).directory(directory.path()).run().json();
    let settled = run("check --format json ironic.conf");
    assert_eq!(settled["settled"].as_array().unwrap().len(), 1);
    assert_described("check", &settled);
    std::fs::copy(
        directory.path().join("ironic.conf"),
        directory.path().join("other.conf"),
    )
    .unwrap();
    let each = "migrate --each --to 2026.2 --format json ironic.conf other.conf";
    assert_described("migrate", &run(each));
    let diff = run("migrate --write --format json ironic.conf")["files"][0]["diff"].clone();
    assert!(
        diff.as_str().unwrap().contains("+http_server_root = /tmp"),
        "{diff}"
    );
    assert_described("backups", &run("undo --list --format json ironic.conf"));
    assert_described("undo", &run("undo --format json ironic.conf"));
}

#[test]
fn a_diff_in_json_is_masked() {
    let text = "[pxe]\nhttp_url = http://u:hunter2@h\n[database]\nconnection = x://u:hunter2@h\n";
    let directory = ironic_conf(text);
    let run = |words: &str| line(words).directory(directory.path()).run().expect(0);
    assert!(
        !run("migrate --format json ironic.conf")
            .stdout()
            .contains("hunter2")
    );
    let shown = run("migrate --format json --show-secrets ironic.conf");
    assert!(shown.stdout().contains("hunter2"));
}
