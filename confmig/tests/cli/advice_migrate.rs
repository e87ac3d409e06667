//! What `migrate` and `show` tell about releases: that it is true, complete and of use.

use crate::advice::OLD;
use crate::support::{assert_as, diagnostics, found, ironic_conf, line, ran, schema};

const NEW: &str = r#"{"keystone_authtoken": {"opts": [
    {"name": "www_authenticate_uri", "type": "string value"}]}}"#;

/// A name that is an option and a former name at once is moved by both schemas, as by releases.
#[test]
fn both_schemas_move_what_was_an_option_and_a_former_name() {
    let text = "[keystone_authtoken]\nauth_uri = http://192.0.2.1:5000\n";
    let directory = ironic_conf(text);
    schema(&directory, "old.json", OLD);
    schema(&directory, "new.json", NEW);
    let words = "migrate --from-schema old.json --schema new.json ironic.conf";
    let transcript = line(words).directory(directory.path()).transcript();
    assert_as("advice", "both-schemas", &transcript);
}

/// Options that lose their meaning by a release note only.
#[test]
fn release_notes() {
    for (name, from, to, text) in [
        (
            "note-ipxe",
            "train --accept ipxe-enabled",
            "2026.2",
            "[DEFAULT]\nenabled_boot_interfaces = pxe\n[pxe]\nipxe_enabled = true\n\
             pxe_bootfile_name = my-undionly.kpxe\nuefi_pxe_bootfile_name = my-ipxe.efi\n",
        ),
        (
            "note-ilo-parameters",
            "victoria",
            "wallaby",
            "[DEFAULT]\nenabled_hardware_types = ilo\n\
             enabled_boot_interfaces = ilo-virtual-media\n\
             enabled_management_interfaces = ilo\nenabled_power_interfaces = ilo\n\
             [pxe]\npxe_append_params = nofb console=ttyS0\n",
        ),
        (
            "note-lessee",
            "2024.1",
            "2026.2",
            "[conductor]\nautomatic_lessee = true\n",
        ),
        (
            "note-ssl",
            "2025.1",
            "2026.2",
            "[ssl]\ncert_file = /c.pem\nkey_file = /k.pem\n[api]\nenable_ssl_api = true\n",
        ),
    ] {
        let ran = ran(
            text,
            &format!("migrate --from {from} --to {to} ironic.conf"),
        );
        assert_as("advice", name, &ran.transcript());
    }
    let accepted = "migrate --from victoria --to wallaby --accept ilo-kernel-append-params";
    let text = "[DEFAULT]\nenabled_boot_interfaces = ilo-virtual-media\n\
                [pxe]\npxe_append_params = quiet\n";
    let ran = ran(text, &format!("{accepted} --output - ironic.conf"));
    assert!(
        ran.stdout()
            .contains("[ilo]\nkernel_append_params = quiet\n")
    );
}

/// Without iPXE, or with the options that it reads, there is nothing to say.
#[test]
fn notes_that_do_not_apply_are_not_told() {
    for text in [
        "[DEFAULT]\nenabled_boot_interfaces = pxe\n[pxe]\npxe_bootfile_name = pxelinux.0\n",
        "[DEFAULT]\nenabled_boot_interfaces = ipxe\n\
         [pxe]\npxe_bootfile_name = a\nipxe_bootfile_name = b\n",
    ] {
        let found = found(text, "migrate --from ussuri --to victoria");
        assert!(found.is_empty(), "{text}{found:?}");
    }
}

/// Made as a tool made it in 2015: the sections, most of them empty, tell its age.
const YEAR_2015: &str = "[DEFAULT]\nmy_ip = 192.0.2.66\n[amt]\n[cisco_ucs]\n[glance]\n\
    glance_host = 192.0.2.66\n[keystone]\nregion_name = RegionOne\n[oslo_messaging_qpid]\n\
    [matchmaker_ring]\n[seamicro]\n[ssh]\n[virtualbox]\n";

