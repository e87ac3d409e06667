//! Which release a file was written for.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use oslo_config::{Entry, OptName, ParsedFile, SourceFile};

use super::values::{is_installed, named_by};
use super::{Lives, Series, Service};

/// Which release a set of files was written for, by the names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The release: the newest of those that know most of what is set.
    pub series: Series,
    /// How certain the guess is.
    pub confidence: Confidence,
    /// Why: what older and newer releases do not know, in words.
    pub why: String,
}

/// How certain a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// No other release knows everything that is set.
    Certain,
    /// This one knows everything; some older ones do, too.
    Likely,
    /// No release knows everything that is set.
    Unsure,
}

impl Confidence {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Unsure => "unsure",
        }
    }
}

/// A name or value that is set, and the releases that know it, as one bit each.
struct Evidence {
    what: String,
    known: u32,
}

/// Guesses which service files are for: the one that a file is named after, or that knows most names in them.
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
    let known = |service: &Service| {
        let entries = parsed.iter().flat_map(|file| file.document.entries());
        let is_known = |entry: &Entry<'_, '_>| {
            let (group, key) = (entry.group(), entry.key());
            let group = std::str::from_utf8(&group);
            let name = group.and_then(|group| Ok((group, std::str::from_utf8(key)?)));
            name.is_ok_and(|(group, key)| service.known_names().has(group, key))
        };
        // Of several that know as many, the last is taken: that is Ironic, the first of all.
        (entries.filter(is_known).count(), Reverse(*service))
    };
    Service::all().max_by_key(known).unwrap_or(Service::IRONIC)
}

/// Guesses which release a set of files was written for.
#[must_use]
pub fn guess(files: &[ParsedFile<'_>], lives: &Lives) -> Guess {
    let (service, evidence) = (lives.service(), evidence(files, lives));
    let count = |series: Series| {
        evidence
            .iter()
            .filter(|item| item.known & 1 << series.number() != 0)
            .count()
    };
    let most = service.releases().map(count).max().unwrap_or_default();
    let best: Vec<Series> = service
        .releases()
        .filter(|series| count(*series) == most)
        .collect();
    let series = best.last().copied().unwrap_or(service.newest());
    let confidence = if most < evidence.len() {
        Confidence::Unsure
    } else if best.len() == 1 {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    Guess {
        series,
        confidence,
        why: why(&evidence, series, &best),
    }
}

fn why(evidence: &[Evidence], series: Series, best: &[Series]) -> String {
    let lacks = |series: Option<Series>| {
        let series = series?;
        let lacking = evidence
            .iter()
            .filter(|item| item.known & 1 << series.number() == 0);
        let here = lacking
            .filter(|item| item.known & 1 << best.last().map_or(0, |best| best.number()) != 0);
        Some((series, here.map(|item| item.what.as_str()).next()?))
    };
    let mut reasons = Vec::new();
    if let Some((newer, what)) = lacks(series.after()) {
        reasons.push(format!("{newer} does not know {what}"));
    }
    if let Some((older, what)) = lacks(best.first().and_then(|first| first.before())) {
        reasons.push(format!("{older} does not know {what}"));
    }
    if let Some(never) = evidence
        .iter()
        .find(|item| item.known & 1 << series.number() == 0)
    {
        reasons.push(format!("but neither does {series} know {}", never.what));
    }
    if reasons.is_empty() {
        "every release knows what is set".to_owned()
    } else {
        reasons.join(", ")
    }
}

fn evidence(files: &[ParsedFile<'_>], lives: &Lives) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let mut evidence = Vec::new();
    let bits = |holds: &dyn Fn(Series) -> bool| {
        lives
            .service()
            .releases()
            .filter(|series| holds(*series))
            .fold(0, |bits, series| bits | 1_u32 << series.number())
    };
    for entry in files.iter().flat_map(|file| file.document.entries()) {
        let (group, key) = (entry.group(), entry.key());
        let (Ok(group), Ok(key)) = (std::str::from_utf8(&group), std::str::from_utf8(key)) else {
            continue;
        };
        let name = OptName::new(group, key);
        let Some(life) = lives.of(group, key) else {
            continue;
        };
        if seen.insert((name.clone(), String::new())) {
            let known = bits(&|series| life.is_read(series));
            evidence.push(Evidence {
                what: name.to_string(),
                known,
            });
        }
        if named_by(lives.service(), group, key) {
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
    evidence
}
