//! A node's virtual media in Swift, from ironic.conf to the URLs that are attached.

use std::fs;

use driver::image::{Floppy, IsoContents};
use driver::node::Section;
use driver::virtual_media::{BootIsoRequest, BootMode, VirtualMedia};
use serde_json::json;

use crate::support::image::{LoaderFiles, kernel, ramdisk};
use crate::support::media::media;
use crate::support::program::Program;
use crate::support::swift::{Account, fetch, swift};
use crate::support::{ROOT_UUID, node, node_from, uuid};

#[tokio::test]
async fn a_boot_iso_is_recorded_by_name_and_attached_by_new_urls() {
    let swift = swift(&[]);
    let files = LoaderFiles::new();
    fs::write(files.path("vmlinuz"), kernel().1).unwrap();
    fs::write(files.path("initrd"), ramdisk().1).unwrap();
    let path = |name| files.path(name).display().to_string();
    let conf = format!(
        "[swift]\nauth_type = v1password\nauth_url = {}\nusername = test:ironic\n\
         password = secret\n\
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
        .root_uuid(ROOT_UUID);
    let iso = media.publish_boot_iso(&mut node, request).await.unwrap();
    let expected = json!({
        "uuid": uuid(1).to_string(),
        "driver_info": {},
        "driver_internal_info": {"root_uuid_or_disk_id": ROOT_UUID},
        "instance_info": {"ilo_boot_iso": format!("swift:{}", iso.name)},
    });
    assert_eq!(node, node_from(&expected), "nothing refers to a web server");
    let (status, bytes) = fetch(&iso.url, None);
    assert_eq!(status, 200);
    IsoContents::read(std::io::Cursor::new(bytes)).unwrap();

    let fresh = media.boot_iso_url(&node).await.unwrap().unwrap();
    assert_eq!(fetch(&fresh, None).0, 200);
    assert_eq!(fresh.path(), iso.url.path());
    let floppy = Floppy::new().parameter("ipa-api-url", "http://192.0.2.1:6385");
    let floppy = media.publish_floppy(&node, floppy).await.unwrap();
    assert_eq!(fetch(&floppy.url, None).1.len(), 1440 * 1024);

    // Another conductor, which knows only the node, cleans up with the program.
    let program = Program::new(&conf, &json!(node));
    let removed = program.run("clean-up", &[])["removed"].clone();
    assert_eq!(removed.as_array().unwrap().len(), 2);
    media.clean_up(&mut node).await.unwrap();
    assert_eq!(node.get(Section::InstanceInfo, "ilo_boot_iso"), None);
    let account = Account::of(&swift, "test:ironic");
    assert_eq!(account.names("ironic_ilo_container"), [""; 0]);

    check_references(&media).await;
}

/// A user's own boot ISO is attached by its URL, and that of another node is refused.
async fn check_references(media: &VirtualMedia) {
    let with = |reference: &str| {
        node_from(&json!({"uuid": uuid(1).to_string(),
            "instance_info": {"ilo_boot_iso": reference}}))
    };
    let own = with("http://192.0.2.9/my.iso");
    let url = media.boot_iso_url(&own).await.unwrap().unwrap();
    assert_eq!(url.as_str(), "http://192.0.2.9/my.iso");
    for wrong in [
        format!("swift:boot-{}", uuid(2)),
        "swift:../x".into(),
        "glance".into(),
    ] {
        let error = media.boot_iso_url(&with(&wrong)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("ilo_boot_iso"), "{text}");
        assert!(text.contains(&uuid(1).to_string()), "{text}");
    }
    assert_eq!(media.boot_iso_url(&node(1)).await.unwrap(), None);
}
