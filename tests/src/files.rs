//! The files to test with: the project's fixtures, and a corpus of real files if there is one.

use std::fs;
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

/// Returns real configuration files, sorted. They are kept outside the repository; if they are
/// missing, says so and returns an empty list.
#[must_use]
pub fn corpus() -> Vec<PathBuf> {
    let corpus = workspace().join("../shared/corpus");
    if !corpus.is_dir() {
        println!(
            "no corpus at {}: only fixtures are tested",
            corpus.display()
        );
        return Vec::new();
    }
    below(&corpus, &|path| {
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
