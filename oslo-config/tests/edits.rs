//! Properties of edits: whatever is asked for, the result is an error or exactly what was asked.

// Helpers of tests are tests, too.
#![allow(clippy::unwrap_used)]

use std::ops::Range;

use bstr::ByteSlice;
use oslo_config::{BString, Document, Edit, EditError, Entry};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Returns valid texts with entries, some of them in sections that are opened twice.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    const LINES: [&str; 14] = [
        "[a]",
        "[B]",
        "[b]",
        "k = v",
        "k: \"v\"",
        "l =",
        "l=",
        "k = v\n  more\n\tand more",
        "# c",
        "#n = <None>",
        "",
        "   ",
        "m=\u{a0}v ",
        "; \u{ff}",
    ];
    let line = prop::sample::select(&LINES[..]);
    let end = prop::sample::select(&["\n", "\r\n", "\r"][..]);
    (vec((line, end), 0..20), any::<bool>()).prop_map(|(lines, cut)| {
        let mut text = b"[a]\n".to_vec();
        for (line, end) in lines {
            text.extend(line.replace('\n', end).bytes());
            text.extend(end.bytes());
        }
        while cut && (text.ends_with(b"\n") || text.ends_with(b"\r")) {
            text.pop();
        }
        text
    })
}

/// A change of bytes or lines, at any place and with any text.
#[derive(Debug, Clone)]
enum Change {
    Replace(Range<usize>, String),
    RemoveLines(Range<usize>),
    InsertLines(usize, String),
    Rename(Index, String),
    RenameOfOther(String),
}

fn changes() -> impl Strategy<Value = Change> {
    const TEXTS: [&str; 10] = [
        "x",
        "x = 1",
        "[n]\nx = 1",
        "\n[n]\nx = 1\n",
        "\n\n",
        "x = 1\r",
        "",
        "  x",
        "=",
        "#x\n",
    ];
    let text = || prop::sample::select(&TEXTS[..]).prop_map(str::to_owned);
    // Most ranges are good ones.
    let range = |end: usize| {
        (0..end, 0..6_usize, 0..9_u8).prop_map(|(start, length, kind)| match kind {
            0 => start + length + 1..start,
            1 => start..start + 100 * length,
            _ => start..start + length,
        })
    };
    prop_oneof![
        (range(60), text()).prop_map(|(range, text)| Change::Replace(range, text)),
        range(12).prop_map(Change::RemoveLines),
        (0..16_usize, text()).prop_map(|(line, text)| Change::InsertLines(line, text)),
        (any::<Index>(), text()).prop_map(|(at, key)| Change::Rename(at, key)),
        text().prop_map(Change::RenameOfOther),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(4000)
    })]

    #[test]
    fn no_change_of_bytes_or_lines_breaks_a_document(
        text in documents(),
        changes in vec(changes(), 1..4),
    ) {
        let document = Document::parse(&text).unwrap();
        let entries: Vec<Entry<'_, '_>> = document.entries().collect();
        let other = Document::parse(b"[other]\nlonger_key_than_here = 1\n").unwrap();
        let mut edit = Edit::new(&document);
        for change in &changes {
            match change {
                Change::Replace(range, text) => edit.replace(range.clone(), text.as_str()),
                Change::RemoveLines(lines) => edit.remove_lines(lines.clone()),
                Change::InsertLines(above, text) => edit.insert_lines(*above, text.as_str()),
                Change::Rename(_, _) if entries.is_empty() => {}
                Change::Rename(at, key) => edit.rename(*at.get(&entries), key),
                Change::RenameOfOther(key) => {
                    edit.rename(other.entries().next().unwrap(), key);
                }
            }
        }
        let Ok((after, lines)) = edit.finish_with_lines() else { return Ok(()) };
        let edited = after.text();
        let is_whole = |change: &Change| {
            matches!(change, Change::InsertLines(..) | Change::RemoveLines(_))
        };
        for line in (1..=after.line_count()).filter(|_| changes.iter().all(is_whole)) {
            if let Some(origin) = lines.original(line) {
                let (now, was) = (after.line_text(line), document.line_text(origin));
                prop_assert_eq!(now, was, "line {} of {:?}", line, edited);
            }
        }
        // Each line that continues a value continues the one that it continued before. Replaced
        // bytes may have joined that with others.
        let joins = changes.iter().any(|change| matches!(change, Change::Replace(..)));
        for line in (2..=after.line_count()).filter(|_| !joins) {
            let Some(origin) = lines.original(line) else { continue };
            if after.line_text(line) == document.line_text(origin)
                && document.line_kind(origin) == Some(oslo_config::LineKind::Continuation)
            {
                prop_assert_eq!(lines.original(line - 1), Some(origin - 1), "{:?}", edited);
            }
        }
        let bad = |change: &Change| match change {
            Change::Replace(range, _) => range.start > range.end || range.end > text.len(),
            Change::RemoveLines(lines) => lines.start > lines.end || lines.start == 0,
            Change::RenameOfOther(_) => true,
            Change::InsertLines(above, _) => *above == 0,
            Change::Rename(_, key) => key != "x" && !entries.is_empty(),
        };
        prop_assert!(!changes.iter().any(bad), "{:?}", edited);
    }
}

