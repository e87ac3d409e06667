//! A whole boot by Redfish: images published on a real nginx, inserted into a BMC whose server really boots
//! them, booted once, and the server's own report of what it was given.
//!
//! Debian packages: nginx-light libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients python3-libvirt, and
//! those of `image_support::machine`; and tests/peers/requirements-sushy.txt.

#![cfg(feature = "redfish")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]
#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

mod bmc_support;
mod host_support;
mod image_support;

use std::time::{Duration, Instant};

use bmc_support::sushy::Sushy;
use bmc_support::{node, options};
use driver::bmc::{Bmc, BootMode, Drive, Power, PowerState, Redfish};
use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, Uefi, VirtualMedia};
use host_support::nginx::Nginx;
use host_support::{names, open_dir};
use image_support::machine::{PARTS, Seen};

/// Longer than any boot, on a busy machine too.
const BOOT: Duration = Duration::from_secs(300);

async fn check(mode: BootMode, command_line: &str) {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    let sushy = Sushy::that_boots();
    let root = www.path().display();
    let url = nginx.url("");
    let conf = format!(
        "[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n\
         [ilo]\nuse_http_web_server_for_images = True\n\
         kernel_append_params = console=ttyS0,115200 quiet panic=-1\n"
    );
    let (options, mut node) = (options(&conf), node(sushy.driver_info()));
    let media = VirtualMedia::from_options(&options).unwrap();
    let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let floppy = media.publish_floppy(&node, floppy).await.unwrap();
    let [kernel, ramdisk, deploy_iso] =
        ["vmlinuz", "initrd", "deploy.iso"].map(|name| PARTS.path(name).display().to_string());
    let request = BootIsoRequest::new(kernel, ramdisk)
        .uefi(Uefi::DeployIso(deploy_iso.into()))
        .root_uuid("6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11");
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
    println!("{mode}: on after {inserted:.1} s, booted and off after {booted:.1} s");
    assert_eq!(
        Seen::read(&sushy.console()),
        Seen {
            firmware: mode.to_string(),
            command_line: command_line.into(),
            floppy_label: "ir-vfd-dev".into(),
            parameters: "ipa-api-url=http://192.0.2.1:6385|".into(),
            cdrom: "VMEDIA_BOOT_ISO initrd vmlinuz".into(),
        }
    );

    for drive in [Drive::Floppy, Drive::Cd] {
        bmc.eject(drive).await.unwrap();
        assert_eq!(bmc.medium(drive).await.unwrap(), None);
    }
    media.clean_up(&mut node).await.unwrap();
    assert_eq!(names(www.path()), [""; 0]);
}

const PARAMS: &str =
    "root=UUID=6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11 console=ttyS0,115200 quiet panic=-1";

#[tokio::test]
async fn bios() {
    let line = format!("BOOT_IMAGE=/vmlinuz initrd=/initrd {PARAMS}");
    check(BootMode::Bios, &line).await;
}

#[tokio::test]
async fn uefi() {
    check(BootMode::Uefi, &format!("BOOT_IMAGE=/vmlinuz {PARAMS}")).await;
}
