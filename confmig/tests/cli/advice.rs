//! What `check` advises: that it is true, complete and of use.

use crate::support::{assert_as, diagnostics, found, ironic_conf, line, ran, schema};

/// The options of an older release of a service.
pub(crate) const OLD: &str = r#"{"keystone_authtoken": {"opts": [
    {"name": "www_authenticate_uri", "type": "string value",
     "deprecated_opts": [{"group": "keystone_authtoken", "name": "auth_uri"}]},
    {"name": "auth_uri", "type": "string value", "deprecated_for_removal": true},
    {"name": "auth_type", "type": "unknown value",
     "deprecated_opts": [{"group": "keystone_authtoken", "name": "auth_plugin"}]},
    {"name": "auth_section", "type": "unknown value"}]}}"#;

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

/// Only 2023.2 deprecates the option, and its log says so.
#[test]
fn a_deprecation_that_was_taken_back_is_a_note() {
    let text = "[conductor]\ndeploy_kernel = file:///vmlinuz\n";
    let found = diagnostics(text, "check --to 2023.2");
    let told = ["code", "severity", "help"].map(|key| found[0][key].as_str().unwrap());
    let help = "keep it: 2024.1 no longer deprecates it";
    assert_eq!(told, ["deprecated-option", "note", help]);
    assert_eq!(found.len(), 1);
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
    let found = found(set, "check --from wallaby --to 2026.2 --defaults");
    let about = |[code, _, message]: &[String; 3]| {
        code == "default-changed" && message.starts_with("[pxe] kernel_append_params")
    };
    assert!(!found.is_empty() && !found.iter().any(about), "{found:?}");
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
