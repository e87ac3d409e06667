//! A whole deployment on real services: a BMC whose server really boots what is inserted, images on
//! nginx or in Swift, and conductors that die. This is the functional test that the blueprint
//! requires.
//!
//! 1. A conductor deploys: the server boots the deploy ISO, whose ramdisk reads its parameters from
//!    the floppy.
//! 2. The conductor dies while the ramdisk works. A second one takes over, and the floppy is there
//!    again.
//! 3. It continues: with `iscsi_ilo` the server boots its instance from the boot ISO.
//! 4. It dies, too. A third one takes over, and the instance boots again.
//! 5. It tears down and cleans up, and nothing is left.
//!
//! Needs what `support::nginx`, `support::parts`, `support::sushy` and `support::swift` need.

use std::sync::Arc;

use driver::bmc::{Bmc, Drive, Power, PowerState, Redfish};
use driver::deploy::{Action, IloDeploy, Outcome};
use driver::host::{Host, Kind};
use driver::node::{Node, Section};
use driver::virtual_media::{BootMode, VirtualMedia};

use crate::site::{Deployment, PARAMS, Site};
use crate::support::{ROOT_UUID, in_state, log, options};

async fn run(flow: &str, mode: BootMode, site: Site) {
    log::record();
    let deployment = Deployment::start(flow, mode);
    let conductors = [0, 1, 2].map(|number| Conductor::start(&deployment, &site, number));
    let scenario = Scenario {
        deployment,
        site,
        conductors,
    };
    let deploying = scenario.deploy(mode).await;
    let waiting = scenario.take_over_ramdisk(&deploying).await;
    let booted = scenario.boot_instance(&waiting).await;
    let active = if flow == "agent_ilo" {
        scenario.take_over_local_boot(&booted).await
    } else {
        scenario.take_over_instance(&booted).await
    };
    scenario.tear_down(&active).await;
    log::assert_without(&scenario.deployment.secrets(&scenario.site));
}

struct Scenario {
    deployment: Deployment,
    site: Site,
    conductors: [Conductor; 3],
}

impl Scenario {
    /// The first conductor deploys. The deploy ISO boots, and its ramdisk reads the floppy.
    async fn deploy(&self, mode: BootMode) -> Node {
        let [first, _, _] = &self.conductors;
        let node = self.deployment.node();
        first.deploy.validate(&node).await.unwrap();
        let Outcome { node, done, .. } = first.deploy.deploy(&node).await.unwrap();
        let name = first.only_image(&node, Kind::Floppy).await;
        assert_eq!(done[0], Action::Published(name.parse().unwrap()));
        let boot = self.deployment.boots(1).await;
        assert_eq!(boot.firmware, mode.to_string());
        assert_eq!(boot.parameters, Some(self.deployment.parameters(&node)));
        assert!(boot.command_line.ends_with("deploy=yes"), "{boot:?}");
        node
    }

    /// The first conductor dies, and the second one takes over. The floppy is there again.
    async fn take_over_ramdisk(&self, node: &Node) -> Node {
        let [first, second, _] = &self.conductors;
        let name = first.only_image(node, Kind::Floppy).await;
        let node = in_state(node, "wait call-back");
        self.site.lose(0);
        let taken = second.deploy.take_over(&node).await;
        assert!(taken.warning.is_none(), "{:?}", taken.warning);
        let medium = second.bmc(&node).medium(Drive::Floppy).await.unwrap();
        let image = medium.unwrap().image.unwrap();
        if self.site.is_swift() {
            // Images in Swift outlive a conductor.
            assert_eq!(taken.done, []);
            assert!(image.contains(&name));
        } else {
            let again = second.only_image(&node, Kind::Floppy).await;
            assert_ne!(again, name);
            assert!(image.ends_with(&again));
        }
        taken.node
    }

    /// The second conductor continues.
    async fn boot_instance(&self, node: &Node) -> Node {
        let [_, second, _] = &self.conductors;
        let continued = second.deploy.continue_deploy(node, Some(ROOT_UUID)).await;
        let node = continued.unwrap().node;
        let floppy = second.bmc(&node).medium(Drive::Floppy).await;
        assert_eq!(floppy.unwrap(), None);
        in_state(&node, "active")
    }

