//! What `--write`, `--output` and `undo` promise of the files that they replace, on a real file
//! system. Changes in the last instant are tested in `src/store/tests.rs`.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::slice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use confmig::store::{Replacement, StoreError, replace_all, undo, write_new};
use rustix::fs::{IFlags, Mode, XattrFlags};
use tempfile::TempDir;

const OLD: &str = "[pxe]\nhttp_url = http://192.0.2.1\n";
const NEW: &str = "[deploy]\nhttp_server_url = http://192.0.2.1\n";

/// A directory with an `ironic.conf` that holds [`OLD`].
fn ironic_conf() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ironic.conf");
    write(&path, OLD, 0o640);
    (directory, path)
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn replacement(path: &Path, before: &str, after: &str) -> Replacement {
    Replacement {
        path: path.into(),
        before: before.into(),
        after: after.into(),
    }
}

fn replace(path: &Path, before: &str, after: &str) -> Result<PathBuf, StoreError> {
    let mut replaced = replace_all(&[replacement(path, before, after)])?;
    assert_eq!(replaced.len(), 1);
    assert_eq!(replaced[0].path, path);
    Ok(replaced.remove(0).backup)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 1024];
    let length = rustix::fs::getxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).unwrap();
}

/// An access control list in the kernel's form: owner rw, user 12345 r, group `group`, mask r,
/// others nothing. `stat` shows its mode as 0640 whatever `group` is.
fn acl(group: u16) -> Vec<u8> {
    const NONE: u32 = u32::MAX;
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in [
        (1u16, 6u16, NONE),
        (2, 4, 12345),
        (4, group, NONE),
        (16, 4, NONE),
        (32, 0, NONE),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says so past the test harness, which hides what a test that passes prints.
fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {what}: {why}");
}

/// The message names the file and one of the remedies, and nothing of the text.
fn assert_message(error: &StoreError, path: &Path, remedy: &str) {
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains(remedy), "no {remedy:?} in: {message}");
    assert!(message.starts_with(char::is_lowercase), "{message}");
    assert!(!message.contains("192.0.2.1"), "{message}");
    assert!(!format!("{error:?}").contains("192.0.2.1"), "{error:?}");
}

/// This test binary again, as another process that runs [`helper_process`] only.
fn helper(job: &str, argument: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    prepare_helper(&mut command, job, argument);
    command
}

fn prepare_helper(command: &mut Command, job: &str, argument: &Path) {
    command.args([
        "--exact",
        "helper_process",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env("CONFMIG_TEST_JOB", job)
        .env("CONFMIG_TEST_ARGUMENT", argument);
}

fn assert_success(output: &Output) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}{stderr}");
}

/// Not a test but what other tests run in a process of their own.
#[test]
fn helper_process() {
    let (Some(job), Some(argument)) = (
        env::var_os("CONFMIG_TEST_JOB"),
        env::var_os("CONFMIG_TEST_ARGUMENT"),
    ) else {
        return;
    };
    let path = Path::new(&argument);
    match job.to_str().unwrap() {
        "write without end" => write_without_end(path),
        "full disk" => full_disk(path),
        "mount point" => mount_point(path),
        "read-only file system" => read_only_file_system(path),
        "as somebody else" => as_somebody_else(path),
        "relative path" => relative_path(path),
        "umask 0" => private_with_umask_0(path),
        other => panic!("unknown job {other}"),
    }
}

// What is kept

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

    // The directory gives every new file a list. The original has none, so neither may the new.
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
    // The backup stands beside the file, not beside the link.
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

// Backups

