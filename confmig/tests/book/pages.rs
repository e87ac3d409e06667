//! The pages, and the blocks of code in them.

use std::path::Path;

use crate::root;

/// A page of the book, or the first page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The path from the workspace's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A fenced block of code.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The first word of the fence's info string, such as `console`.
    pub(crate) language: String,
    pub(crate) text: String,
    /// The number of the block's first line, from 1.
    pub(crate) line: usize,
    /// The spaces before each line, in a list.
    pub(crate) indent: usize,
    /// Why the block is not run, if it is marked so.
    pub(crate) not_run: Option<String>,
    /// The file that the block is, if it is one.
    pub(crate) file: Option<String>,
    /// The file of the repository whose text the block shows, if it does.
    pub(crate) copy_of: Option<String>,
}

impl Page {
    /// Reads a page.
    pub(crate) fn read(path: &Path) -> Page {
        let from_root = path.strip_prefix(root()).unwrap();
        Page {
            path: from_root.to_str().unwrap().to_owned(),
            text: std::fs::read_to_string(path).unwrap(),
        }
    }

    /// Returns the program whose commands the page has, apart from those of the system.
    pub(crate) fn program(&self) -> &str {
        self.mark("program").unwrap_or("confmig")
    }

    /// Returns the text in the comment `<!-- NAME: TEXT -->`, if the page has it.
    pub(crate) fn mark(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| mark(line, name))
    }

    /// Returns the blocks of code in their order.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let lines: Vec<&str> = self.text.lines().collect();
        let (mut blocks, mut at) = (Vec::new(), 0);
        while at < lines.len() {
            let indent = lines[at].len() - lines[at].trim_start().len();
            let Some(info) = lines[at].trim_start().strip_prefix("```") else {
                at += 1;
                continue;
            };
            let end = (at + 1..lines.len())
                .find(|end| lines[*end].trim() == "```")
                .unwrap_or_else(|| panic!("{}:{}: the block has no end", self.path, at + 1));
            let cut = |line: &&str| line.get(indent..).unwrap_or_default().to_owned() + "\n";
            let text: String = lines[at + 1..end].iter().map(cut).collect();
            let above = at.checked_sub(1).map_or("", |above| lines[above]);
            blocks.push(Block {
                language: info.split([',', ' ']).next().unwrap_or_default().to_owned(),
                file: mark(above, "file")
                    .map(str::to_owned)
                    .or_else(|| named(&text)),
                copy_of: mark(above, "copy of").map(str::to_owned),
                not_run: mark(above, "not run").map(str::to_owned),
                text,
                line: at + 2,
                indent,
            });
            at = end + 1;
        }
        blocks
    }
}

/// Returns the text of a comment `<!-- NAME: TEXT -->`.
fn mark<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let text = line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    text.strip_prefix(name)?.strip_prefix(": ")
}

/// Returns the file's name that a text has in a comment on its first line.
fn named(text: &str) -> Option<String> {
    let name = text.lines().next()?.strip_prefix("# ")?;
    let extension = Path::new(name).extension()?.to_str()?;
    let is_name = !name.contains(' ') && ["conf", "toml", "yaml", "yml"].contains(&extension);
    is_name.then(|| name.to_owned())
}

/// Returns all Markdown files below a directory, sorted, without hidden and build directories.
pub(crate) fn markdown(directory: &Path) -> Vec<Page> {
    let (mut found, mut left) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap_or_default();
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && name != "target" {
                    left.push(entry.path());
                }
            } else if name.ends_with(".md") {
                found.push(Page::read(&entry.path()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Returns the first page and those of the book, without the decisions, which are for contributors.
pub(crate) fn pages() -> Vec<Page> {
    let mut pages = vec![Page::read(&root().join("README.md"))];
    pages.extend(markdown(&root().join("docs")));
    pages.retain(|page| !page.path.starts_with("docs/decisions/"));
    pages
}
