//! Tests of `migrate --pin-defaults`.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, assert_as, ironic_conf, line, ran, schema};

/// A file of Train, with a section for some of the options whose defaults changed.
const TRAIN: &str = "\
[DEFAULT]
enabled_boot_interfaces = pxe

[conductor]
# The size of the pool of threads.
#workers_pool_size = 100
heartbeat_interval = 20

[pxe]
pxe_append_params = nofb

[neutron]
auth_type = password
";

const PIN: &str = "migrate --from train --to 2026.2 --pin-defaults ironic.conf";

fn conf(directory: &TempDir) -> String {
    fs::read_to_string(directory.path().join("ironic.conf")).unwrap()
}

/// Returns the names of the options that a run pins, and of those that it does not.
fn pinned(ran: &Ran) -> [Vec<String>; 2] {
    let json = ran.json();
    let names = |all: &Value, key: &str, value: &str, name: &str| -> Vec<String> {
        let all = all.as_array().unwrap().iter();
        let all = all.filter(|it| it[key] == value);
        all.map(|it| it[name].as_str().unwrap().to_owned())
            .collect()
    };
    let files = json["files"].as_array().unwrap().iter();
    let pinned = files.flat_map(|file| names(&file["changes"], "kind", "pin", "to"));
    [
        pinned.collect(),
        names(&json["diagnostics"], "code", "not-pinned", "option"),
    ]
}

/// Returns the same of a file, with these arguments.
#[track_caller]
fn pins(text: &str, words: &str) -> [Vec<String>; 2] {
    pinned(&ran(
        text,
        &format!("migrate {words} --format json ironic.conf"),
    ))
}

#[test]
fn old_defaults_are_set_with_the_release_that_changed_them() {
    let directory = ironic_conf(TRAIN);
    let ran = line(PIN).directory(directory.path()).run();
    assert_as("pin", "releases", &ran.transcript());
}

#[test]
fn a_second_run_changes_nothing_and_undo_restores_the_file() {
    let directory = ironic_conf(TRAIN);
    let run = |words: &str| line(words).directory(directory.path()).run();
    run(&format!("{PIN} --write")).expect(0);
    let written = conf(&directory);
    assert!(
        written.contains("\n#workers_pool_size = 100\n# confmig --pin-defaults: "),
        "{written}"
    );
    assert!(written.contains("\n[deploy]\n# confmig"), "{written}");
    assert_eq!(written.matches("\n[deploy]\n").count(), 1, "{written}");
    run(&format!("{PIN} --check")).expect(0);
    let again = "migrate --to 2026.2 --from 2026.2 --pin-defaults --check ironic.conf";
    run(again).expect(0);
    assert_eq!(conf(&directory), written);
    run("undo ironic.conf").expect(0);
    assert_eq!(conf(&directory), TRAIN);
}

#[test]
fn it_is_a_change_for_check_and_fail_on() {
    let conf = "[DEFAULT]\ndebug = True\n";
    let with = |words: &str| ran(conf, &format!("{PIN} --check {words}"));
    with("").expect(1);
    with("--fail-on change").expect(1);
    with("--fail-on decision").expect(0);
}

#[test]
fn other_reports_have_it() {
    let of = |format: &str| {
        let words = format!("{PIN}=conductor.* --format {format}");
        let words = words.replace(" ironic.conf=conductor.*", "=conductor.* ironic.conf");
        ran("[DEFAULT]\ndebug = True\n", &words).expect(0)
    };
    let sarif = of("sarif").json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|it| it["ruleId"] == "pinned-default");
    assert_eq!(result.unwrap()["properties"]["kind"], "pin", "{sarif}");
    for format in ["html", "github"] {
        let ran = of(format);
        let text = ran.stdout();
        assert!(
            text.contains("pinned [conductor] workers_pool_size"),
            "{text}"
        );
    }
    of("junit");
}