#[test]
fn backups_are_unique_and_no_conf_files() {
    let (directory, path) = ironic_conf();
    let mut backups = Vec::new();
    for round in 0..5 {
        // The same text again, in the same second, and another.
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
        // Of the text that came after: `printf … | sha256sum | cut -c -12`.
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
    // Names of this second and the next ones are taken, by something else than a file even.
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

/// Watches the directory while the file is replaced again and again under a umask that hides
/// nothing.
fn private_with_umask_0(path: &Path) {
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

// What is refused

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
        assert_message(&error, &dangling, "link to nothing");
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
            assert_message(&error, &lost, "make it first");
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
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
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
    // A test that starts a process at this moment may have the copied program open for writing.
    let busy = std::io::ErrorKind::ExecutableFileBusy;
    let attempts = std::iter::repeat_with(|| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        command.output()
    });
    let started = attempts
        .take(100)
        .find(|output| !matches!(output, Err(error) if error.kind() == busy));
    let output = match started.expect("the program is busy for two seconds") {
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

fn as_somebody_else(directory: &Path) {
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
    assert_message(&error, &path, "may write in that directory");
    let error = write_new(&directory.join("closed/output"), b"x", None).unwrap_err();
    assert!(
        matches!(error, StoreError::DirectoryNotWritable { .. }),
        "{error}"
    );

    // Root's group may not be given, so this user's group must not get its rights.
    write_new(
        &open.join("output"),
        b"x",
        Some(&open.join("my-group.conf")),
    )
    .unwrap();
    assert_eq!(mode(&open.join("output")), 0o600);
}

// Mounts of our own

/// Runs a job of [`helper_process`] after `mounting`, a shell command that finds the directory in
/// `$1`, with mounts that nobody else sees. Says `false` if this system does not let us.
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

fn full_disk(directory: &Path) {
    let (first, path) = (directory.join("first.conf"), directory.join("ironic.conf"));
    let old = "# old\n".repeat(5_000);
    write(&first, "first", 0o640);
    write(&path, &old, 0o640);
    // There is room for the backup, not for the new text; then not even for the backup.
    for (size, filler) in [(200_000, 0), (10_000, 80_000)] {
        fs::write(directory.join("filler"), vec![b'#'; filler]).unwrap();
        let new = "n".repeat(size);
        let error = replace_all(&[
            replacement(&first, "first", "FIRST"),
            replacement(&path, &old, &new),
        ])
        .unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
        assert_message(&error, &path, "free room");
        assert_eq!(text(&first), "first");
        assert_eq!(text(&path), old);
        let error = write_new(&directory.join("output"), &[b'n'; 200_000], None).unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
        assert_eq!(names(directory), ["filler", "first.conf", "ironic.conf"]);
    }
    // And with room again it works.
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

fn mount_point(directory: &Path) {
    let (first, path) = (directory.join("first.conf"), directory.join("ironic.conf"));
    let inode = fs::metadata(&first).unwrap().ino();
    let error =
        replace_all(&[replacement(&first, OLD, NEW), replacement(&path, OLD, NEW)]).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert_message(&error, &path, "--output");
    assert_eq!((text(&first).as_str(), text(&path).as_str()), (OLD, OLD));
    assert_eq!(mode(&first), 0o600);
    // It is the very file that was there before.
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

fn read_only_file_system(directory: &Path) {
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

// Interrupted

fn long(letter: &str) -> String {
    letter.repeat(300_000)
}

/// Kills a process at random moments while it replaces a file.
#[test]
fn killed_at_any_moment_the_file_is_whole() {
    let (directory, path) = ironic_conf();
    let (old, new) = (long("o"), long("n"));
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_micros() as u64;
    let mut random = seed;
    let mut seen = [0; 2];
    for round in 0..40 {
        write(&path, &old, 0o640);
        let mut child = helper("write without end", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines
                .map_while(Result::ok)
                .any(|line| line.contains("writing"))
        );
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_micros((random >> 33) % 15_000));
        child.kill().unwrap();
        child.wait().unwrap();

        let now = text(&path);
        assert!(
            now == old || now == new,
            "seed {seed}, round {round}: {} bytes",
            now.len()
        );
        seen[usize::from(now == new)] += 1;
        assert_eq!(mode(&path), 0o640);
        for name in names(directory.path()) {
            let file = directory.path().join(&name);
            assert!(!name.ends_with(".conf") || file == path, "{name}");
            assert_eq!(mode(&file) & !0o640, 0, "{name}");
            // What has a backup's name is whole.
            if name.starts_with("ironic.conf.confmig-") {
                let kept = text(&file);
                assert!(
                    kept == old || kept == new,
                    "seed {seed}, round {round}: {name}"
                );
            }
            if file != path {
                fs::remove_file(file).unwrap();
            }
        }
    }
    assert!(
        seen[0] > 0 && seen[1] > 0,
        "seed {seed}: always killed at the same moment? {seen:?}"
    );
}

fn write_without_end(path: &Path) {
    let texts = [long("o"), long("n")];
    // Past the test harness, and at once.
    let mut stdout = std::io::stdout();
    stdout
        .write_all(b"\nwriting\n")
        .and_then(|()| stdout.flush())
        .unwrap();
    for round in 0.. {
        let (before, after) = (&texts[round % 2], &texts[(round + 1) % 2]);
        fs::remove_file(replace(path, before, after).unwrap()).unwrap();
    }
}

// Several

#[test]
fn all_or_none() {
    let (directory, path) = ironic_conf();
    let conf_d = directory.path().join("ironic.conf.d");
    fs::create_dir(&conf_d).unwrap();
    let more = [conf_d.join("1.conf"), conf_d.join("2.conf")];
    for path in &more {
        write(path, OLD, 0o600);
    }
    let mut all = vec![replacement(&path, OLD, NEW)];
    all.extend(more.iter().map(|path| replacement(path, OLD, NEW)));

    fs::set_permissions(&more[1], fs::Permissions::from_mode(0o400)).unwrap();
    let error = replace_all(&all).unwrap_err();
    assert_message(&error, &more[1], "chmod u+w");
    assert_eq!((text(&path).as_str(), text(&more[0]).as_str()), (OLD, OLD));
    assert_eq!(names(directory.path()), ["ironic.conf", "ironic.conf.d"]);
    assert_eq!(names(&conf_d), ["1.conf", "2.conf"]);

    fs::set_permissions(&more[1], fs::Permissions::from_mode(0o600)).unwrap();
    let replaced = replace_all(&all).unwrap();
    assert_eq!(replaced.len(), 3);
    for (replaced, replacement) in replaced.iter().zip(&all) {
        assert_eq!(replaced.path, replacement.path);
        assert_eq!(text(&replaced.path), NEW);
        assert_eq!(text(&replaced.backup), OLD);
    }
}

// Undo

#[test]
fn undo_puts_back_one_migration_after_the_other() {
    let (directory, path) = ironic_conf();
    let error = undo(&path, false).unwrap_err();
    assert!(matches!(error, StoreError::NothingToUndo { .. }), "{error}");
    assert_message(&error, &path, "ironic.conf.confmig-*");

    let first = replace(&path, OLD, NEW).unwrap();
    let second = replace(&path, NEW, "[deploy]\n").unwrap();
    // What the file is now stays, what it was then does not come back.
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
        // The edits are no migration's outcome that undo would go back to.
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

// Output

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

    // With a list, the mode's group bits are not what the group may.
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
fn a_file_that_is_there_keeps_what_it_is() {
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
    // There is no backup: this is not a migration in place.
    assert_eq!(
        names(directory.path()),
        ["ironic.conf", "link.conf", "output.conf"]
    );
}

#[test]
fn relative_paths() {
    let (directory, path) = ironic_conf();
    // Another process, since the working directory is shared by all tests.
    for name in ["ironic.conf", "./ironic.conf"] {
        let mut command = helper("relative path", Path::new(name));
        let output = command.current_dir(directory.path()).output().unwrap();
        assert_success(&output);
        assert_eq!(text(&path), OLD);
        assert_eq!(names(directory.path()), ["ironic.conf"]);
    }
}

fn relative_path(path: &Path) {
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
