//! Tests of full and read-only file systems, and of mount points.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use confmig::store::{StoreError, replace_all, write_new};

use crate::support::{
    NEW, OLD, assert_message, assert_success, ironic_conf, is_root, mode, names, prepare_helper,
    replace, replacement, skipped, text, undo, write,
};

/// Runs a job of [`helper_process`] in its own mount namespace, after the shell command `mounting`,
/// which has the directory in `$1`. Returns `false` if the system does not permit this.
fn with_mounts(what: &str, job: &str, mounting: &str, directory: &Path) -> bool {
    let mut command = Command::new("unshare");
    command
        .arg(if is_root() { "-m" } else { "-rm" })
        .args(["--", "sh", "-c"]);
    command.arg(format!(
        "set -e; ({mounting}) || exit 77; shift; exec \"$@\""
    ));
    command
        .arg("sh")
        .arg(directory)
        .arg(env::current_exe().unwrap());
    prepare_helper(&mut command, job, directory);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            skipped(what, &format!("unshare: {error}"));
            return false;
        }
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    let denied = output.status.code() == Some(77)
        || (!output.status.success() && stderr.starts_with("unshare: "));
    if denied {
        skipped(what, &stderr);
        return false;
    }
    assert_success(&output);
    true
}

#[test]
fn full_disk_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mounting = "mount -t tmpfs -o size=128k none \"$1\"";
    with_mounts("a full disk", "full disk", mounting, directory.path());
}

pub(crate) fn full_disk(directory: &Path) {
    let (first, path) = (directory.join("first.conf"), directory.join("ironic.conf"));
    let old = "# old\n".repeat(5_000);
    write(&first, "first", 0o640);
    write(&path, &old, 0o640);
    // There is space for the backup but not for the new text; then not even for the backup.
    for (size, filler) in [(200_000, 0), (10_000, 80_000)] {
        fs::write(directory.join("filler"), vec![b'#'; filler]).unwrap();
        let new = "n".repeat(size);
        let error = replace_all(&[
            replacement(&first, "first", "FIRST"),
            replacement(&path, &old, &new),
        ])
        .unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
        assert_message(&error, &path, "free enough space");
        assert_eq!(text(&first), "first");
        assert_eq!(text(&path), old);
        let error = write_new(&directory.join("output"), &[b'n'; 200_000], None).unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
        assert_eq!(names(directory), ["filler", "first.conf", "ironic.conf"]);
    }
    // It works again with enough space.
    fs::remove_file(directory.join("filler")).unwrap();
    replace(&path, &old, "new").unwrap();
    assert_eq!(undo(&path, false).map(|_| text(&path)).unwrap(), old);
}

#[test]
fn mount_point_is_refused_and_the_others_are_put_back() {
    let (directory, path) = ironic_conf();
    write(&directory.path().join("first.conf"), OLD, 0o600);
    write(&directory.path().join("host"), OLD, 0o644);
    let mounting = "mount --bind \"$1/host\" \"$1/ironic.conf\"";
    if with_mounts("a mount point", "mount point", mounting, directory.path()) {
        assert_eq!(text(&path), OLD);
    }
}

pub(crate) fn mount_point(directory: &Path) {
    let (first, path) = (directory.join("first.conf"), directory.join("ironic.conf"));
    let inode = fs::metadata(&first).unwrap().ino();
    let error =
        replace_all(&[replacement(&first, OLD, NEW), replacement(&path, OLD, NEW)]).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert_message(&error, &path, "--output");
    assert_eq!((text(&first).as_str(), text(&path).as_str()), (OLD, OLD));
    assert_eq!(mode(&first), 0o600);
    // It is the same file as before.
    assert_eq!(fs::metadata(&first).unwrap().ino(), inode);
    assert_eq!(names(directory), ["first.conf", "host", "ironic.conf"]);
}

#[test]
fn read_only_file_system_is_refused() {
    let (directory, path) = ironic_conf();
    let mounting = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"";
    let what = "a read-only file system";
    if with_mounts(what, "read-only file system", mounting, directory.path()) {
        assert_eq!(text(&path), OLD);
    }
}

pub(crate) fn read_only_file_system(directory: &Path) {
    let path = directory.join("ironic.conf");
    for result in [
        replace(&path, OLD, NEW).map(drop),
        write_new(&directory.join("output"), b"x", None),
    ] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, StoreError::ReadOnlyFileSystem { .. }),
            "{error}"
        );
        assert_message(&error, directory, "mount it writable");
    }
}
