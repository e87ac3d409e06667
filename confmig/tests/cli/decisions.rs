//! Tests of files of decisions.

use std::fs;
use std::path::Path;

use crate::support::{Ran, diagnostics, ironic_conf, line};

/// A reference that means another option under the new name: a decision that can be accepted.
const CONF: &str = "[DEFAULT]\nmy_ip = 192.0.2.1\n\n[deploy]\nmy_ip = 192.0.2.2\n\n\
                    [pxe]\nhttp_url = http://$my_ip:8080\n";

pub(crate) fn run(directory: &Path, words: &str) -> Ran {
    line(words).directory(directory).run()
}

pub(crate) fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

/// Replaces the choice of the only decision of a file.
pub(crate) fn choose(directory: &Path, choice: &str) {
    let text = read(directory, "d.toml");
    assert_eq!(text.matches("choice = \"open\"").count(), 1, "{text}");
    let text = text.replace("choice = \"open\"", choice);
    fs::write(directory.join("d.toml"), text).unwrap();
}

const MIGRATE: &str = "migrate --decisions d.toml ironic.conf";
const CHECK: &str = "migrate --check --decisions d.toml ironic.conf";

#[test]
fn the_first_run_writes_each_decision_with_its_reason_and_choices() {
    let directory = ironic_conf(CONF);
    let ran = run(directory.path(), MIGRATE).expect(0);
    assert!(
        ran.stderr().contains("added 1 decision to d.toml"),
        "{}",
        ran.stderr()
    );
    let text = read(directory.path(), "d.toml");
    for part in [
        "# deploy.http_server_url was not migrated: its value refers to $my_ip",
        "# at ironic.conf:8\n",
        "# choices: accept, refuse, or a value\n",
        "[[decision]]\noption = \"deploy.http_server_url\"\nfiles = [\"ironic.conf\"]\n",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
    // It is still open, and is not written again.
    let ran = run(directory.path(), MIGRATE).expect(0);
    assert!(!ran.stderr().contains("added"), "{}", ran.stderr());
    assert!(
        ran.stderr().contains("decide in d.toml:"),
        "{}",
        ran.stderr()
    );
    assert_eq!(read(directory.path(), "d.toml"), text);
    run(directory.path(), CHECK).expect(1);
}

#[test]
fn a_check_does_not_write_them() {
    let directory = ironic_conf(CONF);
    let ran = run(directory.path(), CHECK).expect(1);
    assert!(
        ran.stderr().contains("d.toml does not have 1 decision"),
        "{}",
        ran.stderr()
    );
    assert!(!directory.path().join("d.toml").exists());
}

#[test]
fn a_refused_change_is_settled() {
    let directory = ironic_conf(CONF);
    run(directory.path(), MIGRATE).expect(0);
    choose(
        directory.path(),
        "choice = \"refuse\"\nreason = \"it moves next year\"",
    );
    let ran = run(directory.path(), CHECK).expect(0);
    assert!(
        ran.stderr().contains("settled: 1 refused"),
        "{}",
        ran.stderr()
    );
    let json = run(directory.path(), &format!("{CHECK} --format json"))
        .expect(0)
        .json();
    assert_eq!(json["settled"][0]["settled"]["by"], "decision");
    assert_eq!(
        json["settled"][0]["settled"]["reason"],
        "it moves next year"
    );
    assert_eq!(json["settled"][0]["option"], "deploy.http_server_url");
    assert_eq!(json["settled"][0]["accept"], "deploy.http_server_url");
}

#[test]
fn an_accepted_change_is_made_and_then_stale() {
    let directory = ironic_conf(CONF);
    run(directory.path(), MIGRATE).expect(0);
    choose(directory.path(), "choice = \"accept\"");
    run(directory.path(), CHECK).expect(1);
    run(directory.path(), &format!("{MIGRATE} --write")).expect(0);
    let text = read(directory.path(), "ironic.conf");
    assert!(text.contains("[deploy]\nmy_ip = 192.0.2.2\nhttp_server_url = http://$my_ip:8080\n"));
    let ran = run(directory.path(), CHECK).expect(0);
    let said = "d.toml decides what is not left to decide (line 13: option deploy.http_server_url)";
    assert!(ran.stderr().contains(said), "{}", ran.stderr());
}

#[test]
fn a_value_that_was_decided_is_promised_by_the_proof() {
    let directory = ironic_conf(CONF);
    run(directory.path(), MIGRATE).expect(0);
    choose(directory.path(), "value = \"http://192.0.2.1:8080\"");
    run(directory.path(), &format!("{MIGRATE} --write")).expect(0);
    assert_eq!(
        read(directory.path(), "ironic.conf"),
        "[DEFAULT]\nmy_ip = 192.0.2.1\n\n[deploy]\nmy_ip = 192.0.2.2\n\
         http_server_url = http://192.0.2.1:8080\n"
    );
    run(directory.path(), CHECK).expect(0);
}

#[test]
fn one_decision_for_a_fleet() {
    let directory = ironic_conf("");
    for name in ["a", "b", "c"] {
        fs::create_dir(directory.path().join(name)).unwrap();
        fs::write(directory.path().join(name).join("ironic.conf"), CONF).unwrap();
    }
    let files = "a/ironic.conf b/ironic.conf c/ironic.conf";
    run(
        directory.path(),
        &format!("migrate --each --decisions d.toml {files}"),
    )
    .expect(0);
    let text = read(directory.path(), "d.toml");
    assert_eq!(text.matches("[[decision]]").count(), 1, "{text}");
    assert!(text.contains("files = [\"a/ironic.conf\", \"b/ironic.conf\", \"c/ironic.conf\"]"));
    // Patterns count, and the first entry that is about a decision.
    let decisions = "[[decision]]\noption = \"deploy.*\"\nfiles = [\"b/*\"]\nchoice = \"refuse\"\n\
                     [[decision]]\noption = \"deploy.http_server_url\"\nchoice = \"accept\"\n";
    fs::write(directory.path().join("d.toml"), decisions).unwrap();
    let migrate = format!("migrate --each --decisions d.toml --write {files}");
    let ran = run(directory.path(), &migrate).expect(0);
    assert!(
        ran.stderr().contains("3 files: 2 changes, no decisions"),
        "{}",
        ran.stderr()
    );
    assert_eq!(read(directory.path(), "b/ironic.conf"), CONF);
}

#[test]
fn a_file_of_decisions_that_cannot_be_used_says_line_and_expectation() {
    for (text, line, said) in [
        (
            "[[decision]]\nchoice = \"accept\"\n",
            1,
            "expected an option, a rule, or both",
        ),
        (
            "\n[[decision]]\noption = \"a.b\"\n",
            2,
            "expected either a choice or a value",
        ),
        (
            "[[decision]]\noption = \"a.b\"\nchoice = \"maybe\"\n",
            3,
            "unknown variant `maybe`",
        ),
        (
            "[[decision]]\noption = \"a[\"\nchoice = \"open\"\n",
            1,
            "is no pattern",
        ),
    ] {
        let directory = ironic_conf(CONF);
        fs::write(directory.path().join("d.toml"), text).unwrap();
        let ran = run(directory.path(), MIGRATE).expect(2);
        let error = ran.stderr();
        assert!(error.contains(&format!("line {line}")), "{text}: {error}");
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// Accepting one rule converts what another one asks about: the next run would ask again.
#[test]
fn a_decision_about_converted_entries_stays_open() {
    let conf = "[DEFAULT]\nauth_strategy = keystone\n[keystone_authtoken]\n\
                auth_host = 192.0.2.1\nadmin_user = ironic\nadmin_password = x\n\
                admin_tenant_name = service\n[glance]\nglance_host = 192.0.2.2\n";
    let rules = |accept: &str| -> Vec<String> {
        let words = format!("migrate --from liberty --to 2026.2 {accept}");
        let found = diagnostics(conf, &words).into_iter();
        found
            .map(|it| it["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    let fallback = "keystone-authtoken-fallback";
    assert_eq!(rules(""), ["authtoken-legacy", fallback]);
    assert_eq!(rules("--accept authtoken-legacy"), [fallback]);
    let both = format!("--accept authtoken-legacy --accept {fallback}");
    assert!(!rules(&both).contains(&fallback.to_owned()));
}

/// The decisions of a file that follow from an open one are about something.
#[test]
fn a_decision_that_may_follow_is_not_stale() {
    let text = "[DEFAULT]\nenabled_drivers = pxe_ilo\n[keystone_authtoken]\n\
                identity_uri = http://192.0.2.1:35357\nadmin_user = ironic\n\
                admin_password = secret\nadmin_tenant_name = service\n";
    let directory = ironic_conf(text);
    let words = "migrate --from mitaka --to 2026.2 --decisions d.toml ironic.conf";
    run(directory.path(), words).expect(0);
    let decisions = read(directory.path(), "d.toml")
        .matches("[[decision]]")
        .count();
    let again = run(directory.path(), words).expect(0);
    let transcript = again.transcript();
    let open = transcript.matches("warning[needs-decision]").count();
    assert!(open < decisions, "{transcript}");
    assert!(!transcript.contains("decides"), "{transcript}");
}

#[test]
fn a_decision_about_what_does_not_exist_is_a_warning() {
    let directory = ironic_conf(CONF);
    let names = [
        "rule = \"ilo-gruop\"",
        "option = \"deploy.http_sever_url\"",
        "rule = \"ilo-group\"",
        "option = \"pxe.*\"",
    ];
    let entries = names.map(|name| format!("[[decision]]\n{name}\nchoice = \"refuse\"\n"));
    fs::write(directory.path().join("d.toml"), entries.concat()).unwrap();
    let ran = run(directory.path(), CHECK).expect(1);
    for said in [
        "warning: d.toml has names that no decision has (line 1: rule ilo-gruop; line 4: option \
         deploy.http_sever_url): correct them",
        "note: d.toml decides what is not left to decide (line 7: rule ilo-group; line 10: option \
         pxe.*)",
    ] {
        assert!(ran.stderr().contains(said), "{}", ran.transcript());
    }
}

#[test]
fn what_is_accepted_without_effect_is_named() {
    let directory = ironic_conf(CONF);
    let words = "migrate --accept deploy.http_server_url --accept deploy.http_server_root";
    let ran = run(directory.path(), &format!("{words} ironic.conf")).expect(0);
    let said = |option: &str| {
        let note = format!("note: --accept {option} changes nothing");
        ran.stderr().contains(&note)
    };
    let said = ["deploy.http_server_url", "deploy.http_server_root"].map(said);
    assert_eq!(said, [false, true], "{}", ran.transcript());
}

/// An answer may be added below the open decision.
#[test]
fn an_open_entry_does_not_hide_a_choice() {
    let directory = ironic_conf(CONF);
    run(directory.path(), MIGRATE).expect(0);
    let answer = "[[decision]]\noption = \"deploy.*\"\nchoice = \"accept\"\n";
    let text = read(directory.path(), "d.toml") + answer;
    fs::write(directory.path().join("d.toml"), &text).unwrap();
    let ran = run(directory.path(), &format!("{MIGRATE} --write")).expect(0);
    assert!(
        ran.stderr().contains("1 change, no decisions"),
        "{}",
        ran.stderr()
    );
    assert!(!ran.stderr().contains("decides"), "{}", ran.stderr());
    assert_eq!(read(directory.path(), "d.toml"), text);
}

#[test]
fn a_decision_that_a_comment_settles_is_not_added() {
    let comment = "[pxe]\n# confmig: ignore needs-decision we keep it\n";
    let directory = ironic_conf(CONF.replace("[pxe]\n", comment));
    let ran = run(directory.path(), MIGRATE).expect(0);
    assert!(ran.stderr().contains("1 by comments"), "{}", ran.stderr());
    assert!(!directory.path().join("d.toml").exists());
}

/// Two values are there, of which a later release would read only one.
#[test]
fn a_rule_that_cannot_be_followed_is_not_accepted() {
    let text = "[pxe]\npxe_append_params = a\n[agent]\nagent_pxe_append_params = b\n";
    let directory = ironic_conf(text);
    // A second run finds one of them under its newer name.
    for from in ["kilo", "2026.2"] {
        let words = format!("migrate --from {from} --to 2026.2 --write ironic.conf");
        let accept = "--accept agent-pxe-append-params";
        let ran = run(directory.path(), &format!("{words} {accept}")).expect(0);
        let said = format!("note: {accept} changes nothing");
        assert!(ran.stderr().contains(&said), "{}", ran.transcript());
        assert!(
            ran.stderr().contains("needs-decision"),
            "{}",
            ran.transcript()
        );
        let text = read(directory.path(), "ironic.conf");
        assert!(text.contains("agent_pxe_append_params = b\n"), "{text}");
    }
}
