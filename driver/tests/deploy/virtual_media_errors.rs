//! Boot ISOs that cannot be made: nothing is published and nothing left over.
//!
//! Debian package: nginx-light.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use driver::image::{HttpClient, Source};
use driver::virtual_media::{BootIsoRequest, BootMode, Uefi};

use crate::support::image::{kernel, ramdisk, written};
use crate::support::media::Fixture;
use crate::support::nginx::Nginx;
use crate::support::node;
use crate::support::web::names;

#[tokio::test]
async fn a_missing_kernel_is_refused() {
    let fixture = Fixture::new();
    let request = BootIsoRequest::new(fixture.path("nowhere"), fixture.path("initrd"));
    let error = fixture.refused(&fixture.media(), request).await;
    assert!(
        error.contains("kernel: ") && error.contains("nowhere"),
        "{error}"
    );
    assert!(error.contains("No such file"), "{error}");
}

#[tokio::test]
async fn a_kernel_that_is_a_directory_is_refused() {
    let fixture = Fixture::new();
    let request = BootIsoRequest::new(fixture.path(""), fixture.path("initrd"));
    let error = fixture.refused(&fixture.media(), request).await;
    assert!(
        error.contains("is a directory: expected a regular file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_kernel_that_is_missing_on_its_server_is_refused() {
    let fixture = Fixture::new();
    let nginx = Nginx::start(fixture.www.path(), "");
    let request = BootIsoRequest::new(nginx.url("/vmlinuz?sig=secret"), fixture.path("initrd"));
    let error = fixture.refused(&fixture.media(), request).await;
    assert!(error.contains("returned 404"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

/// A server that announces 1 MiB and sends `sent` bytes of it to each `GET`. Then it either closes
/// the connection or keeps it open without sending anything.
fn incomplete_server(sent: usize, closes: bool) -> String {
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
    let fixture = Fixture::new();
    let http = HttpClient::new().stall_after(Duration::from_millis(500));
    let request = BootIsoRequest::new(fixture.path("vmlinuz"), incomplete_server(700_000, false));
    let error = fixture
        .refused(&fixture.media().http_client(http), request)
        .await;
    assert!(error.contains("stalled: received nothing for"), "{error}");
}

#[tokio::test]
async fn a_ramdisk_that_is_shorter_than_announced_is_refused() {
    let fixture = Fixture::new();
    let request = BootIsoRequest::new(fixture.path("vmlinuz"), incomplete_server(700_000, true));
    let error = fixture.refused(&fixture.media(), request).await;
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
    let fixture = Fixture::new();
    let file = driver::image::FileSource::new(fixture.path("initrd")).unwrap();
    let ramdisk: Arc<dyn Source> = Arc::new(Shrinking(file));
    let request = BootIsoRequest::new(fixture.path("vmlinuz"), ramdisk);
    let error = fixture.refused(&fixture.media(), request).await;
    assert!(
        error.contains("shrinking ended after 1000 bytes: expected 1500000"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unusable_deploy_iso_is_refused() {
    let fixture = Fixture::new();
    let bios = driver::image::BootIso::new(kernel(), ramdisk()).bios(fixture.files.isolinux());
    let bios = written(&bios.plan().unwrap());
    let whole = fs::read(fixture.path("deploy.iso")).unwrap();
    for (bytes, expected) in [
        (vec![0; 100_000], "this is not an ISO image"),
        (bios, "has no file grub.cfg"),
        (
            whole[..whole.len() / 2].to_vec(),
            "the ISO image is incomplete",
        ),
    ] {
        fs::write(fixture.path("bad.iso"), bytes).unwrap();
        let request = fixture.request();
        let request = request.uefi(Uefi::DeployIso(fixture.path("bad.iso").into()));
        let request = request.boot_mode(BootMode::Uefi);
        let error = fixture.refused(&fixture.media(), request).await;
        assert!(
            error.contains(expected) && error.contains("bad.iso"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_damaged_deploy_iso_leaves_nothing_over() {
    let fixture = Fixture::new();
    let whole = fs::read(fixture.path("deploy.iso")).unwrap();
    let media = fixture.media();
    let (mut made, mut refused, mut state) = (0, 0, 0x2545_f491_4f6c_dd1d_u64);
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..150 {
        let mut bytes = whole.clone();
        // This part has the descriptors, the catalogue and the directories.
        for _ in 0..=random(40) {
            bytes[32 * 1024 + random(60 * 1024)] = random(256) as u8;
        }
        fs::write(fixture.path("bad.iso"), bytes).unwrap();
        let request = fixture.request();
        let request = request.uefi(Uefi::DeployIso(fixture.path("bad.iso").into()));
        let mut node = node(1);
        match media.publish_boot_iso(&mut node, request).await {
            Ok(_) => {
                made += 1;
                assert_eq!(names(fixture.www.path()).len(), 1);
                media.clean_up(&mut node).await.unwrap();
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("bad.iso"), "{error}");
            }
        }
        assert_eq!(names(fixture.www.path()), [""; 0]);
    }
    assert!(made > 10 && refused > 10, "{made} made, {refused} refused");
}
