//! Images are published, fetched, listed, withdrawn and swept.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use driver::host::{Host as _, HostError, Kind, NewObject, SwiftHost, Which};
use driver::image::Floppy;

use crate::shared;
use crate::support::swift::{Account, bytes, fetch, host, image, settings, tempauth};
use crate::support::{node, uuid};

/// A host with its own container in the account `test`, and that account.
fn own(container: &str) -> (SwiftHost, Account) {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let account = Account::of(shared(), "test:ironic");
    (host(settings(auth, container)), account)
}

#[tokio::test]
async fn an_image_is_published_fetched_listed_and_withdrawn() {
    let (host, account) = own("life");
    let content = bytes(3_000_000);
    let object = image(Kind::BootIso, &content).check_served();
    let iso = host.publish(&node(1), object).await.unwrap();
    assert_eq!(fetch(&iso.url, None), (200, content.clone()));
    let range = fetch(&iso.url, Some("bytes=2048-4095"));
    assert_eq!(range, (206, content[2048..4096].to_vec()));

    let floppy = NewObject::floppy(&Floppy::new().parameter("a", "b")).unwrap();
    let floppy = host.publish(&node(1), floppy).await.unwrap();
    let other = host
        .publish(&node(2), image(Kind::BootIso, b"other"))
        .await
        .unwrap();

    let listed = host.list(uuid(1)).await.unwrap();
    let names: Vec<_> = listed.iter().map(|image| image.name.clone()).collect();
    assert_eq!(names, [floppy.name.clone(), iso.name.clone()]);
    assert_eq!([listed[0].size, listed[1].size], [1440 * 1024, 3_000_000]);
    let age = SystemTime::now()
        .duration_since(listed[1].modified)
        .unwrap();
    assert!(age < Duration::from_secs(60), "{age:?}");

    // A new URL of the same image works as well.
    let url = host.url(&node(1), &iso.name).await.unwrap();
    assert_eq!(fetch(&url, None).0, 200);
    // The signature is valid for this image only.
    let mut elsewhere = iso.url.clone();
    elsewhere.set_path(other.url.path());
    assert_eq!(fetch(&elsewhere, None).0, 401);

    let withdrawn = host
        .unpublish(uuid(1), Which::Kind(Kind::Floppy))
        .await
        .unwrap();
    assert_eq!(withdrawn, std::slice::from_ref(&floppy.name));
    assert_eq!(
        host.unpublish(uuid(1), Which::All).await.unwrap(),
        [iso.name]
    );
    assert_eq!(host.unpublish(uuid(1), Which::All).await.unwrap(), []);
    assert_eq!(fetch(&iso.url, None).0, 404);
    assert_eq!(account.names("life"), [other.name.to_string()]);
}

#[tokio::test]
async fn a_generation_is_published_only_once() {
    let (host, _) = own("once");
    let object = |content| image(Kind::BootIso, content).generation("7".parse().unwrap());
    let first = host.publish(&node(1), object(b"first")).await.unwrap();
    let second = host.publish(&node(1), object(b"second")).await.unwrap_err();
    assert!(
        matches!(second, HostError::AlreadyPublished { .. }),
        "{second}"
    );
    assert_eq!(fetch(&first.url, None).1, b"first");
}

#[tokio::test]
async fn floppies_expire_and_boot_isos_do_not() {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let mut settings = settings(auth, "expiry");
    settings.floppy_lifetime = Duration::from_secs(6);
    let host = host(settings);
    let account = Account::of(shared(), "test:ironic");
    let floppy = host
        .publish(&node(1), image(Kind::Floppy, b"floppy"))
        .await
        .unwrap();
    let iso = host
        .publish(&node(1), image(Kind::BootIso, b"iso"))
        .await
        .unwrap();
    let headers = account
        .ask("HEAD", &format!("/expiry/{}", floppy.name), &[])
        .1;
    assert!(headers.contains("x-delete-at"), "{headers}");
    let headers = account.ask("HEAD", &format!("/expiry/{}", iso.name), &[]).1;
    assert!(!headers.contains("x-delete-at"), "{headers}");

    tokio::time::sleep(Duration::from_millis(7200)).await;
    assert_ne!(fetch(&floppy.url, None).0, 200);
    // Swift still lists it although it has expired.
    assert_eq!(account.names("expiry").len(), 2);
    let listed = host.list(uuid(1)).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].name, iso.name);
    assert_eq!(
        host.unpublish(uuid(1), Which::All).await.unwrap(),
        [iso.name]
    );
    shared().expire();
    assert_eq!(account.names("expiry"), [""; 0]);
}

#[tokio::test]
async fn a_large_image_is_stored_as_a_static_large_object() {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let mut settings = settings(auth, "large");
    settings.segment_size = Some(300_000);
    let host = host(settings);
    let account = Account::of(shared(), "test:ironic");
    let content = bytes(1_000_000);
    let wanted = content.clone();
    let object = image(Kind::BootIso, &content).read_back(move |found| {
        let mut read = Vec::new();
        found.read_to_end(&mut read)?;
        assert!(read == wanted, "it is read back by ranges");
        std::io::Result::Ok(())
    });
    let iso = host.publish(&node(1), object.check_served()).await.unwrap();
    assert_eq!(
        account.names("large").len(),
        5,
        "four segments and the image"
    );
    assert_eq!(fetch(&iso.url, None), (200, content.clone()));
    let across = fetch(&iso.url, Some("bytes=299990-300009"));
    assert_eq!(across, (206, content[299_990..300_010].to_vec()));
    let listed = host.list(uuid(1)).await.unwrap();
    assert_eq!((listed.len(), listed[0].size), (1, 1_000_000));
    assert_eq!(
        host.unpublish(uuid(1), Which::All).await.unwrap(),
        [iso.name]
    );
    assert_eq!(
        account.names("large"),
        [""; 0],
        "its segments are removed, too"
    );
}

