//! Properties that hold for every text.

// Helpers of tests are tests, too.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use oslo_config::{Config, Document, Edit, Opt, OptType, ParsedFile, references};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;

/// Pieces that the parser knows, so that random texts get past its first line.
const PIECES: [&[u8]; 24] = [
    b"[a]\n",
    b"[b]\r\n",
    b"[DEFAULT]\r",
    b"k = v\n",
    b"k: v\r\n",
    b"k=v\r",
    b" more\n",
    b"\tmore\r\n",
    b"# c\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"\"",
    b"'",
    b"=",
    b":",
    b"$k",
    b"${a.k}",
    b"$$",
    b"\xc2\xa0",
    b"\xff",
    b"\x00",
    b"[",
    b"]",
];

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(&PIECES[..]);
    let pieced = vec(piece, 0..60).prop_map(|pieces| pieces.concat());
    prop_oneof![
        vec(any::<u8>(), 0..200),
        pieced.clone(),
        pieced.prop_map(|text| [&b"[a]\n"[..], &text].concat()),
    ]
}

/// Returns valid texts, most of them with entries.
fn valid_texts() -> impl Strategy<Value = Vec<u8>> {
    const LINES: [&str; 9] = [
        "[a]",
        "[b]",
        "k = v",
        "k: \"v\"",
        "l =",
        "k = v\n  more\n  and more",
        "# c",
        "",
        "m=\u{a0}v ",
    ];
    let line = (
        prop::sample::select(&LINES[..]),
        prop::sample::select(&["\n", "\r\n", "\r"][..]),
    );
    let lines = vec(line, 0..20).prop_map(|lines| {
        let lines = lines
            .iter()
            .map(|(line, end)| line.replace('\n', end) + end);
        format!("[a]\n{}", lines.collect::<String>()).into_bytes()
    });
    (lines, any::<bool>()).prop_map(|(mut text, cut)| {
        // Without its final line end.
        while cut && text.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            text.pop();
        }
        text
    })
}

fn opts() -> Vec<Opt> {
    let kinds = [
        OptType::string(),
        OptType::Bool,
        OptType::int(),
        OptType::Float {
            min: None,
            max: None,
        },
        OptType::list(),
        OptType::dict(),
        OptType::port(),
        OptType::Uri,
        OptType::HostAddress { version: None },
        OptType::Ip { version: None },
    ];
    let mut opts: Vec<Opt> = (0..)
        .zip(kinds)
        .map(|(number, kind)| {
            Opt::new("new", format!("o{number}"), kind)
                .with_deprecated("a", "k")
                .with_deprecated("DEFAULT", "k")
        })
        .collect();
    opts.push(Opt::new("a", "k", OptType::string()).multi());
    opts
}

