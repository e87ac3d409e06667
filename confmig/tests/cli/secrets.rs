//! Tests that passwords, keys and tokens appear in no output unless asked for.

use crate::support::{Ran, assert_as, confmig, fixtures, line, read};

fn secrets() -> Vec<String> {
    let list = String::from_utf8(read("fixtures/secrets/secrets.txt")).unwrap();
    list.lines().map(str::to_owned).collect()
}

fn holds(text: &[u8], secret: &str) -> bool {
    bstr::ByteSlice::contains_str(text, secret)
}

/// Returns the fixtures that contain a secret.
fn fixtures_with_secrets() -> Vec<String> {
    let secrets = secrets();
    let mut all = fixtures("");
    all.retain(|fixture| {
        let text = read(fixture);
        secrets.iter().any(|secret| holds(&text, secret))
    });
    assert!(all.len() > 10, "{all:?}");
    all
}

/// Returns every option that a fixture sets, as arguments.
fn options(fixture: &str) -> Vec<String> {
    let json = confmig(["show", "--format", "json", fixture]).run().json();
    let mut options = Vec::new();
    for section in json["files"][0]["sections"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = section["name"].as_str().unwrap();
        let group = if name == "DEFAULT" {
            name.to_owned()
        } else {
            name.to_lowercase()
        };
        for entry in section["entries"].as_array().unwrap() {
            let key = entry["key"].as_str().unwrap();
            options.push(format!("--option={group}.{key}"));
        }
    }
    options
}

/// Asserts that a run's output contains no secret.
#[track_caller]
fn assert_no_secret(secrets: &[String], words: &[&str]) {
    let ran = confmig(words).run();
    assert!(matches!(ran.status, Some(0..=2)), "{}", ran.transcript());
    for secret in secrets {
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!holds(output, secret), "{secret} in {}", ran.transcript());
        }
    }
}

#[test]
fn in_no_output_of_any_command() {
    let secrets = secrets();
    for fixture in &fixtures_with_secrets() {
        for command in ["migrate", "check", "show"] {
            for format in ["text", "json"] {
                assert_no_secret(&secrets, &[command, "-vv", "--format", format, fixture]);
            }
            if command != "show" {
                for format in ["sarif", "html"] {
                    assert_no_secret(&secrets, &[command, "-vv", "--format", format, fixture]);
                    let to = [command, "--to", "2026.2", "--format", format, fixture];
                    assert_no_secret(&secrets, &to);
                }
            }
        }
        assert_no_secret(&secrets, &["migrate", "--keep-old", fixture]);
        assert_no_secret(&secrets, &["migrate", "--rules", "ironic-liberty", fixture]);
        let options = options(fixture);
        if !options.is_empty() {
            for format in ["text", "json"] {
                let mut words = vec!["show", "--format", format, fixture];
                words.extend(options.iter().map(String::as_str));
                assert_no_secret(&secrets, &words);
            }
        }
    }
}

#[test]
fn in_no_output_when_many_lines_change() {
    // Every line near a secret becomes context of the diff.
    let secrets = secrets();
    let text = String::from_utf8(read("fixtures/secrets/ironic.conf")).unwrap();
    let dense: String = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let ran = line("migrate -vv -").input(dense).run().expect(0);
    for secret in &secrets {
        assert!(!holds(&ran.stdout, secret), "{}", ran.transcript());
        assert!(!holds(&ran.stderr, secret), "{}", ran.transcript());
    }
    assert_as("secrets", "dense", &ran.transcript());
}

#[test]
fn shown_when_asked_for() {
    let ran = line("migrate --show-secrets fixtures/secrets/ironic.conf").run();
    assert!(holds(&ran.stdout, "Ci8nHv27ZoFs"));
    let ran = line("show --show-secrets fixtures/secrets/ironic.conf").run();
    for secret in [
        "Lk6-vYd82QsC",
        "Wb3cMp96SaVy",
        "9f2d7ac046e18b",
        "c0ffee5d2b91",
    ] {
        assert!(holds(&ran.stdout, secret), "{}", ran.transcript());
    }
    let ran = line("show --show-secrets -o database.connection fixtures/secrets/ironic.conf").run();
    assert!(holds(&ran.stdout, "Ry4uSn83GdHa"));
}

