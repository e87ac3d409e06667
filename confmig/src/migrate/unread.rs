//! Reports entries that the target does not read or refuses, after the last step.

use foldhash::HashSet;
use oslo_config::{Config, GetErrorKind, Opt, OptName};

use super::MigrateError;
use super::finding::{Finding, FindingAt};
use super::migrator::Migrator;
use super::own_rules::{NOT_READ, REFUSED};
use super::read_otherwise::{Compared, Reader, otherwise};
use crate::diagnostic::{Code, Severity};
use crate::history::{self, History, ReleaseRange};
use crate::schema::{Schema, successors};
use crate::target::{describe_absence, name_of};

/// Returns the severity of a setting that is no longer read: it is lost if the target has a
/// successor of it.
fn lost(has_successor: bool) -> Option<Severity> {
    has_successor.then_some(Severity::Error)
}

impl Migrator<'_> {
    /// Reports the names that a release does not read. With the old names kept, which it need not
    /// read, removes those that steps added.
    pub(super) fn unread(
        &mut self,
        range: ReleaseRange,
        history: &History,
    ) -> Result<(), MigrateError> {
        let unread = |option: &OptName| {
            let of_option = history.of_option(option);
            of_option.filter(|of_option| !of_option.is_read(range.to))
        };
        if self.settings.keep_old {
            let files = self.files();
            let set = files.iter().flat_map(|file| file.document.entries());
            let set: HashSet<OptName> = set.map(name_of).collect();
            drop(files);
            // A former name is of no use beside the current ones.
            let is_hidden = |option: &OptName| {
                let of_option = history.of_option(option);
                of_option.is_some_and(|of_option| {
                    let mut readers = of_option.former_of(range.to);
                    !of_option.is_option(range.to) && readers.all(|reader| set.contains(&reader))
                })
            };
            self.remove_additions(is_hidden)?;
            let (from, to) = (range.from.to_string(), range.to.to_string());
            let older = Reader::of_release(&from, range.from, self.before, history);
            let newer = Reader::of_release(&to, range.to, &self.files(), history);
            self.read_otherwise(&older, &newer, Compared::Referring);
            self.no_longer_hidden(range, history);
            return Ok(());
        }
        self.keep_values_for(|option| {
            let of_option = history.of_option(option);
            of_option.is_none_or(|of_option| of_option.is_option(range.to))
        });
        self.report(|option| {
            let of_option = unread(option)?;
            let read = of_option.read_in()?;
            let gone = read.to.after().filter(|gone| *gone <= range.to);
            Some(Finding {
                rule: NOT_READ,
                reason: history::absence(option, range.to, history).to_string(),
                code: match read.from > range.to {
                    true => Code::UnknownOption,
                    false => Code::RemovedOption,
                },
                severity: lost(!history::took_over(option, range.to, history).is_empty()),
                release: gone.map(|series| series.to_string()),
            })
        });
        Ok(())
    }

    /// Reports kept entries that another one hid from an older release, and not from the newer one.
    fn no_longer_hidden(&mut self, range: ReleaseRange, history: &History) {
        if self.superseded.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for (file, parsed) in self.files().iter().enumerate() {
            let set: HashSet<OptName> = parsed.document.entries().map(name_of).collect();
            let entries = parsed.document.entries();
            for entry in entries.filter(|entry| self.is_superseded(file, entry.line())) {
                let (place, name) = ((file, entry.line()), name_of(entry));
                let of_name = history.of_option(&name);
                let of_name = of_name.filter(|of_name| !of_name.is_option(range.to));
                let readers = of_name.iter().flat_map(|it| it.former_of(range.to));
                found.extend(readers.filter(|reader| !set.contains(reader)).map(|reader| {
                    let reason = format!(
                        "{} reads the value of {name}, which another entry hid from an older \
                         release: set the option, or remove the entry",
                        range.to
                    );
                    (reader, place, otherwise(reason))
                }));
            }
        }
        self.add(found);
    }

    /// Reports the names that the older release reads and the newer one does not. With the old
    /// names kept, removes those that steps added.
    pub(super) fn unread_by_schema(
        &mut self,
        from: &Schema,
        to: &Schema,
    ) -> Result<(), MigrateError> {
        // No schema has the options of sections that an option names under these sections' names.
        let names = |schema: &Schema, files: &_| -> HashSet<OptName> {
            let opts = schema.pack(files).opts.into_iter();
            opts.map(|opt| opt.name().clone()).collect()
        };
        let files = self.files();
        let (old, new) = (names(from, &files), names(to, &files));
        drop(files);
        let is_unread = |option: &OptName| {
            let was_read = from.reads(option) || old.contains(option);
            was_read && !to.reads(option) && !new.contains(option)
        };
        if self.settings.keep_old {
            return self.remove_additions(is_unread);
        }
        self.keep_values_for(|option| to.option(option).is_some() || new.contains(option));
        self.report(|option| {
            is_unread(option).then(|| {
                let successors = successors(option, Some(from), to);
                let names: Vec<String> = successors.iter().map(ToString::to_string).collect();
                Finding {
                    rule: NOT_READ,
                    reason: match names.is_empty() {
                        true => describe_absence(option, Some(from), to),
                        false => format!("{} has {} in its place", to.origin, names.join(", ")),
                    },
                    code: Code::RemovedOption,
                    severity: lost(!names.is_empty()),
                    release: None,
                }
            })
        });
        Ok(())
    }

    /// Reports values that the newer release refuses.
    pub(super) fn refused(&mut self, to: &Schema) {
        let files = self.files();
        let opts = to.pack(&files).opts;
        let config = Config::new(&files, &opts);
        let refused = opts.iter().filter_map(|opt: &Opt| {
            let name = opt.name();
            let set = config.occurrences(opt).effective.pop()?;
            let error = config.setting(name.group(), name.name()).err()?;
            let cause = match error.kind() {
                GetErrorKind::Invalid { option, cause } if option == name => cause,
                _ => return None,
            };
            let place = (set.file, set.entry.line());
            let finding = Finding {
                rule: REFUSED,
                reason: format!("its value is not valid: {cause}"),
                code: Code::NeedsDecision,
                severity: Some(Severity::Error),
                release: None,
            };
            Some((name.clone(), place, finding))
        });
        let refused: Vec<FindingAt> = refused.collect();
        self.add(refused);
    }

    /// Lets no value be decided for what is not an option in the end.
    fn keep_values_for(&mut self, is_option: impl Fn(&OptName) -> bool) {
        for (_, decision) in &mut self.decisions {
            decision.value_for = decision.value_for.take().filter(|option| is_option(option));
        }
    }

    /// Reports the names that are set, not reported yet, and for which `find` returns a finding.
    fn report(&mut self, find: impl Fn(&OptName) -> Option<Finding>) {
        let decided = self.decisions.iter();
        let mut reported: HashSet<OptName> = decided
            .flat_map(|(name, decision)| decision.options.iter().chain([name]))
            .cloned()
            .collect();
        let mut found = Vec::new();
        for (file, parsed) in self.files().iter().enumerate() {
            for entry in parsed.document.entries() {
                let option = name_of(entry);
                if reported.contains(&option) {
                    continue;
                }
                if let Some(finding) = find(&option) {
                    reported.insert(option.clone());
                    found.push((option, (file, entry.line()), finding));
                }
            }
        }
        self.add(found);
    }
}
