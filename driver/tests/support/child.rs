//! Tests that run in a process of their own: with another umask, on another file system, killed
//! half-way, or to measure their memory.
//!
//! The process is the test program again, restricted to one test. That test does nothing unless it
//! was started so: see [`child_dir`].

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The environment variable that names the directory a child works on.
pub(crate) const CHILD_DIR: &str = "DRIVER_TEST_CHILD_DIR";

/// The directory that a child works on, or `None` in a test that was not started as a child.
pub(crate) fn child_dir() -> Option<PathBuf> {
    env::var_os(CHILD_DIR).map(Into::into)
}

/// This test program again, run through `wrapper` and restricted to the test `name`, a path like
/// `crash::child_that_publishes_forever`.
pub(crate) fn child(wrapper: &[&str], name: &str, dir: &Path) -> Command {
    let this = env::current_exe().unwrap();
    let mut words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
    words.push(this.as_os_str());
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(CHILD_DIR, dir);
    command
}

/// Runs a child to its end and returns what it printed. Panics unless its one test was run and
/// passed.
#[track_caller]
pub(crate) fn run_child(mut command: Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("test result: ok. 1 passed"),
        "{command:?}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A running child. It is killed with `SIGKILL` when this is dropped, so that a failing test leaves
/// no process behind.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a child and waits until it has printed `word`.
    pub(crate) fn start(name: &str, dir: &Path, word: &str) -> Self {
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

/// Prints the peak of this process's resident memory, for [`peak_kib`].
pub(crate) fn print_peak() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("PEAK {}", peak.unwrap().trim().trim_end_matches(" kB"));
}

/// The peak in KiB that a child printed.
pub(crate) fn peak_kib(printed: &str) -> u64 {
    let peak = printed.lines().find_map(|line| line.split("PEAK ").nth(1));
    peak.unwrap().trim().parse().unwrap()
}
