//! A whole deployment on a web server with a BMC of deploy code's own: without any cargo feature, as
//! `cargo test -p driver --no-default-features --test deploy_machine` runs it.
//!
//! The BMC is an emulated machine that reads what is inserted by its URLs while it runs, as an iLO does.
//!
//! Debian packages: nginx-light, and those of `image_support::machine`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod host_support;
mod ilo_support;
mod image_support;

use std::fs::{self, File};
use std::sync::{Arc, Mutex};

use driver::bmc::{Bmc, BmcFuture, Drive, Medium, Power, PowerState};
use driver::deploy::IloDeploy;
use driver::image::{BootIso, EfiBoot};
use driver::node::Node;
use driver::virtual_media::BootMode;
use host_support::nginx::Nginx;
use host_support::{names, open_dir};
use ilo_support::{Names, conf, media};
use image_support::machine::{Firmware, PARTS, console, isolinux};
use serde_json::json;
use url::Url;

const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const ROOT: &str = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";

/// A machine, and what it printed at each boot. It switches itself off when it is done.
#[derive(Debug, Default)]
struct Machine {
    cd: Option<Url>,
    floppy: Option<Url>,
    boots_from_cd: bool,
    consoles: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Emulated(Arc<Mutex<Machine>>);

impl Emulated {
    fn with<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }

    fn put(&self, drive: Drive, url: Option<&Url>) {
        self.with(|machine| match drive {
            Drive::Cd => machine.cd = url.cloned(),
            Drive::Floppy => machine.floppy = url.cloned(),
        });
    }
}

impl Bmc for Emulated {
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
        let url = self.with(|machine| match drive {
            Drive::Cd => machine.cd.clone(),
            Drive::Floppy => machine.floppy.clone(),
        });
        Box::pin(async move { Ok(url.map(|url| Medium::new(Some(url.into())))) })
    }

    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
        self.put(drive, Some(url));
        Box::pin(async { Ok(()) })
    }

    fn eject(&self, drive: Drive) -> BmcFuture<'_, ()> {
        self.put(drive, None);
        Box::pin(async { Ok(()) })
    }

    fn boot_once(&self, drive: Drive, _: Option<BootMode>) -> BmcFuture<'_, ()> {
        self.with(|machine| machine.boots_from_cd = drive == Drive::Cd);
        Box::pin(async { Ok(()) })
    }

    fn power_state(&self) -> BmcFuture<'_, PowerState> {
        Box::pin(async { Ok(PowerState::Off) })
    }

    fn power(&self, power: Power) -> BmcFuture<'_, ()> {
        Box::pin(async move {
            let starts = power != Power::Off
                && self.with(|machine| std::mem::take(&mut machine.boots_from_cd));
            if starts {
                let (cd, floppy) =
                    self.with(|machine| (machine.cd.clone(), machine.floppy.clone()));
                let cd = cd.unwrap();
                let boot = move || {
                    console(
                        Firmware::Bios,
                        cd.as_str(),
                        floppy.as_ref().map(Url::as_str),
                    )
                };
                let printed = tokio::task::spawn_blocking(boot).await.unwrap();
                self.with(|machine| machine.consoles.push(printed));
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn deployed_booted_taken_over_and_ended() {
    let (www, images) = (open_dir(), open_dir());
    for name in ["vmlinuz", "initrd"] {
        fs::copy(PARTS.path(name), images.path().join(name)).unwrap();
    }
    let deploy_iso = BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params("console=ttyS0,115200 quiet panic=-1")
        .bios(isolinux())
        .uefi(
            EfiBoot::from_esp_image(PARTS.source("esp.img")).grub_cfg_path("EFI/debian/grub.cfg"),
        );
    let file = File::create(images.path().join("deploy.iso")).unwrap();
    deploy_iso.plan().unwrap().write_to_file(&file).unwrap();
    let locations = format!("location /boot/ {{ alias {}/; }}", images.path().display());
    let nginx = Nginx::start(www.path(), &locations);
    let params = "console=ttyS0,115200 quiet panic=-1 nofloppy";
    let more = format!("[pxe]\nkernel_append_params = {params}\n");
    let conf = conf(Names::Deploy, www.path(), &nginx.url("/images"), &more);
    let machine = Emulated::default();
    let conductor = || {
        let machine = machine.clone();
        let connect = move |_: &Node| Ok(Box::new(machine.clone()) as Box<dyn Bmc>);
        IloDeploy::new(media(&conf).check_served(), connect).api_url("http://192.0.2.1:6385")
    };
    let node = |state: &str, from: &Node| {
        let mut json = json!(from);
        json["provision_state"] = json!(state);
        Node::from_json(json.to_string().as_bytes()).unwrap()
    };
    let first = json!({
        "uuid": UUID, "driver": "iscsi_ilo", "driver_internal_info": {},
        "driver_info": {
            "ilo_address": "192.0.2.7", "ilo_username": "deployer", "ilo_password": "secret",
            "ilo_deploy_iso": nginx.url("/boot/deploy.iso"),
        },
        "instance_info": {"kernel": nginx.url("/boot/vmlinuz"), "ramdisk": nginx.url("/boot/initrd")},
    });
    let first = node(
        "deploying",
        &Node::from_json(first.to_string().as_bytes()).unwrap(),
    );

    conductor().validate(&first).await.unwrap();
    let deployed = conductor().deploy(&first).await.unwrap();
    let printed = machine.with(|machine| machine.consoles[0].clone());
    assert!(
        printed.contains("PARAMETERS ipa-api-url=http://192.0.2.1:6385|"),
        "{printed}"
    );

    let waiting = node("wait call-back", &deployed.node);
    let taken = conductor().take_over(&waiting).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    let booted = conductor()
        .continue_deploy(&taken.node, Some(ROOT))
        .await
        .unwrap();
    let printed = machine.with(|machine| machine.consoles[1].clone());
    assert!(
        printed.contains(&format!("root=UUID={ROOT} {params}")),
        "{printed}"
    );
    assert!(!printed.contains("PARAMETERS "), "{printed}");

    let taken = conductor().take_over(&node("active", &booted.node)).await;
    assert!(
        taken.warning.is_none() && !taken.done.is_empty(),
        "{taken:?}"
    );
    let ended = conductor().tear_down(&taken.node).await.unwrap();
    assert_eq!(ended.node, node("active", &first));
    assert_eq!(names(www.path()), [""; 0]);
    assert!(machine.with(|machine| machine.cd.is_none() && machine.floppy.is_none()));
}
