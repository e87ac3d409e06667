//! Processes that die and disks that are full while images are published.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod host_support;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use driver::host::{HostError, Kind, NewObject, Which};
use host_support::{
    Running, child, child_dir, host, names, node, object, open_dir, rests, run, uuid,
};

const IMAGE_SIZE: usize = 2 * 1024 * 1024;

#[tokio::test]
async fn a_half_written_image_of_a_living_process_stays_and_of_a_dead_one_goes() {
    let dir = open_dir();
    let host = host(dir.path());
    for way in 0..3 {
        let process = Running::start("child_that_stops_half_way", dir.path(), "half-way");
        assert_eq!(rests(dir.path()), 1);
        assert_eq!(
            host.list(uuid(1)).await.unwrap(),
            [],
            "half an image is not listed"
        );
        let swept = host
            .sweep([uuid(1)].into(), SystemTime::now())
            .await
            .unwrap();
        assert_eq!(swept.unfinished, 0, "its process is alive");
        assert_eq!(rests(dir.path()), 1);

        drop(process);
        assert_eq!(rests(dir.path()), 1, "a killed process cleans nothing up");
        match way {
            0 => {
                let swept = host
                    .sweep([uuid(1)].into(), SystemTime::now())
                    .await
                    .unwrap();
                assert_eq!(swept.unfinished, 1);
            }
            1 => assert_eq!(host.unpublish(uuid(1), Which::All).await.unwrap(), []),
            _ => drop(
                host.publish(&node(2), object(Kind::Floppy, b"x"))
                    .await
                    .unwrap(),
            ),
        }
        assert_eq!(rests(dir.path()), 0);
    }
}

#[tokio::test]
async fn child_that_stops_half_way() {
    let Some(dir) = child_dir() else { return };
    let object = NewObject::new(Kind::BootIso, IMAGE_SIZE as u64, |out| {
        out.write_all(&vec![1; IMAGE_SIZE / 2])?;
        println!("half-way");
        std::thread::sleep(Duration::from_secs(600));
        Err(io::Error::other("nobody killed this"))
    });
    let _ = host(&dir).publish(&node(1), object).await;
}

#[tokio::test]
async fn killed_at_any_of_two_hundred_moments_only_whole_images_are_there() {
    let dir = open_dir();
    let host = host(dir.path());
    let (mut with_rests, mut images) = (0, 0);
    for round in 0..200u64 {
        let process = Running::start("child_that_publishes_for_ever", dir.path(), "publishing");
        // Spread over some 30 ms, in no simple rhythm with the child's own.
        std::thread::sleep(Duration::from_micros(round * 7919 % 30_000));
        drop(process);
        with_rests += usize::from(rests(dir.path()) > 0);
        host.publish(&node(2), object(Kind::Floppy, b"x"))
            .await
            .unwrap();
        assert_eq!(rests(dir.path()), 0, "the next publish takes the rests");
        for stored in host.list(uuid(1)).await.unwrap() {
            let bytes = host_support::read(dir.path(), &stored.name);
            assert!(
                bytes.len() == IMAGE_SIZE && bytes.iter().all(|b| *b == 0xa5),
                "{}",
                stored.name
            );
            images += 1;
        }
        host.unpublish(uuid(1), Which::All).await.unwrap();
        host.unpublish(uuid(2), Which::All).await.unwrap();
        assert_eq!(names(dir.path()), [""; 0]);
    }
    println!(
        "{with_rests} of 200 kills came in the middle of a publish; {images} images were whole"
    );
    assert!(
        with_rests > 20 && images > 20,
        "the kills come at the wrong moments"
    );
}

#[tokio::test]
async fn child_that_publishes_for_ever() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    println!("publishing");
    loop {
        let object = NewObject::new(Kind::BootIso, IMAGE_SIZE as u64, |out| {
            (0..64).try_for_each(|_| out.write_all(&[0xa5; IMAGE_SIZE / 64]))
        });
        host.publish(&node(1), object).await.unwrap();
    }
}

