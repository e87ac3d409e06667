//! Tests of `confmig check`, each with one typical mistake.

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line, read, stem};

#[test]
fn mistakes() {
    for fixture in fixtures("check") {
        let mut run = confmig(["check", &fixture]);
        if stem(&fixture) == "deprecated-environment" {
            let variables = String::from_utf8(read(&fixture.replace(".conf", ".env"))).unwrap();
            for variable in variables.lines() {
                let (name, value) = variable.split_once('=').unwrap();
                run = run.variable(name, value);
            }
        }
        let ran = run.run();
        let found = !ran.stdout.is_empty();
        assert_eq!(ran.status, Some(i32::from(found)), "{}", ran.transcript());
        assert_as("check", stem(&fixture), &ran.transcript());
    }
}

#[test]
fn nothing_to_report() {
    let ran = line("check fixtures/check/clean.conf").run().expect(0);
    assert_eq!(ran.stdout(), "");
    let ran = line("check --format json fixtures/check/clean.conf")
        .run()
        .expect(0);
    assert_eq!(
        ran.json(),
        serde_json::json!({"diagnostics": [], "settled": []})
    );
}

#[test]
fn whole_configurations() {
    for fixture in [
        "fixtures/standalone-liberty/ironic.conf",
        "fixtures/sample-style/ironic.conf",
    ] {
        let name = fixture.trim_start_matches("fixtures/").replace('/', "-");
        assert_as("check", &name, &confmig(["check", fixture]).transcript());
    }
    let ran = line(
        "check fixtures/layered/ironic-dist.conf fixtures/layered/ironic.conf \
         --config-dir fixtures/layered/ironic.conf.d",
    );
    assert_as("check", "layered", &ran.transcript());
}

#[test]
fn a_current_variable_wins_over_the_files() {
    let ran = line("check fixtures/check/web-hosting-without-url.conf")
        .variable("OS_DEPLOY__HTTP_SERVER_URL", "http://192.0.2.1:8080")
        .run();
    assert!(!ran.stdout().contains("web-server-url-missing"));

    let ran = line("check fixtures/check/clean.conf").variable("OS_ILO__CLIENT_PORT", "https");
    assert_as("check", "ill-typed-variable", &ran.transcript());
}

#[test]
fn after_a_migration_no_former_name_is_reported() {
    for fixture in ["names", "releases", "standalone-liberty", "sample-style"]
        .iter()
        .flat_map(|directory| fixtures(directory))
    {
        let new = confmig(["migrate", "--output", "-", &fixture]).run();
        let checked = line("check --format json -").input(&new.stdout).run();
        let json = checked.json();
        let about_names = ["deprecated-name", "hidden-value", "conflicting-values"];
        let left = json["diagnostics"].as_array().unwrap().iter();
        let left: Vec<_> = left
            .filter(|found| about_names.contains(&found["code"].as_str().unwrap()))
            .collect();
        assert!(left.is_empty(), "{fixture}: {left:?}");
    }
}

#[test]
fn with_keep_old_both_names_may_stand_there() {
    let migrated = line("migrate --keep-old --output - fixtures/names/shipped-names.conf")
        .run()
        .expect(0);
    let migrated = migrated.stdout;
    let codes = |words: &str| {
        let ran = line(words).input(&migrated).run();
        let json = ran.json();
        let found = json["diagnostics"].as_array().unwrap().clone();
        found
            .iter()
            .map(|one| one["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let about_names = ["deprecated-name", "hidden-value", "conflicting-values"];
    let of_names = |codes: &[String]| codes.iter().any(|code| about_names.contains(&&**code));
    assert!(of_names(&codes("check --format json -")));
    assert!(!of_names(&codes("check --keep-old --format json -")));
}

/// A pack of another service knows only its own names.
#[test]
fn what_a_pack_cannot_know_is_not_called_unknown() {
    let rules = "name = \"site\"\nsummary = \"s\"\n[[option]]\ngroup = \"gate\"\nname = \"lock\"\n\
                 type = \"bool\"\n[[option.former]]\ngroup = \"gate\"\nname = \"bolt\"\n\
                          why = \"w\"\n";
    let text = "[gate]\nbolt = maybe\nkey = $nowhere\n[gatee]\nlock = yes\n[other]\nx = $gate.y\n";
    let directory = ironic_conf(text);
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    let ran = line("check --rules site.toml --format json ironic.conf")
        .directory(directory.path())
        .run()
        .expect(1);
    let json = ran.json();
    let found = json["diagnostics"].as_array().unwrap().iter();
    let codes: Vec<_> = found.map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["deprecated-name", "ill-typed-value"]);
}

/// All kinds of targets have the same findings.
#[test]
fn all_targets_have_the_same_findings() {
    let orchard = "--schema fixtures/schemas/orchard-3.yaml";
    for target in ["", "--to 2026.2", orchard] {
        let ran = line(&format!("check {target} -"))
            .input("[pxe] # x]\na = 1\n")
            .run();
        assert!(
            ran.stdout().contains("continues past"),
            "{}",
            ran.transcript()
        );
    }
    // An empty section counts as present in the files.
    let ran = line("check --from liberty --to 2025.1 --defaults -").input("[conductor]\n");
    let said = ran.run().expect(1).stdout().to_owned();
    assert!(
        said.contains("[conductor] workers_pool_size is not set"),
        "{said}"
    );
    // No entry of an option that the release does not read takes effect.
    let ran = line("check --to 2026.2 -").input("[ilo]\nclient_timeout = 1\nclient_timeout = 2\n");
    let said = ran.run().expect(1).stdout().to_owned();
    assert!(
        said.contains("is no longer read") && !said.contains("set again"),
        "{said}"
    );
}
