//! Boots an emulated server from Swift: floppy and boot ISO are read through their temporary URLs while the
//! machine runs, as an iLO reads them.
//!
//! Debian packages: memcached, and those of `image_support::machine`; and tests/peers/requirements-swift.txt.

#![cfg(feature = "swift")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod host_support;
mod ilo_support;
mod image_support;
mod swift_support;

use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, Uefi};
use host_support::node;
use ilo_support::media;
use image_support::machine::{Firmware, PARTS, Seen, boot};
use swift_support::{Account, swift};

const ROOT: &str = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";

async fn check(firmware: Firmware, name: &str, boot_image: &str) {
    let swift = swift(&[]);
    let params = "console=ttyS0,115200 quiet panic=-1";
    let media = media(&format!(
        "[swift]\nauth_type = v1password\nauth_url = {}\nusername = test:ironic\npassword = secret\n\
         [pxe]\nkernel_append_params = {params}\n",
        swift.url("/auth/v1.0"),
    ));
    let mut node = node(1);
    let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let floppy = media.publish_floppy(&node, floppy).await.unwrap();
    let [kernel, ramdisk, deploy_iso] =
        ["vmlinuz", "initrd", "deploy.iso"].map(|part| PARTS.path(part).display().to_string());
    let request = BootIsoRequest::new(kernel, ramdisk)
        .uefi(Uefi::DeployIso(deploy_iso.into()))
        .root_uuid(ROOT);
    media.publish_boot_iso(&mut node, request).await.unwrap();
    // As it is attached: by a fresh temporary URL.
    let iso = media.boot_iso_url(&node).await.unwrap().unwrap();
    let (iso, floppy) = (iso.to_string(), floppy.url.to_string());
    assert!(iso.contains("temp_url_sig=") && floppy.contains("temp_url_sig="));
    let seen = tokio::task::spawn_blocking(move || boot(firmware, &iso, &floppy));
    assert_eq!(
        seen.await.unwrap(),
        Seen {
            firmware: name.into(),
            command_line: format!("{boot_image} root=UUID={ROOT} {params}"),
            floppy_label: "ir-vfd-dev".into(),
            parameters: "ipa-api-url=http://192.0.2.1:6385|".into(),
            cdrom: "VMEDIA_BOOT_ISO initrd vmlinuz".into(),
        }
    );
    media.clean_up(&mut node).await.unwrap();
    let account = Account::of(&swift, "test:ironic");
    assert_eq!(account.names("ironic_ilo_container"), [""; 0]);
}

#[tokio::test]
async fn bios_by_temporary_urls() {
    check(Firmware::Bios, "bios", "BOOT_IMAGE=/vmlinuz initrd=/initrd").await;
}

#[tokio::test]
async fn uefi_by_temporary_urls() {
    check(Firmware::Uefi, "uefi", "BOOT_IMAGE=/vmlinuz").await;
}
