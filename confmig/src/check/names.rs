//! Names under which options are set: former, hidden and repeated ones.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use oslo_config::{Occurrence, Opt, OptName, ParsedFile};

use super::{Checker, finding};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::target::name_of;

impl Checker<'_> {
    /// Reports entries of an option that have a former name or no effect.
    pub(super) fn occurrences(&self, opt: &Opt, found: &mut Vec<Diagnostic>) {
        let set = self.config.occurrences(opt);
        // A former name that is also another option's current name is not deprecated.
        let is_former = |set: &&Occurrence<'_>| {
            set.name_index == 0 || !self.current.contains(name_in(opt, set))
        };
        let former = set.effective.iter().filter(|set| set.name_index > 0);
        let former = former.filter(is_former);
        found.extend(former.filter_map(|set| self.deprecated(opt, set)));
        let Some(winner) = set.effective.last() else {
            return;
        };
        for hidden in set.hidden.iter().filter(is_former) {
            found.extend(self.hidden(opt, hidden, winner));
        }
    }

    /// Reports an entry under a former name, once, for the first option that reads it.
    fn deprecated(&self, opt: &Opt, occurrence: &Occurrence<'_>) -> Option<Diagnostic> {
        let (old, new) = (name_in(opt, occurrence), opt.name());
        let mut readers = self.target.readers(old);
        if !readers.contains(new) {
            readers = vec![new.clone()];
        }
        if readers.first() != Some(new) {
            return None;
        }
        let all: Vec<String> = readers.iter().map(bracketed).collect();
        let message = format!(
            "{} is a former name of {}",
            bracketed(old),
            all.join(" and ")
        );
        let help = match self.environment.keep_old {
            true => self.migrate_does("adds the new name"),
            false => self.migrate_does("moves it"),
        };
        let place = self.places.key(occurrence.path, occurrence.entry);
        let diagnostic = finding(Code::DeprecatedName, message, help).at(place);
        let all: Vec<String> = readers.iter().map(ToString::to_string).collect();
        Some(diagnostic.label(format!("now {}", all.join(" and "))))
    }

    /// Reports an entry that has no effect, because another of the option's entries wins.
    fn hidden(
        &self,
        opt: &Opt,
        hidden: &Occurrence<'_>,
        winner: &Occurrence<'_>,
    ) -> Option<Diagnostic> {
        let same_name = hidden.name_index == winner.name_index;
        let same_file = hidden.file == winner.file;
        if self.environment.keep_old && same_file && winner.name_index == 0 {
            return None;
        }
        let (old, by) = (name_in(opt, hidden), name_in(opt, winner));
        let at = format!("{}:{}", winner.path.display(), winner.entry.line());
        if same_name {
            // In the same file this is a duplicate, reported elsewhere. In another file it is an
            // override, as intended, unless the name is a former one.
            return (!same_file && hidden.name_index > 0)
                .then(|| self.deprecated(opt, hidden))
                .flatten();
        }
        let (code, how) = match hidden.entry.value() == winner.entry.value() {
            true => (Code::HiddenValue, "with the same value"),
            false => (Code::ConflictingValues, "with another value"),
        };
        let message = format!(
            "{} has no effect: the same option is set as {} in {at}, {how}",
            bracketed(old),
            bracketed(by),
        );
        let help = match same_file {
            true => self.migrate_does("removes it"),
            false => "the last file that has any of the option's names wins".to_owned(),
        };
        let place = self.places.key(hidden.path, hidden.entry);
        Some(finding(code, message, help).at(place).label("no effect"))
    }

    /// Returns what a migration does about a finding; whether it needs a decision is found then.
    fn migrate_does(&self, what: &str) -> String {
        format!("`{}` {what}, unless that needs a decision", self.migrate())
    }

    /// Reports single-valued options that a file sets more than once.
    pub(super) fn duplicates(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        let mut first: HashMap<OptName, usize> = HashMap::new();
        for entry in file.document.entries() {
            let name = name_of(entry);
            if !self.has_one_value(&name) {
                continue;
            }
            match first.entry(name) {
                Slot::Vacant(vacant) => {
                    vacant.insert(entry.line());
                }
                Slot::Occupied(earlier) => {
                    let message = format!(
                        "{} is set again: the value on line {} has no effect",
                        bracketed(earlier.key()),
                        earlier.get()
                    );
                    let place = self.places.key(&file.path, entry);
                    let diagnostic = finding(Code::DuplicateOption, message, "keep one of them");
                    found.push(diagnostic.at(place).label("this one counts"));
                }
            }
        }
    }

    /// Returns whether the option of this name, or the first that reads it, takes a single value.
    fn has_one_value(&self, name: &OptName) -> bool {
        let reader = || self.target.option(self.target.readers(name).first()?);
        let option = self.target.option(name).or_else(reader);
        option.is_some_and(|opt| !opt.is_multi())
    }
}

/// Returns the name under which an occurrence sets the option.
fn name_in<'o>(opt: &'o Opt, occurrence: &Occurrence<'_>) -> &'o OptName {
    let former = occurrence.name_index.checked_sub(1);
    let former = former.and_then(|at| opt.deprecated().get(at));
    former.unwrap_or_else(|| opt.name())
}
