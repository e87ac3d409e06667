//! The real service is the judge: what confmig makes of a configuration is loaded by the release that it was
//! made for.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::cases::Tally;
use crate::files;
use crate::judge::{Judge, Release, releases};
use crate::libraries::of_library;
use crate::made::{Case, Configurations, Kind, holds};
use crate::walk::accepting_all;
use confmig::history::{
    History, Series, Service, all_names, auth_options, built_in_rules, guess, guess_service,
};
use confmig::migrate::Settings;
use oslo_config::{OptName, SourceFile};

/// What is claimed of configurations, which each release judges.
struct Claim<'c> {
    what: &'static str,
    cases: Box<dyn Fn(Release) -> Vec<Case> + Sync + 'c>,
    /// What has to be met on the way.
    seen: &'static [&'static str],
    tally: Tally,
}

/// Of how many older releases one is tried. `JUDGE_EACH=1` tries all, which takes minutes.
const EACH: usize = 6;

fn each() -> usize {
    match std::env::var("JUDGE_EACH") {
        Ok(text) => match text.parse() {
            Ok(each) if each > 0 => each,
            _ => panic!("JUDGE_EACH={text}: expected a number from 1"),
        },
        Err(_) => EACH,
    }
}

/// Options that oslo.config has for itself, and those that keystoneauth has now in every section.
const UNLISTED: [&str; 6] = [
    "config_dir",
    "config_file",
    "config_source",
    "shell_completion",
    "tls_ciphers",
    "tls_min_version",
];

/// What is wrong, and in which cases.
type Wrong = BTreeMap<String, Vec<String>>;

impl<'c> Claim<'c> {
    fn new(
        what: &'static str,
        cases: impl Fn(Release) -> Vec<Case> + Sync + 'c,
        seen: &'static [&'static str],
    ) -> Self {
        Claim {
            what,
            cases: Box::new(cases),
            seen,
            tally: Tally::default(),
        }
    }
}

