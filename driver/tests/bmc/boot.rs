//! A whole boot by Redfish: images are published on nginx and inserted through a BMC, and its
//! server boots them and reports what it found.
//!
//! Needs what `support::nginx`, `support::parts` and `support::sushy` need.

use std::time::{Duration, Instant};

use driver::bmc::{Bmc, BootMode, Drive, Power, PowerState, Redfish};
use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, Uefi, VirtualMedia};

use super::node;
use crate::support::machine::Seen;
use crate::support::nginx::Nginx;
use crate::support::parts::PARTS;
use crate::support::sushy::Sushy;
use crate::support::web::{names, open_dir};
use crate::support::{ROOT_UUID, options};

/// Longer than any boot takes, even on a busy machine.
const BOOT: Duration = Duration::from_secs(300);

async fn check(mode: BootMode, command_line: String) {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    let sushy = Sushy::that_boots();
    let root = www.path().display();
    let url = nginx.url("");
    let conf = format!(
        "[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n\
         [ilo]\nuse_http_web_server_for_images = True\n\
         kernel_append_params = {PARAMS}\n"
    );
    let (options, mut node) = (options(&conf), node(&sushy.driver_info()));
    let media = VirtualMedia::from_options(&options).unwrap();
    let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let floppy = media.publish_floppy(&node, floppy).await.unwrap();
    let [kernel, ramdisk, deploy_iso] =
        ["vmlinuz", "initrd", "deploy.iso"].map(|name| PARTS.path(name).display().to_string());
    let request = BootIsoRequest::new(kernel, ramdisk)
        .uefi(Uefi::DeployIso(deploy_iso.into()))
        .root_uuid(ROOT_UUID);
    let boot_iso = media.publish_boot_iso(&mut node, request).await.unwrap();

    let start = Instant::now();
    let bmc: Box<dyn Bmc> = Box::new(Redfish::from_node(&node, &options).unwrap());
    bmc.power(Power::Off).await.unwrap();
    bmc.insert(Drive::Floppy, &floppy.url).await.unwrap();
    bmc.insert(Drive::Cd, &boot_iso.url).await.unwrap();
    bmc.boot_once(Drive::Cd, Some(mode)).await.unwrap();
    bmc.power(Power::Cycle).await.unwrap();
    let inserted = start.elapsed().as_secs_f32();
    while bmc.power_state().await.unwrap() != PowerState::Off {
        assert!(start.elapsed() < BOOT, "{}", sushy.console());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let booted = start.elapsed().as_secs_f32();
    println!("{mode}: on after {inserted:.1} s, off again after {booted:.1} s");
    assert_eq!(
        Seen::read(&sushy.console()),
        Seen::expected(
            &mode.to_string(),
            command_line,
            "ipa-api-url=http://192.0.2.1:6385|"
        )
    );

    for drive in [Drive::Floppy, Drive::Cd] {
        bmc.eject(drive).await.unwrap();
        assert_eq!(bmc.medium(drive).await.unwrap(), None);
    }
    media.clean_up(&mut node).await.unwrap();
    assert_eq!(names(www.path()), [""; 0]);
}

const PARAMS: &str = "console=ttyS0,115200 quiet panic=-1";

#[tokio::test]
async fn a_server_boots_what_was_inserted_by_bios() {
    let line = format!("BOOT_IMAGE=/vmlinuz initrd=/initrd root=UUID={ROOT_UUID} {PARAMS}");
    check(BootMode::Bios, line).await;
}

#[tokio::test]
async fn a_server_boots_what_was_inserted_by_uefi() {
    let line = format!("BOOT_IMAGE=/vmlinuz root=UUID={ROOT_UUID} {PARAMS}");
    check(BootMode::Uefi, line).await;
}
