//! Tests of `--schema` and `--from-schema`, for any service.

use crate::support::{assert_as, ironic_conf, line};

const OLD: &str = "fixtures/schemas/orchard-2.json";
const NEW: &str = "fixtures/schemas/orchard-3.yaml";
const FILE: &str = "fixtures/schemas/orchard.conf";

#[test]
fn to_the_names_of_a_schema() {
    let ran = line(&format!("migrate --schema {NEW} {FILE}"));
    assert_as("schema", "migrate", &ran.transcript());
}

#[test]
fn from_one_schema_to_another() {
    let both = format!("--from-schema {OLD} --schema {NEW}");
    let ran = line(&format!("migrate {both} {FILE}"));
    assert_as("schema", "migrate-from", &ran.transcript());
    let once = line(&format!("migrate {both} --output - {FILE}"))
        .run()
        .expect(0);
    let again = line(&format!("migrate {both} --output - -"))
        .input(once.stdout())
        .run()
        .expect(0);
    assert_eq!(
        once.stdout(),
        again.stdout(),
        "a second run changes nothing"
    );
}

#[test]
fn checks() {
    for (name, words) in [
        ("check", format!("check --schema {NEW} {FILE}")),
        (
            "check-from",
            format!("check --from-schema {OLD} --schema {NEW} {FILE}"),
        ),
        ("check-own", format!("check --schema {OLD} {FILE}")),
    ] {
        assert_as("schema", name, &line(&words).transcript());
    }
    let directory = ironic_conf("[harvest]\n[DEFAULT]\n");
    let root = crate::support::root();
    let words = format!(
        "check --defaults --from-schema {root}/{OLD} --schema {root}/{NEW} ironic.conf",
        root = root.display()
    );
    let ran = line(&words).directory(directory.path()).run().expect(1);
    let said = ran.stdout();
    assert!(
        said.contains(
            "[harvest] interval is not set, and its default has changed: it is \"120\" now, and \
             was \"60\""
        ),
        "{said}"
    );
}

#[test]
fn what_changed() {
    let ran = line(&format!("rules --from-schema {OLD} --schema {NEW}"));
    assert_as("schema", "rules-from", &ran.transcript());
    let ran = line(&format!("rules --schema {NEW}"));
    assert_as("schema", "rules", &ran.transcript());
}

#[test]
fn values_are_those_of_the_service() {
    let ran = line(&format!(
        "show --schema {NEW} -o steel.bar -o harvest.interval {FILE}"
    ));
    assert_as("schema", "show", &ran.transcript());
}

/// What either schema marks as secret is masked, under all of its names.
#[test]
fn secrets_are_those_of_both_schemas() {
    let option = |name: &str, more: &str| {
        format!("{{\"name\": \"{name}\", \"type\": \"string value\"{more}}}")
    };
    let schema = |options: &[String]| {
        format!(
            "{{\"options\": {{\"gate\": {{\"opts\": [{}]}}}}}}",
            options.join(", ")
        )
    };
    let former =
        ", \"secret\": true, \"deprecated_opts\": [{\"group\": \"gate\", \"name\": \"word\"}]";
    let directory = ironic_conf("[gate]\nword = apples\nold = pears\nnew = plums\n");
    for (name, options) in [
        (
            "old",
            [option("old", ", \"secret\": true"), option("width", "")],
        ),
        ("new", [option("one", former), option("other", former)]),
    ] {
        std::fs::write(directory.path().join(name), schema(&options)).unwrap();
    }
    for command in ["migrate", "check"] {
        let words = format!("{command} --from-schema old --schema new ironic.conf");
        let said = line(&words).directory(directory.path()).transcript();
        assert!(said.contains("****") || command == "check", "{said}");
        assert!(
            !said.contains("apples") && !said.contains("pears"),
            "{said}"
        );
    }
    // An ironic.conf is not a schema; the error must not quote its lines.
    let ran = line("check --schema ironic.conf ironic.conf").directory(directory.path());
    let said = ran.transcript();
    assert!(
        said.contains("expected") && !said.contains("pears"),
        "{said}"
    );
}

