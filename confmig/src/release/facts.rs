//! The facts as text: one line for each, sorted, and nothing parsed before it is asked for.
//!
//! `CONTRIBUTING.md` describes the files.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Series, Service};

/// What stands before a list of former names.
const FORMERLY: &str = " formerly ";

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
    let (group, rest) = split_word(line)?;
    let (name, rest) = split_word(rest)?;
    Some(((group, name), read_fact(service, rest)?))
}

/// Reads what a line has behind the name.
fn read_fact(service: Service, text: &'static str) -> Option<Fact> {
    let (run, fact) = split_word(text)?;
    if run == "between" {
        return Some(Fact::Between);
    }
    let run = Run::parse(service, run)?;
    Some(match fact.strip_prefix("formerly ") {
        Some(names) => Fact::Formerly(run, names),
        None => Fact::Definition(run, fact),
    })
}

/// The first word of a text, and what follows it.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b' ', text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Every line.
pub(super) fn all(service: Service) -> impl Iterator<Item = (Key, Fact)> {
    let lines = service.known().options.lines();
    lines.filter_map(move |line| read(service, line))
}

/// The names of a group as its lines have them, sorted, without former names.
pub(super) fn names_in(service: Service, group: &str) -> impl Iterator<Item = &'static str> {
    let start = format!("{group} ");
    let options = service.known().options;
    let lines = options[first_line(options, &start)..].lines();
    let names = lines.map_while(move |line| Some(split_word(line.strip_prefix(&start)?)?.0));
    let mut last = "";
    names.filter(move |name| std::mem::replace(&mut last, name) != *name)
}

/// Every name, sorted.
pub(super) fn all_names(service: Service) -> BTreeSet<Key> {
    let former = service.readers().iter().map(|reader| reader.former);
    all(service).map(|(key, _)| key).chain(former).collect()
}

/// The names on lines with a text, and what the lines have behind the releases.
pub(super) fn lines_with(
    service: Service,
    part: &str,
) -> impl Iterator<Item = (Key, &'static str)> {
    let options = service.known().options;
    let found = memchr::memmem::find_iter(options.as_bytes(), part);
    found.filter_map(|at| {
        let (group, rest) = split_word(options[line_start(options, at)..].lines().next()?)?;
        let (name, rest) = split_word(rest)?;
        Some(((group, name), split_word(rest)?.1))
    })
}

/// Where the line begins in which a place is.
fn line_start(options: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &options.as_bytes()[..at]).map_or(0, |at| at + 1)
}

/// What the lines of a name say of it.
pub(super) fn of(service: Service, group: &str, name: &str) -> impl Iterator<Item = Fact> {
    let lines = lines_of(service, group, name);
    lines.filter_map(move |line| read_fact(service, line))
}

/// The lines of a name, without it and the releases.
pub(super) fn texts_of(
    service: Service,
    group: &str,
    name: &str,
) -> impl Iterator<Item = &'static str> {
    let lines = lines_of(service, group, name);
    lines.filter_map(|line| Some(split_word(line)?.1))
}

/// What the lines of a name have behind it.
fn lines_of(service: Service, group: &str, name: &str) -> impl Iterator<Item = &'static str> {
    let wanted = [group, " ", name, " "].concat();
    let options = service.known().options;
    let lines = options[first_line(options, &wanted)..].lines();
    lines.map_while(move |line| line.strip_prefix(wanted.as_str()))
}

/// Where the first line begins that does not sort before a text.
fn first_line(options: &str, wanted: &str) -> usize {
    let (mut low, mut high) = (0, options.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = line_start(options, middle);
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
    pub(super) option: Key,
    /// The releases in which it does, as the facts have them.
    pub(super) run: &'static str,
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
    let found = memchr::memmem::find_iter(options.as_bytes(), FORMERLY);
    let mut readers = Vec::new();
    for at in found {
        let start = line_start(options, at);
        let mut words = options[start..at].split(' ');
        // In any other place it is part of a definition.
        let (Some(group), Some(name), Some(run), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let list = &options[at + FORMERLY.len()..];
        let list = &list[..memchr::memchr(b'\n', list.as_bytes()).unwrap_or(list.len())];
        readers.extend(names(list).map(|former| Reader {
            former,
            option: (group, name),
            run,
        }));
    }
    // The runs of one option stay in their order.
    readers.sort_by_key(|reader| (reader.former, reader.option));
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
