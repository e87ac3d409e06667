//! Which releases there are.

use std::fmt;
use std::sync::LazyLock;

/// `SERIES NAME VERSION`, oldest first.
const RELEASES: &str = include_str!("../../history/ironic/releases.txt");

/// A release series of Ironic whose options are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series(u8);

/// There is no such release, or its options are not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no release of Ironic known here is named {given:?}: expected a series from {first} to {last}, its code name, \
     or a version such as {version}"
)]
pub struct UnknownSeries {
    given: String,
    first: &'static str,
    last: &'static str,
    version: &'static str,
}

struct Row {
    series: &'static str,
    name: &'static str,
    version: &'static str,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Row {
            series: word(),
            name: word(),
            version: word(),
        }
    };
    RELEASES.lines().map(row).collect()
});

/// A version's numbers, as far as they are numbers.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let trimmed = version.trim_start_matches('v');
    trimmed.split('.').map(|part| part.parse().ok()).collect()
}

impl Series {
    /// All of them, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Series> + Clone {
        (0..=Series::newest().0).map(Series)
    }

    /// The oldest.
    #[must_use]
    pub fn oldest() -> Series {
        Series(0)
    }

    /// The newest.
    #[must_use]
    pub fn newest() -> Series {
        Series(u8::try_from(ROWS.len().saturating_sub(1)).unwrap_or(u8::MAX))
    }

    /// Finds a release by its series (`train`, `2026.1`), its code name (`gazpacho`), or a version
    /// of Ironic (`13.0.7`), which belongs to the first series that is not older.
    ///
    /// # Errors
    ///
    /// When no release known here is meant.
    pub fn parse(text: &str) -> Result<Series, UnknownSeries> {
        let given = text.trim().to_lowercase();
        let named = ROWS.iter().position(|row| {
            row.series == given || row.name == given && given != "-" || row.version == given
        });
        let found = named.or_else(|| Series::of_version(&given));
        found
            .and_then(|at| u8::try_from(at).ok())
            .map(Series)
            .ok_or_else(|| UnknownSeries {
                given: text.to_owned(),
                first: Series::oldest().id(),
                last: Series::newest().id(),
                version: Series::newest().version(),
            })
    }

    fn of_version(given: &str) -> Option<usize> {
        let given = numbers(given).filter(|given| given.len() > 1)?;
        // Up to Kilo versions were years; since Liberty they count from 4.
        let by_year = |numbers: &[u32]| numbers.first().is_some_and(|first| *first > 2000);
        let first = numbers(ROWS.first()?.version)?;
        if by_year(&given) && given.get(..2) < first.get(..2) {
            return None;
        }
        ROWS.iter().position(|row| {
            let Some(version) = numbers(row.version) else {
                return false;
            };
            by_year(&version) == by_year(&given) && version.get(..2) >= given.get(..2)
        })
    }

    /// The release of a series as it is written in the facts.
    pub(super) fn of_id(id: &str) -> Option<Series> {
        let at = ROWS.iter().position(|row| row.series == id)?;
        u8::try_from(at).ok().map(Series)
    }

    pub(crate) fn from_number(number: u8) -> Series {
        Series(number)
    }

    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// The releases from one to another, both included; none when the first is the later one.
    pub fn through(self, last: Series) -> impl Iterator<Item = Series> {
        (self.0..=last.0).map(Series)
    }

    /// The release before.
    #[must_use]
    pub fn before(self) -> Option<Series> {
        self.0.checked_sub(1).map(Series)
    }

    /// The release after.
    #[must_use]
    pub fn after(self) -> Option<Series> {
        (self < Series::newest()).then(|| Series(self.0 + 1))
    }

    /// The series as it is written: `train`, `2026.1`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().map_or("", |row| row.series)
    }

    /// The last version of it that was looked at.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.row().map_or("", |row| row.version)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.get(usize::from(self.0))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_have_many_names() {
        for (given, series) in [
            ("icehouse", "icehouse"),
            ("Train", "train"),
            ("2026.1", "2026.1"),
            ("gazpacho", "2026.1"),
            ("13.0.7", "train"),
            ("21.4.1", "2023.1"),
            ("22.0.0", "2023.2"),
            ("4.2.0", "liberty"),
            ("2015.1.0", "kilo"),
            ("36.0.0", "2026.2"),
        ] {
            assert_eq!(Series::parse(given).unwrap().id(), series, "{given}");
        }
        for given in ["", "-", "havana", "99.0.0", "2013.2", "13"] {
            Series::parse(given).unwrap_err();
        }
        assert_eq!(Series::all().count(), 26);
    }
}
