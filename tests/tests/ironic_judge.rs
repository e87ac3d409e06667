//! The real Ironic is the judge: what confmig makes of a configuration is loaded by the release that it
//! was made for.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use confmig::migrate::Settings;
use confmig::release::{Lives, Series, built_in_rules, guess};
use oslo_config::SourceFile;
use tests::cases::Tally;
use tests::files;
use tests::ironic::{Ironic, Kind};
use tests::judge::{Judge, Release, releases};
use tests::judged::{Case, holds};

/// Follows every rule that asks for a decision.
fn accepting_all() -> Settings {
    Settings {
        accept_rules: built_in_rules()
            .filter_map(|rule| rule.rule())
            .map(|rule| rule.id)
            .collect(),
        ..Settings::default()
    }
}

/// Has every release judge its cases, all at the same time.
fn judged(what: &str, cases: &(dyn Fn(Release) -> Vec<Case> + Sync), seen: &[&str]) {
    let (failed, tally) = (Mutex::new(Vec::new()), Tally::default());
    thread::scope(|scope| {
        for release in releases() {
            let (failed, tally) = (&failed, &tally);
            scope.spawn(move || {
                let (mut judge, lives) = (Judge::start(release), Lives::default());
                for case in cases(release) {
                    tally.count("configuration");
                    let wrong = holds(&mut judge, release, &case, &lives, tally);
                    failed.lock().expect("no holder panics").extend(wrong);
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no holder panics");
    let distinct: BTreeSet<&String> = failed.iter().collect();
    let shown: Vec<&str> = distinct.iter().map(|why| why.as_str()).collect();
    assert!(
        failed.is_empty(),
        "{what}: {} wrong, {tally}\n{}",
        failed.len(),
        shown.join("\n")
    );
    println!("{what}: {tally}");
    for kind in seen {
        assert!(tally.of(kind) > 0, "{what}: no {kind} in {tally}");
    }
}

/// From every older release to each that judges.
fn generated(kinds: &'static [Kind], settings: &Settings) -> impl Fn(Release) -> Vec<Case> + Sync {
    let ironic = Ironic::default();
    let settings = settings.clone();
    move |release| {
        let older = Series::all().take_while(|series| *series <= release.series);
        let pairs = older.flat_map(|from| kinds.iter().map(move |kind| (from, *kind)));
        let case = |(from, kind)| Case {
            name: format!("{kind:?}"),
            text: ironic.configuration(from, kind),
            from,
            settings: settings.clone(),
        };
        pairs.map(case).collect()
    }
}

#[test]
fn all_options_of_a_release_are_read_by_every_newer_one() {
    judged(
        "all options",
        &generated(&[Kind::Changed, Kind::Default], &Settings::default()),
        &["value", "renamed", "unknown, and told"],
    );
}

#[test]
fn all_options_are_read_when_every_rule_is_followed() {
    judged(
        "all options, every rule followed",
        &generated(&[Kind::Changed, Kind::Default], &accepting_all()),
        &["value", "renamed"],
    );
}

#[test]
fn some_options_of_a_release_are_read_by_every_newer_one() {
    judged(
        "some options",
        &generated(&[Kind::Some(1), Kind::Some(2)], &Settings::default()),
        &["value", "renamed", "converted"],
    );
}

#[test]
fn fixtures_are_read() {
    let fixtures: Vec<(String, String)> = files::fixtures()
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            let file = SourceFile {
                path: path.clone(),
                text: text.clone().into_bytes(),
            };
            file.parse().ok()?;
            Some((path.display().to_string(), text))
        })
        .collect();
    let cases = |release: Release| {
        let lives = Lives::default();
        let case = |(name, text): &(String, String)| {
            let file = SourceFile {
                path: name.into(),
                text: text.clone().into_bytes(),
            };
            let from = guess(&[file.parse().expect("it parsed before")], &lives).series;
            Case {
                name: name.clone(),
                text: text.clone(),
                from: from.min(release.series),
                settings: Settings::default(),
            }
        };
        fixtures.iter().map(case).collect()
    };
    judged("fixtures", &cases, &["value", "renamed"]);
}

/// What a rule's example promises is what the first release after the rule has.
#[test]
fn releases_read_what_the_rules_promise() {
    let all = releases();
    let cases = |release: Release| {
        let mut cases = Vec::new();
        for built_in in built_in_rules() {
            let first = all.iter().find(|judge| judge.series >= built_in.last);
            let Some(rule) = built_in.rule() else {
                continue;
            };
            if first != Some(&release) {
                continue;
            }
            let from = built_in.last.before().unwrap_or(built_in.last);
            for example in &rule.example {
                cases.push(Case {
                    name: format!("the example of {}", rule.id),
                    text: example.before.clone(),
                    from,
                    settings: Settings {
                        accept_rules: [rule.id.clone()].into(),
                        ..Settings::default()
                    },
                });
            }
        }
        cases
    };
    judged("examples", &cases, &["value", "converted"]);
}

/// What confmig knows of a release's own options is what the release registers.
#[test]
fn the_history_is_that_of_the_releases() {
    let mut wrong = Vec::new();
    for release in releases() {
        let lives = Lives::default();
        let registered = Judge::start(release).options();
        assert!(
            registered.len() > 200,
            "{} has {}",
            release.version,
            registered.len()
        );
        for option in &registered {
            let known = lives.of_option(option);
            if !known.is_some_and(|life| life.is_option(release.series)) {
                wrong.push(format!("{}: {option} is not known", release.version));
            }
        }
        for (option, life) in confmig::release::all_names() {
            let own = life
                .definition(release.series)
                .is_some_and(|definition| release.with_libraries || !definition.of_library);
            if own && !registered.contains(&option) {
                wrong.push(format!("{}: there is no {option}", release.version));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
