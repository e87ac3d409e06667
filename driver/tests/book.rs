//! The commands of the book's pages about the program `ilo` print what the pages show: see
//! `confmig/tests/book`, which has all other tests of the book.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them. Not every test needs
// all that is shared.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)]

#[path = "../../confmig/tests/book/flags.rs"]
mod flags;
#[path = "../../confmig/tests/book/pages.rs"]
mod pages;
#[path = "../../confmig/tests/book/session.rs"]
mod session;
#[path = "../../confmig/tests/book/shown.rs"]
mod shown;

use std::path::{Path, PathBuf};

/// Returns the root of the workspace.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap().to_owned()
}

/// Returns whether pages are to be written anew, instead of compared.
fn is_writing() -> bool {
    std::env::var_os("BOOK").is_some_and(|value| value == "write")
}

/// Returns the directory of the program, which cargo builds along with the tests.
fn programs() -> PathBuf {
    // The test programs are in `deps`, next to `examples`.
    let this = std::env::current_exe().unwrap();
    let programs = this.parent().and_then(Path::parent).unwrap();
    let programs = programs.join("examples");
    assert!(
        programs.join("ilo").is_file(),
        "the program is missing: run `cargo build -p driver --example ilo`"
    );
    programs
}

#[test]
fn commands_do_what_the_pages_show() {
    let count = shown::assert_shown("ilo", &programs());
    assert!(count > 5, "only {count} steps in all pages");
}

#[test]
fn options_that_pages_name_exist() {
    let (faults, count) = flags::unknown(&programs().join("ilo"), &pages::pages());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 20, "only {count} options found");
}
