//! Virtual media under load: processes that are killed, many nodes at once, a ramdisk of gigabytes.
//!
//! Debian packages: nginx-light libarchive-tools xorriso.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use driver::host::Kind;
use driver::image::{Floppy, IsoContents};
use driver::virtual_media::{BootIsoRequest, Uefi, VirtualMedia};

use crate::support::child::{Running, child, child_dir, peak_kib, print_peak, run_child};
use crate::support::image::{LoaderFiles, esp, kernel, pattern, ramdisk};
use crate::support::media::{OptionNames, conf, media};
use crate::support::nginx::Nginx;
use crate::support::tools::{printed, run, tool};
use crate::support::web::{names, open_dir, read, unfinished};
use crate::support::{node, uuid};

const NODES: u32 = 200;

/// Fills `dir` with the web server's directory `www` and the files of a boot ISO.
fn set_up(dir: &Path) {
    let files = LoaderFiles::new();
    for name in ["isolinux.bin", "ldlinux.c32"] {
        fs::copy(files.path(name), dir.join(name)).unwrap();
    }
    fs::write(dir.join("vmlinuz"), kernel().1).unwrap();
    fs::write(dir.join("initrd"), ramdisk().1).unwrap();
    fs::write(dir.join("esp.img"), esp().1).unwrap();
    fs::create_dir(dir.join("www")).unwrap();
}

fn media_in(dir: &Path) -> VirtualMedia {
    let shown = dir.display();
    let more = format!(
        "[DEFAULT]\nisolinux_bin = {shown}/isolinux.bin\nldlinux_c32 = {shown}/ldlinux.c32\n"
    );
    let www = dir.join("www");
    media(&conf(
        OptionNames::Deploy,
        &www,
        crate::support::web::BASE,
        &more,
    ))
}

fn request(dir: &Path) -> BootIsoRequest {
    let path = |name| dir.join(name).display().to_string();
    BootIsoRequest::new(path("vmlinuz"), path("initrd"))
        .uefi(Uefi::EspImage(path("esp.img").into()))
}

