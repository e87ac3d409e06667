//! Processes that are killed and disks that fill up while images are published.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use driver::host::{Host as _, HostError, Kind, NewObject, Which};

use crate::support::child::{Running, child, child_dir, run_child};
use crate::support::web::{host, is_root, names, object, open_dir, read, unfinished};
use crate::support::{node, uuid};

const IMAGE_SIZE: usize = 2 * 1024 * 1024;

#[tokio::test]
async fn an_unfinished_image_is_removed_once_its_process_is_dead() {
    let dir = open_dir();
    let host = host(dir.path());
    for remover in 0..3 {
        let process = Running::start("crash::child_that_stops_half_way", dir.path(), "half-way");
        assert_eq!(unfinished(dir.path()), 1);
        assert_eq!(
            host.list(uuid(1)).await.unwrap(),
            [],
            "an unfinished image is not listed"
        );
        let swept = host
            .sweep([uuid(1)].into(), SystemTime::now())
            .await
            .unwrap();
        assert_eq!(swept.unfinished, 0, "its process is alive");
        assert_eq!(unfinished(dir.path()), 1);

        drop(process);
        assert_eq!(
            unfinished(dir.path()),
            1,
            "a killed process cannot clean up"
        );
        match remover {
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
        assert_eq!(unfinished(dir.path()), 0);
    }
}

#[tokio::test]
async fn child_that_stops_half_way() {
    let Some(dir) = child_dir() else { return };
    let object = NewObject::new(Kind::BootIso, IMAGE_SIZE as u64, |out| {
        out.write_all(&vec![1; IMAGE_SIZE / 2])?;
        println!("half-way");
        std::thread::sleep(Duration::from_secs(600));
        Err(io::Error::other("the child was not killed"))
    });
    let _ = host(&dir).publish(&node(1), object).await;
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_moment_leaves_only_complete_images() {
    let dir = open_dir();
    let host = host(dir.path());
    let (mut interrupted, mut images) = (0, 0);
    for round in 0..200u64 {
        let process = Running::start(
            "crash::child_that_publishes_forever",
            dir.path(),
            "publishing",
        );
        // Spread over 30 ms, at moments that do not match the child's rhythm.
        std::thread::sleep(Duration::from_micros(round * 7919 % 30_000));
        drop(process);
        interrupted += usize::from(unfinished(dir.path()) > 0);
        let other = crate::support::web::host(dir.path());
        other
            .publish(&node(2), object(Kind::Floppy, b"x"))
            .await
            .unwrap();
        assert_eq!(
            unfinished(dir.path()),
            0,
            "the next process removes unfinished images"
        );
        for stored in host.list(uuid(1)).await.unwrap() {
            let bytes = read(dir.path(), &stored.name);
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
    println!("{interrupted} of 200 kills interrupted a publish; {images} images were complete");
    assert!(
        interrupted > 20 && images > 20,
        "the kills come at the wrong moments"
    );
}

#[tokio::test]
async fn child_that_publishes_forever() {
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

/// Runs the test `name` on a file system of 4 MiB, in its own mount namespace.
fn on_a_small_file_system(name: &str) {
    let dir = open_dir();
    let script = "mount -t tmpfs -o size=4m,mode=755 tmpfs \"$DRIVER_TEST_CHILD_DIR\" || exit 99; \
                  exec \"$0\" \"$@\"";
    let mut wrapper = vec!["unshare", "--mount"];
    if !is_root() {
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
             mount a tmpfs in a namespace: {able:?}; set DRIVER_TESTS_WITHOUT_MOUNT=1 to skip it"
        );
        // `eprintln!` would be captured, and not shown since the test passes.
        let _ = writeln!(
            io::stderr(),
            "SKIPPED: a full disk (no right to mount a tmpfs)"
        );
        return;
    }
    wrapper.extend(["sh", "-c", script]);
    run_child(child(&wrapper, name, dir.path()));
}

#[test]
fn a_full_disk_is_an_error_before_the_image_is_made() {
    on_a_small_file_system("crash::child_on_a_small_file_system");
}

#[test]
fn an_image_that_is_announced_but_does_not_come_takes_no_space() {
    on_a_small_file_system("crash::child_with_an_image_that_does_not_come");
}

#[tokio::test(flavor = "multi_thread")]
async fn child_with_an_image_that_does_not_come() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let (began, has_begun) = std::sync::mpsc::channel();
    let announced = NewObject::new(Kind::BootIso, 3 << 20, move |out| {
        out.write_all(&[1; 4096])?;
        out.flush()?;
        let _ = began.send(());
        let _ = waits.recv();
        out.write_all(&vec![1; (3 << 20) - 4096])
    });
    let (slow, node_1) = (host.clone(), node(1));
    let slow = tokio::spawn(async move { slow.publish(&node_1, announced).await });
    tokio::task::spawn_blocking(move || has_begun.recv())
        .await
        .unwrap()
        .unwrap();
    let floppy = object(Kind::Floppy, vec![2; 1440 * 1024]);
    host.publish(&node(2), floppy).await.unwrap();
    // There is no space for all of it any more.
    drop(go_on);
    let error = slow.await.unwrap().unwrap_err();
    assert!(matches!(error, HostError::NoSpace { .. }), "{error}");
    assert_eq!(host.list(uuid(2)).await.unwrap().len(), 1);
    assert_eq!(names(&dir).len(), 1);
}

#[tokio::test]
async fn child_on_a_small_file_system() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    let first = host
        .publish(&node(1), object(Kind::BootIso, vec![1; 3 << 20]))
        .await
        .unwrap();

    let called = Arc::new(AtomicBool::new(false));
    let made = Arc::clone(&called);
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
        !called.load(Ordering::Relaxed),
        "the space is allocated before the image is made"
    );
    assert_eq!(names(&dir), [first.name.to_string()]);
    assert_eq!(read(&dir, &first.name), vec![1; 3 << 20]);

    host.unpublish(uuid(1), Which::All).await.unwrap();
    host.publish(&node(2), object(Kind::BootIso, vec![2; 2 << 20]))
        .await
        .unwrap();

    // What a process left that died meanwhile is removed for its space.
    host.unpublish(uuid(2), Which::All).await.unwrap();
    let dead = dir.join(".publishing-0123456789abcdef");
    std::fs::write(&dead, vec![0; 3 << 20]).unwrap();
    host.publish(&node(2), object(Kind::BootIso, vec![2; 2 << 20]))
        .await
        .unwrap();
    assert!(!dead.exists());
}

#[test]
fn a_write_error_half_way_leaves_nothing() {
    // The limit on the length of files takes effect only in the middle of a write: 2048 blocks of
    // 512 bytes.
    let dir = open_dir();
    let limit = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    run_child(child(
        &["sh", "-c", limit],
        "crash::child_with_short_files",
        dir.path(),
    ));
}

#[tokio::test]
async fn child_with_short_files() {
    let Some(dir) = child_dir() else { return };
    let host = host(&dir);
    let (mut source, size) = (tempfile::tempfile().unwrap(), 3 << 20);
    for _ in 0..2 {
        // Once from memory, and once appended from a file.
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
