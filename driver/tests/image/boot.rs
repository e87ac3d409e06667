//! Boots boot ISOs in emulated servers, by BIOS and by UEFI, with a floppy in the drive.
//!
//! Needs what `support::machine` and `support::parts` need.

use std::fs::{self, File};

use driver::image::{BootIso, DeployIso, EfiBoot, Floppy};

use crate::support::machine::{Firmware, Seen, boot};
use crate::support::parts::{PARTS, isolinux};

const CONSOLE: &str = "console=ttyS0,115200 quiet panic=-1";

/// Writes the ISO and a floppy, boots them, and compares what the guest found.
fn check(firmware: Firmware, iso: BootIso, command_line: &str) {
    let dir = tempfile::tempdir().unwrap();
    let [image, floppy] = ["boot.iso", "floppy.img"].map(|n| dir.path().join(n));
    let planned = iso.plan().unwrap();
    planned
        .write_to_file(&File::create(&image).unwrap())
        .unwrap();
    planned.verify(File::open(&image).unwrap()).unwrap();
    let parameters = Floppy::new()
        .parameter("ipa-api-url", "http://192.0.2.1:6385")
        .parameter("boot_method", "vmedia");
    fs::write(&floppy, parameters.build().unwrap()).unwrap();

    let [image, floppy] = [image, floppy].map(|path| path.display().to_string());
    let seen = boot(firmware, &image, &floppy);
    let parameters = "ipa-api-url=http://192.0.2.1:6385|boot_method=vmedia|";
    let expected = Seen::expected(firmware.name(), command_line.into(), parameters);
    assert_eq!(seen, expected);
}

fn iso_with_deploy_iso(params: &str) -> BootIso {
    let deploy = File::open(PARTS.path("deploy.iso")).unwrap();
    let deploy = DeployIso::open("deploy.iso", deploy).unwrap();
    assert_eq!(deploy.efi_boot_image_path(), "images/efiboot.img");
    assert_eq!(deploy.grub_cfg_paths(), ["EFI/debian/grub.cfg"]);
    BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(format!("root=UUID=6fd0a1c2-5b1e {CONSOLE} {params}"))
        .bios(isolinux())
        .uefi(EfiBoot::from_deploy_iso(&deploy))
}

#[test]
fn a_boot_iso_boots_by_bios() {
    check(
        Firmware::Bios,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e"),
        "BOOT_IMAGE=/vmlinuz initrd=/initrd root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet \
         panic=-1 nofb a.b=\"x y\" c=d;e",
    );
}

#[test]
fn a_boot_iso_boots_by_uefi_from_a_deploy_isos_boot_image() {
    check(
        Firmware::Uefi,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e f=$g"),
        "BOOT_IMAGE=/vmlinuz root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet panic=-1 nofb \
         \"a.b=x y\" c=d;e f=$g",
    );
}

#[test]
fn a_boot_iso_boots_by_uefi_from_an_esp_image() {
    let efi = EfiBoot::from_esp_image(PARTS.source("esp.img")).grub_cfg_path("EFI/debian/grub.cfg");
    let iso = BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(CONSOLE)
        .uefi(efi);
    check(
        Firmware::Uefi,
        iso,
        "BOOT_IMAGE=/vmlinuz console=ttyS0,115200 quiet panic=-1",
    );
}
