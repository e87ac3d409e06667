//! The snippets that are not commands: each is valid in its language, and what a CI system would
//! run is run.

use std::process::Command;

use oslo_config::Document;
use serde_json::Value;

use crate::commands::programs;
use crate::links::prose;
use crate::pages::{Block, Page, pages};
use crate::session::{Step, run};
use crate::{is_writing, root};

/// Returns what is wrong with a block's text, if anything.
fn fault(block: &Block, page: &Page) -> Option<String> {
    let text = &block.text;
    match &*block.language {
        "toml" => toml::from_str::<toml::Table>(text)
            .err()
            .map(|error| error.to_string()),
        "json" => serde_json::from_str::<Value>(text)
            .err()
            .map(|error| error.to_string()),
        "yaml" => serde_saphyr::from_str::<Value>(text)
            .err()
            .map(|error| error.to_string()),
        "ini" => Document::parse(text.as_bytes())
            .err()
            .map(|error| error.to_string()),
        "rust" => (!is_compiled(&page.path)).then(|| {
            "no documentation test compiles the page: add it to tests/src/lib.rs".to_owned()
        }),
        "python" => python_fault(text),
        "console" | "sh" | "text" => None,
        other => Some(format!("a block in {other:?}: no test knows this language")),
    }
}

/// Runs a snippet in Python beside an `ironic.conf`, and returns what it says if it fails.
fn python_fault(text: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let conf = "[DEFAULT]\nmy_ip = 192.0.2.1\n[pxe]\nhttp_url = http://$my_ip:8080\n";
    std::fs::write(directory.path().join("ironic.conf"), conf).unwrap();
    let python = root().join("tests/.venv/oslo/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run tests/run, or tests/peers/venv.sh oslo",
        python.display()
    );
    let output = Command::new(python)
        .args(["-c", text])
        .current_dir(directory.path())
        .output()
        .unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Returns whether the Rust code of a page is compiled by a documentation test.
fn is_compiled(path: &str) -> bool {
    let tests = std::fs::read_to_string(root().join("tests/src/lib.rs")).unwrap();
    tests.contains(&format!("include_str!(\"../../{path}\")"))
}

#[test]
fn snippets_are_valid() {
    let mut faults = Vec::new();
    for page in pages() {
        for block in page.blocks().iter().filter(|block| block.not_run.is_none()) {
            if let Some(fault) = fault(block, &page) {
                faults.push(format!("{}:{}: {fault}", page.path, block.line));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns the scripts in YAML: strings that have a line that begins with `confmig`.
fn scripts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.lines().any(|line| line.starts_with("confmig ")) => {
            found.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| scripts(item, found)),
        Value::Object(map) => map
            .iter()
            // pre-commit adds the files that are committed to its command.
            .filter(|(key, _)| *key != "entry")
            .for_each(|(_, item)| scripts(item, found)),
        _ => {}
    }
}

#[test]
fn what_ci_systems_would_run_is_accepted() {
    let mut ran = 0;
    for page in pages() {
        let blocks = page.blocks().into_iter();
        let yaml = blocks.filter(|block| block.language == "yaml" && block.not_run.is_none());
        let mut found = Vec::new();
        yaml.for_each(|block| scripts(&serde_saphyr::from_str(&block.text).unwrap(), &mut found));
        if found.is_empty() {
            continue;
        }
        let steps: Vec<Step> = found.iter().cloned().map(Step::Command).collect();
        for (script, done) in found.iter().zip(run(&page, &steps, programs())) {
            // Status 1 is what a job is for; 2 would be wrong usage.
            assert!(done.status < 2, "{}: {script}: {}", page.path, done.output);
            ran += 1;
        }
    }
    assert!(ran > 2, "only {ran} scripts found");
}

#[test]
fn copies_are_the_texts_of_their_files() {
    let mut count = 0;
    for page in pages() {
        let copies = page.blocks().into_iter();
        for block in copies.filter(|block| block.copy_of.is_some()) {
            let path = block.copy_of.unwrap();
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            if is_writing() {
                let place = root().join(&page.path);
                let now = std::fs::read_to_string(&place).unwrap();
                std::fs::write(place, now.replacen(&block.text, &text, 1)).unwrap();
            } else {
                assert_eq!(block.text, text, "{}: {path}", page.path);
            }
            count += 1;
        }
    }
    assert!(count > 4, "only {count} copies");
}

#[test]
fn pictures_have_a_text_instead() {
    let mut count = 0;
    for page in pages() {
        let text: Vec<&str> = prose(&page.text).collect();
        let text = text.join("\n");
        for (at, _) in text.match_indices("![") {
            let rest = &text[at + 2..];
            let (alternative, rest) = rest.split_once("](").unwrap();
            let (path, _) = rest.split_once(')').unwrap();
            assert!(
                alternative.len() > 40,
                "{}: {path}: say what it shows",
                page.path
            );
            let folder = root().join(&page.path);
            assert!(folder.parent().unwrap().join(path).exists(), "{path}");
            count += 1;
        }
    }
    assert!(count >= 3, "only {count} pictures");
}
