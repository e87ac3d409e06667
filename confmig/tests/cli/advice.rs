//! What is advised: that it is true, complete and of use.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, assert_as, fixtures, ironic_conf, line, root};

/// Runs a command in a directory with an `ironic.conf` of this text.
#[track_caller]
fn ran(text: &str, words: &str) -> Ran {
    let directory = ironic_conf(text);
    line(words).directory(directory.path()).run()
}

/// Returns the diagnostics of a run in JSON.
#[track_caller]
fn diagnostics(text: &str, words: &str) -> Vec<Value> {
    let json = ran(text, &format!("{words} --format json ironic.conf")).json();
    json["diagnostics"].as_array().unwrap().clone()
}

/// Returns the code, severity and message of each finding.
#[track_caller]
fn found(text: &str, words: &str) -> Vec<[String; 3]> {
    let found = diagnostics(text, words).into_iter();
    let found = found.map(|found| {
        ["code", "severity", "message"].map(|key| found[key].as_str().unwrap().to_owned())
    });
    found.collect()
}

fn schema(directory: &TempDir, name: &str, options: &str) {
    let text = format!(r#"{{"options": {options}}}"#);
    std::fs::write(directory.path().join(name), text).unwrap();
}

const OLD: &str = r#"{"keystone_authtoken": {"opts": [
    {"name": "www_authenticate_uri", "type": "string value",
     "deprecated_opts": [{"group": "keystone_authtoken", "name": "auth_uri"}]},
    {"name": "auth_uri", "type": "string value", "deprecated_for_removal": true},
    {"name": "auth_type", "type": "unknown value",
     "deprecated_opts": [{"group": "keystone_authtoken", "name": "auth_plugin"}]},
    {"name": "auth_section", "type": "unknown value"}]}}"#;

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

#[test]
fn each_deprecated_option_says_what_takes_its_place() {
    let text = "[ssl]\ncert_file = /c.pem\n[conductor]\nautomatic_lessee = true\n\
                [glance]\ninterface = internal\n";
    let helps = diagnostics(text, "check --to 2026.2").into_iter();
    let helps: Vec<String> = helps
        .map(|found| found["help"].as_str().unwrap().to_owned())
        .collect();
    for (help, named) in helps.iter().zip([
        ["[api] cert_file", "[json_rpc] cert_file"],
        ["[conductor] automatic_lessee_source", "request"],
        ["[glance] valid_interfaces", "list"],
    ]) {
        assert!(named.iter().all(|part| help.contains(part)), "{help}");
    }
    assert_eq!(helps.len(), 3);
}

/// `auth_plugin` chooses the plugin as `auth_type` does, in whichever file it is.
#[test]
fn a_plugin_chosen_by_a_former_name_counts() {
    let options = "auth_url = http://192.0.2.1:5000\nusername = svc\npassword = pw\n";
    let text = format!("[keystone_authtoken]\nauth_plugin = password\n{options}");
    let directory = ironic_conf(&text);
    schema(&directory, "schema.json", OLD);
    let check = |files: &str| {
        let words = format!("check --schema schema.json --format json {files}");
        let ran = line(&words).directory(directory.path()).run();
        let json = ran.json();
        let codes = json["diagnostics"].as_array().unwrap().iter();
        let codes: Vec<String> = codes
            .map(|found| found["code"].as_str().unwrap().to_owned())
            .collect();
        codes
    };
    assert_eq!(check("ironic.conf"), ["deprecated-name"]);
    let part = format!("[keystone_authtoken]\n{options}");
    std::fs::write(directory.path().join("b.conf"), part).unwrap();
    let chosen = "[keystone_authtoken]\nauth_type = password\n";
    std::fs::write(directory.path().join("a.conf"), chosen).unwrap();
    assert!(check("a.conf b.conf").is_empty());
    assert_eq!(check("b.conf"), ["unread-by-plugin"; 3]);
}

