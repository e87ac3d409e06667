//! Tests of `confmig explain`.

use std::collections::BTreeSet;

use confmig::diagnostic::Code;
use serde_json::Value;

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line};

#[test]
fn a_code_a_rule_and_an_option() {
    for (name, words) in [
        ("code", "explain needs-decision"),
        ("rule", "explain conductor-api-url"),
        ("declared", "explain keystone_authtoken-auth_uri"),
        ("pack", "explain pxe-http-url"),
        ("option", "explain deploy.http_url"),
        ("own", "explain not-read"),
    ] {
        assert_as("explain", name, &line(words).run().expect(0).transcript());
    }
}

#[test]
fn what_is_not_known_has_suggestions() {
    for (word, similar) in [
        ("need-decision", "needs-decision"),
        ("conductor-api-ulr", "conductor-api-url"),
        ("deploy.htp_url", "deploy.http_url"),
        ("http_url", "deploy.http_url, pxe.http_url"),
    ] {
        let ran = confmig(["explain", word]).run().expect(2);
        assert!(ran.stderr().contains(similar), "{}", ran.stderr());
    }
}

#[test]
fn rules_of_files_and_schemas() {
    let rules = "name = \"site\"\nsummary = \"s\"\n[[rule]]\nid = \"site-rule\"\nwhy = \"w\"\n\
                 rename = [{ from = \"a.b\", to = \"a.c\" }]\n";
    let directory = ironic_conf("");
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    let ran = line("explain --rules site.toml site-rule").directory(directory.path());
    assert!(ran.run().expect(0).stdout().contains("[a] b -> [a] c"));
    let schema = "explain --schema fixtures/schemas/orchard-3.yaml cider-api_url cider.endpoint";
    let ran = line(schema).run().expect(0);
    assert!(
        ran.stdout().contains("also read by its former name"),
        "{}",
        ran.stdout()
    );
}

/// Returns every code, rule and option that a report has.
fn ids(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Array(values) => values.iter().for_each(|value| ids(value, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if let (true, Some(id)) = (matches!(&**key, "code" | "rule"), value.as_str()) {
                    found.insert(id.to_owned());
                }
                ids(value, found);
            }
        }
        _ => {}
    }
}

/// Every id that any fixture gives, with every kind of target, can be explained.
#[test]
fn every_id_that_is_printed_is_explained() {
    let mut found: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().into()).collect();
    let mut run = |words: &str, file: &str| {
        let words = words.split_whitespace().chain([file]);
        let ran = confmig(words).run();
        if ran.status != Some(2) {
            ids(&ran.json(), &mut found);
        }
    };
    for file in fixtures("releases").iter().chain(&fixtures("keystone")) {
        run("migrate --format json --to 2026.2", file);
        run("migrate --format json", file);
        run("check --format json --to 2026.2", file);
    }
    for file in fixtures("names").iter().chain(&fixtures("check")) {
        run("migrate --format json", file);
        run("migrate --format json --rules ironic-liberty", file);
        run("check --format json", file);
    }
    let sarif = line("migrate --format sarif fixtures/standalone-liberty/ironic.conf").run();
    let results = &sarif.json()["runs"][0]["results"];
    for result in results.as_array().unwrap() {
        found.insert(result["ruleId"].as_str().unwrap().to_owned());
    }
    assert!(found.len() > 60, "{found:?}");
    let words = ["explain".to_owned()].into_iter().chain(found);
    confmig(words).run().expect(0);
}