#[test]
fn patterns_choose_the_options() {
    let [all, _] = pins("", "--from train --to 2026.2 --pin-defaults");
    let [some, not] = pins(
        "",
        "--from train --to 2026.2 --pin-defaults=conductor.*,deploy.*",
    );
    assert!(
        all.len() > some.len() && some.len() > 3,
        "{all:?}\n{some:?}"
    );
    let is_chosen = |name: &String| name.starts_with("conductor.") || name.starts_with("deploy.");
    assert!(
        some.iter().all(is_chosen) && not.is_empty(),
        "{some:?} {not:?}"
    );
    let wrong = ran("", "migrate --from train --pin-defaults=[ ironic.conf").expect(2);
    assert!(wrong.stderr().contains("expected a pattern of options"));
}

#[test]
fn a_pattern_that_matches_no_option_is_a_warning() {
    let words = "migrate --from train --to 2026.2 \
                 --pin-defaults=conducter.*,pxe.http_url,deploy.* ironic.conf";
    let ran = ran("", words).expect(0);
    let warns_of = |pattern: &str| {
        let warning =
            format!("warning: the pattern \"{pattern}\" of defaults to pin matches no option");
        ran.stderr().contains(&warning)
    };
    // A former name is not an option.
    let warned = ["conducter.*", "pxe.http_url", "deploy.*"].map(warns_of);
    assert_eq!(warned, [true, true, false], "{}", ran.stderr());
}

#[test]
fn what_is_set_under_any_name_is_not_pinned() {
    let words = "--from train --to 2026.2 --pin-defaults";
    let [all, _] = pins("", words);
    let set = "[pxe]\npxe_append_params = nofb\n[conductor]\nworkers_pool_size = 100\n";
    let [some, not] = pins(set, words);
    let left = all.iter().filter(|name| !some.contains(name));
    let left: Vec<_> = left.collect();
    assert_eq!(
        left,
        ["conductor.workers_pool_size", "pxe.kernel_append_params"]
    );
    assert!(!not.contains(&"pxe.kernel_append_params".to_owned()));

    let directory = ironic_conf("");
    let variables = [
        "OS_CONDUCTOR__WORKERS_POOL_SIZE",
        "OS_PXE__PXE_APPEND_PARAMS",
    ];
    let run = line(&format!("{PIN} --format json")).directory(directory.path());
    let run = variables
        .iter()
        .fold(run, |run, name| run.variable(name, "7"));
    let [in_variables, _] = pinned(&run.run());
    assert_eq!(in_variables, some);
}

