//! What the tests of the host share.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

pub mod nginx;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use driver::host::{BaseUrl, Kind, NewObject, ObjectName, WebHost, WebSettings};
use driver::node::{Node, NodeUuid};
use serde_json::json;

/// The base URL of hosts that nobody fetches from.
pub const BASE: &str = "http://192.0.2.1:8080/httpboot";

/// The `n`th node.
pub fn uuid(n: u32) -> NodeUuid {
    format!("1be26c0b-03f2-4d2e-ae87-{n:012x}").parse().unwrap()
}

pub fn node(n: u32) -> Node {
    node_from(&json!({"uuid": uuid(n).to_string(), "driver_info": {}}))
}

pub fn node_from(value: &serde_json::Value) -> Node {
    Node::from_json(value.to_string().as_bytes()).unwrap()
}

pub fn settings(root: &Path, base: &str) -> WebSettings {
    let mut settings = WebSettings::new(root);
    settings.urls.server = Some(BaseUrl::parse(base).unwrap());
    settings
}

pub fn host(root: &Path) -> WebHost {
    WebHost::new(settings(root, BASE)).unwrap()
}

/// An image of these bytes.
pub fn object(kind: Kind, bytes: impl Into<Vec<u8>>) -> NewObject {
    let bytes = bytes.into();
    NewObject::new(kind, bytes.len() as u64, move |out| out.write_all(&bytes))
}

/// A directory that other users, the web server's among them, can pass through.
pub fn open_dir() -> tempfile::TempDir {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// The names of everything in `dir`, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path)
        .unwrap()
        .permissions()
        .mode()
        & 0o7777
}

pub fn read(root: &Path, name: &ObjectName) -> Vec<u8> {
    std::fs::read(root.join(name.to_string())).unwrap()
}

/// Where a test that is run as a child finds the directory it works on.
pub const CHILD_DIR: &str = "DRIVER_TEST_CHILD_DIR";

/// The directory of a test that runs as another test's child; `None` when it was not started so, and
/// has nothing to do.
pub fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD_DIR).map(Into::into)
}

/// This test binary once more, running only the test `name`, on `dir`, through `wrapper`.
pub fn child(wrapper: &[&str], name: &str, dir: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
    words.push(this.as_os_str());
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(CHILD_DIR, dir);
    command
}

/// Runs a child to its end and fails with its output when it fails.
#[track_caller]
pub fn run(mut command: Command) {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How many half-written images are in `dir`.
pub fn rests(dir: &Path) -> usize {
    names(dir)
        .iter()
        .filter(|name| name.starts_with(".publishing-"))
        .count()
}

/// A child, killed with the signal that no process can catch when this is dropped, so that a test that
/// fails leaves none behind.
pub struct Running(Child);

impl Running {
    /// Starts a child and waits until it has said `word`.
    pub fn start(name: &str, dir: &Path, word: &str) -> Self {
        let process = child(&[], name, dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut running = Self(process);
        let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().contains(word)),
            "the child ended early"
        );
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