fn floppy(n: u32) -> Floppy {
    Floppy::new().parameter("node", n.to_string())
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_moment_leaves_only_complete_boot_isos_and_floppies() {
    let dir = open_dir();
    set_up(dir.path());
    let (www, media) = (dir.path().join("www"), media_in(dir.path()));
    let mut expected = HashMap::new();
    let published = media.publish_floppy(&node(1), floppy(1)).await.unwrap();
    expected.insert(Kind::Floppy, read(&www, &published.name));
    let mut node_1 = node(1);
    let published = media.publish_boot_iso(&mut node_1, request(dir.path()));
    let name = published.await.unwrap().name;
    expected.insert(Kind::BootIso, read(&www, &name));
    media.clean_up(&mut node_1).await.unwrap();

    let (mut interrupted, mut images) = (0, 0);
    for round in 0..200u64 {
        let process = Running::start(
            "load::child_that_publishes_forever",
            dir.path(),
            "publishing",
        );
        // Spread over 60 ms, at moments that do not match the child's rhythm.
        std::thread::sleep(Duration::from_micros(round * 7919 % 60_000));
        drop(process);
        interrupted += usize::from(unfinished(&www) > 0);
        for stored in media.host().list(uuid(1)).await.unwrap() {
            let bytes = read(&www, &stored.name);
            assert!(bytes == expected[&stored.name.kind()], "{}", stored.name);
            images += 1;
        }
        if round % 2 == 0 {
            let other = media_in(dir.path());
            other.publish_floppy(&node(2), floppy(2)).await.unwrap();
            assert_eq!(
                unfinished(&www),
                0,
                "the next process removes unfinished images"
            );
            media.clean_up(&mut node(2)).await.unwrap();
        }
        media.clean_up(&mut node(1)).await.unwrap();
        assert_eq!(names(&www), [""; 0], "clean-up removes unfinished images");
    }
    println!("{interrupted} of 200 kills interrupted a publish; {images} images were complete");
    assert!(
        interrupted > 20 && images > 20,
        "the kills come at the wrong moments: {interrupted}, {images}"
    );
}

#[tokio::test]
async fn child_that_publishes_forever() {
    let Some(dir) = child_dir() else { return };
    let media = media_in(&dir);
    println!("publishing");
    loop {
        media.publish_floppy(&node(1), floppy(1)).await.unwrap();
        let mut node = node(1);
        let published = media.publish_boot_iso(&mut node, request(&dir));
        published.await.unwrap();
    }
}

#[test]
fn two_hundred_nodes_at_once_take_less_than_64_mib() {
    let dir = open_dir();
    set_up(dir.path());
    // If each task read it into memory as a whole, the limit would be exceeded.
    let ramdisk = File::create(dir.path().join("large")).unwrap();
    ramdisk.write_all_at(&pattern(8 << 20, 9), 0).unwrap();
    let start = Instant::now();
    let name = "load::child_with_two_hundred_nodes";
    let peak = peak_kib(&run_child(child(&[], name, dir.path())));
    println!(
        "{NODES} boot ISOs and floppies: peak {peak} KiB, {:.1} s",
        start.elapsed().as_secs_f32()
    );
    assert!(peak < 64 * 1024, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_with_two_hundred_nodes() {
    let Some(dir) = child_dir() else { return };
    let nginx = Nginx::start(&dir, "");
    let (www, media) = (dir.join("www"), media_in(&dir));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..NODES {
        let (media, mut request) = (media.clone(), request(&dir).root_uuid(n.to_string()));
        if n % 10 == 0 {
            let kernel = dir.join("vmlinuz").display().to_string();
            request = BootIsoRequest::new(kernel, nginx.url("/large")).root_uuid(n.to_string());
        }
        tasks.spawn(async move {
            let mut node = node(n);
            let floppy = media.publish_floppy(&node, floppy(n)).await.unwrap();
            let iso = media.publish_boot_iso(&mut node, request).await.unwrap();
            (n, node, floppy.name, iso.name)
        });
    }
    let done = tasks.join_all().await;
    print_peak();
    assert_eq!(names(&www).len(), 2 * NODES as usize);
    for (n, mut node, floppy_name, iso_name) in done {
        assert!(read(&www, &floppy_name) == floppy(n).build().unwrap());
        let bytes = read(&www, &iso_name);
        IsoContents::read(std::io::Cursor::new(&bytes)).unwrap();
        let line = format!("root=UUID={n} nofb nomodeset vga=normal\n");
        assert!(
            bytes
                .windows(line.len())
                .any(|part| part == line.as_bytes())
        );
        media.clean_up(&mut node).await.unwrap();
    }
    assert_eq!(names(&www), [""; 0]);
}

#[tokio::test]
async fn a_ramdisk_of_more_than_4_gib_is_published_and_read_by_others() {
    const SIZE: u64 = (4 << 30) + 12_345;
    let dir = open_dir();
    set_up(dir.path());
    let large = dir.path().join("initrd");
    let mut file = File::options();
    let file = file.read(true).write(true).truncate(true).open(&large);
    let file = file.unwrap();
    file.set_len(SIZE).unwrap();
    // Around the ends of extents, where an error in their offsets would be noticed.
    let places = [0, 1 << 30, (4 << 30) - 4096, 4 << 30, SIZE - 99];
    for at in places {
        file.write_all_at(format!("at {at}").as_bytes(), at)
            .unwrap();
    }
    let media = media_in(dir.path());
    let start = Instant::now();
    let mut node = node(1);
    let published = media.publish_boot_iso(&mut node, request(dir.path()));
    let published = published.await.unwrap();
    println!(
        "published {} bytes in {:.1?}",
        published.size,
        start.elapsed()
    );
    let iso = dir.path().join("www").join(published.name.to_string());

    let iso_text = iso.to_str().unwrap();
    let listed = printed(&tool("bsdtar", "libarchive-tools"), ["-tvf", iso_text]);
    assert!(listed.contains(&SIZE.to_string()), "{listed}");
    // xorriso reads the file from its start each time, so only one part is compared: from before 4
    // GiB on.
    let (from, part) = (places[2] - 5, dir.path().join("part"));
    let mut args = vec!["-no_rc".to_owned(), "-osirrox".into(), "on".into()];
    args.extend(["-indev".into(), iso_text.into(), "-extract_cut".into()]);
    args.extend([
        "/initrd".into(),
        from.to_string(),
        (SIZE - from).to_string(),
    ]);
    args.push(part.display().to_string());
    run(&tool("xorriso", "xorriso"), args);
    let mut expected = vec![0; (SIZE - from) as usize];
    file.read_exact_at(&mut expected, from).unwrap();
    assert!(fs::read(part).unwrap() == expected);

    let image = File::open(&iso).unwrap();
    let contents = IsoContents::read(&image).unwrap();
    let ramdisk = contents.files.iter().find(|file| file.path == "initrd");
    let offset = ramdisk.unwrap().offset.unwrap();
    for at in places {
        let [mut found, mut expected] = [[0; 16]; 2];
        image.read_exact_at(&mut found, offset + at).unwrap();
        file.read_exact_at(&mut expected, at).unwrap();
        assert_eq!(found, expected, "at {at}");
    }
    println!(
        "listed by bsdtar, read by xorriso in {:.1?}",
        start.elapsed()
    );
    media.clean_up(&mut node).await.unwrap();
}
