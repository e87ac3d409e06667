//! The built-in rules: their examples, and their decisions.

use confmig::history::{BuiltIn, Service, built_in_rules, find_rule};
use confmig::migrate::{Route, Settings, migrate};
use confmig::pack::Pack;
use confmig::rule::{Automatic, Rule};

use super::support::{file, file_again, go, series, text};

/// Returns a rule, which unit tests have checked.
fn read(built_in: &BuiltIn) -> Rule {
    let id = built_in.id();
    let cannot = || panic!("rule {id} cannot be read: every_rule_is_read_and_makes_sense says why");
    built_in.rule().unwrap_or_else(cannot)
}

#[test]
fn every_rule_does_what_its_example_says() {
    let mut wrong = Vec::new();
    for built_in in Service::all().flat_map(built_in_rules) {
        let rule = read(&built_in);
        let settings = Settings {
            accept_rules: [rule.id.clone()].into(),
            ..Settings::default()
        };
        let pack = Pack {
            name: rule.id.clone(),
            project: Some(built_in.last.service().id().into()),
            rules: vec![rule.clone()],
            ..Pack::default()
        };
        for example in &rule.example {
            let file = file(&example.before);
            let parsed = [file.parse().unwrap()];
            let migration = migrate(&parsed, &Route::pack(&pack), &settings).unwrap();
            if text(&migration) != example.after {
                wrong.push(format!(
                    "{}:\n{}--- should be\n{}--- but is\n{}--- {:?}",
                    rule.id,
                    example.before,
                    example.after,
                    text(&migration),
                    migration
                        .decisions
                        .iter()
                        .map(|decision| &decision.reason)
                        .collect::<Vec<_>>()
                ));
                continue;
            }
            // A change that is not made must leave a decision.
            let silent = example.before == example.after && migration.decisions.is_empty();
            if silent && rule.automatic == Automatic::Advice {
                wrong.push(format!("{} says nothing", rule.id));
            }
            let after = file_again(&migration);
            let parsed = [after.parse().unwrap()];
            let again = migrate(&parsed, &Route::pack(&pack), &settings).unwrap();
            if !again.is_empty() {
                wrong.push(format!("{}: a second run makes\n{}", rule.id, text(&again)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn a_rule_that_needs_a_decision_waits_for_it() {
    for built_in in Service::all().flat_map(built_in_rules) {
        let rule = read(&built_in);
        if rule.automatic == Automatic::Yes {
            continue;
        }
        let example = &rule.example[0];
        let from = built_in.last.before().unwrap();
        let migration = go(&example.before, from, built_in.last, &Settings::default());
        let told = migration
            .decisions
            .iter()
            .any(|decision| decision.rule.as_ref() == Some(&rule.id));
        assert!(told, "{}: {:?}", rule.id, migration.decisions);
    }
}

/// References between options that are merged into one are replaced with their values.
#[test]
fn references_to_what_goes_are_put_in() {
    let before = "[DEFAULT]\nrabbit_host = 192.0.2.1\n\
                  rabbit_hosts = $rabbit_host:$rabbit_port,${rabbit_host}2\n";
    let after = text(&go(
        before,
        series("icehouse"),
        series("newton"),
        &Settings::default(),
    ));
    assert_eq!(
        after,
        "[DEFAULT]\n\
         transport_url = rabbit://guest:guest@192.0.2.1:5672,guest:guest@192.0.2.12:5672/\n"
    );
}

/// What the file does not show is left with a decision.
#[test]
fn doubtful_cases_are_left() {
    for (from, to, before, said) in [
        (
            "rocky",
            "stein",
            "[DEFAULT]\nrpc_backend = zmq\n",
            "does not say what the value",
        ),
        (
            "stein",
            "train",
            "[glance]\nglance_api_servers = a,b\n",
            "only one can be kept",
        ),
        (
            "stein",
            "train",
            "[glance]\nauth_strategy = noauth\n",
            "needs glance.endpoint_override",
        ),
        (
            "2026.1",
            "2026.2",
            "[DEFAULT]\nenabled_hardware_types = ilo\n",
            "ilo",
        ),
        (
            "train",
            "ussuri",
            "[neutron]\nurl = http://192.0.2.1\n",
            "has not read it since train",
        ),
        (
            "rocky",
            "stein",
            "[DEFAULT]\nours = $rabbit_port\n[oslo_messaging_rabbit]\nrabbit_port = 1\n\
             rabbit_password = $ours\n",
            "references",
        ),
        (
            "stein",
            "train",
            "[glance]\nauth_strategy = keystone\n[ours]\nx = $glance.auth_strategy\n",
            "refers to glance.auth_strategy",
        ),
    ] {
        let migration = go(before, series(from), series(to), &Settings::default());
        assert_eq!(text(&migration), before);
        assert!(
            migration
                .decisions
                .iter()
                .any(|decision| decision.reason.contains(said)),
            "{before}{:?}",
            migration.decisions
        );
    }
}

#[test]
fn a_rule_is_found_by_its_id() {
    assert!(
        find_rule("ilo-group")
            .unwrap()
            .rule()
            .unwrap()
            .advice
            .unwrap()
            .contains("redfish")
    );
    assert!(find_rule("no-such-rule").is_none());
}
