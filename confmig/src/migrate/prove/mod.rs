//! The proof that every option keeps its value, or gets the value that a rule promises.
//!
//! Two programs may read the old texts: an *updated* program knows the current names and falls back
//! to former names; a *legacy* program has the former names as options of their own. Where both
//! read a value, both values must be kept. A reference to an unknown option is compared as written.

mod plain;
mod promises;
mod reading;
mod registration;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use bstr::{BStr, ByteSlice};
use foldhash::HashSet;
use oslo_config::{Config, Occurrence, Opt, OptName, OptType, ParsedFile, references};

use super::MigrateError;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Planned};
use plain::only_names_differ;
use promises::Promises;
use reading::Programs;
pub(super) use reading::{ComparedValues, Reading, texts_of};
pub(super) use registration::Registration;
use registration::{former, legacy};

/// An option whose value would not be the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) option: OptName,
    /// The option has a value that can be read.
    pub(crate) is_read: bool,
    /// The option would have one afterwards.
    pub(crate) would_be_read: bool,
}

impl fmt::Display for Mismatch {
    // The values are left out: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = &self.option;
        match (self.is_read, self.would_be_read) {
            (true, true) => write!(f, "the value of {option} would change"),
            (true, false) => write!(f, "the value of {option} could no longer be read"),
            (false, _) => write!(
                f,
                "{option} would get a value although none can be read now"
            ),
        }
    }
}

/// Proves that the new texts of a set of files mean the same as the old ones.
pub(crate) struct Prover<'p, 'd> {
    pub(crate) pass: &'p Pass<'p, 'd>,
    pub(crate) names: &'p Names<'p>,
}

