//! Boots emulated servers from Swift. The machine reads floppy and boot ISO by their temporary URLs
//! while it runs, as an iLO does.
//!
//! Needs what `support::machine`, `support::parts` and `support::swift` need.

use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, Uefi};

use crate::support::ROOT_UUID;
use crate::support::machine::{Firmware, Seen, boot};
use crate::support::media::media;
use crate::support::node;
use crate::support::parts::PARTS;
use crate::support::swift::{Account, swift};

async fn check(firmware: Firmware, boot_image: &str) {
    let swift = swift(&[]);
    let params = "console=ttyS0,115200 quiet panic=-1";
    let media = media(&format!(
        "[swift]\nauth_type = v1password\nauth_url = {}\nusername = test:ironic\n\
         password = secret\n\
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
        .root_uuid(ROOT_UUID);
    media.publish_boot_iso(&mut node, request).await.unwrap();
    // It is attached by a new temporary URL.
    let iso = media.boot_iso_url(&node).await.unwrap().unwrap();
    let (iso, floppy) = (iso.to_string(), floppy.url.to_string());
    assert!(iso.contains("temp_url_sig=") && floppy.contains("temp_url_sig="));
    let seen = tokio::task::spawn_blocking(move || boot(firmware, &iso, &floppy));
    assert_eq!(
        seen.await.unwrap(),
        Seen::expected(
            firmware.name(),
            format!("{boot_image} root=UUID={ROOT_UUID} {params}"),
            "ipa-api-url=http://192.0.2.1:6385|"
        )
    );
    media.clean_up(&mut node).await.unwrap();
    let account = Account::of(&swift, "test:ironic");
    assert_eq!(account.names("ironic_ilo_container"), [""; 0]);
}

#[tokio::test]
async fn a_server_boots_by_bios_from_temporary_urls() {
    check(Firmware::Bios, "BOOT_IMAGE=/vmlinuz initrd=/initrd").await;
}

#[tokio::test]
async fn a_server_boots_by_uefi_from_temporary_urls() {
    check(Firmware::Uefi, "BOOT_IMAGE=/vmlinuz").await;
}
