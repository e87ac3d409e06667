//! A whole deployment on real services: a BMC whose server really boots what is inserted, images on nginx
//! or in Swift, and conductors that die. This is the functional test that the blueprint asked for.
//!
//! 1. A conductor deploys: the server boots the deploy ISO, and its ramdisk reads its parameters from the
//!    floppy.
//! 2. The conductor dies while the ramdisk works. Another takes over, and the floppy is there again.
//! 3. It continues: with `iscsi_ilo` the server boots its instance from the boot ISO.
//! 4. That conductor dies too. A third one takes over, and the instance boots again.
//! 5. It tears down and cleans up, and nothing is left.
//!
//! Debian packages: nginx-light libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients python3-libvirt
//! memcached, and those of `image_support::machine`; and tests/peers/requirements-{sushy,swift,keystone}.txt.

#![cfg(all(feature = "redfish", feature = "swift"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod bmc_support;
mod deploy_support;
mod host_support;
mod image_support;
mod swift_support;

use bmc_support::{log, options};
use deploy_support::{Deployment, Site};
use driver::bmc::{Bmc, Drive, PowerState, Redfish};
use driver::deploy::{Action, IloDeploy, Outcome};
use driver::host::{Host, Kind};
use driver::node::{Node, Section};
use driver::virtual_media::{BootMode, VirtualMedia};
use serde_json::json;

const ROOT: &str = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";

/// Goes through all of it.
async fn scenario(flow: &str, mode: BootMode, site: Site) {
    log::record();
    let deployment = Deployment::start(flow, mode);
    let conductors = [0, 1, 2].map(|number| Conductor::start(&deployment, &site, number));
    let [first, second, third] = &conductors;
    let node = deployment.node();

    // The deploy ISO boots, and its ramdisk reads the floppy.
    first.deploy.validate(&node).await.unwrap();
    let Outcome { mut node, done } = first.deploy.deploy(&node).await.unwrap();
    let name = first.only_image(&node, Kind::Floppy).await;
    assert_eq!(done[2], Action::Published(name.parse().unwrap()));
    let boot = deployment.boots(1).await;
    assert_eq!(boot.firmware, mode.to_string());
    assert_eq!(boot.parameters, Some(deployment.parameters(&node)));
    assert!(boot.command_line.ends_with("deploy=yes"), "{boot:?}");

    // Its conductor dies; the floppy is there again.
    node = in_state(&node, "wait call-back");
    site.lose(0);
    let taken = second.deploy.take_over(&node).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    let medium = second
        .bmc(&node)
        .medium(Drive::Floppy)
        .await
        .unwrap()
        .unwrap();
    if site.is_swift() {
        assert_eq!(
            taken.done,
            [],
            "what is in Swift is not tied to a conductor"
        );
        assert!(medium.image.unwrap().contains(&name));
    } else {
        let again = second.only_image(&node, Kind::Floppy).await;
        assert_ne!(again, name);
        assert!(medium.image.unwrap().ends_with(&again));
    }
    node = taken.node;

    // The instance's first boot.
    let Outcome { node, .. } = second
        .deploy
        .continue_deploy(&node, Some(ROOT))
        .await
        .unwrap();
    let bmc = second.bmc(&node);
    assert_eq!(bmc.medium(Drive::Floppy).await.unwrap(), None);
    let node = in_state(&node, "active");
    let node = match flow {
        "agent_ilo" => {
            assert_eq!(bmc.medium(Drive::Cd).await.unwrap(), None);
            assert_eq!(bmc.power_state().await.unwrap(), PowerState::On);
            assert_eq!(second.images(&node).await, [""; 0]);
            site.lose(1);
            let taken = third.deploy.take_over(&node).await;
            assert!(
                taken.warning.is_none() && taken.done.is_empty(),
                "{taken:?}"
            );
            taken.node
        }
        _ => {
            let boot = deployment.boots(2).await;
            assert_eq!(boot.parameters, None, "the floppy is gone");
            let line = format!("root=UUID={ROOT} {}", deploy_support::PARAMS);
            assert!(boot.command_line.ends_with(&line), "{boot:?}");
            take_over_instance(&site, &deployment, &conductors, node, &line).await
        }
    };

    // It ends, twice, and nothing is left.
    let node = third.deploy.tear_down(&node).await.unwrap().node;
    let node = third.deploy.clean_up(&node).await.unwrap().node;
    for drive in [Drive::Floppy, Drive::Cd] {
        assert_eq!(bmc.medium(drive).await.unwrap(), None);
    }
    assert_eq!(bmc.power_state().await.unwrap(), PowerState::Off);
    let expected = in_state(&deployment.node(), "active");
    assert_eq!(node, expected, "the node remembers nothing of it");
    assert_eq!(site.left(), [""; 0]);
    log::assert_without(&deployment.secrets(&site));
}

