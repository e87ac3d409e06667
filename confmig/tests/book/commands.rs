//! The commands of the pages, and the tests of what runs them.

use std::path::Path;

use crate::flags::unknown;
use crate::pages::{Page, markdown, pages};
use crate::root;
use crate::session::{Step, run};
use crate::shown::{assert_shown, is_shown};

/// Returns the path of the program.
pub(crate) fn confmig() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_confmig"))
}

/// Returns the directory that has the program.
pub(crate) fn programs() -> &'static Path {
    confmig().parent().unwrap()
}

#[test]
fn options_that_pages_name_exist() {
    // Not only the book: also what contributors and the packages' users read.
    let (faults, count) = unknown(confmig(), &markdown(&root()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 100, "only {count} options found");
}

#[test]
fn commands_do_what_the_pages_show() {
    let count = assert_shown("confmig", programs());
    assert!(count > 80, "only {count} steps in all pages");
}

#[test]
fn what_is_not_run_has_a_reason() {
    let mut list = String::new();
    for page in pages() {
        for block in page.blocks() {
            if let Some(reason) = block.not_run {
                let first = block.text.lines().next().unwrap_or_default();
                list += &format!("{}: `{first}`: {reason}\n", page.path);
            }
        }
    }
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("not-run", list);
    });
}

#[test]
fn omitted_lines_and_stamps_are_recognized() {
    let actual = "a\nb\nc\nx.confmig-20261129T064521Z-36bb5582828f\n";
    let with = "x.confmig-20251129T064521Z-36bb55828280\n";
    assert!(is_shown(actual, &format!("a\nb\nc\n{with}")));
    assert!(is_shown(actual, &format!("a\n[…]\n{with}")));
    assert!(is_shown(actual, "[…]\nb\n[…]\n"));
    assert!(!is_shown(actual, &format!("b\n[…]\n{with}")));
    assert!(!is_shown(actual, "a\n[…]\nb\n"));
    assert!(!is_shown(actual, "a\nb\nc\n"));
    assert!(!is_shown(actual, "a\n[…]\nd\n[…]\n"));
    let image = "image-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-01a2269de0ca326ca882.img\n";
    assert!(is_shown(
        image,
        &image.replace("01a2269de0ca326ca882", "01a2269de0df46d90345")
    ));
    assert!(!is_shown(image, &image.replace("1be26c0b", "2be26c0b")));
}

#[test]
fn blocks_are_found() {
    let page = Page {
        path: "page.md".to_owned(),
        text:
            "# Page\n<!-- directory: a/b -->\n```ini\n# a.conf\n[x]\n```\n\n<!-- not run: why -->\n\
               ```sh\nfalse\n```\n- item\n  ```toml\n  a = 1\n  ```\n<!-- file: b.json -->\n\
               ```json\n{}\n```\n"
                .to_owned(),
    };
    let blocks = page.blocks();
    let languages: Vec<&str> = blocks.iter().map(|block| &*block.language).collect();
    assert_eq!(languages, ["ini", "sh", "toml", "json"]);
    let files: Vec<_> = blocks.iter().map(|block| block.file.as_deref()).collect();
    assert_eq!(files, [Some("a.conf"), None, None, Some("b.json")]);
    assert_eq!(blocks[1].not_run.as_deref(), Some("why"));
    assert_eq!((blocks[2].text.as_str(), blocks[2].line), ("a = 1\n", 14));
    assert_eq!(page.mark("directory"), Some("a/b"));
}

#[test]
fn steps_share_a_directory_and_the_status() {
    let page = Page {
        path: "page.md".to_owned(),
        text: String::new(),
    };
    let steps = [
        Step::File("a/b.conf".to_owned(), "it's\n".to_owned()),
        Step::Command("cat a/b.conf; ls; false".to_owned()),
        Step::Command("echo $?".to_owned()),
        Step::Script("false\ntrue\n".to_owned()),
        Step::Command("echo a >&2; echo b; confmig --version".to_owned()),
    ];
    let outputs: Vec<String> = run(&page, &steps, programs())
        .into_iter()
        .map(|done| format!("{}: {}", done.status, done.output))
        .collect();
    let version = format!("0: a\nb\nconfmig {}\n", env!("CARGO_PKG_VERSION"));
    let wanted = [
        "0: ",
        "1: it's\na\netc\nfixtures\ntmp\n",
        "0: 1\n",
        "1: ",
        &version,
    ];
    assert_eq!(outputs, wanted);
}
