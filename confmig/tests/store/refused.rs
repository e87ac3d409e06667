//! Tests of what is refused.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use confmig::store::{StoreError, replace_all, write_new};
use rustix::fs::{IFlags, Mode};

use crate::support::{
    NEW, OLD, assert_message, assert_success, ironic_conf, is_root, mode, names, prepare_helper,
    replace, replacement, skipped, text, write,
};

#[test]
fn changed_meanwhile() {
    let (directory, path) = ironic_conf();
    let error = replace(&path, "what was read", NEW).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_message(&error, &path, "run again");
    assert_eq!(text(&path), OLD);
    assert_eq!(names(directory.path()), ["ironic.conf"]);
}

#[test]
fn read_only_even_for_root() {
    let (directory, path) = ironic_conf();
    for wanted in [0o440, 0o400, 0o555] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
        let error = replace(&path, OLD, NEW).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        assert_message(&error, &path, "chmod u+w");
        assert_message(&error, &path, &format!("0{wanted:o}"));
        let error = write_new(&path, NEW.as_bytes(), None).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        assert_eq!(text(&path), OLD);
        assert_eq!(names(directory.path()), ["ironic.conf"]);
    }
}

#[test]
fn immutable() {
    let (directory, path) = ironic_conf();
    let file = File::open(&path).unwrap();
    let flags = rustix::fs::ioctl_getflags(&file);
    let Ok(flags) = flags else {
        return skipped(
            "an immutable file is refused",
            "the file system has no such flag",
        );
    };
    if rustix::fs::ioctl_setflags(&file, flags | IFlags::IMMUTABLE).is_err() {
        return skipped("an immutable file is refused", "not allowed to make one");
    }
    let result = replace(&path, OLD, NEW);
    rustix::fs::ioctl_setflags(&file, flags).unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Immutable { .. }), "{error}");
    assert_message(&error, &path, "chattr -i");
    assert_eq!(names(directory.path()), ["ironic.conf"]);
}

#[test]
fn missing_file_and_missing_directory() {
    let (directory, path) = ironic_conf();
    let missing = directory.path().join("missing.conf");
    let error = replace(&missing, OLD, NEW).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert_message(&error, &missing, "check the path");

    let dangling = directory.path().join("dangling.conf");
    symlink("missing.conf", &dangling).unwrap();
    for result in [
        replace(&dangling, OLD, NEW).map(drop),
        write_new(&dangling, b"", None),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert_message(&error, &dangling, "broken symbolic link");
    }

    for directory in [directory.path().join("no"), path] {
        let lost = directory.join("ironic.conf");
        for result in [
            replace(&lost, OLD, NEW).map(drop),
            write_new(&lost, b"", None),
        ] {
            let error = result.unwrap_err();
            assert!(
                matches!(error, StoreError::MissingDirectory { .. }),
                "{error}"
            );
            assert_message(&error, &lost, "create the directory first");
        }
    }
    assert_eq!(names(directory.path()), ["dangling.conf", "ironic.conf"]);
}

#[test]
fn not_a_regular_file() {
    let (directory, _) = ironic_conf();
    let pipe = directory.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [
        directory.path(),
        &pipe,
        &socket,
        Path::new("/dev/null"),
        Path::new("/"),
    ] {
        for result in [
            replace(path, OLD, NEW).map(drop),
            write_new(path, b"x", None),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::NotRegular { .. }), "{error}");
            assert_message(&error, path, "regular file");
        }
    }
    assert_eq!(names(directory.path()), ["ironic.conf", "pipe", "socket"]);
}

#[test]
fn hard_links() {
    let (directory, path) = ironic_conf();
    let other = directory.path().join("other.conf");
    fs::hard_link(&path, &other).unwrap();
    let error = replace(&path, OLD, NEW).unwrap_err();
    assert!(
        matches!(error, StoreError::HardLinks { links: 2, .. }),
        "{error}"
    );
    assert_message(&error, &path, "cp -a");
    assert_eq!((text(&path).as_str(), text(&other).as_str()), (OLD, OLD));
    assert_eq!(names(directory.path()), ["ironic.conf", "other.conf"]);
}

