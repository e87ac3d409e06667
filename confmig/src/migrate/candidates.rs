//! Whether it matters which of several releases files were written for.

use bstr::BString;
use oslo_config::{Document, OptName, ParsedFile};

use super::names_in_use::NamesInUse;
use super::{MigrateError, Migration, Route, Settings, migrate};
use crate::diagnostic::Code;
use crate::history::{History, ReleaseRange, Series};
use crate::pack::Pack;
use crate::target::name_of;

/// What a migration results in: the settings of each file, whatever their order, and the options
/// that are left to decide, each with the rule. Advice is no part of it.
#[derive(PartialEq, Eq)]
struct Outcome(Vec<FileSettings>, Vec<(OptName, Option<String>)>);

/// The names that a file sets, with the values of each in order.
type FileSettings = Vec<(OptName, BString)>;

impl Outcome {
    fn of(migration: Migration) -> Self {
        let decisions = migration.decisions.into_iter();
        let decisions = decisions.filter(|decision| decision.code != Code::Advice);
        let mut decisions: Vec<(OptName, Option<String>)> = decisions
            .map(|decision| (decision.option, decision.rule))
            .collect();
        decisions.sort();
        let files = migration.files.iter().map(|file| settings_of(&file.after));
        Outcome(files.collect(), decisions)
    }
}

/// Returns the settings of a text, which was parsed before.
fn settings_of(text: &[u8]) -> FileSettings {
    let document = Document::parse(text).ok();
    let entries = document.iter().flat_map(|document| document.entries());
    let mut settings: FileSettings = entries
        .map(|entry| (name_of(entry), entry.value().into_owned()))
        .collect();
    settings.sort_by(|(one, _), (other, _)| one.cmp(other));
    settings
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
    if let [only] = candidates {
        return Ok(vec![vec![*only]]);
    }
    let mut names = NamesInUse::new(history);
    names.read(files);
    let mut groups: Vec<(Outcome, Vec<Series>)> = Vec::new();
    let mut last: Option<(Series, usize)> = None;
    for from in candidates {
        // Releases that change none of the names cannot change the result.
        if let Some((before, group)) = last
            && is_idle(before, *from, &names)
        {
            groups[group].1.push(*from);
            last = Some((*from, group));
            continue;
        }
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
        let known = groups.iter().position(|(known, _)| *known == outcome);
        let group = known.unwrap_or_else(|| {
            groups.push((outcome, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(*from);
        last = Some((*from, group));
    }
    Ok(groups.into_iter().map(|(_, releases)| releases).collect())
}

/// Tells whether no release from one to another changes any of the names.
fn is_idle(first: Series, last: Series, names: &NamesInUse<'_>) -> bool {
    let mut steps = first.through(last);
    steps.all(|series| !names.is_affected_by(series, first) && !names.is_affected_by(series, last))
}
