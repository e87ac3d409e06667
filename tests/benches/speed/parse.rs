//! Parsing 10 MB, next to two other parsers.

use std::hint::black_box;

use criterion::Criterion;
use ini::{Ini, ParseOption};
use ini_roundtrip::{Item, Parser};
use oslo_config::{Document, LineKind};

use crate::table::Table;
use crate::text::configuration;
use crate::turns::{self, Contestant, ratio};

const BYTES: usize = 10_000_000;

/// The minimum number of runs of each parser.
const ROUNDS: usize = 30;

/// Adds the results to the table. Returns `false` without any if arguments left them out.
pub(crate) fn measure(criterion: &mut Criterion, table: &mut Table) -> bool {
    let text = configuration(BYTES);
    let (lines, entries) = (text.lines().count(), count_entries(&text));
    let contestants = contestants(&text);
    let times = turns::run(criterion, "parse 10 MB", ROUNDS, &contestants);
    let [ours, roundtrip, rust_ini] = &times[..] else {
        panic!("three contestants");
    };
    if ours.count() < ROUNDS {
        return false;
    }
    table.section(format!(
        "Parsing {} MB: {lines} lines, {entries} entries; {} rounds",
        text.len() / 1_000_000,
        ours.count()
    ));
    for (contestant, times) in contestants.iter().zip(&times) {
        table.line(&times.row(contestant.name, ours));
    }
    // The best times: parsing only takes the processor, and other load can only add to that.
    let fast = ratio(roundtrip.best(), ours.best());
    let slow = ratio(rust_ini.best(), ours.best());
    table.requirement(
        &format!("at least as fast as ini-roundtrip ({fast:.2} times)"),
        fast >= 1.0,
    );
    table.requirement(
        &format!("at least 5 times as fast as rust-ini ({slow:.1} times)"),
        slow >= 5.0,
    );
    true
}

fn contestants(text: &str) -> [Contestant<'_>; 3] {
    let (lines, entries) = (text.lines().count(), count_entries(text));
    [
        Contestant {
            name: "oslo_config::Document::parse",
            work: Box::new(move || {
                let document = Document::parse(black_box(text.as_bytes())).expect("valid");
                black_box(&document).line_count()
            }),
            found: lines,
        },
        Contestant {
            name: "ini_roundtrip::Parser",
            work: Box::new(move || {
                let items = Parser::new(black_box(text));
                items
                    .filter(|item| !matches!(black_box(item), Item::SectionEnd))
                    .count()
            }),
            found: lines,
        },
        Contestant {
            name: "ini::Ini::load_from_str",
            work: Box::new(move || {
                // Without the features that oslo.config's format does not have.
                let options = ParseOption {
                    enabled_quote: false,
                    enabled_escape: false,
                    ..ParseOption::default()
                };
                let ini = Ini::load_from_str_opt(black_box(text), options).expect("valid");
                let found = ini.iter().map(|(_, properties)| properties.len()).sum();
                black_box(ini);
                found
            }),
            found: entries,
        },
    ]
}

/// Counts the entries, and checks that the other parser finds the same: both do the same work.
fn count_entries(text: &str) -> usize {
    let document = Document::parse(text.as_bytes()).expect("valid");
    let entries = document.entries().count();
    let properties = Parser::new(text).filter(|item| matches!(item, Item::Property { .. }));
    assert_eq!(properties.count(), entries, "ini-roundtrip's entries");
    let comments = |number: &usize| document.line_kind(*number) == Some(LineKind::Comment);
    let ours = (1..=document.line_count()).filter(comments).count();
    let theirs = Parser::new(text).filter(|item| matches!(item, Item::Comment { .. }));
    assert_eq!(theirs.count(), ours, "ini-roundtrip's comments");
    entries
}