#[test]
fn the_same_file_twice() {
    let (directory, path) = ironic_conf();
    let link = directory.path().join("link.conf");
    symlink("ironic.conf", &link).unwrap();
    let error =
        replace_all(&[replacement(&path, OLD, NEW), replacement(&link, OLD, NEW)]).unwrap_err();
    assert!(matches!(error, StoreError::Twice { .. }), "{error}");
    assert_message(&error, &link, "once");
    assert_eq!(text(&path), OLD);
    assert_eq!(names(directory.path()), ["ironic.conf", "link.conf"]);
}

#[test]
fn a_name_with_no_room_for_a_stamp() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("n".repeat(250));
    write(&path, OLD, 0o640);
    let error = replace(&path, OLD, NEW).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_message(&error, &path, "too long");
    assert_eq!(names(directory.path()).len(), 1);
}

#[test]
fn not_allowed() {
    if !is_root() {
        return skipped("what other people's files are refused with", "not root");
    }
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = directory.path().join("tests");
    // Not by this process: what another test starts meanwhile would keep the copy open for writing.
    let copied = Command::new("cp")
        .args([env::current_exe().unwrap(), program.clone()])
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&program);
    prepare_helper(&mut command, "as somebody else", directory.path());
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    write(&open.join("not-mine.conf"), OLD, 0o644);
    write(&open.join("secret.conf"), OLD, 0o600);
    write(&open.join("everybodys.conf"), OLD, 0o666);
    write(&open.join("my-group.conf"), OLD, 0o640);
    chown(open.join("my-group.conf"), Some(65534), Some(0)).unwrap();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    write(&closed.join("mine.conf"), OLD, 0o640);
    chown(closed.join("mine.conf"), Some(65534), Some(65534)).unwrap();
    write(&open.join("shared.conf"), OLD, 0o664);
    chown(open.join("shared.conf"), Some(12345), Some(65534)).unwrap();

    let before = names(&open);
    command.uid(65534).gid(65534);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            return skipped(
                "what other people's files are refused with",
                &error.to_string(),
            );
        }
    };
    assert_success(&output);
    let mut expected = before;
    expected.push("output".into());
    expected.sort();
    assert_eq!(names(&open), expected);
    assert_eq!(names(&closed), ["mine.conf"]);
    for name in [
        "not-mine.conf",
        "everybodys.conf",
        "my-group.conf",
        "shared.conf",
    ] {
        assert_eq!(text(&open.join(name)), OLD);
    }
}

pub(crate) fn as_somebody_else(directory: &Path) {
    let failing = |path: &Path| replace(path, OLD, NEW).unwrap_err();
    let open = directory.join("open");
    let path = open.join("not-mine.conf");
    let error = failing(&path);
    assert!(matches!(error, StoreError::NotPermitted { .. }), "{error}");
    assert_message(&error, &path, "as root");

    let path = open.join("secret.conf");
    let error = failing(&path);
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert_message(&error, &path, "root");

    for (name, what) in [
        ("everybodys.conf", "owner (uid 0)"),
        ("shared.conf", "owner (uid 12345)"),
        ("my-group.conf", "group (gid 0)"),
    ] {
        let path = open.join(name);
        let error = failing(&path);
        assert!(matches!(error, StoreError::NotKept { .. }), "{error}");
        assert_message(&error, &path, what);
        assert_message(&error, &path, "nothing was changed");
    }

    let path = directory.join("closed/mine.conf");
    let error = failing(&path);
    assert!(
        matches!(error, StoreError::DirectoryNotWritable { .. }),
        "{error}"
    );
    assert_message(&error, &path, "may write there");
    let error = write_new(&directory.join("closed/output"), b"x", None).unwrap_err();
    assert!(
        matches!(error, StoreError::DirectoryNotWritable { .. }),
        "{error}"
    );

    // This user may not set root's group, so its own group must not get that group's rights.
    write_new(
        &open.join("output"),
        b"x",
        Some(&open.join("my-group.conf")),
    )
    .unwrap();
    assert_eq!(mode(&open.join("output")), 0o600);
}
