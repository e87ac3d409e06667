//! End-to-end tests of `--write` and `undo`. `tests/store/` covers special cases of file systems.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use crate::support::{Ran, assert_as, fixtures, ironic_conf, line, read};

const LIBERTY: &str = "fixtures/standalone-liberty/ironic.conf";

fn run(words: &str, directory: &Path) -> Ran {
    line(words).directory(directory).run()
}

/// Returns the backups in a directory.
/// Returns the backups, without the records of which belong together, which are hidden files.
fn backups(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let is_backup = |name: &str| name.contains(".confmig-") && !name.starts_with('.');
    let backups = entries.filter(|entry| is_backup(entry.file_name().to_str().unwrap()));
    let mut found: Vec<_> = backups.map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn write_twice_and_undo() {
    let directory = ironic_conf(read(LIBERTY));
    let directory = directory.path();
    let path = directory.join("ironic.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let expected = line("migrate --output - fixtures/standalone-liberty/ironic.conf")
        .run()
        .stdout;

    let ran = run("migrate --write ironic.conf", directory).expect(0);
    assert_as("write", "write", &ran.transcript());
    assert_eq!(fs::read(&path).unwrap(), expected);
    assert_eq!(mode(&path), 0o640);
    let [backup] = &backups(directory)[..] else {
        panic!("{:?}", backups(directory));
    };
    assert_eq!(fs::read(backup).unwrap(), read(LIBERTY));
    assert_eq!(mode(backup) & !0o640, 0);

    let ran = run("migrate --write ironic.conf", directory).expect(0);
    assert_as("write", "nothing-to-do", &ran.transcript());
    assert_eq!(backups(directory).len(), 1);
    run("migrate --check ironic.conf", directory).expect(0);

    let ran = run("undo ironic.conf", directory).expect(0);
    assert_as("write", "undo", &ran.transcript());
    assert_eq!(fs::read(&path).unwrap(), read(LIBERTY));
    assert_eq!(mode(&path), 0o640);
    assert_eq!(backups(directory).len(), 0);

    let ran = run("undo ironic.conf", directory).expect(2);
    assert_as("write", "nothing-to-undo", &ran.transcript());
}

#[test]
fn undo_restores_every_fixture_byte_for_byte() {
    let all = [
        "names",
        "format",
        "comments",
        "templates",
        "releases",
        "sample-style",
        "secrets",
    ];
    let all: Vec<_> = all
        .iter()
        .flat_map(|directory| fixtures(directory))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let names: Vec<_> = (0..all.len())
        .map(|number| format!("{number}.conf"))
        .collect();
    for (name, fixture) in names.iter().zip(&all) {
        fs::write(directory.join(name), read(fixture)).unwrap();
    }
    for name in &names {
        run(&format!("migrate --write {name}"), directory).expect(0);
    }
    let changed = names
        .iter()
        .zip(&all)
        .filter(|(name, fixture)| fs::read(directory.join(name)).unwrap() != read(fixture))
        .map(|(name, _)| name.as_str())
        .collect::<Vec<_>>();
    assert!(changed.len() > 30);
    assert_eq!(backups(directory).len(), changed.len());
    run(&format!("undo {}", changed.join(" ")), directory).expect(0);
    for (name, fixture) in names.iter().zip(&all) {
        assert!(
            fs::read(directory.join(name)).unwrap() == read(fixture),
            "{fixture}"
        );
    }
}

#[test]
fn several_files_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for name in ["first.conf", "second.conf"] {
        fs::write(
            directory.join(name),
            read(&format!("fixtures/layered-two/{name}")),
        )
        .unwrap();
    }
    let ran = run("migrate --write first.conf second.conf", directory).expect(0);
    assert_as("write", "several", &ran.transcript());
    assert_eq!(backups(directory).len(), 2);
    run("undo first.conf second.conf", directory).expect(0);
    for name in ["first.conf", "second.conf"] {
        let before = read(&format!("fixtures/layered-two/{name}"));
        assert_eq!(fs::read(directory.join(name)).unwrap(), before);
    }
}

#[test]
fn only_files_that_change_are_replaced() {
    let directory = ironic_conf(read(LIBERTY));
    fs::write(
        directory.path().join("site.conf"),
        "[ilo]\nclient_port = 443\n",
    )
    .unwrap();
    run("migrate --write ironic.conf site.conf", directory.path()).expect(0);
    let backups = backups(directory.path());
    assert_eq!(backups.len(), 1, "{backups:?}");
}

#[test]
fn a_link_stays_a_link() {
    let directory = ironic_conf(read(LIBERTY));
    let directory = directory.path();
    fs::create_dir(directory.join("etc")).unwrap();
    let link = directory.join("etc/ironic.conf");
    symlink("../ironic.conf", &link).unwrap();
    run("migrate --write etc/ironic.conf", directory).expect(0);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("../ironic.conf"));
    assert_ne!(fs::read(&link).unwrap(), read(LIBERTY));
    run("undo etc/ironic.conf", directory).expect(0);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("../ironic.conf"));
    assert_eq!(fs::read(&link).unwrap(), read(LIBERTY));
}

