//! Tests of the temporary files that killed runs leave.

use std::fs;

use crate::support::{NEW, OLD, ironic_conf, names, replace};

/// A number that no process has.
const GONE: u32 = i32::MAX as u32;

#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    let (directory, path) = ironic_conf();
    let temporary = |file: &str, process: u32| format!(".{file}.confmig-{process}-1.tmp");
    let kept = [
        // Another process uses it: the first one.
        temporary("ironic.conf", 1),
        // It is another file's, or of no run.
        temporary("other.conf", GONE),
        ".ironic.conf.confmig-0-1.tmp".to_owned(),
        ".ironic.conf.tmp".to_owned(),
    ];
    let strays = [
        temporary("ironic.conf", GONE),
        temporary("", GONE),
        // This process has made none yet.
        temporary("ironic.conf", std::process::id()),
    ];
    for name in kept.iter().chain(&strays) {
        fs::write(directory.path().join(name), OLD).unwrap();
    }
    let backup = replace(&path, OLD, NEW).unwrap();
    let backup = backup.file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected: Vec<String> = kept.to_vec();
    expected.extend(["ironic.conf".to_owned(), backup]);
    expected.sort();
    let mut left = names(directory.path());
    left.sort();
    assert_eq!(left, expected);
}
