//! Whether it matters which of several releases files were written for.

use bstr::BString;
use oslo_config::{OptName, ParsedFile};

use super::{MigrateError, Migration, Route, Settings, migrate};
use crate::diagnostic::Code;
use crate::history::{History, ReleaseRange, Series};
use crate::pack::Pack;

/// What a migration results in: the new texts, and the options that are left to decide, each with
/// the rule. Advice is no part of it.
#[derive(PartialEq, Eq)]
struct Outcome(Vec<BString>, Vec<(OptName, Option<String>)>);

impl Outcome {
    fn of(migration: Migration) -> Self {
        let decisions = migration.decisions.into_iter();
        let decisions = decisions.filter(|decision| decision.code != Code::Advice);
        let mut decisions: Vec<(OptName, Option<String>)> = decisions
            .map(|decision| (decision.option, decision.rule))
            .collect();
        decisions.sort();
        let texts = migration.files.into_iter().map(|file| file.after);
        Outcome(texts.collect(), decisions)
    }
}

/// Migrates files from each of several releases to another one, and groups the releases by their
/// results.
///
/// # Errors
///
/// See [`migrate`].
pub fn group_by_result(
    files: &[ParsedFile<'_>],
    candidates: &[Series],
    (to, history): (Series, &History),
    site: Option<&Pack>,
    settings: &Settings,
) -> Result<Vec<Vec<Series>>, MigrateError> {
    let mut groups: Vec<(Outcome, Vec<Series>)> = Vec::new();
    for from in candidates {
        let range = ReleaseRange {
            from: (*from).min(to),
            to,
        };
        let route = Route::releases(range, history);
        let route = match site {
            Some(site) => route.with_site(site),
            None => route,
        };
        let outcome = Outcome::of(migrate(files, &route, settings)?);
        match groups.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, releases)) => releases.push(*from),
            None => groups.push((outcome, vec![*from])),
        }
    }
    Ok(groups.into_iter().map(|(_, releases)| releases).collect())
}
