//! Virtual media from ironic.conf to the web server's directory: what is the same whichever way it is
//! configured, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]

mod host_support;
mod ilo_support;
mod image_support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use driver::image::{HttpClient, Source};
use driver::node::Section;
use driver::virtual_media::{BootIsoRequest, Uefi, VirtualMedia};
use host_support::nginx::Nginx;
use host_support::{names, node, node_from, open_dir, uuid};
use ilo_support::{Ilo, Names, conf, media};
use image_support::{LoaderFiles, both, esp, kernel, ramdisk, written};
use serde_json::json;

/// A web server's directory, and files to make boot ISOs of.
struct Place {
    www: tempfile::TempDir,
    files: LoaderFiles,
}

impl Place {
    fn new() -> Self {
        let files = LoaderFiles::new();
        fs::write(files.path("vmlinuz"), kernel().1).unwrap();
        fs::write(files.path("initrd"), ramdisk().1).unwrap();
        fs::write(files.path("esp.img"), esp().1).unwrap();
        fs::write(files.path("deploy.iso"), written(&both(&files))).unwrap();
        let www = open_dir();
        Self { www, files }
    }

    fn path(&self, name: &str) -> String {
        self.files.path(name).display().to_string()
    }

    /// An ironic.conf that names the stand-ins for isolinux.
    fn conf(&self, names: Names, url: &str) -> String {
        let (bin, library) = (self.path("isolinux.bin"), self.path("ldlinux.c32"));
        let more = format!("[DEFAULT]\nisolinux_bin = {bin}\nldlinux_c32 = {library}\n");
        conf(names, self.www.path(), url, &more)
    }

    fn media(&self) -> VirtualMedia {
        media(&self.conf(Names::Deploy, host_support::BASE))
    }

    fn request(&self) -> BootIsoRequest {
        BootIsoRequest::new(self.path("vmlinuz"), self.path("initrd"))
    }

    /// Asks for a boot ISO that must not be made, and gives the error. Nothing may be published or left
    /// over, and the node stays as it was.
    async fn refused(&self, media: &VirtualMedia, request: BootIsoRequest) -> String {
        let mut node = node(1);
        let error = media.publish_boot_iso(&mut node, request).await;
        let error = error.unwrap_err().to_string();
        assert_eq!(names(self.www.path()), [""; 0], "{error}");
        assert_eq!(node, host_support::node(1));
        assert!(error.contains(&uuid(1).to_string()), "{error}");
        error
    }
}

/// What follows the generation is not compared: it differs each time.
fn without_generation(url: &str) -> (&str, &str) {
    let at = url.rfind('-').unwrap();
    (&url[..at], &url[url.len() - 4..])
}

#[test]
fn either_section_gives_the_same_images_at_the_same_urls() {
    let place = Place::new();
    let mut all = Vec::new();
    for names_of_options in [Names::Pxe, Names::Deploy, Names::Blueprint] {
        let conf = place.conf(names_of_options, "http://192.0.2.1:8080/httpboot");
        let ilo = Ilo::new(&conf, &json!({"uuid": uuid(1).to_string()}));
        let floppy = ilo.run("floppy", &["--param", "a=b"]);
        let [k, r, d] = ["vmlinuz", "initrd", "deploy.iso"].map(|name| place.path(name));
        let iso = ilo.run(
            "boot-iso",
            &["--kernel", &k, "--ramdisk", &r, "--deploy-iso", &d],
        );
        let mut results = Vec::new();
        for url in [&floppy["floppy_url"], &iso["boot_iso_url"]] {
            let url = url.as_str().unwrap();
            let name = url.rsplit('/').next().unwrap();
            let bytes = fs::read(place.www.path().join(name)).unwrap();
            let (start, end) = without_generation(url);
            results.push((start.to_owned(), end.to_owned(), bytes));
        }
        all.push(results);
        let removed = ilo.run("clean-up", &[])["removed"].clone();
        assert_eq!(removed.as_array().unwrap().len(), 2);
    }
    assert!(all[0] == all[1] && all[1] == all[2]);
    let base = format!("http://192.0.2.1:8080/httpboot/image-{}", uuid(1));
    assert_eq!(
        (all[0][0].0.as_str(), all[0][0].1.as_str()),
        (&*base, ".img")
    );
    assert_eq!(names(place.www.path()), [""; 0]);
}

