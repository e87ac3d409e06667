//! A whole deployment with a directory as the host and a BMC in memory: what deploy code needs for
//! tests of its own, without a web server for images and without a cargo feature.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};

use driver::bmc::{Bmc, BmcFuture, Drive, Medium, Power, PowerState};
use driver::deploy::{IloDeploy, Outcome};
use driver::host::DirectoryHost;
use driver::image::IsoContents;
use driver::node::{Node, ProvisionState};
use driver::virtual_media::{BootMode, VirtualMedia};
use serde_json::json;
use url::Url;

use crate::support::media::{Fixture, OptionNames};
use crate::support::serve::serve;
use crate::support::web::{BASE, names};
use crate::support::{ROOT_UUID, UUID, node_from, options};

#[derive(Debug, Clone, Default)]
struct InMemory(Arc<Mutex<HashMap<Drive, Url>>>);

impl InMemory {
    fn drives(&self) -> MutexGuard<'_, HashMap<Drive, Url>> {
        self.0.lock().unwrap()
    }

    /// The image in a drive, as a server reads it.
    fn image(&self, drive: Drive) -> Vec<u8> {
        let url = self.drives()[&drive].clone();
        fs::read(url.to_file_path().unwrap()).unwrap()
    }
}

impl Bmc for InMemory {
    fn medium(&self, drive: Drive) -> BmcFuture<'_, Option<Medium>> {
        let url = self.drives().get(&drive).cloned();
        Box::pin(async { Ok(url.map(|url| Medium::new(Some(url.into())))) })
    }

    fn insert<'a>(&'a self, drive: Drive, url: &'a Url) -> BmcFuture<'a, ()> {
        self.drives().insert(drive, url.clone());
        Box::pin(async { Ok(()) })
    }

    fn eject(&self, drive: Drive) -> BmcFuture<'_, ()> {
        self.drives().remove(&drive);
        Box::pin(async { Ok(()) })
    }

    fn boot_once(&self, _: Drive, _: Option<BootMode>) -> BmcFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn power_state(&self) -> BmcFuture<'_, PowerState> {
        Box::pin(async { Ok(PowerState::Off) })
    }

    fn power(&self, _: Power) -> BmcFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// The outcome's node in another state.
fn node_in(outcome: Outcome, state: ProvisionState) -> Node {
    let mut node = outcome.node;
    node.set_provision_state(state);
    node
}

#[tokio::test]
async fn a_node_is_deployed_from_a_directory() {
    let fixture = Fixture::new();
    let images: HashMap<String, Vec<u8>> = ["vmlinuz", "initrd", "deploy.iso"]
        .map(|name| (format!("/{name}"), fs::read(fixture.path(name)).unwrap()))
        .into();
    let server = serve(move |request, stream| request.send_content(stream, &images[&request.path]));
    let url = |name| format!("{server}/{name}");
    let first = node_from(&json!({
        "uuid": UUID, "driver": "iscsi_ilo", "provision_state": "deploying",
        "driver_info": {"ilo_deploy_iso": url("deploy.iso")}, "driver_internal_info": {},
        "instance_info": {"kernel": url("vmlinuz"), "ramdisk": url("initrd")},
    }));
    let options = options(&fixture.conf(OptionNames::Deploy, BASE));
    let host = DirectoryHost::new(fixture.www.path()).unwrap();
    let bmc = InMemory::default();
    let connected = bmc.clone();
    let connect = move |_: &Node| {
        let bmc = connected.clone();
        async { Ok(Box::new(bmc) as Box<dyn Bmc>) }
    };
    let media = VirtualMedia::on_host(Arc::new(host), &options);
    let deploy = IloDeploy::new(media, connect).api_url("http://192.0.2.1:6385");

    let deployed = deploy.deploy(&first).await.unwrap();
    let parameters = b"ipa-api-url=http://192.0.2.1:6385";
    let floppy = bmc.image(Drive::Floppy);
    assert!(
        floppy
            .windows(parameters.len())
            .any(|part| part == parameters)
    );
    let waiting = node_in(deployed, ProvisionState::WaitCallBack);
    let taken = deploy.take_over(&waiting).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    let booted = deploy.continue_deploy(&taken.node, Some(ROOT_UUID)).await;
    let contents = || IsoContents::read(std::io::Cursor::new(bmc.image(Drive::Cd))).unwrap();
    assert!(!contents().boot.is_empty());
    let active = node_in(booted.unwrap(), ProvisionState::Active);
    // The recorded URL is the host's own, of whatever scheme.
    let again = deploy.boot_instance(&active).await.unwrap();
    assert_eq!(again.node, active);
    assert!(!contents().boot.is_empty());
    let taken = deploy.take_over(&active).await;
    assert!(taken.warning.is_none(), "{:?}", taken.warning);
    assert_eq!(names(fixture.www.path()).len(), 1);
    let ended = deploy.tear_down(&taken.node).await.unwrap();
    assert_eq!(node_in(ended, ProvisionState::Deploying), first);
    assert_eq!(names(fixture.www.path()), [""; 0]);
    assert!(bmc.drives().is_empty());
}
