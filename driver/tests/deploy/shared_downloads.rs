//! The downloads that nodes share when they are taken over together.
//!
//! Debian package: nginx-light.

use std::num::NonZeroUsize;
use std::sync::Arc;

use driver::deploy::{TakeOver, TakenOver};
use driver::node::Node;
use serde_json::{Value, json};

use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::image::{kernel, ramdisk};
use crate::support::image_service::SignedUrls;
use crate::support::uuid;
use crate::support::web::names;

/// A conductor, and nodes whose kernel and ramdisk are in an image service.
struct Nodes {
    conductor: Conductor,
    ilos: Vec<Ilo>,
    service: Arc<SignedUrls>,
}

impl Nodes {
    fn start(count: usize, service: SignedUrls) -> Self {
        Self {
            conductor: Conductor::start(),
            ilos: (0..count).map(|_| Ilo::start(Generation::Ilo5)).collect(),
            service: Arc::new(service),
        }
    }

    fn node(&self, number: usize, info: &Value) -> Node {
        let uuid = uuid(number as u32).to_string();
        let mut info = info.clone();
        info["ilo_boot_iso"] = json!(format!("http://192.0.2.9/boot-{uuid}.iso"));
        let changes = json!({
            "uuid": uuid, "provision_state": "active", "instance_info": info,
            "properties": {"capabilities": "boot_mode:bios"},
            "driver_internal_info": {"boot_iso_created_in_web_server": true},
        });
        self.conductor.node(&self.ilos[number], &changes)
    }

    async fn take_over(
        &self,
        at_once: usize,
        info: impl Fn(usize) -> Value,
        progress: impl FnMut(TakeOver),
    ) -> TakenOver {
        let deploy = self.conductor.deploy().image_service(self.service.clone());
        let deploy = deploy.download_directory(self.conductor.images.path());
        let nodes = (0..self.ilos.len()).map(|number| self.node(number, &info(number)));
        let at_once = NonZeroUsize::new(at_once).unwrap();
        deploy.take_over_all(nodes, at_once, progress).await
    }
}

fn images() -> [(&'static str, Vec<u8>); 2] {
    [("kernel", kernel().1), ("ramdisk", ramdisk().1)]
}

fn by_id(_: usize) -> Value {
    json!({"kernel": "kernel", "ramdisk": "glance://ramdisk"})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_known_by_its_id_and_a_server_that_is_busy_is_asked_again() {
    let service = SignedUrls::start(images(), 2, "503 Busy");
    let nodes = Nodes::start(20, service);
    let before = names(nodes.conductor.images.path());
    let taken = nodes
        .take_over(4, by_id, |one| {
            assert!(one.warning.is_none(), "{:?}", one.warning);
            // A copy has no name, so that nothing is left if this process is killed.
            assert_eq!(names(nodes.conductor.images.path()), before);
        })
        .await;
    assert_eq!((taken.changed, taken.failed), (20, 0));
    assert_eq!(nodes.service.asked("GET", "kernel"), 1);
    assert_eq!(nodes.service.asked("GET", "ramdisk"), 1);
    assert_eq!(nodes.service.asked("HEAD", "kernel"), 3);
    assert_eq!(names(nodes.conductor.www.path()).len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failure_of_a_download_is_not_the_answer_for_later_nodes() {
    // One attempt takes two requests.
    let service = SignedUrls::start(images(), 2, "404 Not Found");
    let nodes = Nodes::start(5, service);
    let taken = nodes.take_over(1, by_id, |_| {}).await;
    assert_eq!((taken.changed, taken.failed), (4, 1));
    assert_eq!(nodes.service.asked("GET", "kernel"), 2);

    // Those that wait for the same attempt share its failure.
    let service = SignedUrls::start(images(), usize::MAX, "404 Not Found");
    let nodes = Nodes::start(6, service);
    let taken = nodes.take_over(6, by_id, |_| {}).await;
    assert_eq!((taken.changed, taken.failed), (0, 6));
    assert!(nodes.service.asked("GET", "kernel") < 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_compared_with_the_checksum_of_the_image_service() {
    let service = SignedUrls::start(images(), 0, "");
    let nodes = Nodes::start(2, service);
    let set = |checksum: &str| {
        let properties = [("os_hash_value".to_owned(), checksum.to_owned())].into();
        let mut known = nodes.service.properties.lock().unwrap();
        known.insert("kernel".into(), properties);
    };
    set(&"0".repeat(64));
    let mut warnings = Vec::new();
    let taken = nodes
        .take_over(1, by_id, |one| warnings.extend(one.warning))
        .await;
    assert_eq!(taken.failed, 2);
    let text = warnings[0].to_string();
    let found = text.split("found sha256:").nth(1).unwrap();
    assert!(text.contains("is not the expected content"), "{text}");
    set(found);
    let taken = nodes.take_over(1, by_id, |_| {}).await;
    assert_eq!(taken.changed, 2);
}
