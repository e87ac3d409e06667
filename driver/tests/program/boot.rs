//! Boots emulated servers from the URLs that the program prints. The machine fetches the images
//! from nginx while it runs, as an iLO does.
//!
//! Needs what `support::machine`, `support::nginx` and `support::parts` need.

use serde_json::{Value, json};

use crate::support::machine::{Firmware, Seen, boot};
use crate::support::media::{OptionNames, conf};
use crate::support::nginx::Nginx;
use crate::support::parts::PARTS;
use crate::support::program::Program;
use crate::support::web::{names, open_dir};
use crate::support::{ROOT_UUID, UUID};

/// Publishes with the program, boots from the URLs, and cleans up. `loader` are further arguments
/// of `boot-iso`.
fn check(firmware: Firmware, option_names: OptionNames, loader: &[&str]) {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    // isolinux is found at Debian's path.
    let more = "[pxe]\npxe_append_params = console=ttyS0,115200 quiet panic=-1 nofb\n";
    let conf = conf(option_names, www.path(), &nginx.url("/images"), more);
    let node = json!({
        "uuid": UUID, "provision_state": "deploying", "owner": "kept",
        "instance_info": {"root_gb": 10}, "driver_internal_info": {"is_whole_disk_image": false},
    });
    let program = Program::new(&conf, &node);
    let params = [
        "--param",
        "ipa-api-url=http://192.0.2.1:6385",
        "--param",
        "nonce=4711",
    ];
    let floppy = program.run("floppy", &[&params[..], &["--check-served"]].concat());
    assert_eq!(floppy["node"], node, "a floppy is not recorded");
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|n| PARTS.path(n).display().to_string());
    let args = [
        "--kernel",
        &kernel,
        "--ramdisk",
        &ramdisk,
        "--root-uuid",
        ROOT_UUID,
    ];
    let iso = program.run(
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
    recorded["driver_internal_info"]["root_uuid_or_disk_id"] = json!(ROOT_UUID);
    assert_eq!(iso["node"], recorded);

    let line = format!("root=UUID={ROOT_UUID} console=ttyS0,115200 quiet panic=-1 nofb");
    let command_line = match firmware {
        Firmware::Bios => format!("BOOT_IMAGE=/vmlinuz initrd=/initrd {line}"),
        Firmware::Uefi => format!("BOOT_IMAGE=/vmlinuz {line}"),
    };
    let parameters = "ipa-api-url=http://192.0.2.1:6385|nonce=4711|";
    let expected = Seen::expected(firmware.name(), command_line, parameters);
    assert_eq!(boot(firmware, &boot_iso, &floppy), expected);

    let cleaned = program.run("clean-up", &[]);
    let removed = cleaned["removed"].as_array().unwrap();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert_eq!(cleaned["node"], node);
    assert_eq!(names(www.path()), [""; 0]);
}

#[test]
fn a_server_boots_by_bios_from_printed_urls() {
    let deploy_iso = PARTS.path("deploy.iso").display().to_string();
    check(
        Firmware::Bios,
        OptionNames::Pxe,
        &["--deploy-iso", &deploy_iso],
    );
}

#[test]
fn a_server_boots_by_uefi_from_printed_urls() {
    let deploy_iso = PARTS.path("deploy.iso").display().to_string();
    check(
        Firmware::Uefi,
        OptionNames::Deploy,
        &["--deploy-iso", &deploy_iso],
    );
}

#[test]
fn a_server_boots_by_uefi_from_printed_urls_and_an_esp_image() {
    let esp = PARTS.path("esp.img").display().to_string();
    check(
        Firmware::Uefi,
        OptionNames::Blueprint,
        &["--esp", &esp, "--boot-mode", "uefi"],
    );
}
