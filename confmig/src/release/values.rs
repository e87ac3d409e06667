//! Which hardware types and interfaces a release has.

use super::Series;

/// Made by `data/generate.py`: `group name value ranges`, sorted.
const VALUES: &str = include_str!("../../data/ironic-values.txt");

fn rows(group: &str, name: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let start = format!("{group} {name} ");
    let lines = VALUES
        .lines()
        .filter_map(move |line| line.strip_prefix(&start));
    lines.filter_map(|rest| rest.split_once(' '))
}

fn holds(ranges: &str, series: Series) -> bool {
    ranges.split(',').any(|range| {
        let bound = |text: &str| text.parse::<u8>().ok();
        let parts = range
            .split_once('-')
            .and_then(|(first, last)| Some((bound(first)?, bound(last)?)));
        parts.is_some_and(|(first, last)| (first..=last).contains(&series.number()))
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
        .filter(move |(_, ranges)| holds(ranges, series))
        .map(|(value, _)| value)
}

/// Tells whether a release has what an option names; `None` when no release ever had it: it may come
/// from outside the tree.
#[must_use]
pub fn is_installed(group: &str, name: &str, value: &str, series: Series) -> Option<bool> {
    rows(group, name)
        .find(|(known, _)| *known == value)
        .map(|(_, ranges)| holds(ranges, series))
}
