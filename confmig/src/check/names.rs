//! Names: former, hidden, repeated, removed, unknown.

use std::collections::{HashMap, HashSet};

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, Occurrence, Opt, OptName, ParsedFile, Section};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, Place};

impl Checker<'_> {
    pub(super) fn names(&self, found: &mut Vec<Diagnostic>) {
        for opt in &self.pack.opts {
            self.occurrences(opt, found);
            self.variables(opt, found);
        }
        for file in self.files {
            self.duplicates(file, found);
            for section in file.document.sections() {
                self.section(file, section, found);
            }
        }
    }

    /// Where an option of the pack is set.
    fn occurrences(&self, opt: &Opt, found: &mut Vec<Diagnostic>) {
        let set = self.config.occurrences(opt);
        // An entry that another option reads for its own sake is no former name.
        let is_former = |set: &&Occurrence<'_>| {
            let name = name_of(opt, set);
            set.name_index == 0 || self.pack.opts.iter().all(|other| other.name() != name)
        };
        for occurrence in set
            .effective
            .iter()
            .filter(|occurrence| occurrence.name_index > 0)
            .filter(is_former)
        {
            found.push(self.deprecated(opt, occurrence));
        }
        let Some(winner) = set.effective.last() else {
            return;
        };
        for hidden in set.hidden.iter().filter(is_former) {
            found.extend(self.hidden(opt, hidden, winner));
        }
    }

    fn deprecated(&self, opt: &Opt, occurrence: &Occurrence<'_>) -> Diagnostic {
        let (old, new) = (name_of(opt, occurrence), opt.name());
        let message = format!(
            "{} is a former name of {}",
            in_brackets(old),
            in_brackets(new)
        );
        let place = self.places.key(occurrence.path, occurrence.entry);
        Diagnostic::new(Code::DeprecatedName, message)
            .at(place.label(format!("now {new}")))
            .help(if self.world.keep_old {
                "`confmig migrate --keep-old` adds the new name"
            } else {
                "`confmig migrate` moves it"
            })
    }

    fn hidden(
        &self,
        opt: &Opt,
        hidden: &Occurrence<'_>,
        winner: &Occurrence<'_>,
    ) -> Option<Diagnostic> {
        let same_name = hidden.name_index == winner.name_index;
        let same_file = hidden.file == winner.file;
        if self.world.keep_old && same_file && winner.name_index == 0 {
            return None;
        }
        let (old, by) = (name_of(opt, hidden), name_of(opt, winner));
        let at = format!("{}:{}", winner.path.display(), winner.entry.line());
        if same_name {
            // In the same file it is a duplicate, which is reported as such; in another it is what
            // layers of files are for, unless the name is a former one.
            return (!same_file && hidden.name_index > 0).then(|| self.deprecated(opt, hidden));
        }
        let differs = hidden.entry.value() != winner.entry.value();
        let (code, how) = if differs {
            (Code::ConflictingValues, "with another value")
        } else {
            (Code::HiddenValue, "with the same value")
        };
        let message = format!(
            "{} has no effect: the same option is set as {} in {at}, {how}",
            in_brackets(old),
            in_brackets(by),
        );
        let place = self.places.key(hidden.path, hidden.entry);
        let help = if same_file {
            "`confmig migrate` takes it out"
        } else {
            "the last file that has any of the option's names wins"
        };
        Some(
            Diagnostic::new(code, message)
                .at(place.label("no effect"))
                .help(help),
        )
    }

    /// Environment variables by a former name.
    fn variables(&self, opt: &Opt, found: &mut Vec<Diagnostic>) {
        for name in opt.deprecated() {
            let variable = name.environment_variable();
            if self.world.environment.contains_key(&variable) {
                let message = format!(
                    "the environment variable {variable} is never read: it has a former name of {}",
                    in_brackets(opt.name()),
                );
                let help = format!("set {} instead", opt.name().environment_variable());
                found.push(Diagnostic::new(Code::UnreadVariable, message).help(help));
            }
        }
    }

    /// Options of one value that a file sets twice.
    fn duplicates(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        let mut first: HashMap<(String, String), usize> = HashMap::new();
        for entry in file.document.entries() {
            let (group, name) = names_of(entry);
            if !self.has_one_value(&group, &name) {
                continue;
            }
            let line = entry.line();
            match first.entry((group, name)) {
                std::collections::hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(line);
                }
                std::collections::hash_map::Entry::Occupied(earlier) => {
                    let (group, name) = earlier.key();
                    let message = format!(
                        "[{group}] {name} is set again: the value of line {} has no effect",
                        earlier.get()
                    );
                    let place = self.places.key(file.path, entry);
                    found.push(
                        Diagnostic::new(Code::DuplicateOption, message)
                            .at(place.label("this one counts"))
                            .help("keep one of them"),
                    );
                }
            }
        }
    }

    fn has_one_value(&self, group: &str, name: &str) -> bool {
        match self.pack_option(group, name) {
            Some(opt) => !opt.is_multi(),
            None => self.known.has(group, name) && !self.known.is_multi(group, name),
        }
    }

    fn pack_option(&self, group: &str, name: &str) -> Option<&Opt> {
        let is = |known: &OptName| known.group() == group && known.name() == name;
        self.pack
            .opts
            .iter()
            .find(|opt| is(opt.name()) || opt.deprecated().iter().any(is))
    }

    /// A section and its entries that nothing reads.
    fn section(
        &self,
        file: &ParsedFile<'_>,
        section: Section<'_, '_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let group = section.group();
        let group = group.to_str_lossy();
        for entry in section.entries() {
            let name = entry.key().to_str_lossy();
            let is = |removed: &&crate::pack::Removed| {
                removed.name.group() == group && removed.name.name() == name
            };
            if let Some(removed) = self.pack.removed.iter().find(is) {
                let message = format!("{} is gone", in_brackets(&removed.name));
                let place = self.places.key(file.path, entry);
                found.push(
                    Diagnostic::new(Code::RemovedOption, message)
                        .at(place)
                        .help(&removed.advice),
                );
            }
        }
        if self.known.is_empty() {
            return;
        }
        if section.name().contains(&b']') {
            let place = self.places.header(file, section);
            found.push(
                Diagnostic::new(
                    Code::UnknownSection,
                    "the section's name runs on after a closing bracket",
                )
                .at(place.label("all of this is the name"))
                .help("a header needs a line of its own: put what follows it on the next line"),
            );
            return;
        }
        let groups: HashSet<&str> = self.groups();
        if groups.contains(&*group) {
            for entry in section.entries() {
                found.extend(self.unknown_option(file, &group, entry));
            }
        } else if let Some(meant) = similar(&group, groups.into_iter()) {
            let message = format!(
                "nothing reads the section [{}]",
                self.places.secrets.section(section.name())
            );
            let place = self.places.header(file, section);
            found.push(
                Diagnostic::new(Code::UnknownSection, message)
                    .at(place.label(format!("did you mean [{meant}]?")))
                    .help("section names are read without regard to case, but with all their spaces; only DEFAULT must be in capitals"),
            );
        }
    }

    fn groups(&self) -> HashSet<&str> {
        let mut groups: HashSet<&str> = self.known.groups().collect();
        groups.extend(self.pack.opts.iter().map(|opt| opt.name().group()));
        groups.insert(DEFAULT_GROUP);
        groups
    }

    fn unknown_option(
        &self,
        file: &ParsedFile<'_>,
        group: &str,
        entry: Entry<'_, '_>,
    ) -> Option<Diagnostic> {
        let name = entry.key().to_str_lossy();
        let plain = name.replace('-', "_");
        let known = self.pack_option(group, &name).is_some()
            || self.known.has(group, &name)
            || self.known.has(group, &plain)
            || self.known.has_anywhere(&plain);
        if known {
            return None;
        }
        let mut names: Vec<&str> = self.known.names_in(group).collect();
        let of_pack = self
            .pack
            .opts
            .iter()
            .map(Opt::name)
            .filter(|opt| opt.group() == group);
        names.extend(of_pack.map(OptName::name));
        let place = self.places.key(file.path, entry);
        let message = format!("no release knows an option {name} in [{group}]");
        let diagnostic = Diagnostic::new(Code::UnknownOption, message);
        let (label, help) = if let Some(group) = self.belongs_to(&name) {
            (
                Some(format!("did you mean [{group}]?")),
                "move it to the section it belongs to",
            )
        } else if let Some(meant) = similar(&name, names.into_iter()) {
            (
                Some(format!("did you mean {meant}?")),
                "correct the name; keys are case-sensitive",
            )
        } else {
            (None, "take it out, unless a program of your own reads it")
        };
        let help = format!("an option that is not known is not read: {help}");
        Some(diagnostic.at(Place { label, ..place }).help(help))
    }
}

