//! Tests of the JSON formats: existing keys stay, whatever is added.

use serde_json::Value;

use crate::support::{assert_as, confmig, fixtures, line};

/// Asserts that an object has these keys, each with a type; `?` allows null.
#[track_caller]
fn assert_keys(object: &Value, keys: &[(&str, &str)]) {
    for (key, kind) in keys {
        let value = object
            .get(key)
            .unwrap_or_else(|| panic!("no {key} in {object}"));
        let is = match kind.trim_start_matches('?') {
            "string" => value.is_string(),
            "number" => value.is_u64(),
            "bool" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other}"),
        };
        let null = kind.starts_with('?') && value.is_null();
        assert!(is || null, "{key} is no {kind} in {object}");
    }
}

fn list<'v>(object: &'v Value, key: &str) -> &'v [Value] {
    object[key].as_array().unwrap()
}

fn assert_diagnostics(json: &Value) {
    for found in list(json, "diagnostics") {
        assert_keys(
            found,
            &[
                ("code", "string"),
                ("severity", "string"),
                ("message", "string"),
                ("file", "?string"),
                ("line", "?number"),
                ("column", "?number"),
            ],
        );
    }
}

fn good() -> impl Iterator<Item = String> {
    fixtures("")
        .into_iter()
        .filter(|fixture| !fixture.contains("/invalid/"))
}

#[test]
fn migrate() {
    let ran = line("migrate --format json fixtures/standalone-liberty/ironic.conf");
    assert_as("json", "migrate", &ran.transcript());
    for fixture in good() {
        let json = confmig(["migrate", "--format", "json", &fixture])
            .run()
            .expect(0)
            .json();
        assert_diagnostics(&json);
        assert_eq!(list(&json, "files").len(), 1);
        for file in list(&json, "files") {
            let keys = [
                ("path", "string"),
                ("changed", "bool"),
                ("changes", "array"),
            ];
            assert_keys(file, &keys);
            assert_eq!(file["path"], *fixture);
            assert_eq!(file["changed"], !list(file, "changes").is_empty());
            for change in list(file, "changes") {
                assert_keys(
                    change,
                    &[
                        ("rule", "string"),
                        ("kind", "string"),
                        ("line", "number"),
                        ("from", "string"),
                        ("to", "string"),
                        ("message", "string"),
                    ],
                );
            }
        }
    }
}

#[test]
fn check() {
    let ran = line("check --format json fixtures/check/both-names-differ.conf");
    assert_as("json", "check", &ran.transcript());
    for fixture in good() {
        let ran = confmig(["check", "--format", "json", &fixture]).run();
        let json = ran.json();
        assert_diagnostics(&json);
        let found = !list(&json, "diagnostics").is_empty();
        assert_eq!(ran.status, Some(i32::from(found)), "{fixture}");
    }
}

#[test]
fn show() {
    let ran = line(
        "show --format json -o deploy.http_server_url -o ilo.client_port -o ilo.ca_file \
         -o ilo.use_http_web_server_for_images fixtures/layered/ironic.conf \
         --config-dir fixtures/layered/ironic.conf.d",
    );
    assert_as("json", "show", &ran.transcript());
    for fixture in good() {
        let ran = line(&format!(
            "show --format json -o deploy.http_server_url -o pxe.tftp_root {fixture}"
        ))
        .run()
        .expect(0);
        let json = ran.json();
        for file in list(&json, "files") {
            assert_keys(file, &[("path", "string"), ("sections", "array")]);
            for section in list(file, "sections") {
                let keys = [("name", "string"), ("line", "number"), ("entries", "array")];
                assert_keys(section, &keys);
                for entry in list(section, "entries") {
                    let keys = [("key", "string"), ("line", "number"), ("value", "string")];
                    assert_keys(entry, &keys);
                }
            }
        }
        assert_eq!(list(&json, "options").len(), 2);
        for option in list(&json, "options") {
            assert_keys(
                option,
                &[
                    ("option", "string"),
                    ("origin", "object"),
                    ("deprecated", "bool"),
                    ("hidden", "array"),
                ],
            );
            assert_keys(
                &option["origin"],
                &[
                    ("file", "?string"),
                    ("line", "?number"),
                    ("name", "?string"),
                ],
            );
            for hidden in list(option, "hidden") {
                let keys = [("file", "string"), ("line", "number"), ("name", "string")];
                assert_keys(hidden, &keys);
            }
        }
    }
}

#[test]
fn the_example_of_the_design() {
    let ran =
        line("show --format json -o deploy.http_server_url fixtures/names/deprecated-order.conf");
    let json = ran.run().expect(0).json();
    let option = &json["options"][0];
    assert_eq!(option["option"], "deploy.http_server_url");
    assert_eq!(option["value"], "http://10.0.12.5:8002");
    assert_eq!(
        option["origin"]["file"],
        "fixtures/names/deprecated-order.conf"
    );
    assert_eq!(option["origin"]["line"], 4);
    assert_eq!(option["origin"]["name"], "deploy.http_url");
    assert_eq!(option["deprecated"], true);
    assert_eq!(option["hidden"][0]["line"], 7);
    assert_eq!(option["hidden"][0]["name"], "pxe.http_url");
}

#[test]
fn all_values_of_a_multi_valued_option() {
    let ran = line(
        "show --format json -o oslo_messaging_notifications.driver \
         fixtures/multi-valued/with-placeholder.conf",
    );
    let json = ran.run().expect(0).json();
    assert!(json["options"][0]["value"].is_array(), "{json}");
}

#[test]
fn values_are_as_oslo_config_sees_them() {
    let json = line("show --format json fixtures/format/quotes.conf")
        .run()
        .json();
    let sections = list(&json["files"][0], "sections");
    let pxe = sections.iter().find(|section| section["name"] == "pxe");
    let entries = list(pxe.unwrap(), "entries");
    assert_eq!(entries[0]["key"], "http_url");
    assert_eq!(entries[0]["value"], "http://10.0.18.2:8080");
    assert_eq!(entries[1]["value"], "/srv/with blank ");

    let json = line("show --format json fixtures/multi-valued/continued.conf")
        .run()
        .json();
    let value = json["files"][0]["sections"][0]["entries"][0]["value"].as_str();
    assert!(value.unwrap().contains('\n'), "{json}");
}