/// Holds what confmig knows and makes of a service against each release that is installed.
///
/// # Panics
///
/// When a release finds anything wrong, or something that is claimed was never met.
pub fn each_release_reads_what_is_made_for_it(service: Service) {
    let (made, fixtures) = (Configurations::new(service), fixtures(service));
    let all = releases(service);
    let claims = [
        Claim::new(
            "all options of a release are read by every newer one",
            generated(&made, &[Kind::Changed, Kind::Default], Settings::default()),
            &["value", "renamed", "unknown, and told"],
        ),
        Claim::new(
            "all options are read when every rule is followed",
            generated(&made, &[Kind::Changed], accepting_all()),
            &["value", "renamed"],
        ),
        Claim::new(
            "some options of a release are read by every newer one",
            generated(&made, &[Kind::Some(1)], Settings::default()),
            &["value", "renamed", "converted"],
        ),
        Claim::new(
            "options of plugins that nothing chooses are told of",
            generated(&made, &[Kind::WithoutPlugin], Settings::default()),
            &["value", "unknown, and told"],
        ),
        Claim::new(
            "values that a release refuses are told of",
            |release| {
                vec![Case {
                    name: "Refused".into(),
                    text: made.configuration(release.series, Kind::Refused),
                    from: release.series,
                    settings: Settings::default(),
                }]
            },
            &["refused, and told"],
        ),
        Claim::new(
            "fixtures are read",
            |release| written(&fixtures, release),
            &["value", "renamed"],
        ),
        Claim::new(
            "the first release after a rule has what the rule's example promises",
            |release| examples(release, &all),
            match service {
                Service::IRONIC => &["value", "converted"],
                // What its own rules have to say is about options that are gone.
                _ => &["value"],
            },
        ),
    ];
    // The newest first: they have the most to judge.
    let (left, wrong) = (Mutex::new(all.clone()), Mutex::new(Wrong::new()));
    let next = || left.lock().expect("no holder panics").pop();
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(release) = next() {
                    for (why, cases) in judged(release, &claims) {
                        let mut wrong = wrong.lock().expect("no holder panics");
                        wrong.entry(why).or_default().extend(cases);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no holder panics");
    let told: Vec<String> = wrong
        .iter()
        .map(|(why, cases)| format!("{why}\n    {} times, as in {}", cases.len(), cases[0]))
        .collect();
    for claim in &claims {
        println!("{}: {}", claim.what, claim.tally);
    }
    assert!(told.is_empty(), "{} wrong\n{}", told.len(), told.join("\n"));
    for Claim {
        what, seen, tally, ..
    } in &claims
    {
        for kind in *seen {
            assert!(tally.of(kind) > 0, "{what}: no {kind} in {tally}");
        }
    }
}

/// What a release finds wrong.
fn judged(release: Release, claims: &[Claim<'_>]) -> Wrong {
    let started = Instant::now();
    let service = release.series.service();
    let (mut judge, lives) = (Judge::start(release), History::new(service));
    let (options, mut wrong) = history(release, &mut judge, &lives);
    let mut configurations = 0;
    for claim in claims {
        for case in (claim.cases)(release) {
            configurations += 1;
            claim.tally.count("configuration");
            for why in holds(&mut judge, release, &case, &lives, &claim.tally) {
                let cases: &mut Vec<String> = wrong.entry(why).or_default();
                cases.push(format!(
                    "{} to {}, {}",
                    case.from, release.series, case.name
                ));
            }
        }
    }
    println!(
        "{service:?} {} ({}): {options} options, {configurations} configurations, {} wrong, {:.1} s",
        release.version,
        release.series,
        wrong.len(),
        started.elapsed().as_secs_f64()
    );
    wrong
}

/// What confmig knows of a release's own options is what the release registers: how many these are, and
/// what differs.
fn history(release: Release, judge: &mut Judge, lives: &History) -> (usize, Wrong) {
    let registered = judge.options();
    let series = release.series;
    let mut wrong = Wrong::new();
    let mut note = |why| wrong.insert(why, vec![release.version.to_owned()]);
    for option in &registered {
        // The libraries are newer than most releases, and have options that came later.
        let life = lives.of_option(option);
        let span = life.and_then(|life| life.as_option());
        let known = span.is_some_and(|span| span.to >= series);
        let passes = UNLISTED.contains(&option.name())
            || of_library(option, series)
            || of_unknown_plugin(option, lives);
        if !known && !passes {
            note(format!("{option} is not known"));
        }
    }
    for (option, life) in all_names(series.service()) {
        let judged = release.with_libraries || !of_library(&option, series);
        if judged && life.is_option(series) && !registered.contains(&option) {
            note(format!("there is no {option}"));
        }
    }
    (registered.len(), wrong)
}

/// Tells whether an option is that of a plugin, of a service whose plugins are not in the facts.
fn of_unknown_plugin(option: &OptName, lives: &History) -> bool {
    let plugins = |service: Service| {
        let names = ["password", "v2password"].into_iter();
        names.filter_map(move |plugin| auth_options(plugin, service.newest()))
    };
    plugins(lives.service()).next().is_none()
        && lives.of(option.group(), "auth_section").is_some()
        && plugins(Service::IRONIC).any(|plugin| plugin.has(option.name()))
}

/// Configurations of releases that are not newer: the first, some between, the one before, its own.
fn generated<'c>(
    made: &'c Configurations,
    kinds: &'static [Kind],
    settings: Settings,
) -> impl Fn(Release) -> Vec<Case> + Sync + 'c {
    move |release| {
        let own = release.series;
        let apart = own.service().oldest().through(own).step_by(each());
        let older: BTreeSet<Series> = apart.chain(own.before()).chain([own]).collect();
        let pairs = older
            .into_iter()
            .flat_map(|from| kinds.iter().map(move |kind| (from, *kind)));
        let case = |(from, kind)| Case {
            name: format!("{kind:?}"),
            text: made.configuration(from, kind),
            from,
            settings: settings.clone(),
        };
        pairs.map(case).collect()
    }
}

/// The names and texts of all files of a service that parse.
fn fixtures(service: Service) -> Vec<(String, String)> {
    let read = |path: std::path::PathBuf| {
        let (name, text) = (
            path.display().to_string(),
            std::fs::read_to_string(&path).ok()?,
        );
        let file = source(&name, &text);
        let is_known = file.parse().is_ok() && guess_service(&[file]) == service;
        is_known.then_some((name, text))
    };
    files::fixtures().into_iter().filter_map(read).collect()
}

/// For the newest release only: they are many.
fn written(fixtures: &[(String, String)], release: Release) -> Vec<Case> {
    let service = release.series.service();
    if release.series != service.newest() {
        return Vec::new();
    }
    let lives = History::new(service);
    let case = |(name, text): &(String, String)| {
        let file = source(name, text);
        let from = guess(&[file.parse().expect("it parsed before")], &lives).series;
        Case {
            name: name.clone(),
            text: text.clone(),
            from: from.min(release.series),
            settings: Settings::default(),
        }
    };
    fixtures.iter().map(case).collect()
}

fn source(name: &str, text: &str) -> SourceFile {
    SourceFile {
        path: name.into(),
        text: text.to_owned().into_bytes(),
    }
}

/// The examples of the rules that no release before this one has judged.
fn examples(release: Release, all: &[Release]) -> Vec<Case> {
    let mut cases = Vec::new();
    for built_in in built_in_rules(release.series.service()) {
        let first = all.iter().find(|judge| judge.series >= built_in.last);
        let Some(rule) = built_in.rule().filter(|_| first == Some(&release)) else {
            continue;
        };
        let from = built_in.last.before().unwrap_or(built_in.last);
        cases.extend(rule.example.iter().map(|example| Case {
            name: format!("the example of {}", rule.id),
            text: example.before.clone(),
            from,
            settings: Settings {
                accept_rules: [rule.id.clone()].into(),
                ..Settings::default()
            },
        }));
    }
    cases
}
