//! Boots emulated servers from the URLs that the program `ilo` gives out, as an iLO would: the images
//! are fetched from a real nginx while the machine runs.
//!
//! Debian packages: nginx-light, and those of `image_support::machine`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]

mod host_support;
mod ilo_support;
mod image_support;

use host_support::nginx::Nginx;
use host_support::{names, open_dir};
use ilo_support::{Ilo, Names, conf};
use image_support::machine::{Firmware, PARTS, Seen, boot};
use serde_json::{Value, json};

const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const ROOT: &str = "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11";

/// Publishes with `ilo`, boots by the URLs, and cleans up. `loader` is what `boot-iso` is given beside
/// kernel and ramdisk.
fn check(firmware: Firmware, names_of_options: Names, loader: &[&str]) {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    // isolinux itself is found where Debian has it.
    let more = "[pxe]\npxe_append_params = console=ttyS0,115200 quiet panic=-1 nofb\n";
    let conf = conf(names_of_options, www.path(), &nginx.url("/images"), more);
    let node = json!({
        "uuid": UUID, "provision_state": "deploying", "owner": "kept",
        "instance_info": {"root_gb": 10}, "driver_internal_info": {"is_whole_disk_image": false},
    });
    let ilo = Ilo::new(&conf, &node);
    let params = [
        "--param",
        "ipa-api-url=http://192.0.2.1:6385",
        "--param",
        "nonce=4711",
    ];
    let floppy = ilo.run("floppy", &[&params[..], &["--check-served"]].concat());
    assert_eq!(floppy["node"], node, "nothing is recorded of a floppy");
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|n| PARTS.path(n).display().to_string());
    let args = [
        "--kernel",
        &kernel,
        "--ramdisk",
        &ramdisk,
        "--root-uuid",
        ROOT,
    ];
    let iso = ilo.run(
        "boot-iso",
        &[&args[..], loader, &["--check-served"]].concat(),
    );
    let url = |printed: &Value, key: &str| printed[key].as_str().unwrap().to_owned();
    let (floppy, boot_iso) = (url(&floppy, "floppy_url"), url(&iso, "boot_iso_url"));
    for (url, prefix, suffix) in [(&floppy, "image", ".img"), (&boot_iso, "boot", ".iso")] {
        let start = nginx.url(&format!("/images/{prefix}-{UUID}-"));
        assert!(url.starts_with(&start) && url.ends_with(suffix), "{url}");
    }
    let mut recorded = node.clone();
    recorded["instance_info"]["ilo_boot_iso"] = json!(boot_iso);
    recorded["driver_internal_info"]["boot_iso_created_in_web_server"] = json!(true);
    recorded["driver_internal_info"]["root_uuid_or_disk_id"] = json!(ROOT);
    assert_eq!(iso["node"], recorded);

    let line = format!("root=UUID={ROOT} console=ttyS0,115200 quiet panic=-1 nofb");
    let (firmware_name, command_line) = match firmware {
        Firmware::Bios => ("bios", format!("BOOT_IMAGE=/vmlinuz initrd=/initrd {line}")),
        Firmware::Uefi => ("uefi", format!("BOOT_IMAGE=/vmlinuz {line}")),
    };
    let expected = Seen {
        firmware: firmware_name.into(),
        command_line,
        floppy_label: "ir-vfd-dev".into(),
        parameters: "ipa-api-url=http://192.0.2.1:6385|nonce=4711|".into(),
        cdrom: "VMEDIA_BOOT_ISO initrd vmlinuz".into(),
    };
    assert_eq!(boot(firmware, &boot_iso, &floppy), expected);

    let cleaned = ilo.run("clean-up", &[]);
    let removed = cleaned["removed"].as_array().unwrap();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert_eq!(cleaned["node"], node);
    assert_eq!(names(www.path()), [""; 0]);
}

#[test]
fn bios_by_url() {
    let deploy_iso = PARTS.path("deploy.iso").display().to_string();
    check(Firmware::Bios, Names::Pxe, &["--deploy-iso", &deploy_iso]);
}

#[test]
fn uefi_by_url() {
    let deploy_iso = PARTS.path("deploy.iso").display().to_string();
    check(
        Firmware::Uefi,
        Names::Deploy,
        &["--deploy-iso", &deploy_iso],
    );
}

#[test]
fn uefi_by_url_from_an_esp_image() {
    let esp = PARTS.path("esp.img").display().to_string();
    check(
        Firmware::Uefi,
        Names::Blueprint,
        &["--esp", &esp, "--boot-mode", "uefi"],
    );
}
