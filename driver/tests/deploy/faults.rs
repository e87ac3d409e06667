//! Deployments that fail: their errors, what they leave behind, and that they can be repeated.
//!
//! Debian package: nginx-light.

use std::time::Duration;

use driver::deploy::DeployCause;
use serde_json::json;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Fault, Generation, Ilo, Trouble};
use crate::support::web::names;
use crate::support::{UUID, in_state};

#[tokio::test]
async fn an_invalid_node_is_refused_with_all_its_faults() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let node = conductor.node(
        &ilo,
        &json!({"driver": "pxe_ilo", "driver_info": {
            "ilo_address": "192.0.2.7", "ilo_username": "a", "ilo_password": "******",
            "ilo_deploy_iso": "/srv/deploy.iso",
        }}),
    );
    let error = conductor.deploy().validate(&node).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "node {UUID} cannot be used: driver: expected agent_ilo, iscsi_ilo, a hardware type \
             (ilo, ilo5, redfish), or another one with a deploy_interface, got \"pxe_ilo\"; \
             driver_info.ilo_password: masked by Ironic's API, expected the secret itself: read \
             the node with a role that the policy show_password allows; \
             driver_info.ilo_deploy_iso: a path, which a BMC cannot fetch: expected an http:// or \
             https:// URL, such as that of a copy in http_server_root"
        )
    );
    for (info, expected) in [
        (
            json!({}),
            "expected instance_info.kernel and instance_info.ramdisk",
        ),
        (json!({"kernel": "/k"}), "expected instance_info.ramdisk"),
        (
            json!({"ilo_boot_iso": conductor.nginx.url("/boot/none.iso")}),
            "instance_info.ilo_boot_iso cannot be used",
        ),
        (json!({"ilo_boot_iso": "1be26c0b"}), "in the image service"),
    ] {
        let node = conductor.node(&ilo, &json!({"instance_info": info}));
        let error = conductor
            .deploy()
            .validate(&node)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected) && error.contains(UUID), "{error}");
    }
}

/// Makes an iLO fail.
type Failing = Box<dyn Fn(&Ilo)>;

/// Makes an iLO that cannot fetch images.
fn cannot_fetch(ilo: &Ilo) {
    let unreachable = Trouble::Refused("CouldNotEstablishConnection");
    ilo.trouble("POST", "Insert", unreachable, usize::MAX);
}

/// The error names the node, the step and the cause, and the same call succeeds without the fault.
#[tokio::test]
async fn a_deployment_that_failed_at_the_bmc_can_be_repeated() {
    let fault = |fault| move |ilo: &Ilo| ilo.state(|state| state.fault = Some(fault));
    let failures: [(Failing, &str); 7] = [
        (
            Box::new(cannot_fetch),
            "cannot insert an image into the floppy drive",
        ),
        (
            Box::new(fault(Fault::ReportsEmptyDrive)),
            "reports an empty drive",
        ),
        (
            Box::new(|ilo: &Ilo| ilo.state(|state| state.licensed = false)),
            "licence",
        ),
        (
            Box::new(|ilo: &Ilo| ilo.state(|state| state.privileged = false)),
            "privilege",
        ),
        (
            Box::new(fault(Fault::PowerStays)),
            "cannot switch the server on",
        ),
        (
            Box::new(fault(Fault::OverrideStays)),
            "cannot set the next boot to the CD drive",
        ),
        (Box::new(fault(Fault::Hangs)), "no response from"),
    ];
    for (fail, expected) in failures {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
        fail(&ilo);
        let (deploy, node) = (conductor.deploy(), conductor.node(&ilo, &json!({})));
        let before = node.to_json();
        let error = deploy.deploy(&node).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains(UUID), "{text}");
        assert!(matches!(*error.cause, DeployCause::Bmc(_)), "{error:?}");
        assert_eq!(node.to_json(), before);
        assert_eq!(names(conductor.www.path()), [""; 0], "{text}");
        ilo.repair();
        let deployed = deploy.deploy(&node).await.unwrap();
        let floppies = names(conductor.www.path());
        assert_eq!(floppies.len(), 1, "{text}: {floppies:?}");
        let _ = deploy.clean_up(&deployed.node).await.unwrap();
        assert_eq!(names(conductor.www.path()), [""; 0], "{text}");
    }
}

/// However often a step is tried while the BMC refuses, nothing of it stays, and what was published
/// before does.
#[tokio::test]
async fn steps_that_fail_leave_no_image() {
    for (fault, attempts, whole) in [
        (None, 3, true),
        (Some(Fault::ReportsAnotherImage), 1, true),
        (Some(Fault::OverrideStays), 1, false),
        (Some(Fault::PowerStays), 2, false),
    ] {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
        let deploy = conductor.deploy();
        let node = conductor.node(&ilo, &json!({}));
        let deployed = deploy.deploy(&node).await.unwrap().node;
        ilo.boots();
        let booted = deploy.continue_deploy(&deployed, None).await.unwrap().node;
        ilo.boots();
        let before = names(conductor.www.path());
        assert_eq!(before.len(), 1, "{before:?}");
        ilo.state(|state| state.fault = fault);
        if fault.is_none() {
            cannot_fetch(&ilo);
        }
        for _ in 0..attempts {
            deploy.deploy(&node).await.unwrap_err();
            assert_eq!(names(conductor.www.path()), before, "{fault:?}");
            deploy.continue_deploy(&node, None).await.unwrap_err();
            assert_eq!(names(conductor.www.path()), before, "{fault:?}");
            // These do not touch the power and the next boot.
            if !whole {
                continue;
            }
            deploy.boot_instance(&node).await.unwrap_err();
            assert_eq!(names(conductor.www.path()), before, "{fault:?}");
            for (state, node) in [("wait call-back", &deployed), ("active", &booted)] {
                let taken = deploy.take_over(&in_state(node, state)).await;
                assert!(taken.warning.is_some(), "{fault:?}");
                assert_eq!(names(conductor.www.path()), before, "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_dead_bmc_is_noticed_before_an_image_is_made() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({"provision_state": "active"}));
    let booted = deploy.continue_deploy(&node, None).await.unwrap().node;
    let fetched = conductor.nginx.sent("/boot/initrd");
    ilo.state(|state| state.fault = Some(Fault::Hangs));
    assert!(deploy.take_over(&booted).await.warning.is_some());
    deploy.boot_instance(&node).await.unwrap_err();
    deploy.continue_deploy(&node, None).await.unwrap_err();
    assert_eq!(conductor.nginx.sent("/boot/initrd"), fetched);
}

#[tokio::test]
async fn a_bmc_that_restarts_is_awaited() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let restart = Trouble::RestartsAfterwards(Duration::from_secs(2));
    ilo.trouble("POST", "Insert", restart, 1);
    let node = conductor.node(&ilo, &json!({}));
    let _ = conductor.deploy().deploy(&node).await.unwrap();
}
