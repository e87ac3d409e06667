//! Tests of runs that replace several files, and of those that are killed between two of them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::FlockOperation;

use crate::support::{Ran, confmig, line};

const OLD: [(&str, &str); 2] = [
    ("a.conf", "[pxe]\nhttp_root = /tmp\n"),
    (
        "conf.d/b.conf",
        "[pxe]\ntftp_root = ${pxe.http_root}/tftp\n",
    ),
];
pub(crate) const NEW: [&str; 2] = [
    "[deploy]\nhttp_server_root = /tmp\n",
    "[pxe]\ntftp_root = ${deploy.http_server_root}/tftp\n",
];

/// Creates a directory with two files that are migrated together.
pub(crate) fn both() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("conf.d")).unwrap();
    for (path, text) in OLD {
        fs::write(directory.path().join(path), text).unwrap();
    }
    directory
}

pub(crate) fn run(words: &str, directory: &Path) -> Ran {
    line(words).directory(directory).run()
}

/// Returns the texts of the two files.
pub(crate) fn texts(directory: &Path) -> [String; 2] {
    OLD.map(|(path, _)| fs::read_to_string(directory.join(path)).unwrap())
}

pub(crate) fn old() -> [String; 2] {
    OLD.map(|(_, text)| text.to_owned())
}

pub(crate) fn new() -> [String; 2] {
    NEW.map(str::to_owned)
}

/// Returns the names of all files below a directory but the two.
pub(crate) fn rest(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for directory in [directory.to_owned(), directory.join("conf.d")] {
        for entry in fs::read_dir(directory).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !["a.conf", "b.conf", "conf.d"].contains(&&*name) {
                names.push(name);
            }
        }
    }
    names.sort();
    names
}

/// Runs the program, and kills it on entering its Nth rename: two journals are renamed first, then
/// the files are exchanged.
pub(crate) fn killed_at_rename(number: usize, words: &str, directory: &Path) {
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("inject=renameat2:signal=KILL:when={number}"))
        .arg(env!("CARGO_BIN_EXE_confmig"))
        .args(words.split_whitespace())
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9));
}

/// Creates a directory in which a migration was killed after the first file.
pub(crate) fn interrupted() -> tempfile::TempDir {
    let directory = both();
    killed_at_rename(4, "migrate --write a.conf conf.d/b.conf", directory.path());
    let [old, new] = [old(), new()];
    assert_eq!(texts(directory.path()), [new[0].clone(), old[1].clone()]);
    directory
}

#[test]
fn what_was_interrupted_is_reported_first() {
    let directory = interrupted();
    let before = rest(directory.path());
    // Either file leads to the journal of both.
    for file in ["a.conf", "conf.d/b.conf"] {
        let ran = run(&format!("check --format json {file}"), directory.path()).expect(1);
        let found = ran.json()["diagnostics"][0].clone();
        assert_eq!(found["code"], "interrupted");
        let message = found["message"].as_str().unwrap();
        assert!(
            message.contains("conf.d/b.conf") && message.contains("a.conf"),
            "{message}"
        );
        assert!(
            found["help"].as_str().unwrap().contains("confmig recover"),
            "{found}"
        );
    }
    let ran = run("migrate a.conf conf.d/b.conf", directory.path()).expect(0);
    assert!(ran.stderr().contains("interrupted"), "{}", ran.transcript());
    // Neither changes anything.
    assert_eq!(rest(directory.path()), before);
    assert_ne!(texts(directory.path()), old());
}

#[test]
fn the_next_migration_finishes_what_was_interrupted() {
    let directory = interrupted();
    let ran = run("migrate --write a.conf conf.d/b.conf", directory.path()).expect(0);
    assert!(
        ran.stderr().contains("finished it: replaced"),
        "{}",
        ran.transcript()
    );
    assert_eq!(texts(directory.path()), new());
    // Backups and records.
    let left = rest(directory.path());
    assert_eq!(left.len(), 4, "{left:?}");
    assert!(
        !left
            .iter()
            .any(|name| name.ends_with(".tmp") || name.ends_with(".journal"))
    );
    run("check a.conf conf.d/b.conf", directory.path()).expect(0);
    run("undo a.conf conf.d/b.conf", directory.path()).expect(0);
    assert_eq!(texts(directory.path()), old());
    assert_eq!(rest(directory.path()), [""; 0]);
}

