//! Tests of what `migrate --keep-old` adds.

use crate::support::{Ran, assert_as, ironic_conf, line};

/// Runs `migrate --keep-old` to 2026.2 on a file.
fn migrated(text: &str, options: &str) -> Ran {
    let directory = ironic_conf(text);
    line(&format!(
        "migrate --keep-old --to 2026.2 {options} ironic.conf"
    ))
    .directory(directory.path())
    .run()
    .expect(0)
}

/// Runs `migrate --keep-old` by rules of one's own on a file.
fn migrated_by(rules: &str, text: &str) -> Ran {
    let directory = ironic_conf(text);
    let rules = format!("name = \"site\"\nsummary = \"the site\"\n{rules}");
    std::fs::write(directory.path().join("site.toml"), rules).unwrap();
    line("migrate --keep-old --rules site.toml ironic.conf")
        .directory(directory.path())
        .run()
        .expect(0)
}

/// Keystone's region name went to a section for each service, some of which are gone since.
#[test]
fn nothing_is_added_that_only_a_release_in_between_reads() {
    let ran = migrated("[keystone]\nregion_name = RegionOne\n", "--from queens");
    assert_as("kept_names", "in-between", &ran.transcript());
    let text = "[glance]\n# Swift or radosgw.\ntemp_url_endpoint_type = swift\n\n\n";
    let ran = migrated(text, "--from ocata --output -");
    assert_eq!(ran.stdout.as_slice(), text.as_bytes());
}

/// `transport_url` is made of all of these options, which Liberty reads under two names.
#[test]
fn a_rule_makes_values_of_options_under_their_former_names() {
    let text = "[DEFAULT]\nrpc_backend = rabbit\nrabbit_host = 192.0.2.1\nrabbit_password = s\n";
    let ran = migrated(text, "--from liberty");
    assert_as("kept_names", "former-names-of-a-rule", &ran.transcript());
}

/// Newton has both options, the second one for every driver: no step can add it, accepted or not.
#[test]
fn a_rule_that_adds_what_the_older_release_reads_is_left() {
    let text = "[ilo]\nclean_priority_erase_devices = 7\n";
    let ran = migrated(
        text,
        "--from newton --accept ilo-clean-priority-erase-devices",
    );
    assert_as("kept_names", "read-by-both", &ran.transcript());
}

/// The newer release does not know what the kept value refers to.
#[test]
fn a_reference_that_can_no_longer_be_resolved_is_a_decision() {
    let text = "[pxe]\nhttp_root = /srv\n[DEFAULT]\nlog_file = ${pxe.http_root}/ironic.log\n";
    let ran = migrated(text, "--from juno");
    assert_as("kept_names", "reference-to-what-is-gone", &ran.transcript());
}

/// Both releases read `[DEFAULT] log_file`, and the older one the former name, too.
#[test]
fn a_name_that_the_older_release_reads_as_a_former_one_is_copied() {
    let ran = migrated(
        "[DEFAULT]\nlogfile = /var/log/ironic.log\n",
        "--from 2024.2",
    );
    assert_as("kept_names", "former-of-both", &ran.transcript());
}

/// The host may be either address, and so `transport_url` is not made.
#[test]
fn a_rule_waits_for_the_options_that_are_left_to_decide() {
    let text = "[DEFAULT]\nrpc_backend = rabbit\nrabbit_host = $my_ip\nrabbit_password = s\n\
                my_ip = 192.0.2.1\n[oslo_messaging_rabbit]\nmy_ip = 192.0.2.2\n";
    let ran = migrated(text, "--from liberty");
    assert_as("kept_names", "rule-waits", &ran.transcript());
}

/// A rule about items of the new option, none of which the value has.
#[test]
fn an_option_that_a_rule_leaves_as_it_is_stays() {
    let rules = "\
        [[rule]]\nid = \"first\"\nwhy = \"moved\"\n\
        rename = [{ from = \"b.y\", to = \"c.y\" }]\n\
        [[rule]]\nid = \"second\"\nwhy = \"replaced\"\n\
        items = { options = [\"c.y\"], replace = { v1 = \"v9\" } }\n";
    let ran = migrated_by(rules, "[b]\ny = 1\n");
    assert_as("kept_names", "rule-without-effect", &ran.transcript());
}

/// Pike renamed the option, and Rocky removed it: only its value has to be decided about.
#[test]
fn what_a_decision_is_about_is_not_added() {
    let ran = migrated(
        "[glance]\ntemp_url_endpoint_type = radosgw\n",
        "--from ocata",
    );
    assert_as("kept_names", "decided-removal", &ran.transcript());
}

/// Only what it refers to has to be decided about.
#[test]
fn an_option_between_two_releases_with_an_undecided_reference_is_not_added() {
    let first = "[database]\nsql_idle_timeout = 60\n";
    let rest = "[DEFAULT]\nsql_idle_timeout = ${rpc_conn_pool_size}\n";
    let ran = migrated(&[first, rest].concat(), "--from icehouse --output -");
    let added = "connection_recycle_time = ${rpc_conn_pool_size}\n";
    assert_eq!(ran.stdout, [first, added, rest].concat().as_bytes());
}

/// The file of rules renames `[o] old` to `[a] mid`, and that to `[c] final`.
#[test]
fn an_option_between_two_rules_is_not_added() {
    let rules = "\
        [[rule]]\nid = \"first\"\nwhy = \"moved\"\n\
        rename = [{ from = \"o.old\", to = \"a.mid\" }]\n\
        [[rule]]\nid = \"second\"\nwhy = \"moved again\"\n\
        rename = [{ from = \"a.mid\", to = \"c.final\" }]\n";
    let ran = migrated_by(rules, "[o]\nold = 1\n");
    assert_as("kept_names", "between-rules", &ran.transcript());
}
