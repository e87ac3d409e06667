//! Migrations, which prove themselves: they are made, or refused for a reason of the text's.

use confmig::migrate::Migration;
use confmig::pack::Pack;

use crate::{file_of, migrate_by};

/// Migrates a text twice: the second time must change nothing.
fn settles(text: &[u8], pack: &Pack, keep_old: bool) {
    let file = file_of(text);
    let Ok(parsed) = file.parse() else { return };
    let once = made(&[parsed], pack, keep_old);
    let after = file_of(&once.files[0].after);
    assert_eq!(
        once.is_empty(),
        after.text == text,
        "a change that changes nothing"
    );
    let parsed = after.parse().unwrap();
    let twice = made(&[parsed], pack, keep_old);
    assert!(
        twice.is_empty(),
        "changes again: {:?}",
        twice.files[0].changes
    );
}

fn made(parsed: &[oslo_config::ParsedFile<'_>], pack: &Pack, keep_old: bool) -> Migration {
    migrate_by(parsed, pack, keep_old).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn migrations_settle() {
    let packs = Pack::built_in().map(|name| Pack::load(name).unwrap());
    let packs: Vec<Pack> = packs.collect();
    bolero::check!().for_each(|text: &[u8]| {
        for pack in &packs {
            settles(text, pack, false);
            settles(text, pack, true);
        }
    });
}
