//! Loads configurations that confmig migrated into each installed release of a service.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::cases::Tally;
use crate::configurations::{ConfigurationCase, Configurations, Selection, violations};
use crate::files;
use crate::libraries::of_library;
use crate::real_service::{InstalledRelease, RealService, installed_releases};
use crate::upgrade::accepting_all;
use confmig::history::{
    History, Series, Service, all_names, auth_options, built_in_rules, guess, guess_service,
};
use confmig::migrate::Settings;
use oslo_config::{OptName, SourceFile};

/// A statement about configurations that each release checks.
struct Claim<'c> {
    statement: &'static str,
    cases: Box<dyn Fn(InstalledRelease) -> Vec<ConfigurationCase> + Sync + 'c>,
    /// The things that the tally must have counted in the end.
    seen: &'static [&'static str],
    tally: Tally,
}

/// Every how many older releases one is tried. `RELEASE_STRIDE=1` tries all, which takes minutes.
const STRIDE: usize = 6;

fn stride() -> usize {
    match std::env::var("RELEASE_STRIDE") {
        Ok(text) => match text.parse() {
            Ok(stride) if stride > 0 => stride,
            _ => panic!("RELEASE_STRIDE={text}: expected a number greater than 0"),
        },
        Err(_) => STRIDE,
    }
}

/// Options of oslo.config itself, and those that keystoneauth now has in every section.
const UNLISTED: [&str; 6] = [
    "config_dir",
    "config_file",
    "config_source",
    "shell_completion",
    "tls_ciphers",
    "tls_min_version",
];

/// Violations, and the cases that show each.
type Violations = BTreeMap<String, Vec<String>>;

impl<'c> Claim<'c> {
    fn new(
        statement: &'static str,
        cases: impl Fn(InstalledRelease) -> Vec<ConfigurationCase> + Sync + 'c,
        seen: &'static [&'static str],
    ) -> Self {
        Claim {
            statement,
            cases: Box::new(cases),
            seen,
            tally: Tally::default(),
        }
    }
}

/// Returns what must hold for each release.
fn claims<'c>(
    configurations: &'c Configurations,
    fixtures: &'c [(String, String)],
    all: &'c [InstalledRelease],
) -> [Claim<'c>; 7] {
    [
        Claim::new(
            "all options of a release are read by every newer one",
            generated(
                configurations,
                &[Selection::Changed, Selection::Default],
                Settings::default(),
            ),
            &["value", "renamed", "reported unknown option"],
        ),
        Claim::new(
            "all options are read when every rule is followed",
            generated(configurations, &[Selection::Changed], accepting_all()),
            &["value", "renamed"],
        ),
        Claim::new(
            "some options of a release are read by every newer one",
            generated(configurations, &[Selection::Some(1)], Settings::default()),
            &["value", "renamed", "converted"],
        ),
        Claim::new(
            "options of plugins that are not chosen are reported",
            generated(
                configurations,
                &[Selection::WithoutPlugin],
                Settings::default(),
            ),
            &["value", "reported unknown option"],
        ),
        Claim::new(
            "values that a release refuses are reported",
            |release| {
                vec![ConfigurationCase {
                    name: "Refused".into(),
                    text: configurations.configuration(release.series, Selection::Refused),
                    from: release.series,
                    settings: Settings::default(),
                }]
            },
            &["reported refusal"],
        ),
        Claim::new(
            "fixtures are read",
            |release| written(fixtures, release),
            &["value", "renamed"],
        ),
        Claim::new(
            "the first release after a rule reads what the rule's example promises",
            |release| examples(release, all),
            match all[0].series.service() {
                Service::IRONIC => &["value", "converted"],
                // Its own rules are about options that were removed.
                _ => &["value"],
            },
        ),
    ]
}

/// Checks what confmig knows about a service and the configurations that it migrates against each
/// installed release.
///
/// # Panics
///
/// Panics if there is a violation, or if a claim was never put to the test.
pub fn each_release_reads_what_is_migrated_to_it(service: Service) {
    let (configurations, fixtures) = (Configurations::new(service), fixtures(service));
    let all = installed_releases(service);
    let claims = claims(&configurations, &fixtures, &all);
    let found = check_releases(&all, &claims);
    let messages: Vec<String> = found
        .iter()
        .map(|(why, cases)| format!("{why}\n    {} times, as in {}", cases.len(), cases[0]))
        .collect();
    for claim in &claims {
        println!("{}: {}", claim.statement, claim.tally);
    }
    assert!(
        messages.is_empty(),
        "{} violations\n{}",
        messages.len(),
        messages.join("\n")
    );
    for Claim {
        statement,
        seen,
        tally,
        ..
    } in &claims
    {
        for kind in *seen {
            assert!(tally.of(kind) > 0, "{statement}: no {kind} in {tally}");
        }
    }
}

