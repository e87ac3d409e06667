//! Deployments that fail half-way: what they say, what they leave, and that they can be made again.
//!
//! The BMC is the strict stand-in for an iLO of `bmc_support::ilo`; the web server is nginx (Debian package
//! nginx-light).

#![cfg(feature = "redfish")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod bmc_support;
mod host_support;
mod ilo_support;
mod image_support;

use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use bmc_support::ilo::{Fault, Generation, Ilo};
use bmc_support::{UUID, options};
use driver::bmc::{Bmc, Drive, Redfish};
use driver::deploy::{Action, DeployError, IloDeploy};
use driver::node::{Node, Section};
use driver::options::Options;
use host_support::nginx::Nginx;
use host_support::{names, open_dir};
use ilo_support::Ilo as Program;
use image_support::{LoaderFiles, both, kernel, ramdisk, written};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A conductor with its web server, which has a kernel and a ramdisk too.
struct Conductor {
    www: TempDir,
    images: TempDir,
    nginx: Nginx,
    loader: LoaderFiles,
}

impl Conductor {
    fn start() -> Self {
        let (www, images) = (open_dir(), open_dir());
        fs::write(images.path().join("vmlinuz"), kernel().1).unwrap();
        fs::write(images.path().join("initrd"), ramdisk().1).unwrap();
        let loader = LoaderFiles::new();
        fs::write(images.path().join("deploy.iso"), written(&both(&loader))).unwrap();
        let locations = format!("location /boot/ {{ alias {}/; }}", images.path().display());
        Self {
            nginx: Nginx::start(www.path(), &locations),
            www,
            images,
            loader,
        }
    }

    fn conf(&self) -> String {
        format!(
            "[deploy]\nhttp_server_url = {}\nhttp_server_root = {}\n\
             [ilo]\nuse_http_web_server_for_images = True\nclient_timeout = 3\n\
             [DEFAULT]\nisolinux_bin = {}\nldlinux_c32 = {}\n\
             [conductor]\napi_url = http://192.0.2.1:6385\npower_state_change_timeout = 3\n",
            self.nginx.url("/images"),
            self.www.path().display(),
            self.loader.path("isolinux.bin").display(),
            self.loader.path("ldlinux.c32").display(),
        )
    }

    fn options(&self) -> Options {
        options(&self.conf())
    }

    fn deploy(&self) -> IloDeploy {
        IloDeploy::from_options(&self.options()).unwrap()
    }

    fn node(&self, ilo: &Ilo, changes: &Value) -> Node {
        let mut driver_info = ilo.driver_info();
        driver_info["ilo_deploy_iso"] = json!(self.nginx.url("/boot/deploy.iso"));
        let mut node = json!({
            "uuid": UUID, "driver": "iscsi_ilo", "provision_state": "deploying",
            "driver_info": driver_info, "driver_internal_info": {},
            "instance_info": {
                "kernel": self.nginx.url("/boot/vmlinuz"),
                "ramdisk": self.nginx.url("/boot/initrd"),
            },
        });
        for (key, value) in changes.as_object().unwrap() {
            node[key] = value.clone();
        }
        Node::from_json(node.to_string().as_bytes()).unwrap()
    }

    fn bmc(&self, node: &Node) -> Redfish {
        Redfish::from_node(node, &self.options()).unwrap()
    }
}