#[test]
fn an_undo_that_was_killed_is_finished() {
    let directory = both();
    let files = "a.conf conf.d/b.conf";
    run(&format!("migrate --write {files}"), directory.path()).expect(0);
    killed_at_rename(4, &format!("undo {files}"), directory.path());
    assert_ne!(texts(directory.path()), old());
    assert_ne!(texts(directory.path()), new());
    run(&format!("undo {files}"), directory.path()).expect(0);
    assert_eq!(texts(directory.path()), old());
    assert_eq!(rest(directory.path()), [""; 0]);
}

#[test]
fn what_a_killed_run_left_before_its_journal_is_removed() {
    let directory = both();
    killed_at_rename(1, "migrate --write a.conf conf.d/b.conf", directory.path());
    assert_eq!(texts(directory.path()), old());
    assert!(!rest(directory.path()).is_empty());
    // It is not worth a report.
    run("check --rules standalone-ilo a.conf", directory.path()).expect(1);
    run("migrate --write a.conf conf.d/b.conf", directory.path()).expect(0);
    let left = rest(directory.path());
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn a_second_run_at_once_is_refused() {
    let directory = both();
    let conf_d = fs::File::open(directory.path().join("conf.d")).unwrap();
    rustix::fs::flock(&conf_d, FlockOperation::LockExclusive).unwrap();
    let ran = run("migrate --write a.conf conf.d/b.conf", directory.path()).expect(2);
    let expected = "another confmig is replacing files in";
    assert!(ran.stderr().contains(expected), "{}", ran.transcript());
    assert_eq!(
        (texts(directory.path()), rest(directory.path())),
        (old(), Vec::new())
    );
    rustix::fs::flock(&conf_d, FlockOperation::Unlock).unwrap();
    run("migrate --write a.conf conf.d/b.conf", directory.path()).expect(0);
}

#[test]
fn undo_changes_all_files_or_none() {
    let directory = both();
    let directory = directory.path();
    let files = "a.conf conf.d/b.conf";
    run(&format!("migrate --write {files}"), directory).expect(0);
    let edited = format!("{}# edited by hand\n", NEW[1]);
    fs::write(directory.join("conf.d/b.conf"), &edited).unwrap();
    let ran = run(&format!("undo {files}"), directory).expect(2);
    assert!(
        ran.stderr().contains("conf.d/b.conf: it was edited"),
        "{}",
        ran.transcript()
    );
    assert_eq!(texts(directory), [NEW[0].to_owned(), edited]);

    // One was restored by itself: that is no error later.
    run("undo a.conf", directory).expect(0);
    run(&format!("undo --force {files}"), directory).expect(0);
    assert_eq!(texts(directory), old());
    let left = rest(directory);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with("-edited"), "{left:?}");
}

#[test]
fn undo_of_a_transaction_by_one_of_its_files() {
    let directory = both();
    let directory = directory.path();
    run("migrate --write a.conf conf.d/b.conf", directory).expect(0);
    let listed = run("undo --list --format json a.conf", directory).expect(0);
    let together = listed.json()["backups"][0]["together"][0].clone();
    assert!(
        together.as_str().unwrap().ends_with("/conf.d/b.conf"),
        "{together}"
    );
    assert_eq!(texts(directory), new());

    let ran = run("undo --transaction --format json conf.d/b.conf", directory).expect(0);
    assert_eq!(ran.json()["restored"].as_array().unwrap().len(), 2);
    assert_eq!(texts(directory), old());
    assert_eq!(rest(directory), [""; 0]);
}

#[test]
fn undo_of_a_transaction_names_what_it_cannot_restore() {
    let directory = both();
    let directory = directory.path();
    run("migrate --write a.conf conf.d/b.conf", directory).expect(0);
    let backup = |name: &String| name.starts_with("b.conf.confmig-");
    let backup = rest(directory).into_iter().find(backup).unwrap();
    fs::remove_file(directory.join("conf.d").join(backup)).unwrap();
    let ran = run("undo --transaction a.conf", directory).expect(0);
    assert!(
        ran.stderr().contains("conf.d/b.conf\n"),
        "{}",
        ran.transcript()
    );
    assert!(ran.stderr().contains("left without a backup to restore"));
    assert_eq!(texts(directory), [old()[0].clone(), new()[1].clone()]);
}

#[test]
fn the_rest_of_a_run_is_restored_as_undo_says() {
    let directory = both();
    let directory = directory.path();
    run("migrate --write a.conf conf.d/b.conf", directory).expect(0);
    // Directories have no backups: `undo *`.
    let ran = run("undo a.conf conf.d", directory).expect(0);
    let said = ran.stderr();
    let (_, command) = said.split_once('`').unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let words = command.strip_prefix("confmig ").unwrap();
    run(words, directory).expect(0);
    assert_eq!(texts(directory), old());
}