impl Checker<'_> {
    /// The group that has an option of this name, when it is the only one.
    fn belongs_to(&self, name: &str) -> Option<&str> {
        let of_pack = self
            .pack
            .opts
            .iter()
            .map(Opt::name)
            .filter(|opt| opt.name() == name);
        if let Some(opt) = of_pack.into_iter().next() {
            return Some(opt.group());
        }
        let mut groups = self
            .known
            .groups()
            .filter(|group| self.known.has(group, name));
        groups.next().filter(|_| groups.next().is_none())
    }
}

fn name_of<'o>(opt: &'o Opt, occurrence: &Occurrence<'_>) -> &'o OptName {
    let former = occurrence
        .name_index
        .checked_sub(1)
        .and_then(|at| opt.deprecated().get(at));
    former.unwrap_or_else(|| opt.name())
}

fn in_brackets(name: &OptName) -> String {
    format!("[{}] {}", name.group(), name.name())
}

fn names_of(entry: Entry<'_, '_>) -> (String, String) {
    (
        entry.group().to_str_lossy().into_owned(),
        entry.key().to_str_lossy().into_owned(),
    )
}

/// The name that was probably meant: one that differs by case, spaces, or a slip or two.
pub(super) fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.trim().to_lowercase().replace('-', "_");
    let name = plain(name);
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    let distance = |other: &str| strsim::osa_distance(&name, &plain(other));
    names
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, other)| other)
}
