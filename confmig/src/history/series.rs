//! The releases of services, and ranges of them.

use std::fmt;

use super::service::{PerService, Service};

/// A release series of a service. The series of one service are ordered by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    service: Service,
    number: u8,
}

/// The error for a release that does not exist or whose options are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no known release of {service} is named {given:?}: expected a series from {first} to {last}, \
     its code name, or a version such as {version}"
)]
pub struct UnknownSeries {
    service: &'static str,
    given: String,
    first: &'static str,
    last: &'static str,
    version: &'static str,
}

/// A line of `releases.txt`.
struct Row {
    series: &'static str,
    name: &'static str,
    version: &'static str,
}

/// Returns the lines `SERIES NAME VERSION` of a service, oldest first.
fn rows(service: Service) -> &'static [Row] {
    static ROWS: PerService<Vec<Row>> = PerService::new();
    ROWS.get(service, read_rows)
}

fn read_rows(service: Service) -> Vec<Row> {
    let row = |line: &'static str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Row {
            series: word(),
            name: word(),
            version: word(),
        }
    };
    service.texts().releases.lines().map(row).collect()
}

/// Returns the numbers of a version; `None` when a part is not a number.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let trimmed = version.trim_start_matches('v');
    trimmed.split('.').map(|part| part.parse().ok()).collect()
}

impl Series {
    /// Finds a release of a service by its series (`train`, `2026.1`), its code name
    /// (`gazpacho`), or a version (`13.0.7`), which belongs to the first series that is not older.
    ///
    /// # Errors
    ///
    /// When no known release has this name.
    pub fn parse(service: Service, text: &str) -> Result<Series, UnknownSeries> {
        let given = text.trim().to_lowercase();
        let named = rows(service).iter().position(|row| {
            row.series == given || row.name == given && given != "-" || row.version == given
        });
        let found = named.or_else(|| of_version(service, &given));
        found
            .and_then(|at| u8::try_from(at).ok())
            .map(|number| Series { service, number })
            .ok_or_else(|| UnknownSeries {
                service: service.title(),
                given: text.to_owned(),
                first: service.oldest().id(),
                last: service.newest().id(),
                version: service.newest().version(),
            })
    }

    /// Finds a release by the series that the facts name.
    pub(super) fn of_id(service: Service, id: &str) -> Option<Series> {
        let at = rows(service).iter().position(|row| row.series == id)?;
        let number = u8::try_from(at).ok()?;
        Some(Series { service, number })
    }

    pub(crate) fn from_number(service: Service, number: u8) -> Series {
        Series { service, number }
    }

    pub(crate) fn number(self) -> u8 {
        self.number
    }

    /// Returns the service.
    #[must_use]
    pub fn service(self) -> Service {
        self.service
    }

    /// Returns the releases from this one through `last`; none when `last` is older.
    pub fn through(self, last: Series) -> impl Iterator<Item = Series> {
        (self.number..=last.number).map(move |number| Series { number, ..self })
    }

    /// Returns the release before this one.
    #[must_use]
    pub fn before(self) -> Option<Series> {
        let number = self.number.checked_sub(1)?;
        Some(Series { number, ..self })
    }

    /// Returns the release after this one.
    #[must_use]
    pub fn after(self) -> Option<Series> {
        let number = self.number + 1;
        (self < self.service.newest()).then_some(Series { number, ..self })
    }

    /// Returns the name of the series: `train`, `2026.1`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().map_or("", |row| row.series)
    }

    /// Returns the version whose options were read.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.row().map_or("", |row| row.version)
    }

    fn row(self) -> Option<&'static Row> {
        rows(self.service).get(usize::from(self.number))
    }
}

impl Service {
    /// Returns the releases, oldest first.
    pub fn releases(self) -> impl DoubleEndedIterator<Item = Series> + Clone {
        (0..=self.newest().number()).map(move |number| Series::from_number(self, number))
    }

    /// Returns the oldest release.
    #[must_use]
    pub fn oldest(self) -> Series {
        Series::from_number(self, 0)
    }

    /// Returns the newest release.
    #[must_use]
    pub fn newest(self) -> Series {
        let last = rows(self).len().saturating_sub(1);
        Series::from_number(self, u8::try_from(last).unwrap_or(u8::MAX))
    }
}

/// A range of releases of one service, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseRange {
    /// The oldest release; of a migration, the one that the files were written for.
    pub from: Series,
    /// The newest release; of a migration, the one that is to read the files.
    pub to: Series,
}

impl ReleaseRange {
    /// Reads `FIRST..LAST`, or `FIRST..` for a range up to the newest release.
    pub(super) fn parse(service: Service, text: &str) -> Option<Self> {
        // Several times as fast as `str::split_once`, which prepares a search.
        let at = memchr::memmem::find(text.as_bytes(), b"..")?;
        let (from, to) = (&text[..at], &text[at + 2..]);
        let to = match to {
            "" => service.newest(),
            to => Series::of_id(service, to)?,
        };
        Some(ReleaseRange {
            from: Series::of_id(service, from)?,
            to,
        })
    }

    /// Tells whether a release is in the range.
    #[must_use]
    pub fn contains(self, series: Series) -> bool {
        (self.from..=self.to).contains(&series)
    }

    /// Returns the releases as a set of bits, indexed by their numbers.
    pub(super) fn bits(self) -> u32 {
        let releases = self.from.through(self.to);
        releases.fold(0, |bits, series| bits | 1_u32 << series.number())
    }
}

fn of_version(service: Service, given: &str) -> Option<usize> {
    let given = numbers(given).filter(|given| given.len() > 1)?;
    // Versions were years up to Kilo, and count from 4 since Liberty.
    let by_year = |numbers: &[u32]| numbers.first().is_some_and(|first| *first > 2000);
    let first = numbers(rows(service).first()?.version)?;
    if by_year(&given) && given.get(..2) < first.get(..2) {
        return None;
    }
    rows(service).iter().position(|row| {
        let Some(version) = numbers(row.version) else {
            return false;
        };
        by_year(&version) == by_year(&given) && version.get(..2) >= given.get(..2)
    })
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service.id(), self.id())
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
            assert_eq!(
                Series::parse(Service::IRONIC, given).unwrap().id(),
                series,
                "{given}"
            );
        }
        for given in ["", "-", "havana", "99.0.0", "2013.2", "13"] {
            Series::parse(Service::IRONIC, given).unwrap_err();
        }
        assert_eq!(Service::IRONIC.releases().count(), 26);
    }
}