#[tokio::test]
async fn an_image_that_cannot_be_made_leaves_nothing() {
    let (host, account) = own("nothing");
    let of = |size, content: &'static [u8]| {
        NewObject::new(Kind::BootIso, size, move |out| out.write_all(content))
    };
    let error = |object| async {
        host.publish(&node(1), object)
            .await
            .unwrap_err()
            .to_string()
    };
    let short = error(of(10, b"short")).await;
    assert!(
        short.contains("announced with 10 bytes but has 5"),
        "{short}"
    );
    let long = error(of(3, b"long")).await;
    assert!(
        long.contains("announced with 3 bytes but has more"),
        "{long}"
    );
    let broken = NewObject::new(Kind::BootIso, 1 << 20, |out| {
        out.write_all(&[0; 600_000])?;
        Err(std::io::Error::other("the kernel cannot be read"))
    });
    let broken = error(broken).await;
    assert!(broken.contains(&uuid(1).to_string()), "{broken}");
    assert!(broken.contains("the kernel cannot be read"), "{broken}");
    let unlike = image(Kind::BootIso, b"unlike").read_back(|_| Err("unlike the plan"));
    let unlike = error(unlike).await;
    assert!(
        unlike.contains("failed verification: unlike the plan"),
        "{unlike}"
    );
    assert_eq!(account.names("nothing"), [""; 0]);
}

#[tokio::test]
async fn a_sweep_removes_the_images_of_gone_nodes() {
    let (host, account) = own("sweep");
    for n in 1..=3 {
        host.publish(&node(n), image(Kind::BootIso, b"iso"))
            .await
            .unwrap();
    }
    account.ask("PUT", "/sweep/other", &[("Content-Length", "0")]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let as_of = SystemTime::now();
    host.publish(&node(4), image(Kind::BootIso, b"new"))
        .await
        .unwrap();
    let living = HashSet::from([uuid(1)]);
    let swept = host.sweep(living, as_of).await.unwrap();
    let nodes: Vec<_> = swept.images.iter().map(|name| name.node()).collect();
    assert_eq!(
        nodes,
        [uuid(2), uuid(3)],
        "image 4 is newer than the list of nodes"
    );
    assert_eq!(swept.unfinished, 0);
    assert_eq!(account.names("sweep").len(), 3);
}

#[tokio::test]
async fn a_dropped_upload_leaves_no_object() {
    let (host, account) = own("given-up");
    let (started, was_started) = std::sync::mpsc::channel();
    let object = NewObject::new(Kind::BootIso, 1 << 30, move |out| {
        let _ = started.send(());
        loop {
            out.write_all(&[7; 65536])?;
            if false {
                return std::io::Result::Ok(());
            }
        }
    });
    let task = tokio::spawn(async move { host.publish(&node(1), object).await });
    tokio::task::spawn_blocking(move || was_started.recv().unwrap())
        .await
        .unwrap();
    task.abort();
    let _ = task.await;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if account.names("given-up").is_empty() {
            return;
        }
    }
    panic!("{:?}", account.names("given-up"));
}

#[tokio::test]
async fn abandoned_segments_are_removed_once_they_are_old() {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let mut settings = settings(auth, "abandoned");
    settings.segment_size = Some(1000);
    let patient = host(settings.clone());
    settings.abandoned_after = Duration::from_secs(1);
    let impatient = host(settings);
    let account = Account::of(shared(), "test:ironic");
    let iso = patient
        .publish(&node(1), image(Kind::BootIso, &bytes(2500)))
        .await
        .unwrap();
    for n in [1, 2] {
        for segment in 0..2 {
            let name = format!("/abandoned/segments/boot-{}-7.iso/{segment:08}", uuid(n));
            assert_eq!(account.ask("PUT", &name, &[("Content-Length", "0")]).0, 201);
        }
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let living = || HashSet::from([uuid(1), uuid(2)]);
    let swept = patient.sweep(living(), SystemTime::now()).await.unwrap();
    assert_eq!(
        swept.unfinished, 0,
        "they may belong to an upload in progress"
    );
    // Withdrawing the images of their node removes them, too.
    assert_eq!(impatient.unpublish(uuid(2), Which::All).await.unwrap(), []);
    assert_eq!(account.names("abandoned").len(), 3 + 1 + 2);
    let swept = impatient.sweep(living(), SystemTime::now()).await.unwrap();
    assert_eq!((swept.unfinished, swept.images.len()), (1, 0));
    assert_eq!(account.names("abandoned").len(), 3 + 1);
    assert_eq!(fetch(&iso.url, None), (200, bytes(2500)));
}
