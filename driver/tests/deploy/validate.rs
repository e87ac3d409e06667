//! What is checked before a server is touched.
//!
//! Debian package: nginx-light.

use std::sync::Arc;

use driver::deploy::{DeployCause, IloDeploy};
use driver::host::{WebHost, WebSettings};
use driver::virtual_media::VirtualMedia;
use serde_json::json;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Fault, Generation, Ilo};
use crate::support::options;
use crate::support::web::names;

#[tokio::test]
async fn everything_that_is_wrong_is_reported_at_once_before_the_server_is_touched() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let conf = conductor.conf();
    let conf: String = conf
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("api_url"))
        .collect();
    let options = options(&conf);
    // A host whose nodes have URLs of their own.
    let host = WebHost::new(WebSettings::new(conductor.www.path())).unwrap();
    let media = VirtualMedia::on_host(Arc::new(host), &options);
    let deploy = IloDeploy::from_options(&options).unwrap();
    let deploy = deploy.virtual_media(media);
    let mut driver_info = ilo.driver_info();
    driver_info["ilo_deploy_iso"] = json!(conductor.nginx.url("/boot/none.iso"));
    let node = conductor.node(
        &ilo,
        &json!({
            "driver_info": driver_info,
            "properties": {"capabilities": "boot_mode:efi"},
            "instance_info": {
                "kernel": conductor.nginx.url("/boot/no-kernel"),
                "ramdisk": conductor.nginx.url("/boot/no-initrd"),
            },
        }),
    );
    let error = deploy.validate(&node).await.unwrap_err();
    let text = error.to_string();
    for expected in [
        "properties.capabilities: expected the boot mode bios or uefi, got \"efi\"",
        "http_server_url",
        "[conductor] api_url",
        "/boot/no-kernel",
        "/boot/no-initrd",
        "driver_info.ilo_deploy_iso cannot be used",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(matches!(*error.cause, DeployCause::Several(_)), "{error:?}");
    let refused = deploy.deploy(&node).await.unwrap_err();
    assert_eq!(refused.to_string(), text);
    assert_eq!(ilo.changes(), [""; 0]);
    assert_eq!(names(conductor.www.path()), [""; 0]);
}

#[tokio::test]
async fn a_deploy_iso_that_is_missing_is_noticed_before_the_server_is_touched() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let mut driver_info = ilo.driver_info();
    driver_info["ilo_deploy_iso"] = json!(conductor.nginx.url("/boot/none.iso"));
    let node = conductor.node(&ilo, &json!({"driver_info": driver_info}));
    let error = conductor.deploy().deploy(&node).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("ilo_deploy_iso cannot be used") && text.contains("404"),
        "{text}"
    );
    assert_eq!(ilo.changes(), [""; 0]);
}

#[tokio::test]
async fn a_bmc_without_a_drive_or_an_answer_is_noticed_before_anything_is_published() {
    for (fault, expected) in [
        (Fault::NoCdDrive, "the BMC has no CD drive"),
        (Fault::Hangs, "no response from"),
    ] {
        let (conductor, ilo) = (Conductor::start(), Ilo::with(Generation::Ilo5, fault));
        let node = conductor.node(&ilo, &json!({}));
        let error = conductor.deploy().validate(&node).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(ilo.changes(), [""; 0]);
    }
}

#[tokio::test]
async fn a_missing_licence_is_noticed_before_the_server_is_switched_off() {
    for generation in Generation::ALL {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
        ilo.state(|state| state.licensed = false);
        let node = conductor.node(&ilo, &json!({}));
        let error = conductor.deploy().deploy(&node).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("cannot use virtual media: the BMC's licence"),
            "{text}"
        );
        assert_eq!(ilo.changes(), [""; 0], "{generation:?}");
    }
}

#[tokio::test]
async fn a_bmc_with_several_systems_is_not_touched() {
    for fault in [Fault::SystemsOnTwoPages, Fault::CountsTwoSystems] {
        let (conductor, ilo) = (Conductor::start(), Ilo::with(Generation::Ilo5, fault));
        ilo.state(|state| state.machine.run());
        let node = conductor.node(&ilo, &json!({}));
        let error = conductor.deploy().deploy(&node).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("expected one of systems, got /redfish/v1/Systems/1")
                && text.contains("set driver_info.redfish_system_id"),
            "{text}"
        );
        assert_eq!(ilo.changes(), [""; 0], "{fault:?}");
        assert_eq!(names(conductor.www.path()), [""; 0], "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_with_secure_boot_is_not_switched_off_to_get_bios() {
    for generation in [Generation::Ilo4, Generation::Ilo5] {
        let (conductor, ilo) = (Conductor::start(), Ilo::start(generation));
        ilo.state(|state| {
            state.machine.run();
            state.set_secure_boot(true);
        });
        for capabilities in ["boot_mode:bios", "boot_mode:bios,secure_boot:false"] {
            let fields = json!({"properties": {"capabilities": capabilities}});
            let node = conductor.node(&ilo, &fields);
            let error = conductor.deploy().deploy(&node).await.unwrap_err();
            assert!(
                error.to_string().contains("but secure boot is on"),
                "{error}"
            );
            assert_eq!(ilo.changes(), [""; 0], "{generation:?}");
        }
    }
}
