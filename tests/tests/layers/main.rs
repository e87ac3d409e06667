//! Checks the layers of the crates and the form of their sources.
//!
//! A room (a module that a crate's root declares) uses only rooms of lower layers, and no sibling
//! modules use each other in a circle. A module and the modules below it may use each other.
#![allow(clippy::expect_used, clippy::panic)]

mod examples;
mod graph;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use graph::Graph;
use source::Files;

/// The rooms of each crate, the lowest layer first. The layers of `tests` and `fuzz` are not fixed.
const LAYERS: [(&str, &str, &[&str]); 6] = [
    (
        "oslo-config",
        "lib.rs",
        &[
            "text",
            "error",
            "line_map",
            "parse",
            "document",
            "owned_document",
            "layout",
            "edit",
            "sources",
            "value",
            "types",
            "opt",
            "template",
            "setting",
            "config",
        ],
    ),
    (
        "confmig",
        "lib.rs",
        &[
            "lines",
            "shell",
            "difference",
            "rule",
            "pack",
            "schema",
            "history",
            // Masks what packs, schemas and histories mark as secret.
            "secret",
            "diagnostic",
            "policy",
            "target",
            "migrate",
            "decisions",
            "check",
            "explain",
            "store",
            "report",
        ],
    ),
    ("confmig", "main.rs", &["cli"]),
    (
        "driver",
        "lib.rs",
        &[
            "causes",
            "http",
            "operator_files",
            "node",
            "options",
            "image",
            "host",
            "bmc",
            "virtual_media",
            "ipxe",
            "deploy",
        ],
    ),
    ("tests", "lib.rs", &[]),
    ("fuzz", "lib.rs", &[]),
];

#[test]
fn rooms_use_only_lower_layers() {
    let mut found = Vec::new();
    for (name, root, layers) in LAYERS {
        let graph = read(name, root);
        found.extend(graph.circles());
        if !layers.is_empty() {
            found.extend(graph.violations(layers));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Files that may have more than [`MAX_LINES`] lines, and why.
const LONG: [(&str, &str); 1] = [(
    "tests/src/pools/classes.rs",
    "one table of values for generated options",
)];

const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 100;

#[test]
fn sources_keep_their_form() {
    let mut found = Vec::new();
    for name in ["oslo-config", "confmig", "driver", "tests", "fuzz"] {
        for (path, text) in files(&repository().join(name)) {
            let place = format!("{name}/{}", path.display());
            if repository()
                .join(name)
                .join(path.with_extension(""))
                .is_dir()
            {
                found.push(format!(
                    "{place}: move it to mod.rs in the folder beside it"
                ));
            }
            let lines = text.lines().count();
            if lines > MAX_LINES && !LONG.iter().any(|(long, _)| *long == place) {
                found.push(format!(
                    "{place}: {lines} lines, at most {MAX_LINES}: split it"
                ));
            }
            for (at, line) in text.lines().enumerate() {
                let columns = line.chars().count();
                if columns > MAX_COLUMNS {
                    found.push(format!("{place}:{}: {columns} columns", at + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn read(name: &str, root: &str) -> Graph {
    let files = files(&repository().join(name).join("src"));
    Graph::read(&files, root, &format!("{name}/src/"))
}

/// Returns the Rust sources below `folder`, by their paths in it.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("the folder is there") {
            let path = entry.expect("the folder can be read").path();
            let name = path.strip_prefix(folder).expect("it is below the folder");
            // The tests install their peers into hidden directories.
            let hidden = name
                .components()
                .any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
            if hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is UTF-8");
                files.insert(name.to_owned(), text);
            }
        }
    }
    files
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
