//! Tests of migrations from release to release, and of checks against a release.

use crate::support::{assert_as, fixtures, ironic_conf, line, read, stem};

#[test]
fn to_the_newest() {
    for fixture in fixtures("releases") {
        let ran = line(&format!("migrate --to 2026.2 {fixture}"));
        assert_as("releases", stem(&fixture), &ran.transcript());
    }
}

#[test]
fn one_step() {
    let ran = line("migrate --from rocky --to stein fixtures/releases/pike-containers.conf");
    assert_as("releases", "one-step", &ran.transcript());
}

/// Kilo accepts any port as `[irmc] port`; Mitaka and later accept only two.
#[test]
fn numbers_have_choices_too() {
    let directory = ironic_conf("[irmc]\nport = 444\n");
    let check = |to: &str| {
        let words = format!("check --to {to} ironic.conf");
        line(&words)
            .directory(directory.path())
            .run()
            .stdout()
            .to_owned()
    };
    let said = check("queens");
    assert!(
        said.contains("ill-typed-value") && said.contains("expected one of 443, 80"),
        "{said}"
    );
    assert!(!check("kilo").contains("ill-typed-value"));
}

/// Of two entries for one option, later messages name the line of the effective one.
#[test]
fn lines_are_those_of_the_effective_entry() {
    let directory = ironic_conf(
        "[DEFAULT]\nfatal_exception_format_errors = True\n[ironic_lib]\n\
         fatal_exception_format_errors = True\n",
    );
    let ran = line("migrate --from ocata --to 2026.2 ironic.conf").directory(directory.path());
    let said = ran.run().expect(0).stderr().to_owned();
    assert!(said.contains("ironic.conf:2: removed [DEFAULT]"), "{said}");
    assert!(
        said.contains("ironic.conf:4: moved from [ironic_lib]"),
        "{said}"
    );
}

#[test]
fn releases_have_names_and_versions() {
    let fixture = "fixtures/releases/train-image.conf";
    let by = |from: &str, to: &str| {
        line(&format!(
            "migrate --from {from} --to {to} --output - {fixture}"
        ))
        .run()
        .stdout
    };
    assert_eq!(by("train", "2023.1"), by("13.0.7", "antelope"));
    for words in ["--from havana", "--to 99.0.0", "--from 2026.1 --to train"] {
        let ran = line(&format!("migrate {words} {fixture}")).run().expect(2);
        assert!(!ran.stderr().is_empty());
    }
    let ran = line(&format!("migrate --from 2026.1 --to train {fixture}"));
    assert_as("releases", "backwards", &ran.transcript());
}

const ILO: &str = "\
[DEFAULT]
enabled_hardware_types = ilo,ipmi
enabled_boot_interfaces = ilo-virtual-media,pxe
default_boot_interface = ilo-virtual-media

[ilo]
# Seconds.
client_timeout = 120
use_web_server_for_images = True
";

/// After the removal of the iLO drivers, everything the operator has to do is reported.
#[test]
fn ilo_is_reported() {
    let directory = ironic_conf(ILO);
    for (name, words) in [
        ("ilo-migrate", "migrate --to 2026.2 ironic.conf"),
        ("ilo-check", "check --to 2026.2 ironic.conf"),
        ("ilo-check-before", "check --to 2026.1 ironic.conf"),
        (
            "ilo-accepted",
            "migrate --from 2026.1 --to 2026.2 --accept ilo-group --accept \
             values-removed-types-2026.2 \
             --accept values-removed-boot-2026.2 ironic.conf",
        ),
    ] {
        assert_as(
            "releases",
            name,
            &line(words).directory(directory.path()).transcript(),
        );
    }
}

#[test]
fn rules_by_their_ids() {
    for id in [
        "ilo-group",
        "rabbit-transport-url",
        "neutron-url",
        "values-removed-types-2026.2",
        "auth-tenant-name",
        "json-rpc-server-ciphers",
    ] {
        assert_as(
            "releases",
            &format!("rule-{id}"),
            &line(&format!("rules {id}")).transcript(),
        );
    }
    let all = line("rules ironic").run().expect(0);
    let text = all.stdout();
    // Each has a reason and evidence.
    let ids = text
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .count();
    assert!(ids > 143 + 100, "{ids}");
    for head in ["    why: ", "    evidence: "] {
        assert!(
            text.lines().filter(|line| line.starts_with(head)).count() >= ids,
            "{head}"
        );
    }
}

#[test]
fn json_has_the_releases() {
    let ran = line(
        "migrate --from icehouse --to 2026.2 --format json fixtures/releases/icehouse-pxe.conf",
    )
    .run()
    .expect(0);
    let json = ran.json();
    assert_eq!(json["releases"]["from"], "icehouse");
    assert_eq!(json["releases"]["to"], "2026.2");
    let changes = json["files"][0]["changes"].as_array().unwrap();
    let url = changes
        .iter()
        .find(|change| change["to"] == "DEFAULT.transport_url")
        .unwrap();
    assert_eq!(
        (&url["rule"], &url["kind"], &url["release"]),
        (
            &"rabbit-transport-url".into(),
            &"convert".into(),
            &"newton".into()
        )
    );
    assert!(!ran.stdout().contains("bE4wLs82HxUq"), "a secret is shown");
}

