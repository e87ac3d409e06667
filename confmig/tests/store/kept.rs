//! Tests of the text and the metadata that are kept.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use confmig::store::{replace_all, write_new};
use rustix::fs::XattrFlags;

use crate::support::{
    NEW, OLD, acl, attribute, ironic_conf, is_root, mode, names, owner, replace, replacement,
    set_attribute, skipped, text, undo, write,
};

#[test]
fn text_mode_and_attributes() {
    let (directory, path) = ironic_conf();
    for wanted in [0o640, 0o600, 0o4755, 0o660, 0o666] {
        write(&path, OLD, wanted);
        set_attribute(&path, "user.note", b"do not touch");
        set_attribute(&path, "user.empty", b"");
        let backup = replace(&path, OLD, NEW).unwrap();
        for (file, expected) in [(&path, NEW), (&backup, OLD)] {
            assert_eq!(text(file), expected);
            assert_eq!(mode(file), wanted, "{}", file.display());
            assert_eq!(attribute(file, "user.note").unwrap(), b"do not touch");
            assert_eq!(attribute(file, "user.empty").unwrap(), b"");
        }
        fs::remove_file(backup).unwrap();
    }
    assert_eq!(names(directory.path()), ["ironic.conf"]);
}

#[test]
fn owner_group_and_label() {
    if !is_root() {
        return skipped("owner, group and SELinux label are kept", "not root");
    }
    let (_directory, path) = ironic_conf();
    chown(&path, Some(12345), Some(54321)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o2640)).unwrap();
    let label = b"system_u:object_r:etc_t:s0\0";
    let labelled =
        rustix::fs::setxattr(&path, "security.selinux", label, XattrFlags::empty()).is_ok();
    set_attribute(&path, "trusted.note", b"root's");
    let backup = replace(&path, OLD, NEW).unwrap();
    for file in [&path, &backup] {
        assert_eq!(owner(file), (12345, 54321));
        assert_eq!(mode(file), 0o2640);
        assert_eq!(attribute(file, "trusted.note").unwrap(), b"root's");
        if labelled {
            assert_eq!(attribute(file, "security.selinux").unwrap(), label);
        }
    }
    if !labelled {
        skipped(
            "the SELinux label is kept",
            "this system sets no such label",
        );
    }
}

#[test]
fn access_control_lists() {
    const ACL: &str = "system.posix_acl_access";
    let (directory, path) = ironic_conf();
    if rustix::fs::setxattr(&path, ACL, &acl(0), XattrFlags::empty()).is_err() {
        return skipped("access control lists are kept", "the file system has none");
    }
    assert_eq!(mode(&path), 0o640);
    let backup = replace(&path, OLD, NEW).unwrap();
    for file in [&path, &backup] {
        assert_eq!(attribute(file, ACL).unwrap(), acl(0));
        assert_eq!(mode(file), 0o640);
    }
    fs::remove_file(backup).unwrap();

    // The directory gives every new file a list. The original has none, so the new file must not.
    rustix::fs::removexattr(&path, ACL).unwrap();
    set_attribute(directory.path(), "system.posix_acl_default", &acl(4));
    let probe = directory.path().join("probe");
    fs::write(&probe, "").unwrap();
    assert!(attribute(&probe, ACL).is_some());
    write(&path, NEW, 0o640);
    let backup = replace(&path, NEW, OLD).unwrap();
    let output = directory.path().join("output");
    write_new(&output, b"x", Some(&path)).unwrap();
    for file in [&path, &backup, &output] {
        assert_eq!(attribute(file, ACL), None, "{}", file.display());
        assert_eq!(mode(file), 0o640);
    }
}

#[test]
fn a_link_stays_a_link() {
    let (directory, path) = ironic_conf();
    let etc = directory.path().join("etc");
    fs::create_dir(&etc).unwrap();
    let (first, second) = (etc.join("first.conf"), etc.join("ironic.conf"));
    symlink("first.conf", &second).unwrap();
    symlink("../ironic.conf", &first).unwrap();
    let backup = replace(&second, OLD, NEW).unwrap();
    assert_eq!(fs::read_link(&second).unwrap(), Path::new("first.conf"));
    assert_eq!(fs::read_link(&first).unwrap(), Path::new("../ironic.conf"));
    assert_eq!(text(&path), NEW);
    assert!(!path.is_symlink());
    // The backup is beside the file, not beside the link.
    assert_eq!(
        backup.parent(),
        Some(fs::canonicalize(directory.path()).unwrap().as_path())
    );
    assert_eq!(text(&backup), OLD);
    assert_eq!(names(&etc), ["first.conf", "ironic.conf"]);
    undo(&second, false).unwrap();
    assert_eq!(text(&path), OLD);
    assert!(second.is_symlink());
}

#[test]
fn a_replacement_that_changes_nothing_is_left_out() {
    let (directory, path) = ironic_conf();
    let inode = fs::metadata(&path).unwrap().ino();
    assert_eq!(replace_all(&[replacement(&path, OLD, OLD)]).unwrap(), []);
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(names(directory.path()), ["ironic.conf"]);
}