#[test]
fn json_and_write() {
    let directory = ironic_conf("[pxe]\nhttp_root = /srv/httpboot\n");
    let ran = run(
        "migrate --write --format json ironic.conf",
        directory.path(),
    )
    .expect(0);
    assert_as("write", "json", &ran.transcript());
    assert_eq!(backups(directory.path()).len(), 1);
}

#[test]
fn undo_of_an_edited_file() {
    let directory = ironic_conf("[pxe]\nhttp_root = /srv/httpboot\n");
    let directory = directory.path();
    run("migrate --write ironic.conf", directory).expect(0);
    let edited = "[deploy]\nhttp_server_root = /srv/other\n";
    fs::write(directory.join("ironic.conf"), edited).unwrap();
    let ran = run("undo ironic.conf", directory).expect(2);
    assert_as("write", "undo-of-an-edited-file", &ran.transcript());
    assert_eq!(
        fs::read_to_string(directory.join("ironic.conf")).unwrap(),
        edited
    );

    let ran = run("undo --force ironic.conf", directory).expect(0);
    let said = ran.stderr();
    assert!(said.contains("-edited"), "{said}");
    let text = fs::read_to_string(directory.join("ironic.conf")).unwrap();
    assert_eq!(text, "[pxe]\nhttp_root = /srv/httpboot\n");
    let kept = backups(directory);
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), edited);
}

#[test]
fn a_read_only_file_is_left_alone() {
    let directory = ironic_conf(read(LIBERTY));
    let path = directory.path().join("ironic.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = run("migrate --write ironic.conf", directory.path()).expect(2);
    assert!(
        ran.stderr().contains("chmod u+w ironic.conf"),
        "{}",
        ran.transcript()
    );
    assert_as("write", "read-only-file", ran.stderr());
    assert_eq!(fs::read(&path).unwrap(), read(LIBERTY));
    assert_eq!(backups(directory.path()).len(), 0);
}

#[test]
fn a_directory_that_may_not_be_written() {
    // Root may write anywhere, so the program runs as another user.
    const NOBODY: u32 = 65_534;
    let directory = ironic_conf(read(LIBERTY));
    let path = directory.path().join("ironic.conf");
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // The other user may not have access to the build directory.
    let programs = tempfile::tempdir().unwrap();
    fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = programs.path().join("confmig");
    // Not by this process: what another test starts meanwhile would keep the copy open for writing.
    let copied = std::process::Command::new("cp")
        .args([env!("CARGO_BIN_EXE_confmig").as_ref(), program.as_os_str()])
        .status();
    assert!(copied.unwrap().success());
    let mut command = std::process::Command::new(program);
    command
        .args(["migrate", "--write", "ironic.conf"])
        .current_dir(directory.path());
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_as("write", "directory-not-writable", &said);
    assert_eq!(fs::read(&path).unwrap(), read(LIBERTY));
}

#[test]
fn what_cannot_be_undone_or_written() {
    let directory = ironic_conf(read(LIBERTY));
    fs::create_dir(directory.path().join("ironic.conf.d")).unwrap();
    for (name, words) in [
        ("undo-missing-file", "undo no-such.conf"),
        ("undo-directory", "undo ironic.conf.d"),
        ("write-directory", "migrate --write ironic.conf.d"),
        ("write-missing-file", "migrate --write no-such.conf"),
        (
            "output-into-missing-directory",
            "migrate --output no-such/new.conf ironic.conf",
        ),
        (
            "output-onto-directory",
            "migrate --output ironic.conf.d ironic.conf",
        ),
        (
            "same-file-twice",
            "migrate --write ironic.conf ./ironic.conf",
        ),
    ] {
        let ran = run(words, directory.path()).expect(2);
        assert_as("write", name, ran.stderr());
        assert_eq!(
            fs::read(directory.path().join("ironic.conf")).unwrap(),
            read(LIBERTY)
        );
        assert_eq!(backups(directory.path()).len(), 0);
    }
}
