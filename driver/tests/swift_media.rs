//! A node's virtual media in a real Swift, from ironic.conf: what is recorded, and how it is attached.

#![cfg(feature = "swift")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]

mod host_support;
mod ilo_support;
mod image_support;
mod swift_support;

use std::fs;

use driver::image::{Floppy, IsoContents};
use driver::node::Section;
use driver::virtual_media::{BootIsoRequest, BootMode};
use host_support::{node, node_from, uuid};
use ilo_support::{Ilo, media};
use image_support::{LoaderFiles, kernel, ramdisk};
use serde_json::json;
use swift_support::{Account, fetch, swift};

#[tokio::test]
async fn a_boot_iso_is_remembered_by_its_name_and_attached_by_fresh_urls() {
    let swift = swift(&[]);
    let files = LoaderFiles::new();
    fs::write(files.path("vmlinuz"), kernel().1).unwrap();
    fs::write(files.path("initrd"), ramdisk().1).unwrap();
    let path = |name| files.path(name).display().to_string();
    let conf = format!(
        "[swift]\nauth_type = v1password\nauth_url = {}\nusername = test:ironic\npassword = secret\n\
         [DEFAULT]\nisolinux_bin = {}\nldlinux_c32 = {}\n",
        swift.url("/auth/v1.0"),
        path("isolinux.bin"),
        path("ldlinux.c32")
    );
    let media = media(&conf).check_served();
    let mut node = node(1);
    node.set(
        Section::DriverInternalInfo,
        "boot_iso_created_in_web_server",
        true,
    );
    let request = BootIsoRequest::new(path("vmlinuz"), path("initrd"))
        .boot_mode(BootMode::Bios)
        .root_uuid("6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11");
    let iso = media.publish_boot_iso(&mut node, request).await.unwrap();
    let expected = json!({
        "uuid": uuid(1).to_string(),
        "driver_info": {},
        "driver_internal_info": {"root_uuid_or_disk_id": "6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11"},
        "instance_info": {"ilo_boot_iso": format!("swift:{}", iso.name)},
    });
    assert_eq!(node, node_from(&expected), "it is not tied to a web server");
    let (status, bytes) = fetch(&iso.url, None);
    assert_eq!(status, 200);
    IsoContents::read(std::io::Cursor::new(bytes)).unwrap();

    let fresh = media.boot_iso_url(&node).await.unwrap().unwrap();
    assert_eq!(fetch(&fresh, None).0, 200);
    assert_eq!(fresh.path(), iso.url.path());
    let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let floppy = media.publish_floppy(&node, floppy).await.unwrap();
    assert_eq!(fetch(&floppy.url, None).1.len(), 1440 * 1024);

    // Another conductor, which knows the node only, does the same with the program.
    let ilo = Ilo::new(&conf, &json!(node));
    let removed = ilo.run("clean-up", &[])["removed"].clone();
    assert_eq!(removed.as_array().unwrap().len(), 2);
    media.clean_up(&mut node).await.unwrap();
    assert_eq!(node.get(Section::InstanceInfo, "ilo_boot_iso"), None);
    let account = Account::of(&swift, "test:ironic");
    assert_eq!(account.names("ironic_ilo_container"), [""; 0]);

    // The user's own is used as it is; another node's is not.
    let with = |reference: &str| {
        node_from(&json!({"uuid": uuid(1).to_string(),
            "instance_info": {"ilo_boot_iso": reference}}))
    };
    let users = media
        .boot_iso_url(&with("http://192.0.2.9/my.iso"))
        .await
        .unwrap();
    assert_eq!(users.unwrap().as_str(), "http://192.0.2.9/my.iso");
    for wrong in [
        format!("swift:boot-{}", uuid(2)),
        "swift:../x".into(),
        "glance".into(),
    ] {
        let error = media
            .boot_iso_url(&with(&wrong))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ilo_boot_iso") && error.contains(&uuid(1).to_string()),
            "{error}"
        );
    }
    assert_eq!(
        media.boot_iso_url(&host_support::node(1)).await.unwrap(),
        None
    );
}
