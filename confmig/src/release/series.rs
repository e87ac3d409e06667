//! Which releases there are.

use std::fmt;

use super::Service;

/// A release series of a service whose options are known here. Those of one service are in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    service: Service,
    number: u8,
}

/// There is no such release, or its options are not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no release of {service} known here is named {given:?}: expected a series from {first} to {last}, its code name, \
     or a version such as {version}"
)]
pub struct UnknownSeries {
    service: &'static str,
    given: String,
    first: &'static str,
    last: &'static str,
    version: &'static str,
}

/// A line of the facts.
pub(super) struct Row {
    series: &'static str,
    name: &'static str,
    version: &'static str,
}

/// Reads `SERIES NAME VERSION`, a line each.
pub(super) fn rows(text: &'static str) -> Vec<Row> {
    let row = |line: &'static str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Row {
            series: word(),
            name: word(),
            version: word(),
        }
    };
    text.lines().map(row).collect()
}

/// A version's numbers, as far as they are numbers.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let trimmed = version.trim_start_matches('v');
    trimmed.split('.').map(|part| part.parse().ok()).collect()
}

impl Series {
    /// Finds a release of a service by its series (`train`, `2026.1`), its code name (`gazpacho`), or a
    /// version (`13.0.7`), which belongs to the first series that is not older.
    ///
    /// # Errors
    ///
    /// When no release known here is meant.
    pub fn parse(service: Service, text: &str) -> Result<Series, UnknownSeries> {
        let given = text.trim().to_lowercase();
        let named = service.rows().iter().position(|row| {
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

    /// The release of a series as it is written in the facts.
    pub(super) fn of_id(service: Service, id: &str) -> Option<Series> {
        let at = service.rows().iter().position(|row| row.series == id)?;
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

    /// The releases from one to another, both included; none when the first is the later one.
    pub fn through(self, last: Series) -> impl Iterator<Item = Series> {
        (self.number..=last.number).map(move |number| Series { number, ..self })
    }

    /// The release before.
    #[must_use]
    pub fn before(self) -> Option<Series> {
        let number = self.number.checked_sub(1)?;
        Some(Series { number, ..self })
    }

    /// The release after.
    #[must_use]
    pub fn after(self) -> Option<Series> {
        let number = self.number + 1;
        (self < self.service.newest()).then_some(Series { number, ..self })
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
        self.service.rows().get(usize::from(self.number))
    }
}

fn of_version(service: Service, given: &str) -> Option<usize> {
    let given = numbers(given).filter(|given| given.len() > 1)?;
    // Up to Kilo versions were years; since Liberty they count from 4.
    let by_year = |numbers: &[u32]| numbers.first().is_some_and(|first| *first > 2000);
    let first = numbers(service.rows().first()?.version)?;
    if by_year(&given) && given.get(..2) < first.get(..2) {
        return None;
    }
    service.rows().iter().position(|row| {
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
