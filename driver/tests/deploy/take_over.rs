//! Take-over of one node, and of all nodes of a dead conductor.
//!
//! Debian package: nginx-light.

use std::fs;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use driver::bmc::{Bmc, Drive};
use driver::node::Section;
use serde_json::json;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Fault, Generation, Ilo};
use crate::support::uuid;
use crate::support::web::names;

#[tokio::test]
async fn a_failed_take_over_is_a_warning_and_leaves_the_node_unchanged() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({"provision_state": "active"}));
    let booted = deploy
        .continue_deploy(&node, Some("1A-2"))
        .await
        .unwrap()
        .node;
    let old = booted.text(Section::InstanceInfo, "ilo_boot_iso").unwrap();
    fs::remove_file(conductor.images.path().join("initrd")).unwrap();
    let taken = deploy.take_over(&booted).await;
    let warning = taken.warning.unwrap().to_string();
    assert!(
        warning.contains("ramdisk") && warning.contains("404"),
        "{warning}"
    );
    assert_eq!(
        taken.node.text(Section::InstanceInfo, "ilo_boot_iso"),
        Some(old)
    );
    let medium = conductor
        .bmc(&node)
        .medium(Drive::Cd)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        medium.image.as_deref(),
        Some(old),
        "the old boot ISO stays inserted"
    );
    // Nothing is done in any other state.
    for state in ["available", "deploying", "deleting", "clean wait"] {
        let node = conductor.node(&ilo, &json!({"provision_state": state}));
        let taken = deploy.take_over(&node).await;
        assert!(taken.done.is_empty() && taken.warning.is_none(), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_over_all_nodes_fetches_each_image_once() {
    const NODES: usize = 40;
    let conductor = Conductor::start();
    let ilos: Vec<Ilo> = (0..NODES).map(|_| Ilo::start(Generation::Ilo5)).collect();
    let deploy = conductor.deploy();
    let dead = conductor.nginx.url("/images");
    let nodes = ilos.iter().enumerate().map(|(number, ilo)| {
        let uuid = uuid(number as u32);
        let url = format!("{dead}/boot-{uuid}.iso");
        let state = if number % 10 == 9 {
            "wait call-back"
        } else {
            "active"
        };
        let mut info = conductor.node(ilo, &json!({})).json()["instance_info"].clone();
        info["ilo_boot_iso"] = json!(url);
        if number == 5 {
            info["ramdisk"] = json!(conductor.nginx.url("/boot/none"));
        }
        conductor.node(
            ilo,
            &json!({"uuid": uuid.to_string(), "provision_state": state, "instance_info": info,
                   "driver_internal_info": {"boot_iso_created_in_web_server": true,
                                            "root_uuid_or_disk_id": "1A-2"}}),
        )
    });
    let mut seen = Vec::new();
    let at_once = NonZeroUsize::new(8).unwrap();
    let summary = deploy
        .take_over_all(nodes, at_once, |one| seen.push((one.node, one.warning)))
        .await;
    assert_eq!(
        (summary.changed, summary.unchanged, summary.failed),
        (NODES - 1, 0, 1)
    );
    assert_eq!(seen.len(), NODES);
    let failed: Vec<_> = seen
        .iter()
        .filter_map(|(_, warning)| warning.as_ref())
        .collect();
    assert!(failed[0].to_string().contains("404"), "{failed:?}");
    assert_eq!(conductor.nginx.sent("/boot/vmlinuz"), 1);
    assert_eq!(conductor.nginx.sent("/boot/initrd"), 1);
    assert_eq!(names(conductor.www.path()).len(), NODES - 1);
}

/// BMCs that do not answer are waited for at the same time, however few nodes get their images at
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn many_dead_bmcs_take_little_longer_than_one() {
    const NODES: usize = 80;
    const DEAD: usize = 60;
    let conductor = Conductor::start();
    let ilos: Vec<Ilo> = (0..NODES)
        .map(|number| match number % 4 {
            3 => Ilo::start(Generation::Ilo5),
            _ => Ilo::with(Generation::Ilo5, Fault::Hangs),
        })
        .collect();
    let nodes = ilos.iter().enumerate().map(|(number, ilo)| {
        let uuid = uuid(number as u32).to_string();
        conductor.node(
            ilo,
            &json!({"uuid": uuid, "provision_state": "wait call-back"}),
        )
    });
    let start = Instant::now();
    let at_once = NonZeroUsize::new(2).unwrap();
    let summary = conductor.deploy().take_over_all(nodes, at_once, drop).await;
    let took = start.elapsed();
    println!("{NODES} nodes, of which {DEAD} with a dead BMC: {took:.1?}");
    assert_eq!((summary.changed, summary.failed), (NODES - DEAD, DEAD));
    assert_eq!(names(conductor.www.path()).len(), NODES - DEAD);
    // One after the other, two at once, they would take 90 s.
    assert!(took < Duration::from_secs(30), "{took:?}");
}