#[test]
fn in_a_header() {
    let secrets = secrets();
    assert_no_secret(
        &secrets,
        &["check", "fixtures/invalid/secret-in-header.conf"],
    );
}

#[test]
fn in_an_indented_assignment() {
    for text in [
        "[DEFAULT]\n  rabbit_password = hunter2\n",
        "[keystone_authtoken]\n\n\tpassword: hunter2\n",
        "keystone:\n  admin_password: hunter2\n",
        "{\n  \"admin_password\": \"hunter2\"\n}\n",
    ] {
        let ran = line("check -").input(text).run().expect(2);
        assert!(!ran.stderr().contains("hunter2"), "{}", ran.transcript());
    }
}

#[test]
fn with_rule_files() {
    let rules = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(rules.path(), "name = \"site\"\nsummary = \"our names\"\n").unwrap();
    let secrets = secrets();
    for fixture in &fixtures_with_secrets() {
        if !fixture.contains("/invalid/") {
            let words = ["show", "--rules", rules.path().to_str().unwrap(), fixture];
            assert_no_secret(&secrets, &words);
        }
    }
}

/// Asserts that no command shows `CANARY` of a text, in any format, with the default rules and on
/// the way to a release.
#[track_caller]
fn assert_canary_is_masked(text: &str) {
    assert_canary_is_masked_with(&[], text);
    for command in ["migrate", "check"] {
        let ran = confmig([command, "-vv", "--to", "2026.2", "-"]);
        assert_no_canary(text, &ran.input(text).run());
    }
}

/// Asserts that no command shows `CANARY` of a text, in any format, with these arguments.
#[track_caller]
fn assert_canary_is_masked_with(arguments: &[&str], text: &str) {
    for command in ["migrate", "check", "show"] {
        for format in ["text", "json", "sarif", "html"] {
            if command != "show" || ["text", "json"].contains(&format) {
                let words = [command, "-vv", "--format", format, "-"];
                let ran = confmig([&words, arguments].concat());
                assert_no_canary(text, &ran.input(text).run());
            }
        }
    }
}

#[track_caller]
fn assert_no_canary(text: &str, ran: &Ran) {
    assert!(matches!(ran.status, Some(0..=2)), "{}", ran.transcript());
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!holds(output, "CANARY"), "{text}\n{}", ran.transcript());
    }
}

#[test]
fn in_a_url_whatever_characters_it_has() {
    for password in [
        "pa'CANARY",
        "pa<CANARY",
        "\"CANARY",
        "pa CANARY",
        "$CANARY",
        "pa$CANARY$",
        "${CANARY}",
        "p@CANARY",
        "p#CANARY",
        "p://CANARY",
        "p=CANARY",
        "80/CANARY",
        "CANARY\u{a0}x",
    ] {
        assert_canary_is_masked(&format!(
            "[pxe]\nhttp_url = http://u:{password}@h:80/x\n\
             tftp_master_path = http://u:{password}@h\n\
             #http_root = http://u:{password}@h\nx = 'http://u:{password}@h'\n"
        ));
    }
    assert_canary_is_masked("[pxe]\nhttp_url = https://CANARY@h/x\n");
}

#[test]
fn in_what_follows_a_secret() {
    for between in ["garbage", "", "# x", "[broken", "[pxe]", "  [x"] {
        assert_canary_is_masked(&format!("[swift]\npassword = a\n b\n{between}\n  CANARY\n"));
    }
    assert_canary_is_masked("[swift]\npassword = a\nCANARY\n");
    assert_canary_is_masked("[swift]\npassword\n = CANARY\n= CANARY\n");
    // What ends a key in base64 is an assignment to oslo.config.
    assert_canary_is_masked("[swift]\npassword =\nCANARYCANARYCANARYQ==\n");
    assert_canary_is_masked("[swift]\npassword = a\nCANARYCANARYCANARYQ=\n");
}

