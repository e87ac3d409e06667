//! Boots images in emulated servers, by BIOS and by UEFI, with the floppy attached.
//!
//! Debian packages: qemu-system-x86 ovmf linux-image-amd64 busybox-static kmod xz-utils isolinux
//! syslinux-common grub-efi-amd64-bin grub-common mtools dosfstools xorriso.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]
#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

mod image_support;

use std::fs::{self, File};

use driver::image::{BootIso, DeployIso, EfiBoot, Floppy};
use image_support::machine::{Firmware, PARTS, boot, isolinux};

const CONSOLE: &str = "console=ttyS0,115200 quiet panic=-1";

/// Writes the ISO and a floppy, boots them, and compares what the guest saw.
fn check(name: &str, firmware: Firmware, iso: BootIso, command_line: &str) {
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
    let expected = match firmware {
        Firmware::Bios => "bios",
        Firmware::Uefi => "uefi",
    };
    assert_eq!(seen.firmware, expected, "{name}");
    assert_eq!(seen.command_line, command_line);
    assert_eq!(seen.floppy_label, "ir-vfd-dev");
    assert_eq!(
        seen.parameters,
        "ipa-api-url=http://192.0.2.1:6385|boot_method=vmedia|"
    );
    assert_eq!(seen.cdrom, "VMEDIA_BOOT_ISO initrd vmlinuz");
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
fn bios() {
    check(
        "BIOS",
        Firmware::Bios,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e"),
        "BOOT_IMAGE=/vmlinuz initrd=/initrd root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet \
         panic=-1 nofb a.b=\"x y\" c=d;e",
    );
}

#[test]
fn uefi_from_a_deploy_iso() {
    check(
        "UEFI, deploy ISO",
        Firmware::Uefi,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e f=$g"),
        "BOOT_IMAGE=/vmlinuz root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet panic=-1 nofb \
         \"a.b=x y\" c=d;e f=$g",
    );
}

#[test]
fn uefi_from_an_esp_image() {
    let efi = EfiBoot::from_esp_image(PARTS.source("esp.img")).grub_cfg_path("EFI/debian/grub.cfg");
    let iso = BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(CONSOLE)
        .uefi(efi);
    check(
        "UEFI, ESP image",
        Firmware::Uefi,
        iso,
        "BOOT_IMAGE=/vmlinuz console=ttyS0,115200 quiet panic=-1",
    );
}
