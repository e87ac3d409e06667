//! Creates directories with a configuration, and inspects their files.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use confmig::store::{self, Replacement, StoreError, UndoSettings, Undone, replace_all};
use rustix::fs::XattrFlags;
use tempfile::TempDir;

pub(crate) const OLD: &str = "[pxe]\nhttp_url = http://192.0.2.1\n";
pub(crate) const NEW: &str = "[deploy]\nhttp_server_url = http://192.0.2.1\n";

/// Creates a directory with an `ironic.conf` that holds [`OLD`].
pub(crate) fn ironic_conf() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ironic.conf");
    write(&path, OLD, 0o640);
    (directory, path)
}

pub(crate) fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn replacement(path: &Path, before: &str, after: &str) -> Replacement {
    Replacement {
        path: path.into(),
        before: before.into(),
        after: after.into(),
    }
}

pub(crate) fn replace(path: &Path, before: &str, after: &str) -> Result<PathBuf, StoreError> {
    let mut replaced = replace_all(&[replacement(path, before, after)])?;
    assert_eq!(replaced.len(), 1);
    assert_eq!(replaced[0].path, path);
    Ok(replaced.remove(0).backup)
}

/// Restores one file.
pub(crate) fn undo(path: &Path, force: bool) -> Result<Undone, StoreError> {
    let settings = UndoSettings {
        force,
        ..UndoSettings::default()
    };
    Ok(store::undo(&[path], settings)?.undone.remove(0))
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

pub(crate) fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 1024];
    let length = rustix::fs::getxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

pub(crate) fn set_attribute(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).unwrap();
}

/// Returns an access control list in the kernel's format: owner rw, user 12345 r, group `group`,
/// mask r, others nothing. `stat` shows the mode as 0640 whatever `group` is.
pub(crate) fn acl(group: u16) -> Vec<u8> {
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

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Reports a skipped test, bypassing the test harness, which hides the output of passing tests.
pub(crate) fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {what}: {why}");
}

/// Asserts that a message names the file and a remedy, but none of the text.
pub(crate) fn assert_message(error: &StoreError, path: &Path, remedy: &str) {
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains(remedy), "no {remedy:?} in: {message}");
    assert!(message.starts_with(char::is_lowercase), "{message}");
    assert!(!message.contains("192.0.2.1"), "{message}");
    assert!(!format!("{error:?}").contains("192.0.2.1"), "{error:?}");
}

/// Returns a command that runs only [`helper_process`] of this test binary, in a separate process.
pub(crate) fn helper(job: &str, argument: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    prepare_helper(&mut command, job, argument);
    command
}

pub(crate) fn prepare_helper(command: &mut Command, job: &str, argument: &Path) {
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

pub(crate) fn assert_success(output: &Output) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}{stderr}");
}
