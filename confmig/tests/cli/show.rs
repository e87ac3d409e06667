//! Tests of `confmig show`: what oslo.config sees.

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line, stem};

const LAYERED: &str = "fixtures/layered/ironic-dist.conf fixtures/layered/ironic.conf \
                       --config-dir fixtures/layered/ironic.conf.d";

#[test]
fn entries() {
    for directory in ["standalone-liberty", "templates", "format", "multi-valued"] {
        for fixture in fixtures(directory) {
            let ran = confmig(["show", &fixture]).run().expect(0);
            let name = format!("{directory}-{}", stem(&fixture));
            assert_as("show", &name, &ran.transcript());
        }
    }
}

#[test]
fn an_option_of_layered_files() {
    let ran = line(&format!(
        "show -o deploy.http_server_url -o deploy.http_server_root \
         -o ilo.use_http_web_server_for_images -o ilo.client_timeout -o ilo.client_port \
         -o ilo.ca_file {LAYERED}"
    ));
    assert_as("show", "options-of-layers", &ran.transcript());
}

#[test]
fn an_option_by_a_former_name() {
    let ran = line("show -o pxe.http_url fixtures/names/three-names.conf");
    assert_as("show", "option-by-a-former-name", &ran.transcript());
}

#[test]
fn an_option_from_the_environment() {
    let ran = line(&format!("show -o deploy.http_server_url {LAYERED}"))
        .variable("OS_DEPLOY__HTTP_SERVER_URL", "http://192.0.2.1:8080");
    assert_as("show", "option-from-the-environment", &ran.transcript());
}

#[test]
fn an_option_that_is_not_set() {
    let ran = line("show -o deploy.http_server_url fixtures/format/empty.conf");
    assert_as("show", "option-that-is-not-set", &ran.transcript());
}

#[test]
fn an_option_without_a_value_that_can_be_read() {
    let ran = line(
        "show -o ilo.client_timeout -o ilo.client_port -o ilo.use_http_web_server_for_images \
         fixtures/check/ill-typed.conf",
    );
    assert_as("show", "options-ill-typed", &ran.transcript());
    let ran = line("show -o deploy.http_server_root fixtures/check/reference-loop.conf");
    assert_as("show", "option-in-a-circle", &ran.transcript());
    let ran = line("show -o deploy.http_server_url fixtures/check/dangling-references.conf");
    assert_as("show", "option-with-dangling-reference", &ran.transcript());
}

#[test]
fn a_multi_valued_option() {
    // A pack's option, or another of the service's: no type is needed.
    let ran = line(
        "show -o oslo_messaging_notifications.driver -o DEFAULT.notification_driver \
         fixtures/multi-valued/one-file.conf",
    );
    assert_as("show", "multi-valued-option", &ran.transcript());
}

/// oslo.config takes each character of the variable as a value.
#[test]
fn a_multi_valued_option_from_the_environment() {
    let option = "oslo_messaging_notifications.driver";
    let ran = line(&format!("show --format json -o {option} -"))
        .input("[oslo_messaging_notifications]\ndriver = log\n")
        .variable("OS_OSLO_MESSAGING_NOTIFICATIONS__DRIVER", "env")
        .run()
        .expect(0);
    let value = &ran.json()["options"][0]["value"];
    assert_eq!(
        *value,
        serde_json::json!(["e", "n", "v"]),
        "{}",
        ran.transcript()
    );
}

/// What oslo.config reads is shown, even if masking changes how the line looks.
#[test]
fn a_header_that_goes_on_as_an_assignment() {
    let text = "[DEFAULT]\na = b\n[x] password = hunter2]\nc = d\n";
    for words in [
        "show -",
        "show -o DEFAULT.a -",
        "show --format json -",
        "check -",
    ] {
        let ran = line(words).input(text).run();
        assert_ne!(ran.status, Some(2), "{}", ran.transcript());
        assert!(
            !ran.transcript().contains("hunter2"),
            "{}",
            ran.transcript()
        );
    }
}

#[test]
fn a_secret_that_is_a_number_has_a_value() {
    let directory = ironic_conf("[a]\npin = 1234\nx = $pin\n");
    let pack = "name = \"x\"\nsummary = \"y\"\n[[option]]\ngroup = \"a\"\nname = \"pin\"\n\
                type = \"int\"\nsecret = true\n";
    std::fs::write(directory.path().join("r.toml"), pack).unwrap();
    let ran = line("show --rules r.toml -o a.pin -o a.x ironic.conf")
        .directory(directory.path())
        .run()
        .expect(0);
    let lines: Vec<&str> = ran.stdout().lines().collect();
    assert_eq!(
        lines,
        [
            "a.pin = ****",
            "    from ironic.conf:2, as a.pin",
            "a.x = ****",
            "    from ironic.conf:3, as a.x",
        ]
    );
}

#[test]
fn references_are_replaced() {
    let ran = line(
        "show -o DEFAULT.tempdir -o pxe.instance_master_path -o deploy.http_server_url \
         fixtures/standalone-liberty/ironic.conf",
    );
    assert_as("show", "option-with-references", &ran.transcript());
}

#[test]
fn the_values_stay_when_the_files_are_migrated() {
    let options = "-o deploy.http_server_url -o deploy.http_server_root -o DEFAULT.tempdir \
                   -o ilo.use_http_web_server_for_images -o pxe.instance_master_path";
    let values = |json: serde_json::Value| -> Vec<serde_json::Value> {
        let options = json["options"].as_array().unwrap().iter();
        options.map(|option| option["value"].clone()).collect()
    };
    for fixture in ["standalone-liberty", "names", "templates", "releases"]
        .iter()
        .flat_map(|directory| fixtures(directory))
    {
        let before = line(&format!("show --format json {options} {fixture}")).run();
        let new = confmig(["migrate", "--output", "-", &fixture]).run();
        let after = line(&format!("show --format json {options} -"))
            .input(&new.stdout)
            .run();
        let (before, after) = (values(before.json()), values(after.json()));
        for (before, after) in before.iter().zip(&after) {
            // Before, the value under a former name may refer to a neighbour that an updated
            // program does not find; afterwards, it does.
            assert!(
                before == after || before.is_null(),
                "{fixture}: {before}, {after}"
            );
        }
    }
}

#[test]
fn an_option_without_its_group_is_found_when_there_is_only_one() {
    let ran = line("show -o http_server_url fixtures/names/both-names.conf")
        .run()
        .expect(0);
    assert!(
        ran.transcript().contains("deploy.http_server_url = "),
        "{}",
        ran.transcript()
    );
}

#[test]
fn a_reference_to_a_secret_shows_no_secret() {
    let text = "[keystone_authtoken]\npassword = hunter2\n[deploy]\n\
                http_server_root = /a/$keystone_authtoken.password\n";
    for format in ["text", "json"] {
        let ran = line(&format!(
            "show -o deploy.http_server_root --format {format} -"
        ))
        .input(text)
        .variable("OS_KEYSTONE_AUTHTOKEN__PASSWORD", "hunter2")
        .run()
        .expect(0);
        assert!(ran.stdout().contains("/a/****"), "{}", ran.stdout());
        assert!(!ran.stdout().contains("hunter2"), "{}", ran.stdout());
    }
}
