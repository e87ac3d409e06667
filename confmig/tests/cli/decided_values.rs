//! Tests of values in files of decisions: where they go, and where none can be decided.

use std::fs;

use crate::decisions::{choose, read, run};
use crate::support::ironic_conf;

/// Runs a migration whose only decision has a value, and returns the new text and the decisions
/// that are left.
fn with_value(text: &str, releases: &str, about: &str, value: &str) -> (String, String) {
    let directory = ironic_conf(text);
    let entry = format!("[[decision]]\n{about}\nvalue = \"{value}\"\n");
    fs::write(directory.path().join("d.toml"), entry).unwrap();
    let words = format!("migrate {releases} --decisions d.toml --write ironic.conf");
    let ran = run(directory.path(), &words).expect(0);
    (
        read(directory.path(), "ironic.conf"),
        ran.stderr().to_owned(),
    )
}

#[test]
fn a_value_takes_the_place_of_what_a_rule_of_a_release_leaves() {
    // The rule cannot tell which of the drivers to keep.
    let directory = ironic_conf("[DEFAULT]\nenabled_drivers = pxe_ipmitool,vendor_x\n");
    let migrate = "migrate --from pike --to stein --decisions d.toml ironic.conf";
    let json = run(directory.path(), &format!("{migrate} --format json"))
        .expect(0)
        .json();
    let left = json["diagnostics"].as_array().unwrap();
    assert!(!left.is_empty(), "{json}");
    let text = read(directory.path(), "d.toml");
    assert!(text.contains("rule = "), "{text}");
}

/// One line became several options, and each of them gets its own value.
#[test]
fn values_for_several_options_that_one_line_became() {
    let directory = ironic_conf("[DEFAULT]\nenabled_drivers = agent_ilo,pxe_ipmitool\n");
    let decide = |option: &str, value: &str| {
        format!("[[decision]]\noption = \"DEFAULT.{option}\"\nvalue = \"{value}\"\n")
    };
    let decisions = [
        "[[decision]]\nrule = \"enabled-drivers\"\nchoice = \"accept\"\n".to_owned(),
        decide("enabled_hardware_types", "redfish"),
        decide("enabled_power_interfaces", "ipmitool,redfish"),
        decide("enabled_management_interfaces", "ipmitool,redfish"),
        decide("enabled_boot_interfaces", "redfish-virtual-media"),
        "[[decision]]\nrule = \"values-removed-*\"\nchoice = \"accept\"\n".to_owned(),
    ];
    fs::write(directory.path().join("d.toml"), decisions.concat()).unwrap();
    let migrate = "migrate --from liberty --to 2026.2 --decisions d.toml --write ironic.conf";
    run(directory.path(), migrate).expect(0);
    assert_eq!(
        read(directory.path(), "ironic.conf"),
        "[DEFAULT]\nenabled_hardware_types = redfish\n\
         enabled_boot_interfaces = redfish-virtual-media\n\
         enabled_console_interfaces = no-console,ipmitool-socat\n\
         enabled_inspect_interfaces = no-inspect\n\
         enabled_management_interfaces = ipmitool,redfish\n\
         enabled_power_interfaces = ipmitool,redfish\n"
    );
    run(directory.path(), "check --to 2026.2 ironic.conf").expect(0);
}

#[test]
fn a_value_that_its_option_refuses_cannot_be_decided() {
    let directory = ironic_conf("[gate]\nlock = firm\n");
    for (name, kind) in [("old.json", "string value"), ("new.json", "integer value")] {
        let opt = format!("{{\"name\": \"lock\", \"type\": \"{kind}\"}}");
        let text = format!("{{\"options\": {{\"gate\": {{\"opts\": [{opt}]}}}}}}");
        fs::write(directory.path().join(name), text).unwrap();
    }
    let migrate = "migrate --from-schema old.json --schema new.json --decisions d.toml ironic.conf";
    run(directory.path(), migrate).expect(0);
    choose(directory.path(), "value = \"loose\"");
    let ran = run(directory.path(), &format!("{migrate} --write")).expect(2);
    let said = "error: the decisions d.toml, line 13: the value of [gate] lock is not valid: ";
    assert!(ran.stderr().contains(said), "{}", ran.transcript());
    assert_eq!(
        read(directory.path(), "ironic.conf"),
        "[gate]\nlock = firm\n"
    );
}

#[test]
fn a_value_goes_to_the_current_name() {
    let (text, said) = with_value(
        "[ilo]\nclean_priority_erase_devices = 3\n",
        "--from newton --to 2026.2",
        "rule = \"ilo-clean-priority-erase-devices\"",
        "7",
    );
    assert_eq!(text, "[deploy]\nerase_devices_priority = 7\n", "{said}");
    assert!(said.contains("no decisions"), "{said}");
}

/// What becomes a part of another option, several options or none has no value of its own.
#[test]
fn no_value_for_what_does_not_become_one_option() {
    for (text, releases, about) in [
        (
            "[pxe]\nipxe_enabled = true\n",
            "--from kilo --to 2026.2",
            "option = \"pxe.ipxe_enabled\"",
        ),
        (
            "[DEFAULT]\nenabled_drivers = pxe_ilo\n",
            "--from kilo --to 2026.2",
            "rule = \"enabled-drivers\"",
        ),
        (
            "[agent]\nagent_pxe_append_params = b\n[pxe]\npxe_append_params = a\n",
            "--from kilo --to 2026.2",
            "option = \"agent.agent_pxe_append_params\"",
        ),
    ] {
        let (_, said) = with_value(text, releases, about, "true");
        let why = "the choice in d.toml:1 cannot be followed";
        assert!(said.contains(why), "{text}: {said}");
    }
    let directory = ironic_conf("[pxe]\nipxe_enabled = true\n");
    let words = "migrate --from kilo --to 2026.2 --decisions d.toml ironic.conf";
    run(directory.path(), words).expect(0);
    let choices = read(directory.path(), "d.toml");
    assert!(
        choices.contains("# choices: accept, or refuse\n"),
        "{choices}"
    );
}