impl<'d> Prover<'_, 'd> {
    /// Returns an option without the expected value: the one that `planned` promises, or else the
    /// old one. `None` is the proof.
    pub(crate) fn mismatch(
        &self,
        applied: &[Applied],
        planned: &[&Planned<'d>],
    ) -> Result<Option<Mismatch>, MigrateError> {
        if applied.iter().all(|file| file.document.is_none()) {
            return Ok(None);
        }
        let parsed = self.pass.view.narrow_new(applied, self.pass.files)?;
        if !self.pass.settings.keep_old
            && only_names_differ(self.pass.files, &parsed, self.names, planned)
        {
            return Ok(None);
        }
        let promises = Promises::new(planned);
        let mut updated = self.updated(&parsed, &promises);
        let compared = |updated: &[Opt]| self.compared(&parsed, updated, &promises);
        let mut found = self.broken_by_rule(&parsed, &updated, &promises);
        found = found.or_else(|| compared(&updated));
        let of_target = self.names.opts.len();
        // The order in which a service registers its options is not known.
        for last in self.names.referred_readers(self.pass.files) {
            found = found.or_else(|| {
                let mut updated = updated.clone();
                updated[last..of_target].rotate_left(1);
                compared(&updated)
            });
        }
        // Whether it has other options in the groups of former names is not known.
        if found.is_none() {
            let groups = self.names.referred_groups(self.pass.files);
            let others = groups.iter();
            let others = others.map(|group| Opt::new(group, "\u{1}", OptType::string()));
            if !groups.is_empty() {
                found = compared(&updated.iter().cloned().chain(others).collect::<Vec<_>>());
            }
        }
        // Whether it has the options that are known from references only is not known.
        if found.is_none() && self.names.has_referred() {
            let others = updated.split_off(of_target).into_iter();
            updated.extend(others.filter(|opt| !self.names.is_only_referred(opt.name())));
            found = compared(&updated);
        }
        Ok(found)
    }

    /// Returns an option without the value that a rule made: parts of it that were joined may be
    /// read as one reference.
    fn broken_by_rule(
        &self,
        after: &[ParsedFile<'_>],
        updated: &[Opt],
        promises: &Promises<'_, '_>,
    ) -> Option<Mismatch> {
        if promises.is_empty() {
            return None;
        }
        let after = Config::new(after, updated);
        promises.broken(&after, |value, _| value.read.clone())
    }

    /// Returns an option without the expected value, for an updated program with these options.
    fn compared(
        &self,
        after: &[ParsedFile<'_>],
        updated: &[Opt],
        promises: &Promises<'_, '_>,
    ) -> Option<Mismatch> {
        let of_legacy = legacy(self.names, updated, self.pass.by_rules, |opt, name| {
            former(opt, name).with_type(OptType::string())
        });
        let typed: Vec<Opt> = updated.iter().map(|opt| self.with_its_type(opt)).collect();
        // No program knows the old names of a rule as former names.
        let renamed = self.pass.by_rules.then_some(self.names);
        let of_rules = renamed.map(|names| legacy(names, &typed, true, former));
        let read_typed = of_rules.as_deref().unwrap_or(&typed);
        let before = Programs::new(self.pass.files, updated, &of_legacy, read_typed);
        let after = Programs::new(after, updated, &of_legacy, read_typed);
        let (of_target, others) = updated.split_at(self.names.opts.len());
        let of_target = of_target.iter().map(|opt| (opt, ComparedValues::Effective));
        let all = of_target.chain(others.iter().map(|opt| (opt, ComparedValues::All)));
        let mut same = all.filter(|(opt, _)| !promises.are_about(opt.name()));
        let broken = promises.broken(&after.updated, |value, group| {
            let (read, _) = before.updated.substitute_known(&value.raw, group);
            read
        });
        let changed =
            || same.find_map(|(opt, values)| mismatch(opt, values, renamed, &before, &after));
        let found = broken.or_else(changed);
        match self.pass.settings.keep_old {
            true => found.or_else(|| self.former_mismatch(&typed, &before, &after)),
            false => found,
        }
    }

    /// Returns the options that an updated program registers.
    fn updated(&self, after: &[ParsedFile<'_>], promises: &Promises<'_, '_>) -> Vec<Opt> {
        let mut registration = Registration::new(self.names);
        // Most entries are unrelated to the changes and still the same: they need not be read.
        let plain = |files| self.plain(files, promises);
        let same = plain(self.pass.files).eq(plain(after));
        let files = || self.pass.files.iter().chain(after);
        // By a former name, a reference in a value is looked up in the group of the value that
        // refers to it: any option of its name may be meant.
        let referred = match self.pass.by_rules {
            true => HashSet::default(),
            false => referred_names(files()),
        };
        registration.add_files(files(), |name, value| {
            !same || value.contains(&b'$') || referred.contains(name)
        });
        // The old names of a rule are options of their own.
        if !self.pass.by_rules {
            registration.add_referred_under_former(files());
        }
        registration.into_opts()
    }

    /// Returns the entries that belong to no option of the target, are not promised anything and
    /// have no references, each with its file, in order.
    fn plain<'f>(
        &self,
        files: &'f [ParsedFile<'_>],
        promises: &Promises<'_, '_>,
    ) -> impl Iterator<Item = (usize, &'f BStr, &'f BStr, Cow<'f, BStr>)> {
        let entries = files.iter().enumerate();
        let entries =
            entries.flat_map(|(at, file)| file.document.entries().map(move |entry| (at, entry)));
        entries.filter_map(|(at, entry)| {
            let (group, key, value) = (entry.group(), entry.key(), entry.value());
            let concerned = match (group.to_str(), key.to_str()) {
                (Ok(group), Ok(name)) => {
                    self.names.has(group, name) || promises.of.contains(&(group, name))
                }
                _ => false,
            };
            (!concerned && !value.contains(&b'$')).then_some((at, group, key, value))
        })
    }

    /// Returns the option with its type in the target.
    fn with_its_type(&self, opt: &Opt) -> Opt {
        let known = self.names.index_of(opt.name().group(), opt.name().name());
        known.map_or_else(
            || opt.clone(),
            |known| opt.clone().with_type(self.names.opts[known].kind().clone()),
        )
    }

    /// Returns a kept former name that a legacy program does not read as before, or not once it has
    /// the types of the target: a reference becomes what Python prints. A former name that is the
    /// current name of an option, too, may have either definition.
    fn former_mismatch(
        &self,
        typed: &[Opt],
        before: &Programs<'_>,
        after: &Programs<'_>,
    ) -> Option<Mismatch> {
        let own = |opt: &Opt, name: &OptName| {
            let own = self.names.index_of(name.group(), name.name());
            former(own.map_or(opt, |own| &self.names.opts[own]), name)
        };
        let by_rules = self.pass.by_rules;
        let by_reader = legacy(self.names, typed, by_rules, former);
        let by_own = legacy(self.names, typed, by_rules, own);
        let (before, after) = (&before.legacy, &after.legacy);
        let with = |opts| (before.with_opts(opts), after.with_opts(opts));
        let [readers, owners] = [with(&by_reader), with(&by_own)];
        let programs = [
            (before, after),
            (&readers.0, &readers.1),
            (&owners.0, &owners.1),
        ];
        let names = self.names.opts.iter().flat_map(Opt::deprecated);
        let mut kept = names.filter(|name| !by_rules || self.names.is_renamed(name));
        kept.find_map(|name| {
            let read = |(before, after)| (texts_of(before, name), texts_of(after, name));
            let (was, is) = programs.map(read).into_iter().find(|(was, is)| was != is)?;
            Some(Mismatch {
                option: name.clone(),
                is_read: was.is_some(),
                would_be_read: is.is_some(),
            })
        })
    }
}

/// Returns the names, without groups, that values refer to.
fn referred_names<'f>(files: impl Iterator<Item = &'f ParsedFile<'f>>) -> HashSet<String> {
    let values = files.flat_map(|file| file.document.entries().map(|entry| entry.value()));
    let found = values.flat_map(|value| references(&value));
    found
        .map(|reference| reference.parts().1.to_owned())
        .collect()
}