#[test]
fn schemas_that_cannot_be_used() {
    let directory = ironic_conf("[DEFAULT]\ndebug = True\n");
    for (name, text) in [
        ("not-json", "{\"options\": ["),
        ("another-form", "{\"paths\": {}}"),
        ("not-yaml", "options: [\n"),
        ("a-sample", "[DEFAULT]\n#debug = false\n"),
        (
            "nothing-in-it",
            "{\"options\": {\"DEFAULT\": {\"opts\": []}}}",
        ),
    ] {
        std::fs::write(directory.path().join("schema"), text).unwrap();
        let ran = line("check --schema schema ironic.conf").directory(directory.path());
        assert_as("schema", name, &ran.transcript());
    }
    for (name, words) in [
        (
            "missing",
            "check --schema no-such-file ironic.conf".to_owned(),
        ),
        (
            "with-a-release",
            format!("check --schema {NEW} --to train {FILE}"),
        ),
        ("from-alone", format!("migrate --from-schema {OLD} {FILE}")),
    ] {
        assert_as("schema", name, &line(&words).transcript());
    }
    // The service's files are found by the schema's project.
    let ran = line(&format!("check --schema {NEW}")).run().expect(2);
    assert!(
        ran.stderr().contains("no configuration of orchard"),
        "{}",
        ran.stderr()
    );
}

/// Options that no plugin reads, and references to unknown options.
#[test]
fn plugins_and_references() {
    let option = |name: &str| format!("{{\"name\": \"{name}\", \"type\": \"string value\"}}");
    let options = ["auth_section", "auth_type", "auth_url", "tenant_id", "url"].map(option);
    let schema = format!(
        "{{\"options\": {{\"gate\": {{\"opts\": [{}]}}}}}}",
        options.join(", ")
    );
    let directory = ironic_conf("");
    std::fs::write(directory.path().join("schema"), schema).unwrap();
    for (name, text) in [
        (
            "plugin-missing",
            "[gate]\nauth_url = http://192.0.2.1\npassword = a\nurl = $path and $tenant_id\n",
        ),
        (
            "plugin-chosen",
            "[gate]\nauth_type = v3password\nauth_url = http://192.0.2.1\npassword = a\n\
             tenant_id = b\n",
        ),
    ] {
        std::fs::write(directory.path().join("ironic.conf"), text).unwrap();
        let ran = line("check --schema schema ironic.conf").directory(directory.path());
        assert_as("schema", name, &ran.transcript());
    }
}

#[test]
fn swapped_schemas_and_those_of_another_service_are_noticed() {
    let swapped = "swapped";
    for (from, to, said) in [
        (NEW, OLD, Some(swapped)),
        (OLD, NEW, None),
        (OLD, OLD, None),
    ] {
        for command in [
            format!("migrate --from-schema {from} --schema {to} {FILE}"),
            format!("check --from-schema {from} --schema {to} {FILE}"),
            format!("rules --from-schema {from} --schema {to}"),
        ] {
            let ran = line(&command).run();
            assert_eq!(
                ran.stderr().contains(swapped),
                said.is_some(),
                "{}",
                ran.transcript()
            );
        }
    }
    let other = r#"{"generator_options": {"namespace": ["cellar"]}, "options":
                    {"DEFAULT": {"opts": [{"name": "debug", "type": "boolean value"}]}}}"#;
    let directory = ironic_conf("");
    std::fs::write(directory.path().join("cellar.json"), other).unwrap();
    let old = crate::support::root().join(OLD);
    let words = format!(
        "check --from-schema {} --schema cellar.json ironic.conf",
        old.display()
    );
    let ran = line(&words).directory(directory.path()).run();
    assert!(ran.stderr().contains("that of cellar"), "{}", ran.stderr());
}