/// The second conductor dies; a third one takes the instance over, and it boots again.
async fn take_over_instance(
    site: &Site,
    deployment: &Deployment,
    [_, second, third]: &[Conductor; 3],
    node: Node,
    line: &str,
) -> Node {
    let name = second.only_image(&node, Kind::BootIso).await;
    let remembered = node.text(Section::InstanceInfo, "ilo_boot_iso").unwrap();
    assert!(remembered.ends_with(&name));
    assert_eq!(remembered.starts_with("swift:"), site.is_swift());
    site.lose(1);
    let taken = third.deploy.take_over(&node).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    let node = taken.node;
    let again = third.only_image(&node, Kind::BootIso).await;
    assert_eq!(again == name, site.is_swift());
    assert_eq!(taken.done.is_empty(), site.is_swift(), "{:?}", taken.done);
    let Outcome { node, .. } = third.deploy.boot_instance(&node).await.unwrap();
    third
        .bmc(&node)
        .power(driver::bmc::Power::On)
        .await
        .unwrap();
    let boot = deployment.boots(3).await;
    assert!(boot.command_line.ends_with(line), "{boot:?}");
    node
}

/// A process that deploys nodes: all that it shares with others is the site and the node's record.
struct Conductor {
    deploy: IloDeploy,
    host: Host,
    conf: String,
}

impl Conductor {
    fn start(deployment: &Deployment, site: &Site, number: usize) -> Self {
        let conf = format!("{}{}", site.conf(number), deployment.conf());
        let options = options(&conf);
        let media = VirtualMedia::from_options(&options).unwrap().check_served();
        let host = media.host().clone();
        let deploy = IloDeploy::from_options(&options)
            .unwrap()
            .virtual_media(media)
            .parameters(|_| vec![("nonce".into(), "4711".into())]);
        Self { deploy, host, conf }
    }

    fn bmc(&self, node: &Node) -> Redfish {
        Redfish::from_node(node, &options(&self.conf)).unwrap()
    }

    async fn images(&self, node: &Node) -> Vec<String> {
        let stored = self.host.list(node.uuid()).await.unwrap();
        stored.iter().map(|one| one.name.to_string()).collect()
    }

    async fn only_image(&self, node: &Node, kind: Kind) -> String {
        let stored = self.host.list(node.uuid()).await.unwrap();
        let names: Vec<_> = stored
            .iter()
            .filter(|one| one.name.kind() == kind)
            .collect();
        assert_eq!(names.len(), 1, "{stored:?}");
        names[0].name.to_string()
    }
}

fn in_state(node: &Node, state: &str) -> Node {
    let mut json = json!(node);
    json["provision_state"] = json!(state);
    Node::from_json(json.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn agent_ilo_on_a_web_server() {
    scenario("agent_ilo", BootMode::Bios, Site::web()).await;
}

#[tokio::test]
async fn iscsi_ilo_on_a_web_server() {
    scenario("iscsi_ilo", BootMode::Bios, Site::web()).await;
}

#[tokio::test]
async fn iscsi_ilo_by_uefi_on_a_web_server() {
    scenario("iscsi_ilo", BootMode::Uefi, Site::web()).await;
}

#[tokio::test]
async fn agent_ilo_in_swift() {
    scenario("agent_ilo", BootMode::Bios, Site::swift()).await;
}

#[tokio::test]
async fn iscsi_ilo_in_swift() {
    scenario("iscsi_ilo", BootMode::Bios, Site::swift()).await;
}