/// Returns the violations that any release finds.
fn check_releases(releases: &[InstalledRelease], claims: &[Claim<'_>]) -> Violations {
    // The newest first, since they take the longest.
    let (left, found) = (Mutex::new(releases.to_vec()), Mutex::new(Violations::new()));
    let next = || left.lock().expect("no holder panics").pop();
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(release) = next() {
                    for (why, cases) in check_release(release, claims) {
                        let mut found = found.lock().expect("no holder panics");
                        found.entry(why).or_default().extend(cases);
                    }
                }
            });
        }
    });
    found.into_inner().expect("no holder panics")
}

/// Returns the violations that a release finds.
fn check_release(release: InstalledRelease, claims: &[Claim<'_>]) -> Violations {
    let started = Instant::now();
    let service = release.series.service();
    let (mut real, history) = (RealService::start(release), History::new(service));
    let (options, mut found) = check_history(release, &mut real, &history);
    let mut configurations = 0;
    for claim in claims {
        for case in (claim.cases)(release) {
            configurations += 1;
            claim.tally.count("configuration");
            for why in violations(&mut real, release, &case, &history, &claim.tally) {
                let cases: &mut Vec<String> = found.entry(why).or_default();
                cases.push(format!(
                    "{} to {}, {}",
                    case.from, release.series, case.name
                ));
            }
        }
    }
    println!(
        "{service:?} {} ({}): {options} options, {configurations} configurations, {} violations, \
         {:.1} s",
        release.version,
        release.series,
        found.len(),
        started.elapsed().as_secs_f64()
    );
    found
}

/// Compares the history of a release's own options with those that the release registers. Returns
/// their number and the differences.
fn check_history(
    release: InstalledRelease,
    real: &mut RealService,
    history: &History,
) -> (usize, Violations) {
    let registered = real.options();
    let series = release.series;
    let mut found = Violations::new();
    let mut note = |why| found.insert(why, vec![release.version.to_owned()]);
    for option in &registered {
        // The installed libraries are newer than most releases and have newer options.
        let name_history = history.of_option(option);
        let span = name_history.and_then(|name_history| name_history.as_option());
        let known = span.is_some_and(|range| range.to >= series);
        let is_excluded = UNLISTED.contains(&option.name())
            || of_library(option, series)
            || of_unknown_plugin(option, history);
        if !known && !is_excluded {
            note(format!("{option} is not known"));
        }
    }
    for (option, name_history) in all_names(series.service()) {
        let is_reliable = release.with_libraries || !of_library(&option, series);
        if is_reliable && name_history.is_option(series) && !registered.contains(&option) {
            note(format!("there is no {option}"));
        }
    }
    (registered.len(), found)
}

/// Tells whether an option is that of a plugin of a service whose plugins are not in the history.
fn of_unknown_plugin(option: &OptName, history: &History) -> bool {
    let plugins = |service: Service| {
        let names = ["password", "v2password"].into_iter();
        names.filter_map(move |plugin| auth_options(plugin, service.newest()))
    };
    plugins(history.service()).next().is_none()
        && history.of(option.group(), "auth_section").is_some()
        && plugins(Service::IRONIC).any(|plugin| plugin.has(option.name()))
}

/// Generates configurations of the first release, some later ones, the previous one and its own.
fn generated<'c>(
    configurations: &'c Configurations,
    selections: &'static [Selection],
    settings: Settings,
) -> impl Fn(InstalledRelease) -> Vec<ConfigurationCase> + Sync + 'c {
    move |release| {
        let own = release.series;
        let apart = own.service().oldest().through(own).step_by(stride());
        let older: BTreeSet<Series> = apart.chain(own.before()).chain([own]).collect();
        let pairs = older
            .into_iter()
            .flat_map(|from| selections.iter().map(move |selection| (from, *selection)));
        let case = |(from, selection)| ConfigurationCase {
            name: format!("{selection:?}"),
            text: configurations.configuration(from, selection),
            from,
            settings: settings.clone(),
        };
        pairs.map(case).collect()
    }
}

/// Returns the names and texts of the configurations of a service that parse: of the fixtures, and
/// of those of others.
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
    let files = files::fixtures().into_iter().chain(files::corpus());
    files.filter_map(read).collect()
}

/// For the newest release only: they are many.
fn written(fixtures: &[(String, String)], release: InstalledRelease) -> Vec<ConfigurationCase> {
    let service = release.series.service();
    if release.series != service.newest() {
        return Vec::new();
    }
    let history = History::new(service);
    let case = |(name, text): &(String, String)| {
        let file = source(name, text);
        let from = guess(&[file.parse().expect("it parsed before")], &history).series;
        ConfigurationCase {
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

/// Returns the examples of rules for which this is the first installed release.
fn examples(release: InstalledRelease, all: &[InstalledRelease]) -> Vec<ConfigurationCase> {
    let mut cases = Vec::new();
    for built_in in built_in_rules(release.series.service()) {
        let first = all
            .iter()
            .find(|installed| installed.series >= built_in.last);
        let Some(rule) = built_in.rule().filter(|_| first == Some(&release)) else {
            continue;
        };
        let from = built_in.last.before().unwrap_or(built_in.last);
        cases.extend(rule.example.iter().map(|example| ConfigurationCase {
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
