//! The umask, and directories without the permissions that publishing needs.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use driver::host::{Host as _, HostError, Kind, Which};

use crate::support::child::{child, child_dir, run_child};
use crate::support::web::{host, is_root, mode, names, object, open_dir};
use crate::support::{node, uuid};

#[test]
fn the_umask_does_not_affect_modes() {
    let dir = open_dir();
    let wrapper = ["sh", "-c", "umask 0077; exec \"$0\" \"$@\""];
    run_child(child(
        &wrapper,
        "permissions::child_with_a_strict_umask",
        dir.path(),
    ));
    assert_eq!(mode(&dir.path().join("made")), 0o755);
    let root = dir.path().join("made/root");
    assert_eq!(mode(&root), 0o755);
    let made = names(&root);
    assert_eq!(made.len(), 1);
    assert_eq!(mode(&root.join(&made[0])), 0o644);
}

#[tokio::test]
async fn child_with_a_strict_umask() {
    let Some(dir) = child_dir() else { return };
    let probe = dir.join("probe");
    std::fs::write(&probe, "").unwrap();
    assert_eq!(mode(&probe), 0o600, "the umask is in force");
    let host = host(&dir.join("made/root"));
    host.publish(&node(1), object(Kind::Floppy, b"x"))
        .await
        .unwrap();
}

/// Runs `work` on a thread without privileges, since root may read and write everything.
fn without_privileges(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(move || {
        if is_root() {
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        // The runtime's blocking threads are started by this one and inherit its user.
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(work);
    });
    thread.join().unwrap();
}

#[test]
fn a_root_without_permission_is_named_in_the_error() {
    let dir = open_dir();
    let (closed, full) = (dir.path().join("closed"), dir.path().join("read-only"));
    for (path, mode) in [(&closed, 0o000), (&full, 0o555)] {
        std::fs::create_dir(path).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    without_privileges(async move {
        let refused = |error: HostError, root: &Path| {
            assert!(matches!(error, HostError::Root { .. }), "{error}");
            assert!(
                error.to_string().contains(&root.display().to_string()),
                "{error}"
            );
            assert!(error.to_string().contains("Permission denied"), "{error}");
        };
        let unreadable = host(&closed);
        for root in [&closed, &full] {
            let object = object(Kind::Floppy, b"x");
            refused(
                host(root).publish(&node(1), object).await.unwrap_err(),
                root,
            );
        }
        refused(unreadable.list(uuid(1)).await.unwrap_err(), &closed);
        refused(
            unreadable.unpublish(uuid(1), Which::All).await.unwrap_err(),
            &closed,
        );
        let swept = unreadable.sweep(HashSet::new(), SystemTime::now()).await;
        refused(swept.unwrap_err(), &closed);
    });
}

#[test]
fn images_that_cannot_be_removed_are_named_in_the_error() {
    let dir = open_dir();
    let root = dir.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let name = format!("boot-{}-a.iso", uuid(1));
    std::fs::write(root.join(&name), "").unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o555)).unwrap();
    without_privileges(async move {
        let error = host(&root)
            .unpublish(uuid(1), Which::All)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, HostError::Remove { left, .. } if left.len() == 1),
            "{error}"
        );
        assert!(error.to_string().contains(&name), "{error}");
    });
}
