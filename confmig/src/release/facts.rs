//! The facts as text: one line for each, sorted, and nothing parsed before it is asked for.
//!
//! `CONTRIBUTING.md` describes the files.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::Series;

/// `GROUP NAME RUN FACT`, sorted; FACT is a definition in JSON, or `formerly GROUP.NAME,…`.
const OPTIONS: &str = include_str!("../../history/ironic/options.txt");

/// A group and a name.
pub(super) type Key = (&'static str, &'static str);

/// The first and the last of the releases that something is so in, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u8,
    pub(super) last: u8,
}

impl Run {
    /// Reads `FIRST..LAST`, or `FIRST..` for one that goes on.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once("..")?;
        let last = match last {
            "" => Series::newest(),
            last => Series::of_id(last)?,
        };
        Some(Run {
            first: Series::of_id(first)?.number(),
            last: last.number(),
        })
    }

    pub(super) fn holds(self, series: Series) -> bool {
        (self.first..=self.last).contains(&series.number())
    }

    pub(super) fn first(self) -> Series {
        Series::from_number(self.first)
    }

    pub(super) fn last(self) -> Series {
        Series::from_number(self.last)
    }

    /// A bit for each of the releases.
    pub(super) fn bits(self) -> u32 {
        (self.first..=self.last).fold(0, |bits, at| bits | 1_u32 << at)
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
fn read(line: &'static str) -> Option<(Key, Fact)> {
    let mut words = line.splitn(4, ' ');
    let key = (words.next()?, words.next()?);
    let (run, fact) = (words.next()?, words.next()?);
    if run == "between" {
        return Some((key, Fact::Between));
    }
    let run = Run::parse(run)?;
    let fact = match fact.strip_prefix("formerly ") {
        Some(names) => Fact::Formerly(run, names),
        None => Fact::Definition(run, fact),
    };
    Some((key, fact))
}

/// Every line.
pub(super) fn all() -> impl Iterator<Item = (Key, Fact)> {
    OPTIONS.lines().filter_map(read)
}

/// Every name, sorted.
pub(super) fn all_names() -> BTreeSet<Key> {
    let former = all_readers().iter().map(|reader| reader.former);
    all().map(|(key, _)| key).chain(former).collect()
}

/// The lines of a name.
pub(super) fn of(group: &str, name: &str) -> impl Iterator<Item = Fact> {
    let wanted = format!("{group} {name} ");
    let lines = OPTIONS[first_line(&wanted)..].lines();
    let own = lines.take_while(move |line| line.starts_with(&wanted));
    own.filter_map(read).map(|(_, fact)| fact)
}

/// Where the first line begins that does not sort before a text.
fn first_line(wanted: &str) -> usize {
    let (mut low, mut high) = (0, OPTIONS.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = memchr::memrchr(b'\n', &OPTIONS.as_bytes()[..middle]).map_or(0, |at| at + 1);
        let line = &OPTIONS.as_bytes()[start..];
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
pub(super) fn readers(group: &str, name: &str) -> &'static [Reader] {
    let readers = all_readers();
    let first = readers.partition_point(|reader| reader.former < (group, name));
    let count = readers[first..].partition_point(|reader| reader.former == (group, name));
    &readers[first..first + count]
}

/// The options that read former names, sorted by these.
pub(super) fn all_readers() -> &'static [Reader] {
    static READERS: OnceLock<Vec<Reader>> = OnceLock::new();
    READERS.get_or_init(|| {
        let found = memchr::memmem::find_iter(OPTIONS.as_bytes(), b" formerly ");
        let lines = found.filter_map(|at| {
            let start = memchr::memrchr(b'\n', &OPTIONS.as_bytes()[..at]).map_or(0, |at| at + 1);
            read(OPTIONS[start..].lines().next()?)
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_found() {
        let mut keys = Vec::new();
        for line in OPTIONS.lines() {
            let (key, fact) = read(line).unwrap_or_else(|| panic!("{line}"));
            let known = of(key.0, key.1).any(|known| format!("{known:?}") == format!("{fact:?}"));
            assert!(known, "{line}");
            if let Fact::Definition(run, _) | Fact::Formerly(run, _) = fact {
                assert!(run.first <= run.last, "{line}");
            }
            keys.push(key);
        }
        assert!(keys.is_sorted());
        assert_eq!(of("deploy", "http").count() + of("zzz", "z").count(), 0);
    }
}