fn text(done: &[Action]) -> Vec<String> {
    done.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn each_flow_does_these_steps_in_this_order() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({}));
    let generation = |line: String| {
        let words = line.split(' ').map(|word| match word.rsplit_once('/') {
            Some((_, name)) if word.contains("://") => name.to_owned(),
            _ => word.to_owned(),
        });
        // The part that differs each time.
        let short = words.map(|word| match word.split_once(&format!("{UUID}-")) {
            Some((kind, rest)) => format!("{kind}*{}", &rest[rest.len() - 4..]),
            None => word,
        });
        short.collect::<Vec<_>>().join(" ")
    };
    let steps = |done: &[Action]| text(done).into_iter().map(generation).collect::<Vec<_>>();
    let deployed = deploy.deploy(&node).await.unwrap();
    assert_eq!(
        steps(&deployed.done),
        [
            "emptied the floppy drive",
            "emptied the CD drive",
            "published image-*.img",
            "put image-*.img into the floppy drive",
            "put deploy.iso into the CD drive",
            "set the next boot to the CD drive",
            "switched the server off and on",
        ]
    );
    let booted = deploy
        .continue_deploy(&deployed.node, Some("1A-2"))
        .await
        .unwrap();
    assert_eq!(
        steps(&booted.done),
        [
            "emptied the floppy drive",
            "removed image-*.img",
            "emptied the CD drive",
            "published boot-*.iso",
            "put boot-*.iso into the CD drive",
            "set the next boot to the CD drive",
            "switched the server off and on",
        ]
    );
    let again = deploy.boot_instance(&booted.node).await.unwrap();
    assert_eq!(
        steps(&again.done),
        [
            "put boot-*.iso into the CD drive",
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
    let starts = ilo.state(|state| state.starts.clone());
    assert_eq!(starts.len(), 2, "{starts:?}");
    assert!(
        starts[0].contains("deploy.iso") && starts[1].contains("boot-"),
        "{starts:?}"
    );
}

#[tokio::test]
async fn everything_wrong_with_a_node_is_said_at_once() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let node = conductor.node(
        &ilo,
        &json!({"driver": "pxe_ilo", "driver_info": {"ilo_address": "192.0.2.7", "ilo_username": "a",
               "ilo_password": "******", "ilo_deploy_iso": "/srv/deploy.iso"}}),
    );
    let error = conductor.deploy().validate(&node).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "node {UUID} cannot be used: driver: expected agent_ilo, iscsi_ilo, or a hardware type (ilo, \
             ilo5, redfish), got \"pxe_ilo\"; driver_info.ilo_password: masked by Ironic's API, expected \
             the secret itself: read the node with a role that the policy show_password allows; \
             driver_info.ilo_deploy_iso: a path, which a BMC cannot fetch: expected an http:// or https:// \
             URL, such as that of a copy in http_server_root"
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

#[tokio::test]
async fn a_users_boot_iso_is_attached_as_it_is_and_stays() {
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

/// Whatever the BMC does, the error names node, step and cause, and the same call works once it is mended.
#[tokio::test]
async fn a_bmc_that_fails_is_named_and_the_step_can_be_made_again() {
    for (fault, expected) in [
        (
            Fault::RefusesToInsert,
            "cannot insert an image into the floppy drive",
        ),
        (Fault::SaysInsertedButIsNot, "reports an empty drive"),
        (Fault::NoLicence, "licence"),
        (Fault::NoPrivilege, "privilege"),
        (Fault::PowerStays, "cannot switch the server off and on"),
        (
            Fault::OverrideStays,
            "cannot set the next boot to the CD drive",
        ),
        (Fault::Hangs, "no response from"),
    ] {
        let (conductor, ilo) = (Conductor::start(), Ilo::with(Generation::Ilo5, fault));
        let (deploy, node) = (conductor.deploy(), conductor.node(&ilo, &json!({})));
        let before = node.to_json();
        let error = deploy.deploy(&node).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(expected) && text.contains(UUID),
            "{fault:?}: {text}"
        );
        assert!(matches!(error, DeployError::Bmc(_)), "{error:?}");
        assert_eq!(node.to_json(), before);
        ilo.mend();
        let deployed = deploy.deploy(&node).await.unwrap();
        let floppies = names(conductor.www.path());
        assert_eq!(floppies.len(), 1, "{fault:?}: {floppies:?}");
        deploy.clean_up(&deployed.node).await.unwrap();
        assert_eq!(names(conductor.www.path()), [""; 0], "{fault:?}");
    }
}

#[tokio::test]
async fn a_bmc_that_restarts_is_waited_for() {
    let restart = Fault::RestartsAfterInserting(Duration::from_secs(1));
    let (conductor, ilo) = (Conductor::start(), Ilo::with(Generation::Ilo5, restart));
    let node = conductor.node(&ilo, &json!({}));
    conductor.deploy().deploy(&node).await.unwrap();
}

#[tokio::test]
async fn a_take_over_that_fails_is_a_warning_and_the_node_keeps_its_old_reference() {
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
    assert_eq!(medium.image.as_deref(), Some(old), "it is still inserted");
    // In any other state nothing is done.
    for state in ["available", "deploying", "deleting", "clean wait"] {
        let node = conductor.node(&ilo, &json!({"provision_state": state}));
        let taken = deploy.take_over(&node).await;
        assert!(taken.done.is_empty() && taken.warning.is_none(), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_conductors_nodes_are_taken_over_with_one_download_of_each_image() {
    const NODES: usize = 40;
    let conductor = Conductor::start();
    let ilos: Vec<Ilo> = (0..NODES).map(|_| Ilo::start(Generation::Ilo5)).collect();
    let deploy = conductor.deploy();
    let dead = conductor.nginx.url("/images");
    let nodes = ilos.iter().enumerate().map(|(number, ilo)| {
        let uuid = host_support::uuid(number as u32);
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

#[test]
fn the_program_deploys_takes_over_and_ends() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let node = conductor.node(&ilo, &json!({}));
    let program = Program::new(&conductor.conf(), &json!(node));
    let param = ["--param", "nonce=4711", "--check-served"];
    let deployed = program.run("deploy", &param);
    assert_eq!(deployed["done"].as_array().unwrap().len(), 7, "{deployed}");
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
    let said = program.fail("deploy", &[]);
    assert!(
        said.starts_with("ilo: error: node ") && said.contains("user and password"),
        "{said}"
    );
}
