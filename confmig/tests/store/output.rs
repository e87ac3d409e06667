//! Tests of `--output`.

use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::slice;

use confmig::store::write_new;
use rustix::fs::XattrFlags;

use crate::support::{
    NEW, OLD, acl, assert_success, attribute, helper, ironic_conf, is_root, mode, names, owner,
    replace, replacement, set_attribute, text, undo, write,
};

#[test]
fn a_new_file_is_as_private_as_its_source() {
    let (directory, source) = ironic_conf();
    for (source_mode, expected) in [(0o640, 0o640), (0o600, 0o600), (0o4644, 0o644)] {
        write(&source, OLD, source_mode);
        let output = directory.path().join(format!("{source_mode:o}.conf"));
        write_new(&output, NEW.as_bytes(), Some(&source)).unwrap();
        assert_eq!((text(&output).as_str(), mode(&output)), (NEW, expected));
    }
    let output = directory.path().join("alone.conf");
    write_new(&output, NEW.as_bytes(), None).unwrap();
    assert_eq!((text(&output).as_str(), mode(&output)), (NEW, 0o640));

    if is_root() {
        chown(&source, Some(12345), Some(54321)).unwrap();
        write(&source, OLD, 0o640);
        let output = directory.path().join("group.conf");
        write_new(&output, NEW.as_bytes(), Some(&source)).unwrap();
        assert_eq!((owner(&output), mode(&output)), ((0, 54321), 0o640));
    }

    // With a list, the mode's group bits are not the group's rights.
    write(&source, OLD, 0o640);
    let listed = rustix::fs::setxattr(
        &source,
        "system.posix_acl_access",
        &acl(0),
        XattrFlags::empty(),
    );
    if listed.is_ok() {
        let output = directory.path().join("list.conf");
        write_new(&output, NEW.as_bytes(), Some(&source)).unwrap();
        assert_eq!(mode(&output), 0o600);
    }
}

#[test]
fn an_existing_file_keeps_its_metadata() {
    let (directory, source) = ironic_conf();
    let output = directory.path().join("output.conf");
    let link = directory.path().join("link.conf");
    symlink("output.conf", &link).unwrap();
    write(&output, "something", 0o604);
    set_attribute(&output, "user.note", b"mine");
    write_new(&link, NEW.as_bytes(), Some(&source)).unwrap();
    assert!(link.is_symlink());
    assert_eq!((text(&output).as_str(), mode(&output)), (NEW, 0o604));
    assert_eq!(attribute(&output, "user.note").unwrap(), b"mine");
    // There is no backup, since the file was not migrated in place.
    assert_eq!(
        names(directory.path()),
        ["ironic.conf", "link.conf", "output.conf"]
    );
}

#[test]
fn relative_paths() {
    let (directory, path) = ironic_conf();
    // A separate process, since all tests share the working directory.
    for name in ["ironic.conf", "./ironic.conf"] {
        let mut command = helper("relative path", Path::new(name));
        let output = command.current_dir(directory.path()).output().unwrap();
        assert_success(&output);
        assert_eq!(text(&path), OLD);
        assert_eq!(names(directory.path()), ["ironic.conf"]);
    }
}

pub(crate) fn relative_path(path: &Path) {
    let backup = replace(path, OLD, NEW).unwrap();
    assert_eq!((text(path).as_str(), text(&backup).as_str()), (NEW, OLD));
    assert!(backup.is_relative() && backup.file_name() == Some(backup.as_os_str()));
    assert_eq!(undo(path, false).unwrap().backup, backup);
}

#[test]
fn debug_shows_no_content() {
    let shown = format!(
        "{:?}",
        slice::from_ref(&replacement(Path::new("a"), OLD, NEW))
    );
    assert!(!shown.contains("192.0.2.1"), "{shown}");
    assert!(shown.contains("34 bytes"), "{shown}");
}
