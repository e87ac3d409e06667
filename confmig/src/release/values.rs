//! Which hardware types and interfaces a release has.

use super::Series;
use super::facts::Run;

/// `GROUP NAME VALUE RUN`, sorted.
const VALUES: &str = include_str!("../../history/ironic/values.txt");

/// The values of an option, and the releases that have them.
fn rows(group: &str, name: &str) -> impl Iterator<Item = (&'static str, Run)> {
    let start = format!("{group} {name} ");
    let lines = VALUES
        .lines()
        .filter_map(move |line| line.strip_prefix(&start));
    lines.filter_map(|rest| {
        let (value, run) = rest.split_once(' ')?;
        Some((value, Run::parse(run)?))
    })
}

/// Tells whether the values of an option name what is installed, such as hardware types.
#[must_use]
pub fn named_by(group: &str, name: &str) -> bool {
    rows(group, name).next().is_some()
}

/// What an option can name in a release, sorted.
pub fn installed(group: &str, name: &str, series: Series) -> impl Iterator<Item = &'static str> {
    rows(group, name)
        .filter(move |(_, run)| run.holds(series))
        .map(|(value, _)| value)
}

/// Tells whether a release has what an option names; `None` when no release ever had it: it may come
/// from outside the tree.
#[must_use]
pub fn is_installed(group: &str, name: &str, value: &str, series: Series) -> Option<bool> {
    let mut runs = rows(group, name)
        .filter(|(known, _)| *known == value)
        .peekable();
    runs.peek()?;
    Some(runs.any(|(_, run)| run.holds(series)))
}
