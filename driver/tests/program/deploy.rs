//! The program's commands for deployments.
//!
//! Debian package: nginx-light.

use serde_json::{Value, json};

use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::program::Program;
use crate::support::web::names;

#[test]
fn the_program_deploys_takes_over_and_tears_down() {
    let (conductor, ilo) = (Conductor::start(), Ilo::without_post(Generation::Ilo5));
    let node = conductor.node(&ilo, &json!({}));
    let program = Program::new(&conductor.conf(), &json!(node));
    let param = ["--param", "nonce=4711", "--check-served"];
    let deployed = program.run("deploy", &param);
    assert_eq!(deployed["done"].as_array().unwrap().len(), 8, "{deployed}");
    let mut waiting = deployed["node"].clone();
    waiting["provision_state"] = json!("wait call-back");
    program.set_node(&waiting);
    let taken = program.run("take-over", &param);
    assert_eq!(taken["warning"], Value::Null);
    assert_eq!(taken["done"].as_array().unwrap().len(), 3, "{taken}");
    let booted = program.run("continue", &["--root-uuid", "1A-2"]);
    let recorded = &booted["node"]["instance_info"]["ilo_boot_iso"];
    assert!(recorded.as_str().unwrap().ends_with(".iso"), "{booted}");
    program.run("tear-down", &[]);
    assert_eq!(names(conductor.www.path()), [""; 0]);
    let mut wrong = json!(node);
    wrong["driver_info"]["redfish_password"] = json!("wrong");
    program.set_node(&wrong);
    let error = program.fail("deploy", &[]);
    assert!(
        error.starts_with("ilo: error: node ") && error.contains("user and password"),
        "{error}"
    );
}

#[test]
fn the_program_validates_and_changes_single_settings() {
    let (conductor, ilo) = (Conductor::start(), Ilo::without_post(Generation::Ilo5));
    ilo.state(|state| state.set_secure_boot(false));
    let node = conductor.node(&ilo, &json!({}));
    let program = Program::new(&conductor.conf(), &json!(node));
    assert_eq!(program.report("validate", &[]), json!({"valid": true}));
    assert_eq!(ilo.changes(), [""; 0]);
    for (command, args, reported) in [
        ("boot-mode", &[][..], json!("uefi")),
        ("boot-mode", &["bios"], json!("bios")),
        ("boot-mode", &["UEFI"], json!("uefi")),
        ("secure-boot", &[], json!(false)),
        ("secure-boot", &["on"], json!(true)),
        ("secure-boot", &["off"], json!(false)),
        ("boot-disk", &[], json!(true)),
        ("boot-disk", &[], json!(false)),
    ] {
        let printed = program.report(command, args);
        assert_eq!(printed, json!({"reported": reported}), "{command} {args:?}");
    }
    for (command, arg, expected) in [
        ("boot-mode", "legacy", "expected the boot mode bios or uefi"),
        ("secure-boot", "yes", "[possible values: on, off]"),
    ] {
        let error = program.fail(command, &[arg]);
        assert!(error.contains(expected), "{error}");
    }
    ilo.state(|state| state.licensed = false);
    let error = program.fail("validate", &[]);
    assert!(
        error.contains("cannot use virtual media: the BMC's licence"),
        "{error}"
    );
}