#[test]
fn undo_leaves_backups_and_other_files_alone() {
    let directory = both();
    let directory = directory.path();
    run("migrate --write a.conf", directory).expect(0);
    fs::write(directory.join("other.conf"), "[pxe]\n").unwrap();
    let names = rest(directory).join(" ");
    let ran = run(&format!("undo a.conf {names} conf.d/b.conf"), directory).expect(0);
    assert!(
        ran.stderr()
            .contains("without a backup to restore: other.conf"),
        "{}",
        ran.transcript()
    );
    assert_eq!(texts(directory), old());
}

#[test]
fn backups_of_earlier_versions_are_restored() {
    let directory = both();
    let path = directory.path().join("a.conf");
    fs::write(&path, NEW[0]).unwrap();
    // The hash is that of the new text: `sha256sum | cut -c -12`.
    let backup = "a.conf.confmig-20250131T235959Z-db4ddb2672ae";
    fs::write(directory.path().join(backup), OLD[0].1).unwrap();
    run("undo a.conf", directory.path()).expect(0);
    assert_eq!(texts(directory.path()), old());
    assert_eq!(rest(directory.path()), [""; 0]);
}

#[test]
fn a_report_that_cannot_be_written_keeps_the_files() {
    for words in [
        "migrate --write --format json a.conf conf.d/b.conf",
        "migrate --write a.conf conf.d/b.conf",
        "migrate --format json --output new.conf a.conf",
    ] {
        let directory = both();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_confmig"))
            .args(words.split_whitespace())
            .current_dir(directory.path())
            .stdout(full)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(2), "{words}");
        assert_eq!(texts(directory.path()), old(), "{words}");
        assert_eq!(rest(directory.path()), [""; 0], "{words}");
    }
}

#[test]
fn standard_input_is_not_overwritten() {
    let directory = both();
    let path = directory.path().join("a.conf");
    let inode = fs::metadata(&path).unwrap().ino();
    let output = Command::new(env!("CARGO_BIN_EXE_confmig"))
        .args(["migrate", "--output", "a.conf", "-"])
        .current_dir(directory.path())
        .stdin(fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is the input file"), "{said}");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}

#[test]
fn the_page_goes_to_the_path_of_report() {
    let directory = both();
    let directory = directory.path();
    let ran = run("migrate --format html --output page.html a.conf", directory).expect(2);
    assert!(
        ran.stderr().contains("--report PATH"),
        "{}",
        ran.transcript()
    );
    assert_eq!(rest(directory), [""; 0]);
    let words = "migrate --format html --report page.html --output new.conf a.conf";
    let ran = run(words, directory).expect(0);
    assert_eq!(ran.stdout(), "");
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert!(read("page.html").starts_with("<!DOCTYPE html>"));
    assert_eq!(read("new.conf"), NEW[0]);
    run("migrate --report a.conf a.conf", directory).expect(2);
    assert_eq!(texts(directory), old());
}

#[test]
fn new_texts_of_several_files_go_to_a_directory() {
    let directory = both();
    let directory = directory.path();
    fs::create_dir(directory.join("out")).unwrap();
    run("migrate --output-dir out a.conf conf.d/b.conf", directory).expect(0);
    let written = ["out/a.conf", "out/b.conf"];
    let written = written.map(|path| fs::read_to_string(directory.join(path)).unwrap());
    assert_eq!((written, texts(directory)), (new(), old()));

    for (words, why) in [
        ("migrate --output-dir . a.conf", "is the input file"),
        (
            "migrate --output-dir out a.conf ./a.conf",
            "two of the files",
        ),
        ("migrate --output-dir out -", "standard input has none"),
        (
            "migrate --output-dir no a.conf",
            "create the directory first",
        ),
        (
            "migrate --output x.conf a.conf conf.d/b.conf",
            "--output-dir",
        ),
    ] {
        let ran = run(words, directory).expect(2);
        assert!(ran.stderr().contains(why), "{}", ran.transcript());
    }
}

/// A command that a message names can be copied into a shell.
#[test]
fn paths_in_commands_are_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d e.conf");
    fs::write(&path, "[pxe]\nhttp_url = http://192.0.2.1\n").unwrap();
    let ran = confmig(["migrate", "--write", "d e.conf"])
        .directory(directory.path())
        .run()
        .expect(0);
    let said = "`confmig undo 'd e.conf'` restores the old";
    assert!(ran.stderr().contains(said), "{}", ran.transcript());
}
