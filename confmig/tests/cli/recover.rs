//! Tests of `recover`: transactions that were killed between two files are finished or reverted.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::transactions::{NEW, both, interrupted, killed_at_rename, new, old, rest, run, texts};

#[test]
fn recover_finishes_or_reverts() {
    for (words, expected) in [
        ("recover a.conf", new()),
        ("recover --finish conf.d/b.conf", new()),
        ("recover --revert a.conf", old()),
        ("undo conf.d/b.conf", old()),
    ] {
        let directory = interrupted();
        run(words, directory.path()).expect(0);
        assert_eq!(texts(directory.path()), expected, "{words}");
        let ran = run("recover a.conf conf.d/b.conf", directory.path()).expect(0);
        assert!(
            ran.stderr().contains("nothing to do"),
            "{}",
            ran.transcript()
        );
        let left = rest(directory.path());
        assert_eq!(
            left.len(),
            if expected == old() { 0 } else { 4 },
            "{left:?}"
        );
    }
}

#[test]
fn a_file_that_was_edited_since_stays_as_it_is() {
    let directory = interrupted();
    fs::write(directory.path().join("conf.d/b.conf"), "[pxe]\n").unwrap();
    // The other one can be new: nothing is left to finish.
    run("recover a.conf", directory.path()).expect(0);
    let [a, b] = texts(directory.path());
    assert_eq!((a.as_str(), b.as_str()), (NEW[0], "[pxe]\n"));
}

#[test]
fn a_directory_that_is_gone_is_named() {
    let directory = interrupted();
    fs::rename(
        directory.path().join("conf.d"),
        directory.path().join("elsewhere"),
    )
    .unwrap();
    let ran = run("check --format json a.conf", directory.path()).expect(1);
    assert_eq!(ran.json()["diagnostics"][0]["code"], "interrupted");
    let ran = run("recover a.conf", directory.path()).expect(2);
    assert!(
        ran.stderr()
            .contains("conf.d/b.conf: its directory is gone"),
        "{}",
        ran.transcript()
    );
    run("check a.conf", directory.path()).expect(0);
}

/// Runs the program while `conf.d` is read-only. Returns its exit status and standard error; `None`
/// if the system does not permit mounts.
fn run_with_conf_d_read_only(words: &str, directory: &Path) -> Option<(i32, String)> {
    let mounting = "mount --bind conf.d conf.d && mount -o remount,bind,ro conf.d || exit 77\n\
                    exec \"$@\"";
    let is_root = rustix::process::geteuid().is_root();
    let output = Command::new("unshare")
        .args([
            if is_root { "-m" } else { "-rm" },
            "--",
            "sh",
            "-c",
            mounting,
            "sh",
        ])
        .arg(env!("CARGO_BIN_EXE_confmig"))
        .args(words.split_whitespace())
        .current_dir(directory)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.code() == Some(77) || said.starts_with("unshare: ") {
        // Bypasses the test harness, which hides the output of passing tests.
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED: a read-only directory: {said}"
        );
        return None;
    }
    Some((output.status.code().unwrap(), said))
}

#[test]
fn files_in_a_read_only_directory_decide_for_the_others() {
    for (files, expected) in [
        // The first is replaced and the second is not; one of them can no longer change.
        ("a.conf conf.d/b.conf", old()),
        ("conf.d/b.conf a.conf", new()),
    ] {
        let directory = both();
        let directory = directory.path();
        killed_at_rename(4, &format!("migrate --write {files}"), directory);
        let Some((status, said)) = run_with_conf_d_read_only("recover a.conf", directory) else {
            return;
        };
        assert_eq!((status, texts(directory)), (0, expected.clone()), "{said}");

        // Once it can be written again, the next run clears up there, and the backups are those of
        // one migration.
        if expected == old() {
            run("migrate --write a.conf conf.d/b.conf", directory).expect(0);
        }
        assert_eq!(texts(directory), new());
        run("undo a.conf conf.d/b.conf", directory).expect(0);
        assert_eq!((texts(directory), rest(directory)), (old(), Vec::new()));
    }
}

#[test]
fn what_a_read_only_directory_does_not_allow_can_be_tried_again() {
    let directory = interrupted();
    let directory = directory.path();
    let Some((status, said)) = run_with_conf_d_read_only("recover --finish a.conf", directory)
    else {
        return;
    };
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("conf.d/b.conf"), "{said}");
    assert_ne!(texts(directory), new());
    run("recover a.conf", directory).expect(0);
    assert_eq!(texts(directory), new());
}
