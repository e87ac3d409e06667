//! Checks that migrations keep every value as the real oslo.config reads it before and after.
//!
//! The kinds of generated services are those of [`ServiceKind`], those of rule packs of
//! [`RuleKind`], and those of configurations of Ironic of [`ReleaseKind`].

#![allow(clippy::expect_used, clippy::print_stdout)]

use confmig::pack::Pack;
use tests::cases::{self, Tally};
use tests::generate::{self, Given, RuleKind, ServiceKind, Set};
use tests::oracle::Oracle;
use tests::releases::{self, ReleaseKind};
use tests::{files, migration, pins};

#[test]
fn generated_sets_keep_their_meaning() {
    let tally = cases::run("migrations", generate::sets, |oracle, set, tally| {
        migration::holds(oracle, set, false, tally)
    });
    tally.assert_seen(&[
        "migrated",
        "rename",
        "move",
        "drop",
        "reference",
        "decision",
    ]);
}

#[test]
fn generated_sets_keep_their_meaning_with_the_old_names_kept() {
    let tally = cases::run(
        "migrations, old names kept",
        generate::sets,
        |oracle, set, tally| migration::holds(oracle, set, true, tally),
    );
    tally.assert_seen(&["migrated", "copy"]);
}

/// Migrates services of every kind.
fn services_keep_their_meaning(name: &str, given: Given, keep_old: bool) {
    let tally = cases::run(
        name,
        || generate::services(given),
        |oracle, service, tally| migration::service_holds(oracle, service, keep_old, tally),
    );
    let kinds: Vec<_> = given.kinds().into_iter().map(ServiceKind::name).collect();
    tally.assert_seen(&kinds);
    tally.assert_seen(&["migrated", "decision"]);
}

#[test]
fn by_a_schema() {
    services_keep_their_meaning("by a schema", Given::Schema, false);
}

#[test]
fn by_a_schema_with_the_old_names_kept() {
    services_keep_their_meaning("by a schema, old names kept", Given::Schema, true);
}

#[test]
fn from_schema_to_schema() {
    services_keep_their_meaning("from schema to schema", Given::Schemas, false);
}

#[test]
fn from_schema_to_schema_with_the_old_names_kept() {
    services_keep_their_meaning(
        "from schema to schema, old names kept",
        Given::Schemas,
        true,
    );
}

#[test]
fn by_a_pack() {
    services_keep_their_meaning("by a pack", Given::Pack, false);
}

#[test]
fn by_a_pack_with_the_old_names_kept() {
    services_keep_their_meaning("by a pack, old names kept", Given::Pack, true);
}

#[test]
fn by_a_pack_in_toml() {
    services_keep_their_meaning("by a pack in TOML", Given::Toml, false);
}

#[test]
fn by_a_pack_in_toml_with_the_old_names_kept() {
    services_keep_their_meaning("by a pack in TOML, old names kept", Given::Toml, true);
}

/// Applies rule packs of every kind.
fn rules_hold(name: &str, keep_old: bool) {
    let tally = cases::run(name, generate::rule_cases, |oracle, case, tally| {
        migration::rules_hold(oracle, case, keep_old, tally)
    });
    tally.assert_seen(&RuleKind::ALL.map(RuleKind::name));
    tally.assert_seen(if keep_old {
        &["copy", "decision"]
    } else {
        &["convert", "remove", "decision"]
    });
}

#[test]
fn by_rules() {
    rules_hold("by rules", false);
}

#[test]
fn by_rules_with_the_old_names_kept() {
    rules_hold("by rules, old names kept", true);
}

/// Migrates between releases of Ironic.
fn releases_keep_their_meaning(name: &str, keep_old: bool) {
    let tally = cases::run(name, releases::release_cases, |oracle, case, tally| {
        releases::holds(oracle, case, keep_old, tally)
    });
    tally.assert_seen(&ReleaseKind::ALL.map(ReleaseKind::name));
}

#[test]
fn from_release_to_release() {
    releases_keep_their_meaning("from release to release", false);
}

#[test]
fn from_release_to_release_with_the_old_names_kept() {
    releases_keep_their_meaning("from release to release, old names kept", true);
}

#[test]
fn pinned_defaults_are_read_as_before() {
    let tally = cases::run("pinned defaults", pins::pin_cases, pins::holds);
    tally.assert_seen(&["pinned", "not pinned", "multi-valued", "reference"]);
}

/// Migrates single files by every built-in pack.
fn migrate_files(paths: &[std::path::PathBuf]) -> Tally {
    let (mut oracle, tally) = (Oracle::start(), Tally::default());
    let mut failed = Vec::new();
    for path in paths {
        let text = std::fs::read(path).expect("a file that can be read");
        let Some(mut set) = Set::of_file(&text) else {
            continue;
        };
        for name in Pack::built_in() {
            let pack = Pack::load(name).expect("a built-in pack");
            set.opts = pack.opts.clone();
            set.opts.extend(oslo_opts(&set, &pack));
            for keep_old in [false, true] {
                if let Err(why) = migration::holds(&mut oracle, &set, keep_old, &tally) {
                    failed.push(format!("{} ({name}): {why}", path.display()));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} files: {tally}", paths.len());
    tally
}

/// Returns a string option for each name that is set.
fn oslo_opts(set: &Set, pack: &Pack) -> Vec<oslo_config::Opt> {
    let files: Vec<_> = set
        .files()
        .iter()
        .map(|file| oslo_config::SourceFile {
            path: file.name.clone().into(),
            text: file.text.clone(),
        })
        .collect();
    let parsed: Vec<_> = files.iter().filter_map(|file| file.parse().ok()).collect();
    oslo_config::opts_as_set(&parsed, &pack.opts)
}

#[test]
fn fixtures_keep_their_meaning() {
    let tally = migrate_files(&files::fixtures());
    tally.assert_seen(&["migrated", "rename", "move", "copy", "drop", "reference"]);
}

#[test]
fn real_files_keep_their_meaning() {
    migrate_files(&files::corpus());
}
