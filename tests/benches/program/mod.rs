//! The program that is measured.

use std::path::PathBuf;
use std::process::Command;

use tests::files::workspace;

/// Builds the program with the release profile and returns its path.
pub(crate) fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CONFMIG") {
        return path.into();
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "--package", "confmig"]);
    let status = cargo.current_dir(workspace()).status();
    assert!(status.expect("cargo").success(), "confmig does not build");
    // The benchmark itself is `release/deps/…`.
    let own = std::env::current_exe().expect("a path of its own");
    let release = own.ancestors().nth(2).expect("two directories above");
    release.join(format!("confmig{}", std::env::consts::EXE_SUFFIX))
}
