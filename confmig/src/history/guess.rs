//! Guesses which release a set of files was written for.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{Entry, OptName, ParsedFile, SourceFile};

use super::installed::{is_installed, named_by};
use super::names::History;
use super::series::Series;
use super::service::Service;

/// The releases that a set of files may have been written for, by the names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The oldest of the candidates.
    pub series: Series,
    /// The releases that know most of what is set, oldest first.
    pub candidates: Vec<Series>,
    /// How reliable the guess is.
    pub confidence: Confidence,
    /// The reason: what older and newer releases do not know.
    pub why: String,
}

/// How reliable a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// No other release knows everything that is set.
    Certain,
    /// All candidates know everything that is set.
    Likely,
    /// No release knows everything that is set.
    Unsure,
}

impl Confidence {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Unsure => "unsure",
        }
    }
}

/// Returns releases as runs: `kilo to mitaka, train`.
#[must_use]
pub fn in_runs(releases: &[Series]) -> String {
    let mut runs: Vec<(Series, Series)> = Vec::new();
    for series in releases {
        match runs.last_mut() {
            Some((_, last)) if last.after() == Some(*series) => *last = *series,
            _ => runs.push((*series, *series)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// Something that is set, and the releases that know it.
struct Evidence {
    what: String,
    /// One bit for each release.
    known: u32,
}

impl Evidence {
    fn is_known(&self, series: Series) -> bool {
        self.known & 1 << series.number() != 0
    }
}

/// Guesses which service files are for: the one that a file is named after, or the one that knows
/// most of the names in them.
#[must_use]
pub fn guess_service(files: &[SourceFile]) -> Service {
    let is_named_after = |service: &Service| {
        let mut stems = files.iter().filter_map(|file| file.path.file_stem());
        stems.any(|stem| stem == service.id())
    };
    if let Some(service) = Service::all().find(is_named_after) {
        return service;
    }
    let parsed = files.iter().filter_map(|file| file.parse().ok());
    let parsed: Vec<ParsedFile<'_>> = parsed.collect();
    let entries = || parsed.iter().flat_map(|file| file.document.entries());
    let all = entries().count();
    let mut most = (0, Service::IRONIC);
    for service in Service::all() {
        let names = service.known_names();
        let is_known = |entry: &Entry<'_, '_>| {
            let (group, key) = (entry.group().to_str(), entry.key().to_str());
            group.is_ok_and(|group| key.is_ok_and(|key| names.has(group, key)))
        };
        let known = entries().filter(is_known).count();
        if known > most.0 {
            most = (known, service);
        }
        if known == all {
            break;
        }
    }
    most.1
}

/// Guesses which release a set of files was written for.
#[must_use]
pub fn guess(files: &[ParsedFile<'_>], history: &History) -> Guess {
    let (service, evidence) = (history.service(), evidence(files, history));
    let count = |series: Series| {
        let known = evidence.iter().filter(|it| it.is_known(series));
        known.count()
    };
    let most = service.releases().map(count).max().unwrap_or_default();
    let best: Vec<Series> = service
        .releases()
        .filter(|series| count(*series) == most)
        .collect();
    let series = best.first().copied().unwrap_or(service.newest());
    let confidence = if most < evidence.len() {
        Confidence::Unsure
    } else if best.len() == 1 {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    Guess {
        why: why(&evidence, &best),
        series,
        candidates: best,
        confidence,
    }
}

fn why(evidence: &[Evidence], best: &[Series]) -> String {
    let (Some(first), Some(last)) = (best.first(), best.last()) else {
        return "nothing that is set tells".to_owned();
    };
    let lacks = |other: Option<Series>, here: Series| {
        let other = other?;
        let mut lacking = evidence.iter().filter(|it| !it.is_known(other));
        let known_here = lacking.find(|it| it.is_known(here))?;
        Some((other, known_here.what.as_str()))
    };
    let mut reasons = Vec::new();
    if let Some((newer, what)) = lacks(last.after(), *last) {
        reasons.push(format!("{newer} does not know {what}"));
    }
    if let Some((older, what)) = lacks(first.before(), *first) {
        reasons.push(format!("{older} does not know {what}"));
    }
    if let Some(unknown) = evidence.iter().find(|it| !it.is_known(*last)) {
        reasons.push(format!("but {last} does not know {} either", unknown.what));
    }
    if reasons.is_empty() {
        "every release knows all names that are set".to_owned()
    } else {
        reasons.join(", ")
    }
}

/// Collects the names that are set, the installed things that values name, and the sections.
fn evidence(files: &[ParsedFile<'_>], history: &History) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let mut evidence = Vec::new();
    let bits = |holds: &dyn Fn(Series) -> bool| {
        history
            .service()
            .releases()
            .filter(|series| holds(*series))
            .fold(0, |bits, series| bits | 1_u32 << series.number())
    };
    for entry in files.iter().flat_map(|file| file.document.entries()) {
        let (group, key) = (entry.group(), entry.key());
        let (Ok(group), Ok(key)) = (std::str::from_utf8(group), std::str::from_utf8(key)) else {
            continue;
        };
        let name = OptName::new(group, key);
        let Some(of_name) = history.of(group, key) else {
            continue;
        };
        if seen.insert((name.clone(), String::new())) {
            let known = bits(&|series| of_name.is_read(series));
            evidence.push(Evidence {
                what: name.to_string(),
                known,
            });
        }
        if named_by(history.service(), group, key) {
            let value = entry.value();
            let value = String::from_utf8_lossy(&value);
            for item in value.split([',', '\n']).map(str::trim) {
                let known = bits(&|series| is_installed(group, key, item, series) == Some(true));
                if known != 0 && seen.insert((name.clone(), item.to_owned())) {
                    evidence.push(Evidence {
                        what: format!("{item} in {name}"),
                        known,
                    });
                }
            }
        }
    }
    // A file that a tool made has the sections of its release, empty or not.
    let headers = files.iter().flat_map(|file| file.document.sections());
    let groups: BTreeSet<String> = headers
        .filter_map(|section| Some(std::str::from_utf8(section.group()).ok()?.to_owned()))
        .filter(|group| history.has_group(group))
        .collect();
    evidence.extend(groups.into_iter().map(|group| Evidence {
        known: releases_of_group(&group, history),
        what: format!("the section [{group}]"),
    }));
    evidence
}

/// Returns a bit for each release that reads any name of a group.
fn releases_of_group(group: &str, history: &History) -> u32 {
    let names = history.service().known_names().names_in(group);
    let histories = names.filter_map(|name| history.of(group, name));
    histories.fold(0, |bits, of_name| {
        let releases = history.service().releases();
        let read = releases.filter(|series| of_name.is_read(*series));
        read.fold(bits, |bits, series| bits | 1_u32 << series.number())
    })
}