    /// The second conductor dies. There is nothing to take over, since the instance boots from its
    /// disk.
    async fn take_over_local_boot(&self, node: &Node) -> Node {
        let [_, second, third] = &self.conductors;
        let bmc = second.bmc(node);
        assert_eq!(bmc.medium(Drive::Cd).await.unwrap(), None);
        assert_eq!(bmc.power_state().await.unwrap(), PowerState::On);
        assert_eq!(second.images(node).await, [""; 0]);
        self.site.lose(1);
        let taken = third.deploy.take_over(node).await;
        assert!(taken.warning.is_none(), "{:?}", taken.warning);
        assert_eq!(taken.done, []);
        taken.node
    }

    /// The instance has booted from the boot ISO. The second conductor dies, and the third one
    /// takes the instance over and boots it again.
    async fn take_over_instance(&self, node: &Node) -> Node {
        let [_, second, third] = &self.conductors;
        let boot = self.deployment.boots(2).await;
        assert_eq!(boot.parameters, None, "the floppy is gone");
        let line = format!("root=UUID={ROOT_UUID} {PARAMS}");
        assert!(boot.command_line.ends_with(&line), "{boot:?}");

        let in_swift = self.site.is_swift();
        let name = second.only_image(node, Kind::BootIso).await;
        let recorded = node.text(Section::InstanceInfo, "ilo_boot_iso").unwrap();
        assert!(recorded.ends_with(&name));
        assert_eq!(recorded.starts_with("swift:"), in_swift);
        self.site.lose(1);
        let taken = third.deploy.take_over(node).await;
        assert!(taken.warning.is_none(), "{:?}", taken.warning);
        let again = third.only_image(&taken.node, Kind::BootIso).await;
        assert_eq!(again == name, in_swift);
        assert_eq!(taken.done.is_empty(), in_swift, "{:?}", taken.done);

        let booted = third.deploy.boot_instance(&taken.node).await;
        let node = booted.unwrap().node;
        third.bmc(&node).power(Power::On).await.unwrap();
        let boot = self.deployment.boots(3).await;
        assert!(boot.command_line.ends_with(&line), "{boot:?}");
        node
    }

    /// The third conductor tears down and cleans up, and nothing is left.
    async fn tear_down(&self, node: &Node) {
        let [_, _, third] = &self.conductors;
        let node = third.deploy.tear_down(node).await.unwrap().node;
        let node = third.deploy.clean_up(&node).await.unwrap().node;
        let bmc = third.bmc(&node);
        for drive in [Drive::Floppy, Drive::Cd] {
            assert_eq!(bmc.medium(drive).await.unwrap(), None);
        }
        assert_eq!(bmc.power_state().await.unwrap(), PowerState::Off);
        assert_eq!(node, in_state(&self.deployment.node(), "active"));
        assert_eq!(self.site.left(), [""; 0]);
    }
}

/// A process that deploys nodes. It shares the site and the node's record with the others, and
/// nothing else.
struct Conductor {
    deploy: IloDeploy,
    host: Arc<dyn Host>,
    conf: String,
}

impl Conductor {
    fn start(deployment: &Deployment, site: &Site, number: usize) -> Self {
        let conf = format!("{}{}", site.conf(number), deployment.conf());
        let options = options(&conf);
        let media = VirtualMedia::from_options(&options).unwrap().check_served();
        let host = Arc::clone(media.host());
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

#[tokio::test]
async fn agent_ilo_deploys_from_a_web_server() {
    run("agent_ilo", BootMode::Bios, Site::web()).await;
}

#[tokio::test]
async fn iscsi_ilo_deploys_from_a_web_server() {
    run("iscsi_ilo", BootMode::Bios, Site::web()).await;
}

#[tokio::test]
async fn iscsi_ilo_deploys_from_a_web_server_by_uefi() {
    run("iscsi_ilo", BootMode::Uefi, Site::web()).await;
}

#[tokio::test]
async fn agent_ilo_deploys_from_swift() {
    run("agent_ilo", BootMode::Bios, Site::swift()).await;
}

#[tokio::test]
async fn iscsi_ilo_deploys_from_swift() {
    run("iscsi_ilo", BootMode::Bios, Site::swift()).await;
}
