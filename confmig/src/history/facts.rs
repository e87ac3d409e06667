//! The facts about options: sorted lines of text, parsed only when they are looked up.
//!
//! `history/README.md` describes the files.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::series::ReleaseRange;
use super::service::{PerService, Service};

/// What precedes a list of former names.
const FORMERLY: &str = " formerly ";

/// A group and a name.
pub(super) type Key = (&'static str, &'static str);

/// What a line says about a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    /// The definition of the option, in JSON.
    Definition(ReleaseRange, &'static str),
    /// The former names of the option, in the order in which they are tried.
    Formerly(ReleaseRange, &'static str),
    /// Only a version between two of the releases knew the name.
    Between,
}

/// Reads a line.
fn read(service: Service, line: &'static str) -> Option<(Key, Fact)> {
    let (group, rest) = split_word(line)?;
    let (name, rest) = split_word(rest)?;
    Some(((group, name), read_fact(service, rest)?))
}

/// Reads what follows the name on a line.
fn read_fact(service: Service, text: &'static str) -> Option<Fact> {
    let (run, fact) = split_word(text)?;
    if run == "between" {
        return Some(Fact::Between);
    }
    let run = ReleaseRange::parse(service, run)?;
    Some(match fact.strip_prefix("formerly ") {
        Some(names) => Fact::Formerly(run, names),
        None => Fact::Definition(run, fact),
    })
}

/// Splits a text at its first space.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b' ', text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns the names of a group, sorted, without those that are former names only.
pub(super) fn names_in(service: Service, group: &str) -> impl Iterator<Item = &'static str> {
    let start = format!("{group} ");
    let lines = rest_of_lines(service.texts().options, start);
    let names = lines.filter_map(|line| Some(split_word(line)?.0));
    let mut last = "";
    names.filter(move |name| std::mem::replace(&mut last, name) != *name)
}

/// Returns the groups, sorted, without those of former names only.
pub(super) fn groups(service: Service) -> impl Iterator<Item = &'static str> {
    let mut rest = service.texts().options;
    std::iter::from_fn(move || {
        let (group, _) = split_word(rest)?;
        // No line of the group sorts behind this text, and all of the next groups do.
        rest = &rest[first_line(rest, &format!("{group}!"))..];
        Some(group)
    })
}

/// Returns every name, sorted.
pub(super) fn all_names(service: Service) -> BTreeSet<Key> {
    let former = all_readers(service).iter().map(|reader| reader.former);
    let lines = service.texts().options.lines();
    let own = lines.filter_map(|line| Some(read(service, line)?.0));
    own.chain(former).collect()
}

/// Returns the name of each line that contains a text.
pub(super) fn names_with(service: Service, part: &str) -> impl Iterator<Item = Key> {
    let options = service.texts().options;
    let found = memchr::memmem::find_iter(options.as_bytes(), part);
    found.filter_map(|at| {
        let (group, rest) = split_word(&options[line_start(options, at)..])?;
        Some((group, split_word(rest)?.0))
    })
}

/// Returns where the line begins that contains the byte at `at`.
fn line_start(text: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |at| at + 1)
}

/// Returns the facts about a name.
pub(super) fn of(service: Service, group: &str, name: &str) -> impl Iterator<Item = Fact> {
    let lines = lines_of(service, group, name);
    lines.filter_map(move |line| read_fact(service, line))
}

/// Returns the facts about a name as text.
pub(super) fn texts_of(
    service: Service,
    group: &str,
    name: &str,
) -> impl Iterator<Item = &'static str> {
    let lines = lines_of(service, group, name);
    lines.filter_map(|line| Some(split_word(line)?.1))
}

/// Returns what follows the name on each of its lines.
fn lines_of(service: Service, group: &str, name: &str) -> impl Iterator<Item = &'static str> {
    rest_of_lines(service.texts().options, [group, " ", name, " "].concat())
}

/// Returns what follows `start` on each of the sorted lines that begin with it.
pub(super) fn rest_of_lines(
    sorted: &'static str,
    start: String,
) -> impl Iterator<Item = &'static str> {
    let lines = sorted[first_line(sorted, &start)..].lines();
    lines.map_while(move |line| line.strip_prefix(start.as_str()))
}

/// Returns where the first of sorted lines begins that does not sort before a text.
fn first_line(sorted: &str, wanted: &str) -> usize {
    let (mut low, mut high) = (0, sorted.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = line_start(sorted, middle);
        let line = &sorted.as_bytes()[start..];
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        match line[..end].cmp(wanted.as_bytes()) {
            Ordering::Less => low = start + end + 1,
            Ordering::Equal | Ordering::Greater => high = start,
        }
    }
    low
}

/// Reads a list of names, `GROUP.NAME,…`.
pub(super) fn names(list: &'static str) -> impl Iterator<Item = Key> {
    list.split(',').filter_map(|name| name.rsplit_once('.'))
}

/// An option that reads a former name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) former: Key,
    pub(super) option: Key,
    /// The range of releases in which it does, as the facts write it.
    pub(super) run: &'static str,
}

/// Returns the options that read a name as a former name, sorted.
pub(super) fn readers(service: Service, group: &str, name: &str) -> &'static [Reader] {
    let readers = all_readers(service);
    let first = readers.partition_point(|reader| reader.former < (group, name));
    // Few options share a name.
    let of_name = readers[first..].iter();
    let of_name = of_name.take_while(|reader| reader.former == (group, name));
    &readers[first..first + of_name.count()]
}

/// Returns the options that read a name of another group and key as a former name. A reference by
/// it first finds the option of their key in the group of the name.
pub(super) fn readers_with_other_keys(service: Service) -> &'static [Reader] {
    static READERS: PerService<Vec<Reader>> = PerService::new();
    READERS.get(service, |service| {
        let readers = all_readers(service).iter();
        let has_other_key =
            |Reader { former, option, .. }: &&Reader| former.0 != option.0 && former.1 != option.1;
        readers.filter(has_other_key).copied().collect()
    })
}

/// Returns the options that read former names, sorted by former name.
pub(super) fn all_readers(service: Service) -> &'static [Reader] {
    static READERS: PerService<Vec<Reader>> = PerService::new();
    READERS.get(service, find_readers)
}

fn find_readers(service: Service) -> Vec<Reader> {
    let options = service.texts().options;
    let found = memchr::memmem::find_iter(options.as_bytes(), FORMERLY);
    let mut readers = Vec::new();
    for at in found {
        let start = line_start(options, at);
        let mut words = options[start..at].split(' ');
        // Anywhere else on the line, the word is part of a definition.
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
    // The sort is stable: the ranges of one option stay in order.
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
            for line in service.texts().options.lines() {
                let (key, fact) = read(service, line).unwrap_or_else(|| panic!("{line}"));
                let mut own = of(service, key.0, key.1);
                let fact_text = format!("{fact:?}");
                assert!(own.any(|own| format!("{own:?}") == fact_text), "{line}");
                if let Fact::Definition(run, _) | Fact::Formerly(run, _) = fact {
                    assert!(run.from <= run.to, "{line}");
                }
                keys.push(key);
            }
            assert!(keys.is_sorted(), "{service:?}");
            assert!(service.texts().values.lines().is_sorted(), "{service:?}");
            let groups: BTreeSet<&str> = keys.iter().map(|(group, _)| *group).collect();
            assert!(self::groups(service).eq(groups), "{service:?}");
            for (group, name) in [("deploy", "http"), ("zzz", "z")] {
                assert_eq!(of(service, group, name).count(), 0);
            }
        }
    }
}