/// Texts of which many can be a key or the name of a section.
fn names() -> impl Strategy<Value = String> {
    const NAMES: [&str; 18] = [
        "k", "l", "m", "n", "a", "b", "B", "new", "", " k", "k\u{a0}", "#k", "[k", "k]", "k=",
        "k:", "k\nl = 1", "k\r",
    ];
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = String> {
    const PIECES: [&str; 14] = [
        "v", " ", "\n", "\r", "\"", "'", "#", "=", "[a]", "\u{a0}", "\t", "$", "\\", "é",
    ];
    vec(prop::sample::select(&PIECES[..]), 0..6).prop_map(|pieces| pieces.concat())
}

/// A change by name.
#[derive(Debug, Clone)]
enum ByName {
    Set(String, String, String),
    Remove(String, String),
    Rename(Index, String),
}

fn by_name() -> impl Strategy<Value = ByName> {
    prop_oneof![
        3 => (names(), names(), values())
            .prop_map(|(group, key, value)| ByName::Set(group, key, value)),
        1 => (names(), names()).prop_map(|(group, key)| ByName::Remove(group, key)),
        1 => (any::<Index>(), names()).prop_map(|(at, key)| ByName::Rename(at, key)),
    ]
}

/// Returns the group, key and value of all entries, sorted by group: sections may be new.
fn entries_of(document: &Document<'_>) -> Vec<(String, String, String)> {
    let entries = document.entries().map(|entry| {
        let value = entry.value().to_string();
        (entry.group().to_string(), entry.key().to_string(), value)
    });
    entries.collect()
}

fn is_key(text: &str) -> bool {
    let special = |character| "=:\r\n".contains(character);
    text.trim() == text
        && !text.is_empty()
        && !text.starts_with(['#', ';', '['])
        && !text.contains(special)
}

fn is_group(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\r', '\n'])
}

fn is_value(text: &str) -> bool {
    let further = |line: &str| !line.is_empty() && line.trim() == line;
    !text.contains('\r') && text.split('\n').skip(1).all(further)
}

/// Returns the entries after a change, sorted; `None` if it cannot be made.
fn changed(
    mut entries: Vec<(String, String, String)>,
    change: &ByName,
) -> Option<Vec<(String, String, String)>> {
    match change {
        ByName::Set(group, key, value) => {
            if !is_group(group) || !is_key(key) || !is_value(value) {
                return None;
            }
            let group = group.to_lowercase();
            let named = |entry: &&mut (String, _, _)| entry.0 == group && entry.1 == *key;
            match entries.iter_mut().rev().find(named) {
                Some(entry) => entry.2.clone_from(value),
                None => entries.push((group, key.clone(), value.clone())),
            }
        }
        ByName::Remove(group, key) => {
            let group = group.to_lowercase();
            entries.retain(|entry| entry.0 != group || entry.1 != *key);
        }
        ByName::Rename(_, _) if entries.is_empty() => {}
        ByName::Rename(_, key) if !is_key(key) => return None,
        ByName::Rename(at, key) => {
            let at = at.index(entries.len());
            entries[at].1.clone_from(key);
        }
    }
    Some(entries)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(8000)
    })]

    #[test]
    fn a_change_by_name_is_made_exactly_or_refused(text in documents(), change in by_name()) {
        let document = Document::parse(&text).unwrap();
        let entries: Vec<Entry<'_, '_>> = document.entries().collect();
        let mut edit = Edit::new(&document);
        match &change {
            ByName::Set(group, key, value) => edit.set(group, key, value),
            ByName::Remove(group, key) => edit.remove(group, key),
            ByName::Rename(_, _) if entries.is_empty() => {}
            ByName::Rename(at, key) => edit.rename(*at.get(&entries), key),
        }
        let finished = edit.finish_with_lines();
        let Some(mut expected) = changed(entries_of(&document), &change) else {
            prop_assert!(finished.is_err(), "{:?}", finished);
            return Ok(());
        };
        prop_assert!(finished.is_ok(), "{:?}", finished);
        let (after, lines) = finished.unwrap();
        let edited = after.text();
        let mut found = entries_of(&after);
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected, "{:?}", edited);
        // All other lines are as before, and in order. No byte of them is lost, but a CR and the LF
        // of a blank line become one line end if all lines between them are removed.
        let unchanged = (1..=after.line_count()).filter_map(|line| {
            let origin = lines.original(line)?;
            (after.line_text(line) == document.line_text(origin)).then_some(origin)
        });
        let unchanged: Vec<usize> = unchanged.collect();
        prop_assert!(unchanged.is_sorted());
        let touched = entries.iter().filter(|entry| match &change {
            ByName::Set(group, key, _) | ByName::Remove(group, key) => {
                *entry.group() == *group.to_lowercase() && *entry.key() == **key
            }
            ByName::Rename(at, _) => at.get(&entries).line() == entry.line(),
        });
        let touched: Vec<usize> = touched.flat_map(|entry| entry.lines()).collect();
        for line in 1..=document.line_count() {
            let kept = unchanged.binary_search(&line).is_ok();
            let merged = touched.contains(&(line - 1))
                && text[document.byte_range(line..line + 1)] == *b"\n"
                && edited.contains_str("\r\n");
            prop_assert!(
                kept || merged || touched.contains(&line),
                "line {} of {:?}", line, edited
            );
        }
    }

    #[test]
    fn several_names_are_set_together(
        text in documents(),
        sets in prop::collection::btree_map(("[abc]", "[klmnop]"), "[a-z]{0,3}", 0..8),
        cut in any::<bool>(),
    ) {
        let text = if cut { Vec::new() } else { text };
        let document = Document::parse(&text).unwrap();
        let mut edit = Edit::new(&document);
        let mut expected = entries_of(&document);
        for ((group, key), value) in &sets {
            edit.set(group, key, value);
            let change = ByName::Set(group.clone(), key.clone(), value.clone());
            expected = changed(expected, &change).unwrap();
        }
        let edited = edit.finish().unwrap();
        let mut found = entries_of(&Document::parse(&edited).unwrap());
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected, "{:?}", edited);
    }
}