/// Compares the value of an option with the old one; `renamed` are the names that rules rename.
fn mismatch(
    opt: &Opt,
    values: ComparedValues,
    renamed: Option<&Names<'_>>,
    before: &Programs<'_>,
    after: &Programs<'_>,
) -> Option<Mismatch> {
    let may_disagree = renamed.is_none();
    if is_set_the_same(opt, &before.updated, &after.updated) {
        return None;
    }
    let updated = values.read(opt, &before.updated);
    let legacy = before.read_legacy(opt, values, !may_disagree);
    // After a rule, no program finds an option by its old name, not even for a reference.
    let references = match may_disagree {
        true => &after.updated,
        false => &after.legacy,
    };
    let now = values.read_with(opt, &after.updated, references);
    let expected = match (&updated, &legacy) {
        (Some(_), Some(legacy)) if !may_disagree => Some(legacy),
        (Some(updated), Some(legacy)) if legacy.resolves_more_than(updated) => Some(legacy),
        (Some(updated), Some(legacy)) if updated.resolves_more_than(legacy) => Some(updated),
        (Some(updated), Some(legacy)) => (updated == legacy).then_some(updated),
        (Some(updated), None) => Some(updated),
        // What no updated program reads, no legacy one does.
        (None, _) => None,
    };
    let kept = match expected {
        Some(expected) => now.as_ref() == Some(expected),
        None => now.is_none() && updated.is_none(),
    };
    // Two programs that disagreed before may go on to, each with its own value.
    let kept =
        kept || may_disagree && now == updated && legacy == after.read_legacy(opt, values, false);
    // With types, a reference becomes what Python prints, or an error: both must be kept too.
    let read_typed = |programs: &Programs<'_>| programs.read_typed(opt, renamed);
    let (was_typed, now_typed) = (read_typed(before), read_typed(after));
    let printed = values.read(opt, &after.typed);
    let is_printed_the_same = match was_typed {
        Some(_) => was_typed == now_typed,
        None => printed == now || printed == values.read(opt, &before.typed),
    };
    let kept = kept && is_printed_the_same;
    (!kept).then(|| Mismatch {
        option: opt.name().clone(),
        is_read: updated.is_some(),
        would_be_read: now.is_some(),
    })
}

/// Tells whether an option is set to the same texts before and after, none of them with a
/// reference. Most options are, and every program reads these the same.
fn is_set_the_same(opt: &Opt, before: &Config<'_>, after: &Config<'_>) -> bool {
    let (before, after) = (before.occurrences(opt), after.occurrences(opt));
    let same = |before: &[Occurrence<'_>], after: &[Occurrence<'_>]| {
        before.len() == after.len()
            && before.iter().zip(after).all(|(before, after)| {
                let value = before.entry.value();
                !value.contains(&b'$') && value == after.entry.value()
            })
    };
    !before.effective.is_empty()
        && same(&before.effective, &after.effective)
        && same(&before.hidden, &after.hidden)
}
