//! Examples of edits, and their line maps.

use super::*;

const TEXT: &[u8] = b"[a]\r\nk = v\r\n  more\r\n# \xff\r\nl: w";

fn edited(change: impl FnOnce(&mut Edit<'_, '_>, &[Entry<'_, '_>])) -> (BString, LineMap) {
    let document = Document::parse(TEXT).unwrap();
    let entries: Vec<_> = document.entries().collect();
    let mut edit = Edit::new(&document);
    change(&mut edit, &entries);
    let (document, lines) = edit.finish_with_lines().unwrap();
    (document.text().to_owned(), lines)
}

#[test]
fn a_renamed_entry_keeps_its_spacing_and_value() {
    let (text, _) = edited(|edit, entries| edit.rename(entries[0], "key"));
    let expected = b"[a]\r\nkey = v\r\n  more\r\n# \xff\r\nl: w";
    assert_eq!(text, &expected[..]);
}

#[test]
fn inserted_lines_take_the_line_end_of_the_document() {
    let (text, lines) = edited(|edit, _| edit.insert_lines(6, "m = x"));
    assert!(text.ends_with(b"\r\nl: w\r\nm = x"), "{text}");
    assert_eq!((lines.original(5), lines.original(6)), (Some(5), None));
}

#[test]
fn a_moved_entry_is_traced_to_its_old_lines() {
    let (text, lines) = edited(|edit, entries| {
        edit.remove_lines(entries[0].lines());
        edit.insert_lines_from(5, "[b]\r\nk = v\r\n  more", vec![None, Some(2), Some(3)]);
    });
    assert!(
        text.ends_with(b"\xff\r\n[b]\r\nk = v\r\n  more\r\nl: w"),
        "{text}"
    );
    let original: Vec<_> = (1..=6).map(|line| lines.original(line)).collect();
    assert_eq!(
        original,
        [Some(1), Some(4), None, Some(2), Some(3), Some(5)]
    );
}

#[test]
fn a_blank_line_below_a_carriage_return_is_a_line_of_its_own() {
    let document = Document::parse(b"[a]\nk = v\r# c\n").unwrap();
    let mut edit = Edit::new(&document);
    edit.insert_lines(3, "\n\n[b]\nl = w\n");
    let (document, lines) = edit.finish_with_lines().unwrap();
    assert_eq!(document.text(), "[a]\nk = v\r\r\r[b]\nl = w\n# c\n");
    let original: Vec<_> = (1..=7).map(|line| lines.original(line)).collect();
    assert_eq!(
        original,
        [Some(1), Some(2), None, None, None, None, Some(3)]
    );
}

#[test]
fn two_changes_of_the_same_bytes_conflict() {
    let document = Document::parse(TEXT).unwrap();
    let mut edit = Edit::new(&document);
    edit.remove_lines(2..4);
    edit.rename(document.entries().next().unwrap(), "key");
    assert_eq!(edit.finish(), Err(EditError::Overlap { line: 2 }));
}