/// Runs the test `name` on a file system of 4 MiB, in a mount namespace of its own.
fn on_a_small_file_system(name: &str) {
    let dir = open_dir();
    let script = "mount -t tmpfs -o size=4m,mode=755 tmpfs \"$DRIVER_TEST_CHILD_DIR\" || exit 99; \
                  exec \"$0\" \"$@\"";
    let mut wrapper = vec!["unshare", "--mount"];
    if !host_support::is_root() {
        wrapper.extend(["--user", "--map-root-user"]);
    }
    let mut probe = std::process::Command::new(wrapper[0]);
    probe
        .args(&wrapper[1..])
        .args(["mount", "-t", "tmpfs", "tmpfs"])
        .arg(dir.path());
    let able = probe.output();
    if !able.as_ref().is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("DRIVER_TESTS_WITHOUT_MOUNT").is_some(),
            "the test of a full disk needs unshare (Debian package util-linux) and the right to \
             mount a tmpfs in a namespace: {able:?}; set DRIVER_TESTS_WITHOUT_MOUNT=1 to go \
             without it"
        );
        // Straight to the terminal: what a passing test prints is not shown.
        let _ = writeln!(
            io::stderr(),
            "NOT TESTED: a full disk (no right to mount a tmpfs)"
        );
        return;
    }
    wrapper.extend(["sh", "-c", script]);
    run(child(&wrapper, name, dir.path()));
}

#[test]
fn a_full_disk_is_an_error_before_anything_is_made() {
    on_a_small_file_system("child_on_a_small_file_system");
}

#[tokio::test]
async fn child_on_a_small_file_system() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    let first = host
        .publish(&node(1), object(Kind::BootIso, vec![1; 3 << 20]))
        .await
        .unwrap();

    let asked = Arc::new(AtomicBool::new(false));
    let made = Arc::clone(&asked);
    let object_of_2_mib = NewObject::new(Kind::BootIso, 2 << 20, move |out| {
        made.store(true, Ordering::Relaxed);
        out.write_all(&vec![2; 2 << 20])
    });
    let error = host.publish(&node(2), object_of_2_mib).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::NoSpace {
                size: 2_097_152,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains(&dir.display().to_string()),
        "{error}"
    );
    assert!(error.to_string().contains(&uuid(2).to_string()), "{error}");
    assert!(
        !asked.load(Ordering::Relaxed),
        "the room is taken before the work"
    );
    assert_eq!(names(&dir), [first.name.to_string()]);
    assert_eq!(host_support::read(&dir, &first.name), vec![1; 3 << 20]);

    host.unpublish(uuid(1), Which::All).await.unwrap();
    host.publish(&node(2), object(Kind::BootIso, vec![2; 2 << 20]))
        .await
        .unwrap();
}

#[test]
fn a_disk_that_refuses_half_way_is_an_error_that_leaves_nothing() {
    // A limit on the length of files shows only when they get that long: 2048 blocks of 512 bytes.
    let dir = open_dir();
    let limit = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    run(child(
        &["sh", "-c", limit],
        "child_with_short_files",
        dir.path(),
    ));
}

#[tokio::test]
async fn child_with_short_files() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    let (mut source, size) = (tempfile::tempfile().unwrap(), 3 << 20);
    for _ in 0..2 {
        // By two ways: with bytes, and by way of a file.
        let appended = source.metadata().unwrap().len() > 0;
        let mut file = source.try_clone().unwrap();
        let object = NewObject::new(Kind::BootIso, size, move |out| {
            if !appended {
                return out.write_all(&vec![1; 3 << 20]);
            }
            out.write_all(&vec![1; 1 << 20])?;
            out.append(&mut file, 2 << 20)
        });
        let error = host.publish(&node(1), object).await.unwrap_err();
        assert!(error.to_string().contains("File too large"), "{error}");
        assert_eq!(names(&dir), [""; 0]);
        source.write_all(&[1; 1024]).unwrap();
        io::Seek::rewind(&mut source).unwrap();
    }
}
