//! The steps of a deployment, in their order.
//!
//! Debian package: nginx-light.

use std::fs;

use driver::bmc::{Bmc, Drive};
use driver::deploy::Action;
use driver::node::Section;
use serde_json::json;

use crate::support::UUID;
use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::web::names;

/// The steps as text, with `*` for what differs from run to run.
fn steps(done: &[Action]) -> Vec<String> {
    done.iter()
        .map(|step| shortened(&step.to_string()))
        .collect()
}

fn shortened(step: &str) -> String {
    let words = step.split(' ').map(|word| {
        let name = match word.rsplit_once('/') {
            Some((_, name)) if word.contains("://") => name,
            _ => word,
        };
        match name.split_once(&format!("{UUID}-")) {
            Some((kind, rest)) => format!("{kind}*{}", &rest[rest.len() - 4..]),
            None => name.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn deploying_booting_and_tearing_down_take_these_steps_in_this_order() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({}));
    let deployed = deploy.deploy(&node).await.unwrap();
    assert_eq!(
        steps(&deployed.done),
        [
            "published image-*.img",
            "shut the server down",
            "emptied the floppy drive",
            "emptied the CD drive",
            "inserted image-*.img into the floppy drive",
            "inserted deploy.iso into the CD drive",
            "set the next boot to the CD drive",
            "switched the server on",
        ]
    );
    ilo.boots();
    let booted = deploy
        .continue_deploy(&deployed.node, Some("1A-2"))
        .await
        .unwrap();
    assert_eq!(
        steps(&booted.done),
        [
            "published boot-*.iso",
            "shut the server down",
            "emptied the floppy drive",
            "removed image-*.img",
            "emptied the CD drive",
            "inserted boot-*.iso into the CD drive",
            "set the next boot to the CD drive",
            "switched the server on",
        ]
    );
    let boots = ilo.boots();
    let again = deploy.boot_instance(&booted.node).await.unwrap();
    assert_eq!(
        steps(&again.done),
        [
            "inserted boot-*.iso into the CD drive",
            "set the next boot to the CD drive"
        ]
    );
    let ended = deploy.tear_down(&again.node).await.unwrap();
    assert_eq!(
        steps(&ended.done),
        [
            "switched the server off",
            "emptied the floppy drive",
            "emptied the CD drive",
            "removed boot-*.iso",
        ]
    );
    assert_eq!(ended.node, node);
    assert_eq!(names(conductor.www.path()), [""; 0]);
    let [first, second] = &boots[..] else {
        panic!("{boots:?}")
    };
    assert!(first.contains("deploy.iso") && second.contains("boot-"));
}

#[tokio::test]
async fn a_users_own_boot_iso_is_attached_unchanged_and_not_removed() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    fs::write(conductor.images.path().join("mine.iso"), "an ISO").unwrap();
    let url = conductor.nginx.url("/boot/mine.iso");
    let node = conductor.node(&ilo, &json!({"instance_info": {"ilo_boot_iso": url}}));
    let deploy = conductor.deploy();
    let booted = deploy.continue_deploy(&node, Some("1A-2")).await.unwrap();
    let medium = conductor
        .bmc(&node)
        .medium(Drive::Cd)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(medium.image.as_deref(), Some(&*url));
    assert_eq!(names(conductor.www.path()), [""; 0]);
    let ended = deploy.clean_up(&booted.node).await.unwrap();
    assert_eq!(
        ended.node.text(Section::InstanceInfo, "ilo_boot_iso"),
        Some(&*url)
    );
}