#[test]
fn a_name_is_set_or_removed_once() {
    let document = Document::parse(b"[a]\nk =\n").unwrap();
    let mut edit = Edit::new(&document);
    edit.set("a", "k", "1");
    edit.remove("A", "k");
    let error = edit.finish().unwrap_err();
    assert_eq!(
        error.to_string(),
        "two changes set or remove [A] k: make them one change"
    );
}

#[test]
fn ranges_and_entries_that_are_not_of_the_document_are_refused() {
    let small = Document::parse(b"[a]\nb = 1\n").unwrap();
    let document = Document::parse(b"[section]\nkeykey = value\nother = 2\n").unwrap();
    let finish = |change: &dyn Fn(&mut Edit<'_, '_>)| -> Result<BString, EditError> {
        let mut edit = Edit::new(&document);
        change(&mut edit);
        edit.finish()
    };
    let range = |start, end| Err(EditError::Range { start, end });
    let first = document.entries().next().unwrap();
    assert_eq!(
        finish(&|edit| edit.replace(Range { start: 7, end: 5 }, "X")),
        range(7, 5)
    );
    assert_eq!(finish(&|edit| edit.replace(5..500, "X")), range(5, 500));
    assert_eq!(
        finish(&|edit| edit.remove_lines(Range { start: 3, end: 2 })),
        range(3, 2)
    );
    assert_eq!(finish(&|edit| edit.remove_lines(0..2)), range(0, 2));
    let foreign = small.entries().next().unwrap();
    assert_eq!(
        finish(&|edit| edit.rename(foreign, "zzz")),
        Err(EditError::OtherDocument)
    );
    for key in ["a = b", "a:b", "a\nb", " a", "#a", "[a", ""] {
        let refused = finish(&|edit| edit.rename(first, key));
        assert_eq!(refused, Err(EditError::Key { key: key.into() }));
    }
    // The first error counts, and a change that can be made does not hide it.
    let both = finish(&|edit| {
        edit.rename(foreign, "zzz");
        edit.rename(first, "good");
    });
    assert_eq!(both, Err(EditError::OtherDocument));
    // A view of the same text is the same document.
    let narrowed = document.borrowed().narrowed(|_| false);
    let mut edit = Edit::new(&narrowed);
    edit.rename(first, "key");
    assert!(
        edit.finish()
            .unwrap()
            .starts_with(b"[section]\nkey = value\n")
    );
}

#[test]
fn a_value_stays_whole_and_entries_stay_in_a_section() {
    let document = Document::parse(b"[a]\nk = v\n  more\nl = w\n").unwrap();
    let finish = |change: &dyn Fn(&mut Edit<'_, '_>)| {
        let mut edit = Edit::new(&document);
        change(&mut edit);
        edit.finish()
    };
    let split = Err(EditError::SplitValue { line: 3 });
    assert_eq!(finish(&|edit| edit.remove_lines(2..3)), split);
    assert_eq!(finish(&|edit| edit.insert_lines(3, "x = 1")), split);
    assert!(matches!(
        finish(&|edit| edit.remove_lines(1..2)),
        Err(EditError::Syntax { .. })
    ));
    assert!(matches!(
        finish(&|edit| edit.insert_lines(4, "x")),
        Err(EditError::Syntax { .. })
    ));
    // Line by line, whole entries can be removed.
    let lines = finish(&|edit| (2..4).for_each(|line| edit.remove_lines(line..line + 1)));
    assert_eq!(lines.unwrap(), "[a]\nl = w\n");
}