#[test]
fn what_the_newer_release_cannot_use_is_a_note() {
    let of = |from: &str, option: &str| {
        let words = format!("migrate --from {from} --to 2026.2 --pin-defaults");
        let found = crate::support::diagnostics("[DEFAULT]\ndebug = True\n", &words);
        let found = found.iter().find(|it| it["option"] == option);
        found.unwrap_or_else(|| panic!("no {option}"))["message"].to_string()
    };
    for (from, option, why) in [
        (
            "train",
            "DEFAULT.enabled_deploy_interfaces",
            "2026.2 has no iscsi",
        ),
        ("train", "json_rpc.auth_type", "it had none"),
        ("liberty", "pxe.uefi_pxe_config_template", "($pybasedir)"),
    ] {
        let message = of(from, option);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn it_needs_the_release_that_the_files_were_written_for() {
    for words in ["", "--to 2026.2"] {
        let ran = ran("", &format!("migrate --pin-defaults {words} ironic.conf")).expect(2);
        assert!(ran.stderr().contains("give --from"), "{}", ran.stderr());
    }
}

#[test]
fn of_several_files_the_last_one_gets_them() {
    let directory = ironic_conf("[conductor]\nheartbeat_interval = 20\n");
    fs::write(
        directory.path().join("site.conf"),
        "[DEFAULT]\ndebug = True\n",
    )
    .unwrap();
    let words = format!("{PIN} site.conf --format json");
    let json = line(&words).directory(directory.path()).run().json();
    assert_eq!(json["files"][0]["changed"], false);
    assert_eq!(json["files"][1]["changed"], true);
}

/// Two releases of a service.
const OLDER: &str = r#"{"DEFAULT": {"opts": [
    {"name": "home", "type": "string value", "default": "/srv"},
    {"name": "port", "type": "port value", "default": 80},
    {"name": "word", "type": "string value", "default": "old", "secret": true},
    {"name": "host", "type": "string value", "default": "a", "sample_default": "<host>"},
    {"name": "same", "type": "boolean value", "default": true}
]}, "gate": {"opts": [
    {"name": "logs", "type": "string value", "default": "$home/logs"},
    {"name": "keys", "type": "multi valued", "default": ["one", "two words "]},
    {"name": "kind", "type": "string value", "default": "slow"}
]}}"#;
const NEWER: &str = r#"{"DEFAULT": {"opts": [
    {"name": "home", "type": "string value", "default": "/var"},
    {"name": "port", "type": "port value", "default": 443},
    {"name": "word", "type": "string value", "default": "new", "secret": true},
    {"name": "host", "type": "string value", "default": "b", "sample_default": "<host>"},
    {"name": "same", "type": "boolean value", "default": "True"}
]}, "door": {"opts": [
    {"name": "logs", "type": "string value", "default": "/logs",
     "deprecated_opts": [{"group": "gate", "name": "logs"}]},
    {"name": "keys", "type": "multi valued", "default": [],
     "deprecated_opts": [{"group": "gate", "name": "keys"}]},
    {"name": "kind", "type": "string value", "default": "fast", "choices": ["fast"],
     "deprecated_opts": [{"group": "gate", "name": "kind"}]}
]}}"#;

/// Returns the text that a run with both schemas and this file prints.
fn by_schemas(text: &str, patterns: &str) -> Ran {
    let directory = ironic_conf(text);
    schema(&directory, "older.json", OLDER);
    schema(&directory, "newer.json", NEWER);
    let words = format!(
        "migrate --from-schema older.json --schema newer.json --pin-defaults{patterns} \
         --output - ironic.conf"
    );
    line(&words).directory(directory.path()).run()
}

#[test]
fn schemas_tell_defaults_too() {
    let ran = by_schemas("[DEFAULT]\nstate = $home/state\n[gate]\n", "");
    assert_as("pin", "schemas", &ran.transcript());
}