/// A password that becomes part of a URL stays masked.
#[test]
fn secrets_stay_hidden() {
    let ran = line("migrate --to 2026.2 fixtures/releases/icehouse-pxe.conf").run();
    for secret in ["bE4wLs82HxUq", "Nz1kPv64CgRo", "Jx9tDf35YaKe"] {
        let file = String::from_utf8(read("fixtures/releases/icehouse-pxe.conf")).unwrap();
        assert!(file.contains(secret));
        assert!(
            !ran.stdout().contains(secret) && !ran.stderr().contains(secret),
            "{secret}"
        );
    }
}

#[test]
fn defaults_that_changed() {
    let directory = ironic_conf("[DEFAULT]\ndebug = True\n[conductor]\nworkers_pool_size = 100\n");
    let ran =
        line("check --from 2024.1 --to 2026.2 --defaults ironic.conf").directory(directory.path());
    assert_as("releases", "defaults", &ran.transcript());
    let ran = line("check --defaults ironic.conf").directory(directory.path());
    assert_as("releases", "defaults-of-nothing", &ran.transcript());
}

/// Plugin options: those that no plugin reads, and those read under a former name.
const PLUGINS: &str = "\
[cinder]
auth_type = password
tenant_name = service
tenant_id = 1f
project_id = 2e

[glance]
auth_section = cinder
password = unread

[json_rpc]
tenant_name = service
passcode = 123

[neutron]
auth_url = http://192.0.2.1:5000
username = ironic
password = unread
timeout = 30

[nova]
auth_type = v2password
tenant_name = service

[swift]
auth_type = v3password
tenant_name = service
";

#[test]
fn options_of_plugins() {
    let directory = ironic_conf(PLUGINS);
    for (name, words) in [
        ("plugins-check", "check --to 2026.2 ironic.conf"),
        (
            "plugins-check-keep-old",
            "check --to 2026.2 --keep-old ironic.conf",
        ),
        (
            "plugins-migrate",
            "migrate --from 2026.1 --to 2026.2 ironic.conf",
        ),
    ] {
        let ran = line(words).directory(directory.path());
        assert_as("releases", name, &ran.transcript());
    }
}

/// Options that are also former names of others stay, and the others are set.
#[test]
fn names_that_are_read_for_two_options() {
    let directory =
        ironic_conf("[DEFAULT]\ngraceful_shutdown_timeout = 120\n[json_rpc]\ntls_ciphers = HIGH\n");
    let ran = line("migrate --from train --to 2026.2 ironic.conf").directory(directory.path());
    assert_as("releases", "both-names", &ran.transcript());
    let ran = line("migrate --from train --to 2025.1 ironic.conf").directory(directory.path());
    let said = ran.run().expect(0).stdout().to_owned();
    assert!(!said.contains("graceful_shutdown_timeout"), "{said}");
}

#[test]
fn references_to_options_of_other_releases() {
    let directory = ironic_conf(
        "[DEFAULT]\nhost = $ours\nours = a\n[glance]\nendpoint_override = \
         http://$glance_host:9292\n\
         [deploy]\nhttp_root = $conductor.file_url_allowed_paths\n[neutron]\n\
         password = $url_timeout\n",
    );
    for to in ["pike", "2026.2"] {
        let words = format!("check --to {to} ironic.conf");
        let ran = line(&words).directory(directory.path());
        assert_as("releases", &format!("references-{to}"), &ran.transcript());
    }
}

#[test]
fn types_of_ironics_own() {
    let directory = ironic_conf(
        "[api]\nunix_socket_mode = 0800\n[json_rpc]\nunix_socket_mode = 0600\n\
         [conductor]\nclean_step_priority_override = deploy.erase_devices:10\n\
         clean_step_priority_override = 12\n\
         file_url_allowed_paths = /srv/images,/srv/../etc\n[console]\nport_range = 20000:10000\n\
         [pxe]\nkernel_append_params = nofb vga= console=ttyS0\n\
         [redfish]\nkernel_append_params = nofb vga=normal\n",
    );
    for to in ["2024.1", "2026.2"] {
        let words = format!("check --to {to} ironic.conf");
        let ran = line(&words).directory(directory.path());
        assert_as("releases", &format!("types-{to}"), &ran.transcript());
    }
}

/// Kernel parameters are checked after references are resolved; `$my_ip` is known only on the host.
#[test]
fn kernel_parameters_with_references() {
    let directory = ironic_conf(
        "[DEFAULT]\nhost =\n\
         [pxe]\npxe_append_params = nofb hostname=$host\n\
         [redfish]\nkernel_append_params = nofb ip=$my_ip\n",
    );
    let ran = line("check --to 2026.2 ironic.conf").directory(directory.path());
    assert_as("releases", "kernel-references", &ran.transcript());
}