#[test]
fn in_a_key_whose_separator_is_missing() {
    for line in [
        "admin_password CANARY==",
        "admin_password CANARY: x",
        "admin_password CANARY",
        "admin_password CANARY = ${pxe.http_root}",
        "set admin_password CANARY=",
        "#admin_password CANARY=",
    ] {
        assert_canary_is_masked(&format!("[DEFAULT]\n{line}\n[pxe]\nhttp_root = /x\n"));
    }
    assert_canary_is_masked("[pxe]\nhttp_root = /x\npassword CANARY = ${http_root}\n");
}

#[test]
fn of_options_that_nothing_describes() {
    for name in [
        "db_pass",
        "pwd",
        "auth_key",
        "vault_key",
        "my-db-pass",
        "Auth_Key",
    ] {
        assert_canary_is_masked(&format!(
            "[x]\n{name} = CANARY\n#{name}=CANARY\n# {name}: CANARY\n"
        ));
    }
    for setting in [
        "rootpwd=CANARY",
        "ipa-inspection-password=CANARY",
        "ipa-api-token=\"a CANARY\"",
        "{\"password\": \"a CANARY\"}",
    ] {
        assert_canary_is_masked(&format!(
            "[pxe]\npxe_append_params = nofb {setting} vga=1\n#pxe_append_params = {setting}\n"
        ));
    }
}

#[test]
fn of_options_in_a_group_with_capitals() {
    let rules = "name = \"x\"\nsummary = \"y\"\n\
                 [[option]]\ngroup = \"Site\"\nname = \"pin\"\ntype = \"str\"\nsecret = true\n\
                 [[option.former]]\ngroup = \"Old\"\nname = \"pin_code\"\nwhy = \"w\"\n";
    let schema = "{\"options\": {\"Site\": {\"opts\": [{\"name\": \"pin\", \"secret\": true, \
                  \"deprecated_opts\": [{\"group\": \"Old\", \"name\": \"pin_code\"}]}]}}}";
    for (argument, suffix, content) in [("--rules", ".toml", rules), ("--schema", ".json", schema)]
    {
        let file = tempfile::NamedTempFile::with_suffix(suffix).unwrap();
        std::fs::write(file.path(), content).unwrap();
        let arguments = [argument, file.path().to_str().unwrap()];
        for text in [
            "[Site]\npin = CANARY\n[Old]\npin_code = CANARY\n",
            "[site]\npin = CANARY\n[OLD]\npin_code = CANARY\n",
        ] {
            assert_canary_is_masked_with(&arguments, text);
        }
    }
}

#[test]
fn nothing_and_switches_are_shown() {
    let text = "[processing]\nenable_setting_ipmi_credentials = False\n[database]\n\
                connection = <None>\n[x]\nuse_auth_token = yes\n";
    let shown = line("show -").input(text).run().expect(0);
    assert!(!shown.stdout().contains("****"), "{}", shown.transcript());
}

#[test]
fn masking_does_not_change_what_is_read() {
    // The first is a quoted value, the second a reference beside a password.
    let text =
        "[pxe]\nx = 'nofb rootpwd=a'\nhttp_root = /x\ny = http://u:p$http_root@h${http_root}\n";
    let options = ["show", "-", "-opxe.x", "-opxe.y"];
    let shown = confmig(options).input(text).run().expect(0);
    for value in ["pxe.x = nofb rootpwd=****\n", "pxe.y = http://u:****@h/x\n"] {
        assert!(shown.stdout().contains(value), "{}", shown.transcript());
    }
}
