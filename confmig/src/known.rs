//! Names that are known without any rule: every option that ironic.conf ever had.

use foldhash::HashSet;
use std::sync::{LazyLock, OnceLock};

use crate::pack::Pack;

/// Made by `data/generate.py`: one line for each name, `group name flags`.
const IRONIC: &str = include_str!("../data/ironic-options.txt");

/// The names that a service knows, besides those of the rules.
///
/// Most commands look up a few of the names, so they are searched for in the text as it is: lines,
/// sorted.
#[derive(Debug, Default)]
pub struct KnownNames {
    lines: Vec<&'static str>,
    secrets: OnceLock<HashSet<&'static str>>,
}

/// One line: a name, and what is special about it.
#[derive(Debug, Clone, Copy)]
struct Known {
    group: &'static str,
    name: &'static str,
    flags: &'static str,
}

impl Known {
    fn read(line: &'static str) -> Self {
        let (group, rest) = split_word(line);
        let (name, flags) = split_word(rest);
        Known { group, name, flags }
    }

    fn is_secret(self) -> bool {
        self.flags.contains('s')
    }
}

/// The first word of a line, and what follows it.
fn split_word(line: &str) -> (&str, &str) {
    match line.bytes().position(|byte| byte == b' ') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, ""),
    }
}

impl KnownNames {
    /// The names that the service of a pack knows; none when the service is not one of those that
    /// are listed here.
    #[must_use]
    pub fn of(pack: &Pack) -> &'static Self {
        static NONE: LazyLock<KnownNames> = LazyLock::new(KnownNames::default);
        match pack.project.as_deref() {
            Some("ironic") => KnownNames::ironic(),
            _ => &NONE,
        }
    }

    /// The names that Ironic knows.
    #[must_use]
    pub fn ironic() -> &'static Self {
        static NAMES: LazyLock<KnownNames> = LazyLock::new(|| KnownNames {
            lines: IRONIC
                .lines()
                .filter(|line| !line.starts_with('#'))
                .collect(),
            secrets: OnceLock::new(),
        });
        &NAMES
    }

    fn find(&self, group: &str, name: &str) -> Option<Known> {
        // A blank sorts before all that names are made of, and so do lines as their names do.
        let start = format!("{group} {name}");
        let at = self.lines.partition_point(|line| **line < *start);
        let found = Known::read(self.lines.get(at)?);
        (found.group == group && found.name == name).then_some(found)
    }

    fn all(&self) -> impl Iterator<Item = Known> {
        self.lines.iter().map(|line| Known::read(line))
    }

    /// Tells whether no names are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Tells whether the service ever had this option.
    #[must_use]
    pub fn has(&self, group: &str, name: &str) -> bool {
        self.find(group, name).is_some()
    }

    /// Tells whether it is an option of an authentication plugin, valid in any section.
    #[must_use]
    pub fn has_anywhere(&self, name: &str) -> bool {
        self.find("*", name).is_some()
    }

    /// Tells whether each time the option is set adds a value.
    #[must_use]
    pub fn is_multi(&self, group: &str, name: &str) -> bool {
        self.find(group, name)
            .is_some_and(|known| known.flags.contains('m'))
    }

    /// Tells whether the option's value must not be shown; `None` when it is not known.
    #[must_use]
    pub fn is_secret(&self, group: &str, name: &str) -> Option<bool> {
        self.find(group, name)
            .or_else(|| self.find("*", name))
            .map(Known::is_secret)
    }

    /// Tells whether an option of this name, in any group, has a value that must not be shown.
    #[must_use]
    pub fn is_secret_somewhere(&self, name: &str) -> bool {
        let secret = || self.all().filter(|known| known.is_secret());
        self.secrets
            .get_or_init(|| secret().map(|known| known.name).collect())
            .contains(name)
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let mut last = "*";
        self.all()
            .map(|known| known.group)
            .filter(move |group| std::mem::replace(&mut last, group) != *group)
    }

    /// The options of a group.
    pub fn names_in<'k>(&'k self, group: &str) -> impl Iterator<Item = &'k str> {
        let first = self
            .lines
            .partition_point(|line| Known::read(line).group < group);
        let lines = self.lines[first..].iter().map(|line| Known::read(line));
        lines
            .take_while(move |known| known.group == group)
            .map(|known| known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_and_found() {
        let known = KnownNames::ironic();
        let names: Vec<_> = known.all().map(|known| (known.group, known.name)).collect();
        assert!(names.is_sorted());
        assert!(names.iter().all(|(group, name)| known.has(group, name)));
        assert!(!known.has("pxe", "no_such_option") && !known.groups().any(|group| group == "*"));
    }
}
