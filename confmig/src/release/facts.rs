//! The facts as text: one line for each, sorted, and nothing parsed before it is asked for.
//!
//! `CONTRIBUTING.md` describes the files.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Series, Service};

/// A group and a name.
pub(super) type Key = (&'static str, &'static str);

/// The first and the last of the releases that something is so in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: Series,
    pub(super) last: Series,
}

impl Run {
    /// Reads `FIRST..LAST`, or `FIRST..` for one that goes on.
    pub(super) fn parse(service: Service, text: &str) -> Option<Self> {
        let (first, last) = text.split_once("..")?;
        let last = match last {
            "" => service.newest(),
            last => Series::of_id(service, last)?,
        };
        Some(Run {
            first: Series::of_id(service, first)?,
            last,
        })
    }

    pub(super) fn holds(self, series: Series) -> bool {
        (self.first..=self.last).contains(&series)
    }

    /// A bit for each of the releases.
    pub(super) fn bits(self) -> u32 {
        let releases = self.first.through(self.last);
        releases.fold(0, |bits, series| bits | 1_u32 << series.number())
    }
}

/// What a line says of a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    /// What the option is like, in JSON.
    Definition(Run, &'static str),
    /// The former names by which the option is read, in the order in which they are tried.
    Formerly(Run, &'static str),
    /// A version between two of the releases knew it.
    Between,
}

/// Reads a line.
fn read(service: Service, line: &'static str) -> Option<(Key, Fact)> {
    let mut words = line.splitn(4, ' ');
    let key = (words.next()?, words.next()?);
    let (run, fact) = (words.next()?, words.next()?);
    if run == "between" {
        return Some((key, Fact::Between));
    }
    let run = Run::parse(service, run)?;
    let fact = match fact.strip_prefix("formerly ") {
        Some(names) => Fact::Formerly(run, names),
        None => Fact::Definition(run, fact),
    };
    Some((key, fact))
}

/// Every line.
pub(super) fn all(service: Service) -> impl Iterator<Item = (Key, Fact)> {
    let lines = service.known().options.lines();
    lines.filter_map(move |line| read(service, line))
}

/// Every name, sorted.
pub(super) fn all_names(service: Service) -> BTreeSet<Key> {
    let former = service.readers().iter().map(|reader| reader.former);
    all(service).map(|(key, _)| key).chain(former).collect()
}

/// The lines of a name.
pub(super) fn of(service: Service, group: &str, name: &str) -> impl Iterator<Item = Fact> {
    let wanted = format!("{group} {name} ");
    let options = service.known().options;
    let lines = options[first_line(options, &wanted)..].lines();
    let own = lines.take_while(move |line| line.starts_with(&wanted));
    own.filter_map(move |line| read(service, line))
        .map(|(_, fact)| fact)
}

/// Where the first line begins that does not sort before a text.
fn first_line(options: &str, wanted: &str) -> usize {
    let (mut low, mut high) = (0, options.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = memchr::memrchr(b'\n', &options.as_bytes()[..middle]).map_or(0, |at| at + 1);
        let line = &options.as_bytes()[start..];
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        match line[..end].cmp(wanted.as_bytes()) {
            Ordering::Less => low = start + end + 1,
            Ordering::Equal | Ordering::Greater => high = start,
        }
    }
    low
}

/// The names of a list, as `GROUP.NAME,…`.
pub(super) fn names(list: &'static str) -> impl Iterator<Item = Key> {
    list.split(',').filter_map(|name| name.rsplit_once('.'))
}

/// An option that reads a former name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) former: Key,
    pub(super) run: Run,
    pub(super) option: Key,
}

/// The options that read a name as a former one, sorted.
pub(super) fn readers(service: Service, group: &str, name: &str) -> &'static [Reader] {
    let readers = service.readers();
    let first = readers.partition_point(|reader| reader.former < (group, name));
    let count = readers[first..].partition_point(|reader| reader.former == (group, name));
    &readers[first..first + count]
}

/// The options that read former names, sorted by these.
pub(super) fn all_readers(service: Service) -> Vec<Reader> {
    let options = service.known().options;
    let found = memchr::memmem::find_iter(options.as_bytes(), b" formerly ");
    let lines = found.filter_map(|at| {
        let start = memchr::memrchr(b'\n', &options.as_bytes()[..at]).map_or(0, |at| at + 1);
        read(service, options[start..].lines().next()?)
    });
    let mut readers = Vec::new();
    for (option, fact) in lines {
        if let Fact::Formerly(run, list) = fact {
            readers.extend(names(list).map(|former| Reader {
                former,
                run,
                option,
            }));
        }
    }
    readers.sort_by_key(|reader| (reader.former, reader.option, reader.run.first));
    readers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_found() {
        for service in Service::all() {
            let mut keys = Vec::new();
            for line in service.known().options.lines() {
                let (key, fact) = read(service, line).unwrap_or_else(|| panic!("{line}"));
                let mut own = of(service, key.0, key.1);
                let fact_text = format!("{fact:?}");
                assert!(own.any(|own| format!("{own:?}") == fact_text), "{line}");
                if let Fact::Definition(run, _) | Fact::Formerly(run, _) = fact {
                    assert!(run.first <= run.last, "{line}");
                }
                keys.push(key);
            }
            assert!(keys.is_sorted(), "{service:?}");
            for (group, name) in [("deploy", "http"), ("zzz", "z")] {
                assert_eq!(of(service, group, name).count(), 0);
            }
        }
    }
}
