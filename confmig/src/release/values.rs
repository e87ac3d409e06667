//! Which hardware types and interfaces a release has.

use super::facts::Run;
use super::{Series, Service};

/// The values of an option, and the releases that have them.
fn rows(service: Service, group: &str, name: &str) -> impl Iterator<Item = (&'static str, Run)> {
    let start = format!("{group} {name} ");
    let lines = service.known().values.lines();
    let lines = lines.filter_map(move |line| line.strip_prefix(&start));
    lines.filter_map(move |rest| {
        let (value, run) = rest.split_once(' ')?;
        Some((value, Run::parse(service, run)?))
    })
}

/// Tells whether the values of an option name what is installed, such as hardware types.
#[must_use]
pub fn named_by(service: Service, group: &str, name: &str) -> bool {
    rows(service, group, name).next().is_some()
}

/// What an option can name in a release, sorted.
pub fn installed(group: &str, name: &str, series: Series) -> impl Iterator<Item = &'static str> {
    rows(series.service(), group, name)
        .filter(move |(_, run)| run.holds(series))
        .map(|(value, _)| value)
}

/// Tells whether a release has what an option names; `None` when no release ever had it: it may come
/// from outside the tree.
#[must_use]
pub fn is_installed(group: &str, name: &str, value: &str, series: Series) -> Option<bool> {
    let mut runs = rows(series.service(), group, name)
        .filter(|(known, _)| *known == value)
        .peekable();
    runs.peek()?;
    Some(runs.any(|(_, run)| run.holds(series)))
}