/// The old default refers to an option whose own old default does not stay.
#[test]
fn a_default_that_would_be_read_differently_does_not_stay() {
    let ran = by_schemas("[gate]\n", "=door.*").expect(0);
    assert!(!ran.stdout().contains("logs ="), "{}", ran.stdout());
    assert!(
        ran.stderr()
            .contains("the old one was not pinned: the value of door.logs would change"),
        "{}",
        ran.stderr()
    );
    let ran = by_schemas("[DEFAULT]\nhome = /data\n", "=door.*").expect(0);
    assert!(
        ran.stdout().contains("\nlogs = $home/logs\n"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_default_of_another_type_or_of_several_options_does_not_stay() {
    let directory = ironic_conf("");
    let opt = |name: &str, kind: &str, rest: &str| {
        format!(r#"{{"name": "{name}", "type": "{kind} value", {rest}}}"#)
    };
    let list = opt("list", "list", r#""default": ["one"]"#);
    let one = opt("one", "string", r#""default": "1""#);
    let two = opt("two", "string", r#""default": "2""#);
    let older = format!(r#"{{"a": {{"opts": [{list}, {one}, {two}]}}}}"#);
    let text = opt("list", "string", r#""default": "two""#);
    let former = r#"{"group": "a", "name": "one"}, {"group": "a", "name": "two"}"#;
    let both = format!(r#""default": "3", "deprecated_opts": [{former}]"#);
    let both = opt("both", "string", &both);
    let newer = format!(r#"{{"a": {{"opts": [{text}]}}, "b": {{"opts": [{both}]}}}}"#);
    schema(&directory, "older.json", &older);
    schema(&directory, "newer.json", &newer);
    let words = "migrate --from-schema older.json --schema newer.json --pin-defaults ironic.conf";
    let ran = line(words).directory(directory.path()).run().expect(0);
    for why in [
        "[a] list gets its new default; the old one was not pinned: its type has changed: ['one'] \
         would be read as one",
        "[b] both gets its new default; the old one was not pinned: several options with different \
         defaults became this one",
    ] {
        assert!(ran.stderr().contains(why), "{}", ran.stderr());
    }
}

/// No file can set `[c] z` to its default, to which `[a] x` refers by a former name.
#[test]
fn a_default_that_refers_to_what_cannot_be_written_does_not_stay() {
    let directory = ironic_conf("");
    let schemas = [
        ("older.json", r#""${c.x}/x""#, "null"),
        ("newer.json", "null", r#"[" one"]"#),
    ];
    for (name, x, z) in schemas {
        let text = format!(
            r#"{{"a": {{"opts": [{{"name": "x", "type": "string value", "default": {x}}}]}},
                 "c": {{"opts": [{{"name": "z", "type": "list value", "default": {z},
                                   "deprecated_opts": [{{"group": "c", "name": "x"}}]}}]}}}}"#
        );
        schema(&directory, name, &text);
    }
    let words = "migrate --from-schema older.json --schema newer.json --pin-defaults ironic.conf";
    let ran = line(words).directory(directory.path()).run().expect(0);
    let why = "[a] x gets its new default; the old one was not pinned: it depends on the host or \
               the installation ($z)";
    assert!(ran.stderr().contains(why), "{}", ran.stderr());
}

#[test]
fn a_policy_says_what_is_pinned() {
    let directory = ironic_conf("");
    let policy = |text: &str| {
        let text = format!("[[target]]\nfiles = [\"ironic.conf\"]\n{text}");
        fs::write(directory.path().join("confmig.toml"), text).unwrap();
        line("migrate --format json ironic.conf")
            .directory(directory.path())
            .run()
    };
    let pin = "pin_defaults = [\"deploy.default_*\"]\n";
    let ran = policy(&format!("from = \"train\"\nto = \"2026.2\"\n{pin}")).expect(0);
    assert_eq!(
        pinned(&ran),
        [vec!["deploy.default_boot_mode".to_owned()], Vec::new()]
    );
    let ran = policy(&format!("to = \"2026.2\"\n{pin}")).expect(2);
    assert!(
        ran.stderr()
            .contains("pin_defaults needs from or from_schema")
    );
}

/// The reference by a former name leads to the option that is registered last, by its current key
/// in the group of the reference: a pin must not come between.
#[test]
fn what_a_reference_by_a_former_name_leads_to_stays() {
    let opt = |name: &str, rest: &str| {
        format!(r#"{{"name": "{name}", "type": "string value", "default": null{rest}}}"#)
    };
    let former =
        r#", "deprecated_opts": [{"group": "a", "name": "v"}, {"group": "c", "name": "x"}]"#;
    let release = |default: &str| {
        let (y, z) = (opt("y", former), opt("z", former));
        let pinned = opt("y", "").replace("null", default);
        format!(
            r#"{{"a": {{"opts": [{y}]}}, "b": {{"opts": [{z}]}}, "c": {{"opts": [{pinned}]}}}}"#
        )
    };
    let directory = ironic_conf("[a]\nv = one\nw = ${c.x}\n[b]\nz = ${c.x}\n");
    schema(&directory, "older.json", &release("\"old\""));
    schema(&directory, "newer.json", &release("null"));
    let words = "migrate --from-schema older.json --schema newer.json --pin-defaults \
                 --format json ironic.conf";
    let ran = line(words).directory(directory.path()).run().expect(0);
    assert_eq!(
        pinned(&ran),
        [vec![], vec!["c.y".to_owned()]],
        "{}",
        ran.transcript()
    );
}
