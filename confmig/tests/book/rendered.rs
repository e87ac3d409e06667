//! The book as mdBook renders it: every link in it leads to a page, a file or a heading.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// Renders the book into a directory.
fn render(into: &Path) {
    let mdbook = root().join("tests/.venv/book/bin/mdbook");
    assert!(
        mdbook.exists(),
        "{} is not there: run tests/run, or tests/peers/venv.sh book",
        mdbook.display()
    );
    let output = Command::new(mdbook)
        .args(["build", "--dest-dir"])
        .arg(into)
        .arg(root().join("docs"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
}

/// Returns the pages that were rendered, without those that are made of others.
fn html_pages(directory: &Path) -> BTreeMap<PathBuf, String> {
    let (mut found, mut left) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                left.push(path);
            } else if name.ends_with(".html")
                && !["print.html", "404.html", "toc.html"].contains(&name)
            {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    found
}

/// Returns the values of an attribute in a page.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let before = format!(" {attribute}=\"");
    let rests = html.split(&*before).skip(1);
    rests.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn links_of_the_rendered_book_lead_somewhere() {
    let directory = tempfile::tempdir().unwrap();
    render(directory.path());
    let pages = html_pages(directory.path());
    let (mut faults, mut count) = (Vec::new(), 0);
    for (path, html) in &pages {
        for link in ["href", "src"].iter().flat_map(|name| values(html, name)) {
            if link.contains(':') || link.is_empty() {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let Ok(target) = target.canonicalize() else {
                faults.push(format!("{}: {link}: no such file", path.display()));
                continue;
            };
            let html = std::fs::read_to_string(&target).unwrap_or_default();
            if !anchor.is_empty() && !values(&html, "id").contains(&anchor) {
                faults.push(format!("{}: {link}: no such heading", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(
        pages.len() > 30 && count > 1000,
        "{} pages, {count} links",
        pages.len()
    );
}