/// Calls every accessor on a text.
fn read_all(text: &[u8]) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(errors) => {
            for error in &errors {
                assert!((1..=text.len() + 1).contains(&error.line()));
                assert!(error.reported_line() >= error.line() && error.column() >= 1);
                assert!(!error.to_string().is_empty() && !error.help().is_empty());
            }
            return;
        }
    };
    let mut seen = 0;
    for section in document.sections() {
        assert!(section.lines().contains(&section.line()));
        assert!((section.line() + 1..=section.lines().end).contains(&section.end_of_content()));
        assert!(!section.name().is_empty() && !section.group().is_empty());
        let _ = section.placeholders().count();
        for entry in section.entries() {
            let key = &text[entry.key_range()];
            assert!(entry.key() == key && !key.is_empty());
            assert!(entry.value_ranges().all(|range| range.end <= text.len()));
            assert_eq!(entry.value_ranges().count(), entry.lines().len());
            assert!(entry.comment_lines().end == entry.line());
            let _ = references(&entry.value());
            seen += 1;
        }
    }
    assert_eq!(document.entries().count(), seen);
    let all = document.byte_range(1..document.line_count() + 1);
    assert_eq!(all, 0..text.len());
    let same = Edit::new(&document).finish().unwrap();
    assert_eq!(&same[..], text);
    let files = [ParsedFile::new("a", document)];
    let opts = opts();
    let config = Config::new(&files, &opts);
    for opt in &opts {
        if let Err(error) = config.setting(opt.name().group(), opt.name().name()) {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Returns the texts of the project's fixtures.
fn fixtures() -> Vec<Vec<u8>> {
    fn below(directory: &Path, found: &mut Vec<Vec<u8>>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    below(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures"),
        &mut found,
    );
    assert!(!found.is_empty());
    found
}

#[derive(Debug, Clone)]
enum Mutation {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Cut(Index),
    Double(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let piece = prop_oneof![
        prop::sample::select(&PIECES[..]).prop_map(<[u8]>::to_vec),
        vec(any::<u8>(), 1..4),
    ];
    prop_oneof![
        (any::<Index>(), piece).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (any::<Index>(), 1..20_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        any::<Index>().prop_map(Mutation::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Double(from, to)),
    ]
}

impl Mutation {
    fn change(&self, text: &mut Vec<u8>) {
        let places = text.len() + 1;
        match self {
            Mutation::Insert(at, piece) => {
                let at = at.index(places);
                text.splice(at..at, piece.iter().copied());
            }
            Mutation::Remove(at, length) => {
                let at = at.index(places);
                text.drain(at..(at + length).min(text.len()));
            }
            Mutation::Cut(at) => text.truncate(at.index(places)),
            Mutation::Double(from, to) => {
                let (from, to) = (from.index(places), to.index(places));
                let piece = text[from..(from + 40).min(text.len())].to_vec();
                text.splice(to..to, piece);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    })]

    #[test]
    fn no_bytes_make_it_panic(text in texts()) {
        read_all(&text);
    }

    #[test]
    fn no_conversion_panics(text in any::<String>()) {
        for opt in opts() {
            let _ = opt.kind().convert(&text);
        }
    }

    #[test]
    fn an_edit_keeps_all_other_bytes(text in valid_texts(), which in any::<Index>()) {
        let document = Document::parse(&text).unwrap();
        let entries: Vec<_> = document.entries().collect();
        prop_assume!(!entries.is_empty());
        let entry = entries[which.index(entries.len())];
        let key = entry.key_range();

        let mut edit = Edit::new(&document);
        edit.rename(entry, "renamed");
        let renamed = edit.finish().unwrap();
        let expected = [&text[..key.start], b"renamed", &text[key.end..]].concat();
        prop_assert_eq!(&renamed[..], &expected[..]);

        let mut edit = Edit::new(&document);
        edit.remove_lines(entry.lines());
        let removed = edit.finish().unwrap();
        let lines = document.byte_range(entry.lines());
        let expected = [&text[..lines.start], &text[lines.end..]].concat();
        prop_assert_eq!(&removed[..], &expected[..]);

        let mut edit = Edit::new(&document);
        edit.insert_lines(entry.line(), "inserted = 1");
        let inserted = edit.finish().unwrap();
        let end = document.line_end();
        let expected = [&text[..lines.start], b"inserted = 1", end, &text[lines.start..]].concat();
        prop_assert_eq!(&inserted[..], &expected[..]);

        // At the end, a missing final line end stays missing.
        let mut edit = Edit::new(&document);
        edit.insert_lines(document.line_count() + 1, "inserted = 1");
        let appended = edit.finish().unwrap();
        prop_assert!(appended.starts_with(&text));
        let closed = |text: &[u8]| text.ends_with(b"\n") || text.ends_with(b"\r");
        prop_assert_eq!(closed(&text), closed(&appended));
        let appended = Document::parse(&appended).unwrap();
        prop_assert_eq!(appended.line_count(), document.line_count() + 1);
    }

    #[test]
    fn each_line_of_an_edited_text_is_traced(
        text in valid_texts(),
        which in any::<(Index, Index)>(),
    ) {
        let document = Document::parse(&text).unwrap();
        let entries: Vec<_> = document.entries().collect();
        prop_assume!(entries.len() > 1);
        let first = which.0.index(entries.len());
        let other = first + 1 + which.1.index(entries.len() - 1);
        let (renamed, removed) = (entries[first], entries[other % entries.len()]);

        let mut edit = Edit::new(&document);
        edit.rename(renamed, "renamed");
        edit.remove_lines(removed.lines());
        edit.insert_lines_from(renamed.line(), "a = 1\nb = 2", vec![Some(removed.line())]);
        let (after, lines) = edit.finish_with_lines().unwrap();
        for line in 1..=after.line_count() {
            let now = after.line_text(line);
            match lines.original(line) {
                None => prop_assert_eq!(now.unwrap(), "b = 2"),
                Some(origin) if now == document.line_text(origin) => {}
                Some(origin) => prop_assert!(
                    origin == renamed.line() && now.unwrap().starts_with(b"renamed")
                        || origin == removed.line() && now.unwrap() == "a = 1"
                ),
            }
        }
        prop_assert_eq!(lines.original(after.line_count() + 1), None);
    }

    /// Compares with `rust-ini`, an independent parser, on simple files without repeated names.
    #[test]
    fn another_parser_reads_the_same_from_simple_files(
        sections in btree_map(
            "[a-z]{1,8}",
            btree_map("[a-z_]{1,8}", "[a-zA-Z0-9/:.]{0,12}", 0..5),
            0..5,
        ),
        spaced in any::<bool>(),
    ) {
        let equals = if spaced { " = " } else { "=" };
        let mut text = String::new();
        for (section, entries) in &sections {
            text += &format!("# about {section}\n[{section}]\n");
            for (key, value) in entries {
                text += &format!("{key}{equals}{value}\n");
            }
        }
        let ours = Document::parse(text.as_bytes()).unwrap();
        let ours: Vec<[String; 3]> = ours
            .entries()
            .map(|entry| {
                let value = entry.value();
                let parts = [entry.section().name(), entry.key(), value.as_ref()];
                parts.map(ToString::to_string)
            })
            .collect();
        let options = ini::ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            ..Default::default()
        };
        let theirs = ini::Ini::load_from_str_opt(&text, options).unwrap();
        let mut others = Vec::new();
        for (section, entries) in &theirs {
            for (key, value) in entries {
                others.push([section.unwrap_or_default(), key, value].map(ToString::to_string));
            }
        }
        prop_assert_eq!(ours, others);
    }
}

#[test]
fn no_damage_to_a_real_file_makes_it_panic() {
    let fixtures = fixtures();
    let damaged = (any::<Index>(), vec(mutation(), 1..6)).prop_map(|(which, mutations)| {
        let mut text = which.get(&fixtures).clone();
        for mutation in mutations {
            mutation.change(&mut text);
        }
        text
    });
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&damaged, |text| {
            read_all(&text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_chain_of_references_ends() {
    let length = 20_000;
    let links: String = (0..length)
        .map(|link| format!("k{link} = $k{}\n", link + 1))
        .collect();
    let text = format!("[DEFAULT]\n{links}");
    let opts: Vec<_> = (0..length)
        .map(|link| Opt::new("DEFAULT", format!("k{link}"), OptType::string()))
        .collect();
    let document = Document::parse(text.as_bytes()).unwrap();
    let files = [ParsedFile::new("a", document)];
    let config = Config::new(&files, &opts);
    assert!(config.setting("DEFAULT", "k0").is_err());
    // The last link does not resolve: looking it up in two groups at each link would take forever.
    assert!(
        config
            .setting("DEFAULT", &format!("k{}", length - 100))
            .is_err()
    );
}
