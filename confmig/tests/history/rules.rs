//! The built-in rules: their examples, and their decisions.

use confmig::history::{BuiltIn, History, Service, built_in_rules, find_rule};
use confmig::migrate::{Decision, Settings, check_examples};
use confmig::pack::Pack;
use confmig::rule::{Automatic, Rule};

use super::support::{go, series, text};

/// Returns a rule, with the file that it is in.
fn read(built_in: &BuiltIn) -> (Rule, String) {
    let id = built_in.id();
    let cannot = || panic!("rule {id} cannot be read: every_rule_is_read_and_found says why");
    let rule = built_in.rule().unwrap_or_else(cannot);
    let of_file = if built_in.lasting {
        built_in.first
    } else {
        built_in.last
    };
    let service = of_file.service().id();
    let file = format!("confmig/history/{service}/rules/{of_file}.toml");
    (rule, file)
}

/// Returns a pack with a single rule.
fn alone(built_in: &BuiltIn, rule: &Rule) -> Pack {
    Pack {
        name: rule.id.clone(),
        project: Some(built_in.last.service().id().into()),
        rules: vec![rule.clone()],
        ..Pack::default()
    }
}

#[test]
fn every_rule_does_what_its_example_says() {
    let mut wrong = Vec::new();
    for built_in in Service::all().flat_map(built_in_rules) {
        let (rule, file) = read(&built_in);
        let pack = alone(&built_in, &rule);
        if let Err(error) = check_examples(&pack) {
            wrong.push(format!("{file}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n\n"));
}

/// A rule that may change nothing, or nothing by itself, says so whenever it is met.
#[test]
fn a_rule_that_is_not_automatic_is_mentioned() {
    let mut silent = Vec::new();
    for built_in in Service::all().flat_map(built_in_rules) {
        let (rule, file) = read(&built_in);
        if rule.automatic == Automatic::Yes {
            continue;
        }
        let before = &rule.example[0].before;
        let from = built_in.last.before().unwrap();
        let migration = go(before, from, built_in.last, &Settings::default());
        let of_rule = |decision: &Decision| decision.rule.as_ref() == Some(&rule.id);
        if !migration.decisions.iter().any(of_rule) {
            let id = &rule.id;
            let to = built_in.last;
            silent.push(format!(
                "{file}: rule {id}: a migration of its example from {from} to {to} does not \
                 mention it: correct the example, or leave `automatic` out"
            ));
        }
    }
    assert!(silent.is_empty(), "\n{}\n", silent.join("\n"));
}

/// The rules that report an option which their release still has: its meaning changed.
const ABOUT_OPTIONS_THAT_STAY: [&str; 9] = [
    "console-port-range-type",
    "hash-ring-reset-interval",
    "ilo-ramdisk-image-download-source",
    "inspector-callback",
    "inspector-power-off",
    "inspector-require-managed-boot",
    "ipmi-debug",
    "ipxe-own-options",
    "neutron-port-setup-delay",
];

#[test]
fn reports_are_about_options_that_are_gone() {
    for built_in in Service::all().flat_map(built_in_rules) {
        let (rule, file) = read(&built_in);
        let history = History::new(built_in.last.service());
        let reported = rule.report.iter().flat_map(|report| &report.options);
        let mut of_names = reported.filter_map(|name| history.of_option(name));
        let stays = !built_in.lasting && of_names.any(|of_name| of_name.is_option(built_in.last));
        let id = rule.id.as_str();
        assert_eq!(
            stays,
            ABOUT_OPTIONS_THAT_STAY.contains(&id),
            "{file}: rule {id}: {} still has the option: put the rule into the file of the \
             release that no longer has it, or list the id in ABOUT_OPTIONS_THAT_STAY",
            built_in.last
        );
    }
}

/// Keystone's rules about options of libraries that differ from Ironic's, and why they do.
const OTHERWISE_IN_KEYSTONE: [(&str, &str); 1] = [(
    "keystone-authtoken-legacy",
    "Keystone has no use for these credentials",
)];

/// What several services tell of the same option of a library is the same.
#[test]
fn rules_about_libraries_agree() {
    let mut compared = 0;
    for built_in in Service::all().flat_map(built_in_rules) {
        let (rule, file) = read(&built_in);
        let service = built_in.last.service();
        let id = rule.id.strip_prefix(service.id());
        let id = id
            .and_then(|id| id.strip_prefix('-'))
            .filter(|_| service != Service::IRONIC);
        let Some(other) = id.and_then(find_rule) else {
            continue;
        };
        let (other, other_file) = read(&other);
        let agree =
            (&rule.why, &rule.advice, &rule.proof) == (&other.why, &other.advice, &other.proof);
        let differs = OTHERWISE_IN_KEYSTONE.iter().any(|(id, _)| *id == rule.id);
        assert_eq!(
            agree, !differs,
            "{file}: rule {}: expected the same why, advice and proof as {} in {other_file}",
            rule.id, other.id
        );
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
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
            "nothing reads it since train",
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
