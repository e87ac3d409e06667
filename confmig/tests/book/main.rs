//! Tests of the book in `docs` and of the first page: every command runs and prints what the page
//! shows, every snippet is valid, every link leads somewhere, and the pages that are made from the
//! program are up to date.
//!
//! `BOOK=write cargo test -p confmig --test book` writes the reference pages and the outputs of
//! commands anew. Outputs with omitted lines (`[…]`) stay, since only people know what to omit.
//!
//! In a page,
//!
//! - a `console` block has commands (`$ …`) and what they print, in the order in which they print
//!   it;
//! - the commands of an `sh` block succeed;
//! - a block whose first line is a comment with a file's name (`# site.toml`) is that file, as is
//!   one below `<!-- file: NAME -->`; later commands of the page find it;
//! - a block below `<!-- copy of: PATH -->` is the text of a file of the repository;
//! - `<!-- not run: REASON -->` above a block says why it is not run. A snapshot lists these;
//! - `<!-- directory: PATH -->` makes a copy of a directory the one in which commands run;
//! - `<!-- program: ilo -->` leaves the page's commands to `driver/tests/book.rs`.
//!
//! `/etc/ironic/` in a command stands for a directory of the session with the main fixture, and
//! `/tmp/` for an empty one.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod commands;
mod flags;
mod links;
mod pages;
mod reference;
mod rendered;
mod session;
mod shown;
mod snippets;

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
