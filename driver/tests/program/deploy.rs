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