#[tokio::test]
async fn a_boot_iso_of_this_library_is_what_the_plan_says() {
    let place = Place::new();
    let mut node = node(1);
    let request = place
        .request()
        .uefi(Uefi::EspImage(place.path("esp.img").into()));
    let media = place.media();
    let published = media.publish_boot_iso(&mut node, request).await.unwrap();
    let bytes = host_support::read(place.www.path(), &published.name);
    let iso = driver::image::IsoContents::read(std::io::Cursor::new(&bytes)).unwrap();
    for (path, expected) in [("vmlinuz", kernel().1), ("initrd", ramdisk().1)] {
        let file = iso.files.iter().find(|file| file.path == path).unwrap();
        let at = file.offset.unwrap() as usize;
        assert!(bytes[at..at + file.size as usize] == expected, "{path}");
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("append initrd=/initrd nofb nomodeset vga=normal"));
}

#[tokio::test]
async fn sources_may_be_on_a_web_server_or_the_callers_own() {
    let place = Place::new();
    let nginx = Nginx::start(place.files.dir.path(), "");
    fs::set_permissions(
        place.files.dir.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let media = place.media();
    let from_files = place
        .request()
        .uefi(Uefi::DeployIso(place.path("deploy.iso").into()));
    let own: Arc<dyn Source> = Arc::new(kernel());
    let from_elsewhere = BootIsoRequest::new(own, nginx.url("/initrd"))
        .uefi(Uefi::DeployIso(nginx.url("/deploy.iso").into()));
    let mut images = Vec::new();
    for request in [from_files, from_elsewhere] {
        let mut node = node(1);
        let published = media.publish_boot_iso(&mut node, request).await.unwrap();
        images.push(host_support::read(place.www.path(), &published.name));
    }
    assert!(images[0] == images[1], "the same image whatever the way");
}

#[tokio::test]
async fn clean_up_removes_what_was_hosted_and_only_that() {
    let place = Place::new();
    let media = place.media();
    let users = json!({"uuid": uuid(1).to_string(),
        "instance_info": {"ilo_boot_iso": "http://192.0.2.9/my.iso"}});
    let mut node = node_from(&users);
    let refused = media.publish_boot_iso(&mut node, place.request()).await;
    assert!(refused.unwrap_err().to_string().contains("the user's own"));
    let floppy = driver::image::Floppy::new().parameter("a", "b");
    media.publish_floppy(&node, floppy.clone()).await.unwrap();
    media
        .publish_floppy(&host_support::node(2), floppy)
        .await
        .unwrap();
    let old = format!("boot-{}", uuid(1));
    fs::write(place.www.path().join(&old), "Ironic's own").unwrap();
    fs::write(place.www.path().join("other"), "nobody's").unwrap();
    assert_eq!(media.clean_up(&mut node).await.unwrap().len(), 2);
    assert_eq!(node, node_from(&users), "the user's boot ISO stays");
    assert_eq!(names(place.www.path()).len(), 2);

    // What Ironic recorded goes too.
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

#[tokio::test]
async fn a_missing_kernel_is_refused() {
    let place = Place::new();
    let request = BootIsoRequest::new(place.path("nowhere"), place.path("initrd"));
    let error = place.refused(&place.media(), request).await;
    assert!(
        error.contains("kernel: ") && error.contains("nowhere"),
        "{error}"
    );
    assert!(error.contains("No such file"), "{error}");
}

#[tokio::test]
async fn a_kernel_that_is_a_directory_is_refused() {
    let place = Place::new();
    let request = BootIsoRequest::new(place.path(""), place.path("initrd"));
    let error = place.refused(&place.media(), request).await;
    assert!(
        error.contains("is a directory: expected a regular file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_kernel_that_the_server_does_not_have_is_refused() {
    let place = Place::new();
    let nginx = Nginx::start(place.www.path(), "");
    let request = BootIsoRequest::new(nginx.url("/vmlinuz?sig=secret"), place.path("initrd"));
    let error = place.refused(&place.media(), request).await;
    assert!(error.contains("returned 404"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

/// A server that announces 1 MiB, sends `sent` bytes of it to each `GET`, and then closes the
/// connection, or else keeps it open and silent.
fn half_a_server(sent: usize, closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/initrd", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let got = stream.read(&mut request).unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            if request[..got].starts_with(b"GET") {
                let _ = stream.write_all(&vec![7; sent]);
                if !closes {
                    kept.push(stream);
                }
            }
        }
    });
    url
}

#[tokio::test]
async fn a_ramdisk_whose_server_stalls_is_refused() {
    let place = Place::new();
    let http = HttpClient::new().stall_after(Duration::from_millis(500));
    let request = BootIsoRequest::new(place.path("vmlinuz"), half_a_server(700_000, false));
    let error = place
        .refused(&place.media().http_client(http), request)
        .await;
    assert!(error.contains("stalled: received nothing for"), "{error}");
}

#[tokio::test]
async fn a_ramdisk_shorter_than_announced_is_refused() {
    let place = Place::new();
    let request = BootIsoRequest::new(place.path("vmlinuz"), half_a_server(700_000, true));
    let error = place.refused(&place.media(), request).await;
    assert!(
        error.contains("ended after 700000 bytes: expected 1048576"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_published_is_refused() {
    #[derive(Debug)]
    struct Shrinking(driver::image::FileSource);
    impl Source for Shrinking {
        fn name(&self) -> String {
            "shrinking".into()
        }
        fn size(&self) -> u64 {
            self.0.size()
        }
        fn open(&self) -> Result<Box<dyn Read + Send>, driver::image::SourceError> {
            self.0.open()
        }
        fn open_file(&self) -> Result<Option<fs::File>, driver::image::SourceError> {
            let file = self.0.open_file();
            fs::File::options()
                .write(true)
                .open(self.0.path())
                .unwrap()
                .set_len(1000)
                .unwrap();
            file
        }
    }
    let place = Place::new();
    let file = driver::image::FileSource::new(place.path("initrd")).unwrap();
    let ramdisk: Arc<dyn Source> = Arc::new(Shrinking(file));
    let request = BootIsoRequest::new(place.path("vmlinuz"), ramdisk);
    let error = place.refused(&place.media(), request).await;
    assert!(
        error.contains("shrinking ended after 1000 bytes: expected 1500000"),
        "{error}"
    );
}

#[tokio::test]
async fn a_deploy_iso_that_is_none_or_has_no_efi_boot_image_is_refused() {
    let place = Place::new();
    let bios = driver::image::BootIso::new(kernel(), ramdisk()).bios(place.files.isolinux());
    let bios = written(&bios.plan().unwrap());
    let whole = fs::read(place.path("deploy.iso")).unwrap();
    for (bytes, expected) in [
        (vec![0; 100_000], "this is not an ISO image"),
        (bios, "has no file grub.cfg"),
        (
            whole[..whole.len() / 2].to_vec(),
            "the ISO image is incomplete",
        ),
    ] {
        fs::write(place.path("bad.iso"), bytes).unwrap();
        let request = place.request();
        let request = request.uefi(Uefi::DeployIso(place.path("bad.iso").into()));
        let error = place.refused(&place.media(), request).await;
        assert!(
            error.contains(expected) && error.contains("bad.iso"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn of_a_damaged_deploy_iso_nothing_is_left_over() {
    let place = Place::new();
    let whole = fs::read(place.path("deploy.iso")).unwrap();
    let media = place.media();
    let (mut made, mut refused, mut state) = (0, 0, 0x2545_f491_4f6c_dd1d_u64);
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..150 {
        let mut bytes = whole.clone();
        // Descriptors, catalogue and directories are in front.
        for _ in 0..=random(40) {
            bytes[32 * 1024 + random(60 * 1024)] = random(256) as u8;
        }
        fs::write(place.path("bad.iso"), bytes).unwrap();
        let request = place.request();
        let request = request.uefi(Uefi::DeployIso(place.path("bad.iso").into()));
        let mut node = node(1);
        match media.publish_boot_iso(&mut node, request).await {
            Ok(_) => {
                made += 1;
                assert_eq!(names(place.www.path()).len(), 1);
                media.clean_up(&mut node).await.unwrap();
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("bad.iso"), "{error}");
            }
        }
        assert_eq!(names(place.www.path()), [""; 0]);
    }
    assert!(made > 10 && refused > 10, "{made} made, {refused} refused");
}

#[test]
fn the_program_says_what_is_wrong_and_exits_with_1() {
    let place = Place::new();
    let node = json!({"uuid": uuid(1).to_string()});
    let ilo = |conf: &str| Ilo::new(conf, &node);
    let good = place.conf(Names::Deploy, host_support::BASE);
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| place.path(name));
    let args = ["--kernel", &*kernel, "--ramdisk", &*ramdisk];
    let with = |more: &[&'static str]| [&args[..], more].concat();

    let error = ilo(&good).fail("boot-iso", &["--kernel", "/nowhere", "--ramdisk", &ramdisk]);
    assert!(
        error.starts_with("ilo: error: cannot create the boot ISO for node"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1);
    let error = ilo(&good).fail("boot-iso", &with(&["--boot-mode", "uefi"]));
    assert!(error.contains("expected a deploy ISO"), "{error}");
    let error = ilo(&good).fail("boot-iso", &with(&["--boot-mode", "legacy"]));
    assert!(
        error.contains("expected the boot mode bios or uefi"),
        "{error}"
    );
    let error = ilo(&good).fail("boot-iso", &with(&["--root-uuid", "1 init=/x"]));
    assert!(error.contains("expected a root UUID"), "{error}");
    let error = ilo(&good).fail("floppy", &["--param", "novalue"]);
    assert!(error.contains("expected KEY=VALUE"), "{error}");
    let error = ilo(&good).fail("floppy", &["--param", "a=b", "--param", "a=c"]);
    assert!(error.contains("given twice"), "{error}");
    let error = ilo("[ilo]\nuse_http_web_server_for_images = False\n").fail("clean-up", &[]);
    assert!(error.contains("use_http_web_server_for_images"), "{error}");
    let no_url = good.replace("http_url = ", "other = ");
    let error = ilo(&no_url).fail("floppy", &[]);
    assert!(error.contains("[deploy] http_server_url"), "{error}");
    let error = Ilo::new(&good, &json!({"name": "x"})).fail("floppy", &[]);
    assert!(error.contains("uuid: missing"), "{error}");
    assert_eq!(names(place.www.path()), [""; 0]);
}

#[test]
fn the_boot_mode_decides_which_boot_loaders_are_needed() {
    let place = Place::new();
    let conf = place.conf(Names::Deploy, host_support::BASE);
    let with_esp = format!("[DEFAULT]\nesp_image = {}\n{conf}", place.path("esp.img"));
    let platforms = |conf: &str, capabilities: &str, more: &[&str]| {
        let node =
            json!({"uuid": uuid(1).to_string(), "properties": {"capabilities": capabilities}});
        let ilo = Ilo::new(conf, &node);
        let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| place.path(name));
        let args = ["--kernel", &*kernel, "--ramdisk", &*ramdisk];
        let printed = ilo.run("boot-iso", &[&args[..], more].concat());
        let name = printed["boot_iso_url"].as_str().unwrap().rsplit('/').next();
        let file = fs::File::open(place.www.path().join(name.unwrap())).unwrap();
        let iso = driver::image::IsoContents::read(file).unwrap();
        ilo.run("clean-up", &[]);
        iso.boot
            .iter()
            .map(|image| image.platform.id())
            .collect::<Vec<_>>()
    };
    let (bios, uefi) = (0, 0xEF);
    assert_eq!(platforms(&conf, "", &[]), [bios]);
    assert_eq!(platforms(&with_esp, "", &[]), [bios, uefi]);
    assert_eq!(platforms(&with_esp, "boot_mode:uefi", &[]), [bios, uefi]);
    assert_eq!(platforms(&with_esp, "", &["--boot-mode", "bios"]), [bios]);
    assert_eq!(
        platforms(&with_esp, "boot_mode:bios", &["--boot-mode", "uefi"]),
        [uefi]
    );

    let ilo = Ilo::new(
        &conf,
        &json!({"uuid": uuid(1).to_string(), "properties": {"capabilities": "boot_mode:uefi"}}),
    );
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| place.path(name));
    let error = ilo.fail("boot-iso", &["--kernel", &kernel, "--ramdisk", &ramdisk]);
    assert!(error.contains("to boot with UEFI"), "{error}");
}
