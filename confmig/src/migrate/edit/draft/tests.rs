//! Tests of the layout of changed documents.

use super::*;

fn finished(draft: Draft<'_>) -> String {
    let text = draft.finish(|_| false).finish().unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn an_entry_is_inserted_below_its_placeholder() {
    let document = Document::parse(b"[a]\n#x = 1\ny = 2\n").unwrap();
    let section = document.sections().next().unwrap();
    let mut draft = Draft::new(&document);
    let line = Lines::one(b"x = 3\n", None);
    draft.insert(&OptName::new("a", "x"), &line, section, None);
    assert_eq!(finished(draft), "[a]\n#x = 1\nx = 3\ny = 2\n");
}

#[test]
fn a_new_section_takes_the_place_of_an_emptied_one() {
    let document = Document::parse(b"[pxe]\nurl = u\n\n[z]\nk = v\n").unwrap();
    let section = document.sections().next().unwrap();
    let mut draft = Draft::new(&document);
    draft.remove(2..3);
    let line = Lines::one(b"url = u\n", Some(2));
    draft.insert(&OptName::new("deploy", "url"), &line, section, None);
    assert_eq!(finished(draft), "[deploy]\nurl = u\n\n[z]\nk = v\n");
}

#[test]
fn a_new_section_goes_below_the_last_one() {
    for (before, after) in [
        ("", "[a]\nx = 1\n\n[b]\ny = 1\n"),
        ("# none", "# none\n\n[a]\nx = 1\n\n[b]\ny = 1"),
        (
            "[b]\n[c]\nz = 1\n",
            "[b]\ny = 1\n[c]\nz = 1\n\n[a]\nx = 1\n",
        ),
    ] {
        let document = Document::parse(before.as_bytes()).unwrap();
        let mut draft = Draft::new(&document);
        for (group, name) in [("a", "x"), ("b", "y")] {
            let line = Lines::one(format!("{name} = 1\n").as_bytes(), None);
            draft.append(&OptName::new(group, name), &line);
        }
        assert_eq!(finished(draft), after);
    }
}

#[test]
fn a_removed_block_leaves_one_blank_line() {
    let document = Document::parse(b"[a]\nx = 1\n\ny = 2\n\nz = 3\n").unwrap();
    let mut draft = Draft::new(&document);
    draft.remove(4..5);
    assert_eq!(finished(draft), "[a]\nx = 1\n\nz = 3\n");
}
