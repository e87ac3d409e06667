//! Programs and files of Debian packages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The path of a program of a Debian package.
pub(crate) fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| missing(name, package))
}

/// The path of a file of a Debian package.
pub(crate) fn packaged(path: &str, package: &str) -> PathBuf {
    let file = PathBuf::from(path);
    if file.is_file() {
        file
    } else {
        missing(path, package)
    }
}

pub(crate) fn missing(what: &str, package: &str) -> ! {
    panic!("this test needs {what}: run `apt-get install --no-install-recommends {package}`")
}

/// Runs a program, which must succeed, and returns its output.
pub(crate) fn run<A: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = A>) -> Output {
    let mut command = Command::new(program);
    command.args(args).env("LC_ALL", "C");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a program, which must succeed, and returns its standard output.
pub(crate) fn printed<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
) -> String {
    String::from_utf8_lossy(&run(program, args).stdout).into_owned()
}
