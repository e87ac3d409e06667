//! Withdrawing images, and sweeping the directory.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use driver::host::{Host as _, Kind, Which};

use crate::support::web::{host, names, object, open_dir};
use crate::support::{node, uuid};

#[tokio::test]
async fn unpublish_removes_every_generation_and_nothing_else() {
    let dir = open_dir();
    let host = host(dir.path());
    let id = uuid(1);
    let others = [
        format!("image-{}-a.img", uuid(2)),
        format!("boot-{id}-a.iso.bak"),
        format!("configdrive-{id}"),
        format!("image-{id}-A.img"),
        id.to_string(),
        "boot.ipxe".to_owned(),
        ".hidden".to_owned(),
    ];
    for other in &others {
        std::fs::write(dir.path().join(other), "").unwrap();
    }
    std::fs::create_dir(dir.path().join(format!("boot-{id}-dir.iso"))).unwrap();
    std::fs::create_dir(dir.path().join("pxelinux.cfg")).unwrap();
    let before = names(dir.path());
    let all = [
        format!("image-{id}"),
        format!("image-{id}.img"),
        format!("image-{id}-a.img"),
        format!("image-{id}-b.img"),
        format!("boot-{id}"),
        format!("boot-{id}.iso"),
        format!("boot-{id}-a.iso"),
        format!("boot-{id}-b.iso"),
    ];
    let fill = || {
        for name in &all {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
    };
    let removed = async |which| {
        let names = host.unpublish(id, which).await.unwrap();
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };

    fill();
    assert_eq!(removed(Which::All).await, all);
    assert_eq!(names(dir.path()), before);
    assert_eq!(
        removed(Which::All).await,
        [""; 0],
        "nothing to remove is no error"
    );
    fill();
    assert_eq!(removed(Which::Kind(Kind::Floppy)).await, all[..4]);
    assert_eq!(
        removed(Which::Only(all[4].parse().unwrap())).await,
        all[4..5]
    );
    assert_eq!(
        removed(Which::OthersThan(all[6].parse().unwrap())).await,
        [all[5].clone(), all[7].clone()]
    );
    assert_eq!(
        removed(Which::OthersThan(all[0].parse().unwrap())).await,
        [""; 0]
    );
    assert_eq!(removed(Which::All).await, all[6..7]);
}

#[tokio::test]
async fn a_sweep_removes_images_of_gone_nodes_and_unfinished_ones_but_no_new_image() {
    let dir = open_dir();
    let host = host(dir.path());
    for n in 1..=3 {
        host.publish(&node(n), object(Kind::Floppy, b"f"))
            .await
            .unwrap();
        host.publish(&node(n), object(Kind::BootIso, b"i"))
            .await
            .unwrap();
    }
    let rest = dir.path().join(".publishing-00112233445566ff");
    std::fs::write(&rest, "half").unwrap();
    std::fs::write(dir.path().join("index.html"), "").unwrap();
    let living: HashSet<_> = [uuid(1), uuid(2)].into();

    let swept = host.sweep(living.clone(), SystemTime::now()).await.unwrap();
    assert_eq!(
        (swept.images, swept.unfinished),
        (vec![], 1),
        "node 3 may be new"
    );
    assert!(!rest.exists());
    let later = SystemTime::now() + Duration::from_secs(60);
    let swept = host.sweep(living, later).await.unwrap();
    assert_eq!(swept.images.len(), 2);
    assert!(swept.images.iter().all(|name| name.node() == uuid(3)));
    assert_eq!(names(dir.path()).len(), 4 + 1);
}

/// A stray that cannot be removed, such as a directory, blocks neither a clean-up nor a sweep.
#[tokio::test]
async fn a_stray_that_cannot_be_removed_is_left() {
    let dir = open_dir();
    let host = host(dir.path());
    for n in 1..=2 {
        host.publish(&node(n), object(Kind::Floppy, b"f"))
            .await
            .unwrap();
    }
    let [stray, other] = ["0123456789abcdef", "f123456789abcdef"]
        .map(|digits| dir.path().join(format!(".publishing-{digits}")));
    std::fs::create_dir(&stray).unwrap();
    std::fs::write(&other, "half").unwrap();

    let removed = host.unpublish(uuid(1), Which::All).await.unwrap();
    assert_eq!(removed.len(), 1);
    assert!(!other.exists(), "the other stray is removed");
    std::fs::write(&other, "half").unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    let swept = host.sweep(HashSet::new(), later).await.unwrap();
    assert_eq!((swept.images.len(), swept.unfinished), (1, 1));
    assert_eq!(names(dir.path()), [".publishing-0123456789abcdef"]);
}

/// The directory has the images of thousands of nodes: it is not listed for each publish.
#[tokio::test]
async fn the_first_publish_of_a_host_looks_for_files_of_dead_processes_and_later_ones_do_not() {
    let dir = open_dir();
    let dead = dir.path().join(".publishing-0123456789abcdef");
    let hosts = [host(dir.path()), host(dir.path())];
    let node = node(1);
    for host in &hosts {
        std::fs::write(&dead, "half").unwrap();
        let first = host.publish(&node, object(Kind::Floppy, b"f"));
        first.await.unwrap();
        assert!(!dead.exists());
    }
    std::fs::write(&dead, "half").unwrap();
    for host in &hosts {
        let later = host.publish(&node, object(Kind::Floppy, b"f"));
        later.await.unwrap();
        assert!(dead.exists());
    }
    // Each step of a deployment ends with a removal, of any node.
    hosts[0].unpublish(uuid(2), Which::All).await.unwrap();
    assert!(!dead.exists());
}
