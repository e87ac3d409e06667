//! Defaults that differ from those of an older release.

use oslo_config::OptName;

use crate::diagnostic::bracketed;
use crate::history::Series;

/// The greatest number of items with which a list is described as a whole.
const SHORT: usize = 4;

/// A default that differs from the one in an older release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDefault {
    /// The option.
    pub option: OptName,
    /// The name of the option in the older release, if it had another one.
    pub formerly: Option<OptName>,
    /// The old default, as it would be written in a file; one text for each value.
    pub before: Vec<String>,
    /// The new default.
    pub now: Vec<String>,
    /// The values are lists.
    pub is_list: bool,
    /// The older and the newer release; `None` when only their schemas are known.
    pub releases: Option<(Series, Series)>,
    /// The first release from which on the old default is no longer the default.
    pub since: Option<Series>,
}

/// The most characters of a default that a comment has.
const SHORT_DEFAULT: usize = 40;

impl ChangedDefault {
    /// Describes the change in words that follow the name of the option.
    #[must_use]
    pub fn in_words(&self) -> String {
        let formerly = self.formerly.iter();
        let formerly: String = formerly
            .map(|name| format!(" (as {})", bracketed(name)))
            .collect();
        let (before, now) = (self.items(&self.before), self.items(&self.now));
        if before.len() <= SHORT && now.len() <= SHORT {
            let (was, is) = match self.releases {
                Some((older, newer)) => (format!(" in {older}"), format!(" in {newer}")),
                None => (String::new(), " now".to_owned()),
            };
            let (before, now) = (in_words(&self.before), in_words(&self.now));
            return format!("it is {now}{is}, and was {before}{was}{formerly}");
        }
        let lacks = |items: &[&str], other: &[&str]| {
            let lacking = items.iter().filter(|item| !other.contains(item));
            let lacking: Vec<String> = lacking.map(|item| format!("{item:?}")).collect();
            lacking.join(", ")
        };
        let newer = match self.releases {
            Some((_, newer)) => newer.to_string(),
            None => "the newer release".to_owned(),
        };
        match (lacks(&now, &before).as_str(), lacks(&before, &now).as_str()) {
            ("", "") => format!("{newer} has its items in another order{formerly}"),
            (added, "") => format!("{newer} adds {added}{formerly}"),
            ("", gone) => format!("{newer} drops {gone}{formerly}"),
            (added, gone) => format!("{newer} adds {added} and drops {gone}{formerly}"),
        }
    }

    /// Describes where the old default is from, and since when there is another one. The text is
    /// one line.
    #[must_use]
    pub fn origin_in_words(&self) -> String {
        let formerly = self.formerly.iter();
        let formerly: String = formerly
            .map(|name| format!(" (of {})", bracketed(name)))
            .collect();
        let now = in_words(&self.now);
        let now = (now.chars().count() <= SHORT_DEFAULT).then_some(now);
        let Some((older, newer)) = self.releases else {
            let has = now.map_or_else(|| "has another one".to_owned(), |now| format!("has {now}"));
            return format!("the default in the older schema{formerly}; the newer one {has}");
        };
        let since = self.since.unwrap_or(newer);
        let now = now.map_or_else(String::new, |now| format!(" ({now} in {newer})"));
        format!("the default in {older}{formerly}; another one since {since}{now}")
    }

    /// Returns the values, and the items of lists.
    fn items<'t>(&self, texts: &'t [String]) -> Vec<&'t str> {
        let items = texts.iter().flat_map(|text| match self.is_list {
            true => text.split(',').collect(),
            false => vec![text.as_str()],
        });
        items
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }
}

/// Returns a default in words.
pub(crate) fn in_words(default: &[String]) -> String {
    match default {
        [] => "none".to_owned(),
        values => format!("{:?}", values.join(", ")),
    }
}
