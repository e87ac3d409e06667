//! A whole deployment on a web server with a BMC that deploy code implements itself, which needs no
//! cargo feature: `cargo test -p driver --no-default-features --test deploy own_bmc`.
//!
//! The server is an emulated machine, which reads inserted images by their URLs while it runs, as
//! an iLO does.
//!
//! Needs what `support::nginx`, `support::machine` and `support::parts` need.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, Mutex};

use driver::bmc::{Bmc, BmcFuture, Drive, Medium, Power, PowerState};
use driver::deploy::IloDeploy;
use driver::node::Node;
use driver::virtual_media::BootMode;
use serde_json::json;
use url::Url;

use crate::support::machine::{Firmware, console};
use crate::support::media::{OptionNames, conf, media};
use crate::support::nginx::Nginx;
use crate::support::parts::{PARTS, boot_iso};
use crate::support::web::{names, open_dir};
use crate::support::{ROOT_UUID, UUID, in_state, node_from};

/// A server, and what it printed at each boot. Its guest switches it off.
#[derive(Debug, Default)]
struct Server {
    cd: Option<Url>,
    floppy: Option<Url>,
    boots_from_cd: bool,
    consoles: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct OwnBmc(Arc<Mutex<Server>>);

impl OwnBmc {
    fn with<T>(&self, work: impl FnOnce(&mut Server) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }

    fn put(&self, drive: Drive, url: Option<&Url>) {
        self.with(|server| match drive {
            Drive::Cd => server.cd = url.cloned(),
            Drive::Floppy => server.floppy = url.cloned(),
        });
    }
}

impl Bmc for OwnBmc {
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
        let url = self.with(|server| match drive {
            Drive::Cd => server.cd.clone(),
            Drive::Floppy => server.floppy.clone(),
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
        self.with(|server| server.boots_from_cd = drive == Drive::Cd);
        Box::pin(async { Ok(()) })
    }

    fn power_state(&self) -> BmcFuture<'_, PowerState> {
        Box::pin(async { Ok(PowerState::Off) })
    }

    fn power(&self, power: Power) -> BmcFuture<'_, ()> {
        Box::pin(async move {
            let starts = power != Power::Off
                && self.with(|server| std::mem::take(&mut server.boots_from_cd));
            if starts {
                let (cd, floppy) = self.with(|server| (server.cd.clone(), server.floppy.clone()));
                let cd = cd.unwrap();
                let boot = move || {
                    console(
                        Firmware::Bios,
                        cd.as_str(),
                        floppy.as_ref().map(Url::as_str),
                    )
                };
                let printed = tokio::task::spawn_blocking(boot).await.unwrap();
                self.with(|server| server.consoles.push(printed));
            }
            Ok(())
        })
    }
}

const PARAMS: &str = "console=ttyS0,115200 quiet panic=-1 nofloppy";

/// Fills `dir` with the images that a server is deployed from.
fn make_images(dir: &Path) {
    for name in ["vmlinuz", "initrd"] {
        fs::copy(PARTS.path(name), dir.join(name)).unwrap();
    }
    let file = File::create(dir.join("deploy.iso")).unwrap();
    let iso = boot_iso("console=ttyS0,115200 quiet panic=-1");
    iso.write_to_file(&file).unwrap();
}

/// A node whose images are at `/boot/` of `nginx`.
fn node(nginx: &Nginx) -> Node {
    let url = |name| nginx.url(&format!("/boot/{name}"));
    node_from(&json!({
        "uuid": UUID, "driver": "iscsi_ilo", "provision_state": "deploying",
        "driver_internal_info": {},
        "driver_info": {
            "ilo_deploy_iso": url("deploy.iso"),
        },
        "instance_info": {"kernel": url("vmlinuz"), "ramdisk": url("initrd")},
    }))
}

#[tokio::test]
async fn a_node_is_deployed_booted_taken_over_and_torn_down() {
    let (www, images) = (open_dir(), open_dir());
    make_images(images.path());
    let locations = format!("location /boot/ {{ alias {}/; }}", images.path().display());
    let nginx = Nginx::start(www.path(), &locations);
    let more = format!("[pxe]\nkernel_append_params = {PARAMS}\n");
    let conf = conf(
        OptionNames::Deploy,
        www.path(),
        &nginx.url("/images"),
        &more,
    );
    let bmc = OwnBmc::default();
    let console = |boot: usize| bmc.with(|server| server.consoles[boot].clone());
    // A new conductor takes each step.
    let conductor = || {
        let bmc = bmc.clone();
        let connect = move |_: &Node| {
            let bmc = bmc.clone();
            async { Ok(Box::new(bmc) as Box<dyn Bmc>) }
        };
        IloDeploy::new(media(&conf).check_served(), connect).api_url("http://192.0.2.1:6385")
    };

    let first = node(&nginx);
    conductor().validate(&first).await.unwrap();
    let deployed = conductor().deploy(&first).await.unwrap().node;
    let printed = console(0);
    let parameters = "PARAMETERS ipa-api-url=http://192.0.2.1:6385|";
    assert!(printed.contains(parameters), "{printed}");

    let waiting = in_state(&deployed, "wait call-back");
    let taken = conductor().take_over(&waiting).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    let booting = conductor();
    let booted = booting.continue_deploy(&taken.node, Some(ROOT_UUID)).await;
    let printed = console(1);
    let line = format!("root=UUID={ROOT_UUID} {PARAMS}");
    assert!(printed.contains(&line), "{printed}");
    assert!(!printed.contains("PARAMETERS "), "{printed}");

    let active = in_state(&booted.unwrap().node, "active");
    let taken = conductor().take_over(&active).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    assert!(!taken.done.is_empty());
    let ended = conductor().tear_down(&taken.node).await.unwrap();
    assert_eq!(ended.node, in_state(&first, "active"));
    assert_eq!(names(www.path()), [""; 0]);
    assert!(bmc.with(|server| server.cd.is_none() && server.floppy.is_none()));
}
