//! The links of all Markdown files in the repository: relative ones lead to files and headings,
//! external ones are addresses, and those of the book stay within it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::pages::{Page, markdown, pages};
use crate::root;

/// Returns the lines of a Markdown text outside fenced code.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = &str> {
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
    if link.contains("://") {
        let host = link
            .strip_prefix("https://")
            .and_then(|rest| rest.split('/').next());
        let is_address = host.is_some_and(|host| host.contains('.')) && !link.contains(' ');
        return (!is_address).then(|| "not an address: https://HOST/PATH".to_owned());
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
    for page in markdown(&root()) {
        let file = root().join(&page.path);
        for link in links(&page.text) {
            count += 1;
            if let Some(fault) = fault(&file, &page.text, &link) {
                faults.push(format!("{}: {link}: {fault}", page.path));
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
    assert_eq!(fault(&file, text, "https://example.org/a"), None);
    assert!(fault(&file, text, "http://example.org/a b").is_some());
}

/// A page that is not in the book: it is for maintainers, who have the repository.
const FOR_MAINTAINERS: &str = "docs/releasing.md";

/// Returns the pages that the table of contents names, as paths from the workspace's root.
fn contents() -> Vec<String> {
    let summary = Page::read(&root().join("docs/SUMMARY.md"));
    let links = links(&summary.text).into_iter();
    links.map(|link| format!("docs/{link}")).collect()
}

#[test]
fn the_contents_have_every_page_once() {
    let mut named = contents();
    let mut there: Vec<String> = markdown(&root().join("docs"))
        .into_iter()
        .map(|page| page.path)
        .filter(|path| path != "docs/SUMMARY.md" && path != FOR_MAINTAINERS)
        .collect();
    named.sort();
    there.sort();
    assert_eq!(named, there, "docs/SUMMARY.md and the pages in docs differ");
}

/// The book is also read without the repository around it.
#[test]
fn links_of_the_book_stay_in_it() {
    let mut faults = Vec::new();
    let of_book = |page: &&Page| page.path.starts_with("docs/") && page.path != FOR_MAINTAINERS;
    for page in pages().iter().filter(of_book) {
        let depth = page.path.matches('/').count() - 1;
        for link in links(&page.text) {
            if link.matches("../").count() > depth {
                faults.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "name these files instead: {}",
        faults.join("\n")
    );
}