#[test]
fn the_release_of_the_files() {
    let ran = ran(YEAR_2015, "migrate --to 2026.2 ironic.conf");
    assert_as("advice", "guess", &ran.transcript());
    let json = self::ran(YEAR_2015, "migrate --to 2026.2 --format json ironic.conf").json();
    let guess = &json["releases"]["guess"];
    assert_eq!(guess["candidates"][0], json["releases"]["from"]);
    assert_eq!(
        guess["same_results"].as_array().unwrap().len(),
        1,
        "{guess}"
    );
}

/// Up to 2024.1, `true` meant what `automatic_lessee_source = request` does since.
const DEPENDS: &str = "[conductor]\nautomatic_lessee = true\n";

#[test]
fn a_release_that_matters_is_not_guessed() {
    let directory = ironic_conf(DEPENDS);
    let migrate = |words: &str| {
        let words = format!("migrate --to 2026.2 {words} ironic.conf");
        line(&words).directory(directory.path()).run()
    };
    let json = migrate("--format json").json();
    let results = json["releases"]["guess"]["same_results"].clone();
    assert_eq!(results.as_array().unwrap().len(), 2, "{results}");
    let ran = migrate("--write").expect(2);
    assert!(ran.stderr().contains("give --from"), "{}", ran.stderr());
    let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
    assert_eq!(text, DEPENDS);
    let ran = migrate("").expect(0);
    assert!(
        ran.stderr().contains("warning: assuming"),
        "{}",
        ran.stderr()
    );
    migrate("--from 2024.2 --write").expect(0);
}

/// A later step undoes or goes on with what an earlier one did: the reader sees where it ends.
#[test]
fn each_line_is_told_once() {
    let text = "[DEFAULT]\nrabbit_host = 192.0.2.1\nrabbit_userid = ironic\n\
                [keystone_authtoken]\nauth_uri = http://192.0.2.1:5000\n\
                [keystone]\nregion_name = RegionOne\n";
    let words = "migrate --from icehouse --to 2026.2 ironic.conf";
    assert_as("advice", "net", &ran(text, words).transcript());
    let steps = ran(text, &format!("-v {words}"));
    assert!(
        steps
            .stderr()
            .contains("copied from [keystone_authtoken] auth_uri")
    );
    let json = ran(text, &format!("{words} --format json")).json();
    let changes = json["files"][0]["changes"].as_array().unwrap();
    let lines: Vec<u64> = changes
        .iter()
        .map(|it| it["line"].as_u64().unwrap())
        .collect();
    assert!(lines.windows(2).any(|pair| pair[0] == pair[1]), "{json}");
}

#[test]
fn what_is_shown_answers_for_a_release() {
    let text = "[conductor]\nsend_sensor_data_interval = 5\n[pxe]\npxe_append_params = quiet\n";
    let mut said = String::new();
    for words in [
        "show --to 2026.2 -o pxe.kernel_append_params ironic.conf",
        "show --to 2026.2 -o pxe.pxe_append_params ironic.conf",
        "show --to 2026.2 -o conductor.send_sensor_data_interval ironic.conf",
        "show --to 2026.2 -o conductor.workers_pool_size ironic.conf",
        "show --to 2026.2 -o conductor.worker_pool_size ironic.conf",
        "show --to train -o pxe.kernel_append_params ironic.conf",
    ] {
        said += &ran(text, words).transcript();
    }
    assert_as("advice", "show", &said);
}

/// The operator hears once of an option, however many rules are about it.
#[test]
fn one_finding_for_each_option() {
    let text = "[DEFAULT]\nenabled_drivers = agent_pyghmi,pxe_ssh\n";
    let found = found(text, "migrate --from icehouse --to 2026.2");
    assert_eq!(found.len(), 1, "{found:?}");
    let [_, _, message] = &found[0];
    assert!(message.contains("classic-drivers-gone-pike"), "{message}");
    assert!(message.contains("(enabled-drivers, train)"), "{message}");
    let text = "[DEFAULT]\nenabled_hardware_types = ilo,ilo5,irmc\n";
    assert_eq!(diagnostics(text, "check --to 2026.2").len(), 1);
}