/// A schema writes the type of a value: it does not tell whether there may be several.
#[test]
fn a_dictionary_may_be_given_twice() {
    let text = "[DEFAULT]\npages = node:0,size:2048\npages = node:1,size:1GB\ncpus = 1\ncpus = 2\n";
    let directory = ironic_conf(text);
    let options = r#"{"DEFAULT": {"opts": [{"name": "pages", "type": "dict value"},
                      {"name": "cpus", "type": "integer value"}]}}"#;
    schema(&directory, "schema.json", options);
    let words = "check --schema schema.json --format json ironic.conf";
    let json = line(words).directory(directory.path()).run().json();
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 1, "{json}");
    assert!(
        json["diagnostics"][0]["message"]
            .as_str()
            .unwrap()
            .contains("cpus")
    );
}

/// What is suggested is read by the target, and not set already.
#[test]
fn did_you_mean() {
    let meant = |text: &str, to: &str| {
        let words = format!("check --to {to} ironic.conf");
        let said = ran(text, &words).stdout().to_owned();
        let meant = said.split_once("did you mean ");
        meant.map(|(_, rest)| rest.split('?').next().unwrap().to_owned())
    };
    let interfaces = "[keystone_authtoken]\nvalid_interfaces = internal\nauth_type = password\n\
                      [cinder]\nauth_type = password\nvalid_interfaces = internal\n";
    assert_eq!(meant(interfaces, "2026.2").as_deref(), Some("interface"));
    let rabbit = "[oslo_messaging_rabbit]\ntransport_url = rabbit://192.0.2.1\n";
    assert_eq!(meant(rabbit, "2026.2").as_deref(), Some("[DEFAULT]"));
    let both = format!("[DEFAULT]\ntransport_url = rabbit://192.0.2.2\n{rabbit}");
    assert_eq!(meant(&both, "2026.2"), None);
    let typo = "[pxe]\nipxe_enabld = true\n";
    assert_eq!(meant(typo, "train").as_deref(), Some("ipxe_enabled"));
    assert_eq!(meant(typo, "2026.2"), None);
}

#[test]
fn defaults_follow_renamings_and_sections_that_are_missing() {
    let text = "[DEFAULT]\nenabled_hardware_types = ipmi\n[pxe]\ntftp_root = /tftpboot\n";
    let about = |from: &str, to: &str, option: &str| {
        let found = found(text, &format!("check --from {from} --to {to} --defaults"));
        let mut messages = found.into_iter().map(|[.., message]| message);
        let message = messages.find(|message| message.starts_with(option));
        message.unwrap_or_else(|| panic!("nothing about {option}"))
    };
    let said = [
        about("wallaby", "2026.2", "[pxe] kernel_append_params"),
        about("2026.1", "2026.2", "[vnc] tls_minimum_version"),
        about("2023.1", "2024.1", "[oslo_policy] enforce_scope"),
        about("xena", "yoga", "[deploy] default_boot_mode"),
        about("newton", "2026.2", "[DEFAULT] transport_url"),
        about("wallaby", "2026.2", "[DEFAULT] default_log_levels"),
    ];
    assert_as("advice", "defaults", &said.join("\n"));
    let set = "[pxe]\npxe_append_params = quiet\n";
    let found = found(set, "check --from wallaby --to xena --defaults");
    assert!(
        !found
            .iter()
            .any(|[.., message]| message.starts_with("[pxe]"))
    );
}

