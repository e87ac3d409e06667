//! Tests of backups.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use confmig::store::{backups, replace_all};
use rustix::fs::Mode;

use crate::support::{
    NEW, OLD, assert_success, helper, ironic_conf, names, replace, replacement, text, undo, write,
};

#[test]
fn backups_are_unique_and_no_conf_files() {
    let (directory, path) = ironic_conf();
    let mut backups = Vec::new();
    for round in 0..5 {
        // The same text again within the same second, then another text.
        backups.push((replace(&path, OLD, NEW).unwrap(), OLD));
        backups.push((replace(&path, NEW, OLD).unwrap(), NEW));
        assert_eq!(names(directory.path()).len(), 1 + 2 * (round + 1));
    }
    for (backup, expected) in &backups {
        assert_eq!(text(backup), *expected);
        let name = backup.file_name().unwrap().to_str().unwrap();
        let stamp = name.strip_prefix("ironic.conf.confmig-").unwrap();
        let (time, rest) = stamp.split_once('-').unwrap();
        assert!(
            time.len() == 16 && time.ends_with('Z') && &time[8..9] == "T",
            "{name}"
        );
        let hash = rest.split('.').next().unwrap();
        // The hash is that of the new text: `printf … | sha256sum | cut -c -12`.
        assert_eq!(
            hash,
            if *expected == OLD {
                "4dfa90934614"
            } else {
                "e8f5c30baa92"
            }
        );
        assert_ne!(backup.extension(), Some(OsStr::new("conf")));
    }
}

#[test]
fn a_backup_is_never_overwritten() {
    let (directory, path) = ironic_conf();
    let backup = replace(&path, OLD, NEW).unwrap();
    fs::remove_file(&backup).unwrap();
    // The names of this second and the next ones are taken, even by a directory.
    let name = backup.file_name().unwrap().to_str().unwrap();
    let second: u64 = name["ironic.conf.confmig-YYYYMMDDTHHMM".len()..][..2]
        .parse()
        .unwrap();
    let taken: Vec<_> = (second..60)
        .take(3)
        .map(|s| {
            let mut name = name.to_owned();
            let at = "ironic.conf.confmig-YYYYMMDDTHHMM".len();
            name.replace_range(at..at + 2, &format!("{s:02}"));
            directory.path().join(name)
        })
        .collect();
    for path in &taken {
        symlink("nowhere", path).unwrap();
    }
    write(&path, OLD, 0o640);
    let backup = replace(&path, OLD, NEW).unwrap();
    assert_eq!(text(&backup), OLD);
    for path in &taken {
        assert_eq!(fs::read_link(path).unwrap(), Path::new("nowhere"));
    }
}

#[test]
fn nothing_is_readable_by_more_people_at_any_instant() {
    let (directory, path) = ironic_conf();
    let output = helper("umask 0", &path).output().unwrap();
    assert_success(&output);
    drop(directory);
}

/// Watches the directory while the file is replaced repeatedly under a umask of 0.
pub(crate) fn private_with_umask_0(path: &Path) {
    rustix::process::umask(Mode::empty());
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let directory = path.parent().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for entry in fs::read_dir(directory).unwrap() {
                    let path = entry.unwrap().path();
                    if let Ok(metadata) = fs::symlink_metadata(&path) {
                        assert_eq!(metadata.mode() & 0o777, 0o600, "{}", path.display());
                        seen += 1;
                    }
                }
            }
            seen
        });
        for _ in 0..20 {
            replace(path, OLD, NEW).unwrap();
            undo(path, false).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        watcher.join().unwrap()
    });
    assert!(seen > 20, "{seen}");
}

#[test]
fn backups_name_the_files_that_were_replaced_together() {
    let (directory, path) = ironic_conf();
    let other = directory.path().join("other.conf");
    write(&other, OLD, 0o640);
    replace_all(&[replacement(&path, OLD, NEW), replacement(&other, OLD, NEW)]).unwrap();
    replace(&path, NEW, "[deploy]\n").unwrap();
    write(&path, "[deploy]\nedited = 1\n", 0o640);
    let found = backups(&[&path]).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.edited, it.together.clone()))
        .collect();
    assert_eq!(found, [(true, vec![]), (false, vec![other])]);
}
