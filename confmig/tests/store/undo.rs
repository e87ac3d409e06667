//! Tests of `undo`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use confmig::store::StoreError;

use crate::support::{
    NEW, OLD, assert_message, ironic_conf, mode, names, replace, text, undo, write,
};

#[test]
fn undo_restores_one_migration_after_the_other() {
    let (directory, path) = ironic_conf();
    let error = undo(&path, false).unwrap_err();
    assert!(matches!(error, StoreError::NothingToUndo { .. }), "{error}");
    assert_message(&error, &path, "ironic.conf.confmig-*");

    let first = replace(&path, OLD, NEW).unwrap();
    let second = replace(&path, NEW, "[deploy]\n").unwrap();
    // The current metadata stays.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for (backup, expected) in [(second, NEW), (first, OLD)] {
        let undone = undo(&path, false).unwrap();
        assert_eq!(
            (&undone.path, &undone.backup, &undone.kept),
            (&path, &backup, &None)
        );
        assert_eq!(text(&path), expected);
        assert_eq!(mode(&path), 0o600);
        assert!(!backup.exists());
    }
    assert!(matches!(
        undo(&path, true).unwrap_err(),
        StoreError::NothingToUndo { .. }
    ));
    assert_eq!(names(directory.path()), ["ironic.conf"]);
}

#[test]
fn undo_of_an_edited_file_needs_force_and_keeps_the_edits() {
    let (directory, path) = ironic_conf();
    let backup = replace(&path, OLD, NEW).unwrap();
    for edited in ["[deploy]\nedited = 1\n", "[deploy]\nedited = 2\n"] {
        write(&path, edited, 0o600);
        let error = undo(&path, false).unwrap_err();
        assert!(matches!(error, StoreError::Edited { .. }), "{error}");
        assert_message(&error, &path, "--force");
        assert_message(&error, &backup, "compare");
        assert_eq!(text(&path), edited);
        assert_eq!(text(&backup), OLD);

        let undone = undo(&path, true).unwrap();
        assert_eq!(undone.backup, backup);
        let kept = undone.kept.unwrap();
        assert_eq!((text(&path).as_str(), text(&kept).as_str()), (OLD, edited));
        assert_eq!((mode(&path), mode(&kept)), (0o600, 0o600));
        assert!(!backup.exists());
        // The kept edits are not a backup that undo would restore.
        assert!(matches!(
            undo(&path, true).unwrap_err(),
            StoreError::NothingToUndo { .. }
        ));
        fs::write(&backup, OLD).unwrap();
    }
    assert_eq!(names(directory.path()).len(), 4);
}

#[test]
fn undo_is_refused_where_a_replacement_is() {
    let (_directory, path) = ironic_conf();
    let backup = replace(&path, OLD, NEW).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let error = undo(&path, true).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert_eq!((text(&path).as_str(), text(&backup).as_str()), (NEW, OLD));
}
