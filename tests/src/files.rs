//! The files to test with: the project's fixtures, and a corpus of real files if there is one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Returns the root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace is above").to_owned()
}

/// Returns the project's fixtures: every `*.conf` under `fixtures/`, sorted.
///
/// # Panics
///
/// Panics if there are none.
#[must_use]
pub fn fixtures() -> Vec<PathBuf> {
    let found = below(&workspace().join("fixtures"), &|path| {
        path.extension()
            .is_some_and(|extension| extension == "conf")
    });
    assert!(!found.is_empty(), "there are no fixtures");
    found
}

/// Returns configuration files of others, sorted: those below the directory that `CONFMIG_CORPUS`
/// names. If it names none, says so and returns an empty list.
#[must_use]
pub fn corpus() -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os("CONFMIG_CORPUS") else {
        // Bypasses the test harness, which hides the output of passing tests.
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED: configurations of others: CONFMIG_CORPUS names no directory with some"
        );
        return Vec::new();
    };
    below(Path::new(&corpus), &|path| {
        path.extension().is_none_or(|extension| extension != "md")
    })
}

/// Returns all files below a directory for which `wanted` returns true, sorted.
fn below(directory: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory that can be listed") {
        let path = entry.expect("an entry of the directory").path();
        if path.is_dir() {
            found.append(&mut below(&path, wanted));
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}
