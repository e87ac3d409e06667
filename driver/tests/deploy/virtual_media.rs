//! Virtual media from ironic.conf to the web server's directory.
//!
//! Debian package: nginx-light.

use std::fs;
use std::sync::Arc;

use driver::image::{BootIso, IsoContents, Source};
use driver::node::Section;
use driver::virtual_media::{BootIsoRequest, Uefi};
use serde_json::json;

use crate::support::image::{kernel, ramdisk, written};
use crate::support::media::Fixture;
use crate::support::nginx::Nginx;
use crate::support::web::{names, read};
use crate::support::{node, node_from, uuid};

#[tokio::test]
async fn a_published_boot_iso_contains_its_sources_and_kernel_parameters() {
    let fixture = Fixture::new();
    let mut node = node(1);
    let request = fixture
        .request()
        .uefi(Uefi::EspImage(fixture.path("esp.img").into()));
    let media = fixture.media();
    let published = media.publish_boot_iso(&mut node, request).await.unwrap();
    let bytes = read(fixture.www.path(), &published.name);
    let iso = IsoContents::read(std::io::Cursor::new(&bytes)).unwrap();
    for (path, expected) in [("vmlinuz", kernel().1), ("initrd", ramdisk().1)] {
        let file = iso.files.iter().find(|file| file.path == path).unwrap();
        let at = file.offset.unwrap() as usize;
        assert!(bytes[at..at + file.size as usize] == expected, "{path}");
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("append initrd=/initrd nofb nomodeset vga=normal"));
}

/// The user's own parameters come before the node's, and `%default%` stands for the configured
/// ones.
#[tokio::test]
async fn a_node_may_have_kernel_parameters_of_its_own() {
    let fixture = Fixture::new();
    for (fields, expected) in [
        (
            json!({"driver_info": {"kernel_append_params": "console=ttyS1"}}),
            "append initrd=/initrd console=ttyS1\n",
        ),
        (
            json!({
                "driver_info": {"kernel_append_params": "console=ttyS1"},
                "instance_info": {"kernel_append_params": "%default% console=ttyS0"},
            }),
            "append initrd=/initrd nofb nomodeset vga=normal console=ttyS0\n",
        ),
    ] {
        let mut json = json!({"uuid": uuid(1).to_string()});
        json.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let media = fixture.media();
        let published = media
            .publish_boot_iso(&mut node_from(&json), fixture.request())
            .await
            .unwrap();
        let bytes = read(fixture.www.path(), &published.name);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(expected), "{expected}");
    }
}

/// A deploy ISO without a boot loader for UEFI is an error only for a node that boots with UEFI.
#[tokio::test]
async fn without_a_boot_mode_a_boot_iso_boots_by_what_there_is() {
    let fixture = Fixture::new();
    let bios = BootIso::new(kernel(), ramdisk()).bios(fixture.files.isolinux());
    fs::write(fixture.path("bios.iso"), written(&bios.plan().unwrap())).unwrap();
    let request = || {
        let deploy_iso = fixture.path("bios.iso").into();
        fixture.request().uefi(Uefi::DeployIso(deploy_iso))
    };
    let media = fixture.media();
    let published = media
        .publish_boot_iso(&mut node(1), request())
        .await
        .unwrap();
    let bytes = read(fixture.www.path(), &published.name);
    let iso = IsoContents::read(std::io::Cursor::new(&bytes)).unwrap();
    let paths: Vec<&str> = iso.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.contains(&"isolinux/isolinux.bin"), "{paths:?}");
    assert!(!paths.iter().any(|path| path.contains("efi")), "{paths:?}");
    for mode in ["uefi", "UEFI"] {
        let mut node = node_from(&json!({
            "uuid": uuid(2).to_string(),
            "properties": {"capabilities": format!("boot_mode:{mode}")},
        }));
        let error = media
            .publish_boot_iso(&mut node, request())
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("does not boot with UEFI") || error.contains("has no file grub.cfg"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn sources_may_be_files_urls_or_the_callers_own() {
    let fixture = Fixture::new();
    let nginx = Nginx::start(fixture.files.dir.path(), "");
    fs::set_permissions(
        fixture.files.dir.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let media = fixture.media();
    let from_files = fixture
        .request()
        .uefi(Uefi::DeployIso(fixture.path("deploy.iso").into()));
    let own: Arc<dyn Source> = Arc::new(kernel());
    let from_elsewhere = BootIsoRequest::new(own, nginx.url("/initrd"))
        .uefi(Uefi::DeployIso(nginx.url("/deploy.iso").into()));
    let mut images = Vec::new();
    for request in [from_files, from_elsewhere] {
        let mut node = node(1);
        let published = media.publish_boot_iso(&mut node, request).await.unwrap();
        images.push(read(fixture.www.path(), &published.name));
    }
    assert!(
        images[0] == images[1],
        "the kind of source makes no difference"
    );
}

#[tokio::test]
async fn clean_up_removes_hosted_images_and_nothing_else() {
    let fixture = Fixture::new();
    let media = fixture.media();
    let users = json!({"uuid": uuid(1).to_string(),
        "instance_info": {"ilo_boot_iso": "http://192.0.2.9/my.iso"}});
    let mut node = node_from(&users);
    let refused = media.publish_boot_iso(&mut node, fixture.request()).await;
    assert!(refused.unwrap_err().to_string().contains("the user's own"));
    let floppy = driver::image::Floppy::new().parameter("a", "b");
    media.publish_floppy(&node, floppy.clone()).await.unwrap();
    media
        .publish_floppy(&crate::support::node(2), floppy)
        .await
        .unwrap();
    let old = format!("boot-{}", uuid(1));
    fs::write(fixture.www.path().join(&old), "Ironic's own").unwrap();
    fs::write(fixture.www.path().join("other"), "nobody's").unwrap();
    assert_eq!(media.clean_up(&mut node).await.unwrap().len(), 2);
    assert_eq!(node, node_from(&users), "the user's boot ISO is kept");
    assert_eq!(names(fixture.www.path()).len(), 2);

    // Images that Ironic recorded are removed, too.
    for recorded in [format!("http://h/{old}"), format!("swift:{old}")] {
        let mut node = node_from(&json!({"uuid": uuid(1).to_string(),
            "instance_info": {"ilo_boot_iso": recorded, "a": 1},
            "driver_internal_info": {"boot_iso_created_in_web_server": true,
                "root_uuid_or_disk_id": "x", "b": 2}}));
        media.clean_up(&mut node).await.unwrap();
        assert_eq!(node.get(Section::InstanceInfo, "ilo_boot_iso"), None);
        let left = json!({"uuid": uuid(1).to_string(), "instance_info": {"a": 1},
            "driver_internal_info": {"b": 2}});
        assert_eq!(node, node_from(&left));
    }
}
