//! Whole deployments of the servers of each generation of iLOs.
//!
//! Debian package: nginx-light.

use std::time::Duration;

use driver::bmc::BootMode;
use driver::deploy::Action;
use driver::node::{Node, Section};
use serde_json::{Value, json};

use crate::support::UUID;
use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo, Trouble};
use crate::support::web::names;

/// The generations with the boot modes that their servers have.
fn servers() -> impl Iterator<Item = (Generation, BootMode)> {
    Generation::ALL.into_iter().flat_map(|generation| {
        let modes: &[BootMode] = match generation < Generation::Ilo6 {
            true => &[BootMode::Bios, BootMode::Uefi],
            false => &[BootMode::Uefi],
        };
        modes.iter().map(move |mode| (generation, *mode))
    })
}

fn in_state(node: &Node, state: &str) -> Node {
    let mut json = Value::Object(node.json().clone());
    json["provision_state"] = state.into();
    Node::from_json(json.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn an_instance_is_deployed_booted_taken_over_and_ended() {
    for (generation, mode) in servers() {
        for boots_from_iso in [true, false] {
            let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
            ilo.state(|state| state.set_secure_boot(false));
            let what = format!("{generation:?} {mode} {boots_from_iso}");
            let deploy = conductor.deploy();
            let driver = if boots_from_iso {
                "iscsi_ilo"
            } else {
                "agent_ilo"
            };
            let capabilities = format!("boot_mode:{}", mode.to_string().to_uppercase());
            let node = conductor.node(
                &ilo,
                &json!({"driver": driver, "properties": {"capabilities": capabilities}}),
            );
            deploy.validate(&node).await.unwrap();
            assert_eq!(ilo.changes(), [""; 0], "{what}");

            let deployed = deploy.deploy(&node).await.unwrap();
            let boots = ilo.boots();
            assert!(
                boots.last().unwrap().ends_with("deploy.iso"),
                "{what}: {boots:?}"
            );
            assert_eq!(
                ilo.state(|state| state.is_uefi()),
                mode == BootMode::Uefi,
                "{what}"
            );
            let taken = deploy
                .take_over(&in_state(&deployed.node, "wait call-back"))
                .await;
            assert!(taken.warning.is_none(), "{what}: {:?}", taken.warning);

            let booted = deploy
                .continue_deploy(&taken.node, Some("1A-2"))
                .await
                .unwrap();
            let boots = ilo.boots();
            let last = boots.last().unwrap();
            match boots_from_iso {
                true => assert!(last.contains("boot-"), "{what}: {boots:?}"),
                // These captures have no disk.
                false if generation >= Generation::Ilo6 => {}
                false => assert_eq!(last, "disk", "{what}: {boots:?}"),
            }
            let taken = deploy.take_over(&in_state(&booted.node, "active")).await;
            assert!(taken.warning.is_none(), "{what}: {:?}", taken.warning);
            let again = deploy.boot_instance(&taken.node).await.unwrap();
            let ended = deploy.tear_down(&again.node).await.unwrap();
            assert_eq!(names(conductor.www.path()), [""; 0], "{what}");
            assert_eq!(in_state(&ended.node, "deploying"), node, "{what}");
            let image = |drive: usize| ilo.state(|state| state.drives[drive].image.clone());
            assert_eq!((image(0), image(1)), (None, None), "{what}");
            let changes = ilo.changes();
            let mode_sent = changes
                .iter()
                .any(|one| one.contains("BootSourceOverrideMode"));
            assert!(!mode_sent, "{what}: {changes:?}");
        }
    }
}

#[tokio::test]
async fn a_boot_mode_that_the_server_does_not_have_is_refused_before_it_is_switched_off() {
    for generation in [Generation::Ilo6, Generation::Ilo7] {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
        ilo.state(|state| state.machine.run());
        let node = conductor.node(
            &ilo,
            &json!({"properties": {"capabilities": "boot_mode:bios"}}),
        );
        let error = conductor.deploy().deploy(&node).await.unwrap_err();
        assert!(error.to_string().contains("UEFI only"), "{error}");
        assert_eq!(ilo.changes(), [""; 0]);
        assert_eq!(names(conductor.www.path()), [""; 0]);
    }
}

#[tokio::test]
async fn secure_boot_is_switched_on_for_the_instance_and_restored_after_it() {
    for generation in [Generation::Ilo5, Generation::Ilo6, Generation::Ilo7] {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
        let node = conductor.node(
            &ilo,
            &json!({
                "driver": "agent_ilo",
                "instance_info": {"capabilities": "{\"secure_boot\": \"true\"}"},
            }),
        );
        let deploy = conductor.deploy();
        let enabled = || {
            ilo.state(|state| {
                let content = state.content("/redfish/v1/Systems/1/SecureBoot").unwrap();
                content["SecureBootEnable"] == true
            })
        };
        assert!(!enabled());
        let deployed = deploy.deploy(&node).await.unwrap();
        // For the instance, not for the ramdisk.
        assert!(!enabled(), "{generation:?}");
        let before = deployed
            .node
            .get(Section::DriverInternalInfo, "ilo_secure_boot_before");
        assert_eq!(before, Some(&json!(false)));
        ilo.boots();
        let booted = deploy.continue_deploy(&deployed.node, None).await.unwrap();
        assert!(enabled(), "{generation:?}");
        let ended = deploy.tear_down(&booted.node).await.unwrap();
        assert!(!enabled(), "{generation:?}");
        assert_eq!(ended.node, node);
    }
}

#[tokio::test]
async fn secure_boot_is_read_once_before_it_is_changed_whether_it_was_noted_or_not() {
    let capabilities = json!({"properties": {"capabilities": "secure_boot:true"}});
    let mut reads = Vec::new();
    for is_noted in [true, false] {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
        ilo.state(|state| state.set_secure_boot(false));
        let (node, deploy) = (conductor.node(&ilo, &capabilities), conductor.deploy());
        let mut node = deploy.deploy(&node).await.unwrap().node;
        if !is_noted {
            node.remove(Section::DriverInternalInfo, "ilo_secure_boot_before");
        }
        ilo.state(|state| state.requests.clear());
        let booted = deploy.continue_deploy(&node, None).await.unwrap();
        assert!(booted.done.contains(&Action::SecureBoot(true)));
        let is_read = |request: &&String| {
            request.starts_with("GET ") && request.to_lowercase().contains("/secureboot")
        };
        let read = ilo.state(|state| state.requests.iter().filter(is_read).count());
        reads.push(read);
    }
    assert_eq!(reads[0], reads[1]);
}

/// A server with BIOS, whose node wants UEFI.
fn with_bios(generation: Generation) -> Ilo {
    let ilo = Ilo::start(generation);
    ilo.state(|state| state.set_boot_mode("LegacyBios"));
    ilo
}

#[tokio::test]
async fn secure_boot_of_a_server_with_bios_needs_no_second_deployment() {
    for generation in [Generation::Ilo4, Generation::Ilo5, Generation::Ilo5Late] {
        let (conductor, ilo) = (Conductor::start(), with_bios(generation));
        ilo.state(|state| state.set_secure_boot(false));
        let node = conductor.node(
            &ilo,
            &json!({"properties": {"capabilities": "secure_boot:true"}}),
        );
        let deploy = conductor.deploy();
        let deployed = deploy.deploy(&node).await.unwrap();
        assert!(ilo.state(|state| state.is_uefi()), "{generation:?}");
        let booted = deploy.continue_deploy(&deployed.node, None).await.unwrap();
        let done: Vec<String> = booted.done.iter().map(ToString::to_string).collect();
        assert!(done.contains(&"switched secure boot on".into()), "{done:?}");
    }
}

#[tokio::test]
async fn a_boot_mode_that_the_bios_does_not_take_fails_the_deployment() {
    for generation in [Generation::Ilo4, Generation::Ilo5, Generation::Ilo5Late] {
        let (conductor, ilo) = (Conductor::start(), with_bios(generation));
        ilo.state(|state| state.settings_refused = Some("PropertyValueNotInList"));
        let node = conductor.node(
            &ilo,
            &json!({"properties": {"capabilities": "boot_mode:uefi"}}),
        );
        let deploy = conductor.deploy();
        let text = deploy.deploy(&node).await.unwrap_err().to_string();
        let expected = format!("node {UUID}: cannot set the boot mode to uefi: the server has");
        assert!(
            text.starts_with(&expected) && text.contains("PropertyValueNotInList (BootMode)"),
            "{text}"
        );
        assert_eq!(names(conductor.www.path()), [""; 0], "{generation:?}");
        ilo.state(|state| state.settings_refused = None);
        let _ = deploy.deploy(&node).await.unwrap();
        assert!(ilo.state(|state| state.is_uefi()), "{generation:?}");
    }
}

#[tokio::test]
async fn media_that_a_restarted_ilo_has_lost_are_inserted_again() {
    for generation in Generation::ALL {
        for at in ["InsertMedia", "InsertVirtualMedia", "ComputerSystem.Reset"] {
            let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
            ilo.trouble("POST", at, Trouble::Restarts(Duration::from_secs(2)), 1);
            let node = conductor.node(&ilo, &json!({}));
            let _ = conductor.deploy().deploy(&node).await.unwrap();
            let images = ilo.state(|state| state.drives.clone().map(|drive| drive.image));
            assert!(
                images.iter().all(Option::is_some),
                "{generation:?}, {at}: {images:?}"
            );
        }
    }
}
