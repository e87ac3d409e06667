//! The relative links of all Markdown files in the repository lead to files and headings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::root;

/// Returns the Markdown files of the repository, without hidden and build directories.
fn markdown_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap_or_default();
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && name != "target" {
                    directories.push(entry.path());
                }
            } else if name.ends_with(".md") {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Returns the lines of a Markdown text outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Returns the anchors that code hosts make of a text's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Returns the destinations of a text's links.
fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = prose(text).collect();
    let prose = prose.join("\n");
    let links = prose.split("](").skip(1);
    links
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// Returns what is wrong with a link in a file, if anything.
fn fault(file: &Path, text: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        path => file.parent().unwrap().join(path),
    };
    if !target.exists() {
        return Some("no such file".to_owned());
    }
    if anchor.is_empty() || target.extension().is_none_or(|extension| extension != "md") {
        return None;
    }
    let headings = match path {
        "" => anchors(text),
        _ => anchors(&std::fs::read_to_string(target).unwrap()),
    };
    (!headings.contains(anchor)).then(|| "no such heading".to_owned())
}

#[test]
fn relative_links_lead_to_files_and_headings() {
    let (mut faults, mut count) = (Vec::new(), 0);
    for file in markdown_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in links(&text) {
            count += 1;
            if let Some(fault) = fault(&file, &text, &link) {
                faults.push(format!("{}: {link}: {fault}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 40, "only {count} links found");
}

#[test]
fn faults_are_found() {
    let file = root().join("README.md");
    let text = "# One title: `a`\n[a](#one-title-a) [b](#two)\n```sh\n# [c](#three)\n```\n";
    assert_eq!(links(text), ["#one-title-a", "#two"]);
    assert_eq!(fault(&file, text, "#one-title-a"), None);
    assert_eq!(fault(&file, text, "LICENSE"), None);
    assert!(fault(&file, text, "#two").is_some());
    assert!(fault(&file, text, "missing.md").is_some());
}
