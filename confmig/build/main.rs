//! Generates the table of services for `src/history/service.rs`, and one text with the rules of
//! each service for `src/history/rules.rs`, so that the program does not parse TOML when it starts.
//!
//! All mistakes in rule files are collected, and then fail the build. Only the examples of rules
//! are left to the tests.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo reads both"
)]

#[path = "../src/rule/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the library has the same module, and uses all of it"
)]
mod rule;
mod rule_files;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use rule_files::{Findings, Folder, entries};

/// Has a folder for each service: `releases.txt`, `options.txt`, and `rules/SERIES.toml`.
const HISTORY: &str = "history";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={HISTORY}");
    match run() {
        Ok(faults) => {
            for fault in faults {
                println!("cargo::error={}", fault.replace('\n', " "));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all texts, and returns the mistakes in rule files.
fn run() -> Result<Vec<String>, String> {
    let services = services()?;
    let ids: Vec<String> = services.iter().map(|service| id(service)).collect();
    let (mut rows, mut findings) = (Vec::new(), Findings::default());
    for (path, id) in services.iter().zip(&ids) {
        let others = ids.iter().filter(|other| *other != id).cloned().collect();
        // Rules of Ironic, the default service, have no prefix.
        let prefix = (id != "ironic").then(|| id.clone());
        let folder = Folder::read(path, prefix, others)?;
        let text = folder.rules(&mut findings)?;
        write(&format!("{id}-rules.txt"), &text)?;
        rows.push(row(path, id, folder.title()));
    }
    list(&rows)?;
    Ok(findings.faults)
}

/// Finds the folders of services; that of Ironic, the default service, comes first.
fn services() -> Result<Vec<PathBuf>, String> {
    let mut folders = entries(Path::new(HISTORY))?;
    folders.retain(|path| path.join("releases.txt").exists());
    folders.sort_by_key(|path| !path.ends_with("ironic"));
    Ok(folders)
}

/// Writes `static SERVICES`, with a row of texts for each service.
fn list(rows: &[String]) -> Result<(), String> {
    let (count, rows) = (rows.len(), rows.concat());
    let table = format!("static SERVICES: [Texts; {count}] = [\n{rows}];\n");
    write("services.rs", &table)
}

/// Returns the row of a service.
fn row(service: &Path, id: &str, title: &str) -> String {
    let text = |name: &str| match service.join(format!("{name}.txt")).exists() {
        true => format!(
            "{name}: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \
             \"/{HISTORY}/{id}/{name}.txt\"))"
        ),
        false => format!("{name}: \"\""),
    };
    let texts = [
        "releases",
        "options",
        "values",
        "interfaces",
        "plugins",
        "deprecated",
    ]
    .map(text);
    let rules = format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/{id}-rules.txt\"))");
    let texts = texts.join(", ");
    format!("Texts {{ id: {id:?}, title: {title:?}, {texts}, rules: {rules} }},\n")
}

/// Returns the name of a service's folder.
fn id(service: &Path) -> String {
    let name = service.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Writes a file that the program includes.
fn write(name: &str, text: &str) -> Result<(), String> {
    let out = env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let out = Path::new(&out).join(name);
    fs::write(&out, text).map_err(|error| format!("{}: {error}", out.display()))
}