#[test]
fn hardware_types_need_an_interface() {
    let list = "enabled_hardware_types = ipmi,fake-hardware\n\
                enabled_boot_interfaces = pxe,fake\nenabled_deploy_interfaces = direct,fake\n\
                enabled_management_interfaces = ipmitool,fake\n\
                enabled_power_interfaces = ipmitool,fake\n";
    let check = |more: &str| {
        let text = format!("[DEFAULT]\n{list}{more}");
        let found = found(&text, "check --to ussuri").into_iter();
        found
            .map(|[code, _, message]| (code, message))
            .collect::<Vec<_>>()
    };
    assert!(check("").is_empty());
    let found = check("enabled_bios_interfaces = idrac-wsman\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "no-common-interface");
    assert!(found[0].1.contains("ipmi, fake-hardware"), "{found:?}");
    // What comes from elsewhere, or shows only later, may be supported.
    for unknown in ["acme", "$bios", "{{ bios }}"] {
        let more = format!("enabled_bios_interfaces = idrac-wsman,{unknown}\n");
        let found = check(&more);
        assert!(
            found.iter().all(|(code, _)| code != "no-common-interface"),
            "{found:?}"
        );
    }
    // Newer releases enable what the hardware types support.
    let text = "[DEFAULT]\nenabled_hardware_types = ipmi,redfish\n";
    assert!(
        ran(text, "check --to 2026.2 ironic.conf")
            .stdout()
            .is_empty()
    );
}

/// What oslo.config does not read of the environment is told for a release, too.
#[test]
fn variables_with_a_release() {
    let directory = ironic_conf("[DEFAULT]\ndebug = true\n");
    let check = |name: &str, value: &str| {
        let run = line("check --to 2026.2 --format json ironic.conf").variable(name, value);
        let json = run.directory(directory.path()).run().json();
        let found = json["diagnostics"].as_array().unwrap().first().cloned();
        found.map(|found| {
            ["code", "severity", "help"].map(|key| found[key].as_str().unwrap().to_owned())
        })
    };
    let found = check("OS_CONDUCTOR__SEND_SENSOR_DATA_INTERVAL", "5").unwrap();
    let [code, severity, help] = found.each_ref().map(String::as_str);
    assert_eq!([code, severity], ["unread-variable", "error"]);
    assert!(help.contains("OS_SENSOR_DATA__INTERVAL"), "{help}");
    let found = check("OS_PXE__PXE_APPEND_PARAMS", "quiet").unwrap();
    assert!(
        found[2].contains("OS_PXE__KERNEL_APPEND_PARAMS"),
        "{found:?}"
    );
    let found = check("OS_CONDUCTOR__WORKERS_POOL_SIZE", "many").unwrap();
    assert_eq!(found[0], "ill-typed-value");
    assert_eq!(check("OS_CONDUCTOR__WORKERS_POOL_SIZE", "50"), None);
    assert_eq!(check("OS_CLOUD__NAME", "ours"), None);
}

/// Nobody reads a section; whether that matters is not known.
#[test]
fn unknown_sections_are_notes() {
    let text = "[service_user]\nauth_type = password\n[ours]\nhost = 192.0.2.1\n\
                [DEFAULT]\nmy_ip = $ours.host\n[conductr]\nworkers_pool_size = 5\n";
    let found = found(text, "check --to 2026.2");
    let about: Vec<[&str; 2]> = found
        .iter()
        .map(|[code, severity, _]| [&**code, severity])
        .collect();
    let section = "unknown-section";
    assert_eq!(about, [[section, "note"], [section, "warning"]]);
    // A note alone fails nothing.
    ran("[service_user]\nx = 1\n", "check --to 2026.2 ironic.conf").expect(0);
}

#[test]
fn severity_follows_impact() {
    let text = "[conductor]\nsend_sensor_data_interval = 300\n[ilo]\nclient_timeout = 60\n";
    let found = found(text, "check --to 2026.2");
    let about: Vec<[&str; 2]> = found
        .iter()
        .map(|[code, severity, _]| [&**code, severity])
        .collect();
    assert_eq!(
        about,
        [["removed-option", "error"], ["removed-option", "warning"]]
    );
    let latin = ironic_conf(b"[DEFAULT]\n# caf\xe9\ndebug = true\n");
    let ran = line("check --format json ironic.conf")
        .directory(latin.path())
        .run();
    assert_eq!(ran.json()["diagnostics"][0]["severity"], "error");
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

#[test]
fn a_plain_check_says_whose_names_it_expects() {
    let ran = ran(
        "[deploy]\nhttp_url = http://192.0.2.1:8080\n",
        "check ironic.conf",
    );
    assert!(
        ran.stderr().starts_with("note: the new names are read by"),
        "{}",
        ran.stderr()
    );
    let clean = line("check fixtures/check/clean.conf").run();
    assert!(!clean.stderr().contains("note:"));
}

#[test]
fn templates_are_told_from_mistakes() {
    let text = "[conductor]\nworkers_pool_size = {{ workers }}\n[pxe]\n\
                kernel_append_params = quiet {{ speed | default('9600') }}\n";
    for found in diagnostics(text, "check --to 2026.2") {
        let message = found["message"].as_str().unwrap();
        assert!(message.ends_with("looks like a template"), "{message}");
    }
    let ran = ran("[DEFAULT]\n{# a comment #}\n", "check ironic.conf").expect(2);
    assert!(format!("{}{}", ran.stdout(), ran.stderr()).contains("looks like a template"));
}

#[test]
fn an_empty_schema_is_called_empty() {
    let directory = ironic_conf("[DEFAULT]\nx = 1\n");
    for (text, said) in [("", "is empty"), ("nothing: here\n", "--format json")] {
        std::fs::write(directory.path().join("s.json"), text).unwrap();
        let ran = line("check --schema s.json ironic.conf").directory(directory.path());
        let ran = ran.run().expect(2);
        assert!(ran.stderr().contains(said), "{}", ran.stderr());
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

/// From Train on, nothing reads `ipxe_enabled` of Ussuri and newer: the result depends on the release.
const DEPENDS: &str = "[DEFAULT]\nenabled_boot_interfaces = pxe\n[pxe]\nipxe_enabled = true\n\
    [deploy]\nfast_track = true\n[swift]\nregion_name = here\n";

#[test]
fn a_release_that_matters_is_not_guessed() {
    let directory = ironic_conf(DEPENDS);
    let migrate = |words: &str| {
        let words = format!("migrate --to 2026.2 {words} ironic.conf");
        line(&words).directory(directory.path()).run()
    };
    let json = migrate("--format json").json();
    let results = json["releases"]["guess"]["same_results"]
        .as_array()
        .unwrap()
        .len();
    let ran = migrate("--write");
    match results {
        1 => drop(ran.expect(0)),
        _ => {
            let ran = ran.expect(2);
            assert!(ran.stderr().contains("give --from"), "{}", ran.stderr());
            let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
            assert_eq!(text, DEPENDS);
            assert!(migrate("").stderr().contains("warning: assuming"));
        }
    }
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

/// The configurations of the tests, and those below the directory that `CONFMIG_CORPUS` names.
fn configurations() -> Vec<String> {
    let mut found = fixtures("");
    let mut left: Vec<_> = std::env::var_os("CONFMIG_CORPUS")
        .into_iter()
        .map(Into::into)
        .collect();
    while let Some(directory) = left.pop() {
        let directory: std::path::PathBuf = directory;
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "conf")
            {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// For each release and configuration: what is called unknown is an option of no release, and what
/// is suggested is read by that release and set nowhere in the file.
#[test]
fn no_suggestion_that_the_release_does_not_read() {
    use confmig::history::{History, Series, Service};
    let history = History::new(Service::IRONIC);
    let files = configurations();
    let (mut unknown, mut suggested) = (0, 0);
    for to in ["liberty", "train", "2026.2"] {
        let series = Series::parse(Service::IRONIC, to).unwrap();
        for file in &files {
            let words = ["check", "--service", "ironic", "--to", to, file];
            let ran = crate::support::confmig(words).run();
            let text = std::fs::read(root().join(Path::new(file))).unwrap();
            let text = String::from_utf8_lossy(&text);
            for finding in ran.stdout().split("\n\n") {
                if !finding.contains("[unknown-option]: no release knows an option ") {
                    continue;
                }
                let (_, rest) = finding.split_once("an option ").unwrap();
                let (key, group) = rest.split_once(" in [").unwrap();
                let group = group.split(']').next().unwrap();
                assert!(history.of(group, key).is_none(), "{file}: {finding}");
                unknown += 1;
                let Some((_, meant)) = finding.split_once("did you mean ") else {
                    continue;
                };
                let meant = meant.split('?').next().unwrap();
                let (group, key) = match meant.strip_prefix('[') {
                    None => (group, meant),
                    Some(rest) => {
                        let (group, name) = rest.split_once(']').unwrap();
                        (group, if name.is_empty() { key } else { name.trim() })
                    }
                };
                let of_name = history.of(group, key);
                let is_option = of_name.is_some_and(|of_name| of_name.is_option(series));
                assert!(is_option, "{file} for {to}: {finding}");
                let mut in_group = false;
                let is_set = text.lines().any(|line| {
                    if line.starts_with('[') {
                        in_group = line.trim_end() == format!("[{group}]");
                    }
                    let name = line.split(['=', ':']).next().unwrap();
                    in_group && name.trim_end() == key
                });
                assert!(!is_set, "{file} for {to}: {finding}");
                suggested += 1;
            }
        }
    }
    assert!(unknown > 20 && suggested > 3, "{unknown} {suggested}");
}
